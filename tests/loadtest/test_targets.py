"""What a load test is pointed at is understood, or refused in a sentence; tokens stay off the command line."""

from __future__ import annotations

import pytest

from loadtest.settings import Credentials, RunSettings, SettingsError
from loadtest.targets import Target, opened, parse_target


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ws://127.0.0.1:8000/ws", Target("y-websocket", "ws://127.0.0.1:8000/ws")),
        ("hocuspocus+wss://example.org/collab", Target("hocuspocus", "wss://example.org/collab")),
        ("jupyter+http://127.0.0.1:8888/user/me", Target("jupyter", "http://127.0.0.1:8888/user/me")),
        ("hocuspocus", Target("hocuspocus", peer="hocuspocus")),
        ("livefolder", Target("y-websocket", peer="livefolder")),
    ],
)
def test_addresses_and_names_are_understood(text: str, expected: Target) -> None:
    assert parse_target(text) == expected


@pytest.mark.parametrize("text", ["nowhere", "ftp://127.0.0.1/", "ws://", "telepathy+ws://127.0.0.1/", ""])
def test_what_is_neither_is_refused_with_the_names_that_there_are(text: str) -> None:
    with pytest.raises(SettingsError, match="y-websocket"):
        parse_target(text)


@pytest.mark.parametrize(
    "text", ["ws://127.0.0.1/ws?token=secret", "wss://me:secret@example.org/", "ws://127.0.0.1/?access_token=secret"]
)
def test_a_token_in_an_address_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_target(text)

    assert "--token-file" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_server_known_by_name_speaks_its_own_protocol() -> None:
    with pytest.raises(SettingsError, match="hocuspocus speaks hocuspocus"):
        parse_target("hocuspocus", "jupyter")


def test_a_server_that_is_there_gets_the_token_and_a_name_without_its_query() -> None:
    target = parse_target("ws://127.0.0.1:9/ws?tenant=a", None, Credentials("secret"))

    with opened(target, RunSettings("", "lock-step")) as (settings, peer):
        assert peer is None
        assert settings.url == "ws://127.0.0.1:9/ws?tenant=a"
        assert settings.credentials.token == "secret"
        assert settings.server == "ws://127.0.0.1:9/ws"
        assert "secret" not in repr(settings)
