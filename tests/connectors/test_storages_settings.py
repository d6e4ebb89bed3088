"""The settings of storages: types, names, addresses; nothing is opened."""

from __future__ import annotations

from dataclasses import fields

import pytest

from collab.config import is_secret
from connectors.errors import ConnectorError, InvalidPath
from connectors.registry import KINDS, open_connector, settings_class, settings_of
from connectors.webdav_settings import WebDavSettings

STORAGES = sorted(scheme for scheme, kind in KINDS.items() if kind.settings is not None)


@pytest.mark.parametrize("scheme", STORAGES)
def test_a_setting_is_masked_by_its_name_exactly_when_its_value_is_never_shown(scheme: str) -> None:
    settings = settings_class(scheme)

    for item in fields(settings):
        assert is_secret(item.name) is not item.repr, item.name


def test_texts_become_what_a_setting_is() -> None:
    values = {"user": "alice", "password": "my-secret", "verify_tls": "no", "poll_s": "7", "connections": "3"}

    built = settings_of("webdav+https://files.test/dav", values)

    assert built == WebDavSettings(
        "webdav+https://files.test/dav", user="alice", password="my-secret", verify_tls=False, poll_s=7.0, connections=3
    )
    assert isinstance(built, WebDavSettings)
    assert built.url == "https://files.test/dav/"
    assert "my-secret" not in repr(built)


@pytest.mark.parametrize(
    ("address", "values"),
    [
        ("webdav+https://files.test/", {"pasword": "x"}),
        ("webdav+https://files.test/", {"verify_tls": "perhaps"}),
        ("webdav+https://files.test/", {"poll_s": "often"}),
        ("webdav+https://alice:secret@files.test/", {}),
        ("webdav+https://files.test/?x=1", {}),
        ("webdav+https:files.test", {}),
        ("memory:", {"user": "alice"}),
    ],
)
def test_what_cannot_be_a_setting_is_refused_without_its_value(address: str, values: dict[str, object]) -> None:
    with pytest.raises(InvalidPath) as caught:
        settings_of(address, values)

    assert "secret" not in str(caught.value)


async def test_a_storage_that_is_away_opens_all_the_same_and_says_so_when_asked() -> None:
    from tests.connectors.conformance import ALICE
    from tests.ports import free_port

    connector = open_connector(f"webdav+http://127.0.0.1:{free_port()}/", {"user": "alice"})

    with pytest.raises(ConnectorError):
        await connector.stat("a.txt", ALICE)
    await connector.close()
