"""S5 for storages elsewhere: what a path becomes in an address, a key or a reference never leads out of the root."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import httpx
import pytest

from connectors.cs3_gateway import Gateway
from connectors.cs3_settings import Cs3Settings
from connectors.errors import ConnectorError
from connectors.paths import split_path
from connectors.registry import open_connector
from connectors.s3_objects import Objects
from connectors.s3_settings import S3Settings
from connectors.webdav_server import DavServer
from connectors.webdav_settings import WebDavSettings
from tests.connectors.conformance import ALICE
from tests.security.traversal_payloads import payloads

ROOT = "shared/root"
ADDRESSES = {
    "webdav": ("webdav+http://127.0.0.1:9/shared/root/", {}),
    "s3": (
        "s3://bucket/shared/root",
        {"access_key_id": "a", "secret_access_key": "b", "endpoint": "http://127.0.0.1:9"},
    ),
    "cs3": ("cs3://127.0.0.1:9/shared/root", {"tls": False}),
}


def possible(path: str) -> bool:
    try:
        return bool(split_path(path))
    except ConnectorError:
        return False


POSSIBLE = [path for path in payloads() if possible(path)]


def inside(spelled: str) -> bool:
    """Whether a decoded path stays below the root, for anybody who resolves its steps."""
    names = spelled.strip("/").split("/")
    return "/".join(names).startswith(f"{ROOT}/") and not {"", ".", ".."} & set(names)


async def test_every_possible_payload_stays_below_the_root() -> None:
    webdav = DavServer(WebDavSettings(ADDRESSES["webdav"][0]))
    objects = Objects(S3Settings(ADDRESSES["s3"][0], access_key_id="a", secret_access_key="b"))
    gateway = Gateway(Cs3Settings(ADDRESSES["cs3"][0], tls=False))

    for path in POSSIBLE:
        sent = httpx.Request("GET", webdav.url(path)).url.raw_path.decode()

        assert urlsplit(sent).query == ""
        assert inside(unquote(sent))
        assert unquote(sent) == f"/{ROOT}/{path}"
        assert objects.key(path) == f"{ROOT}/{path}"
        assert gateway.reference(path).path == f"/{ROOT}/{path}"
    await webdav.close()


@pytest.mark.parametrize("kind", ADDRESSES)
async def test_what_cannot_be_a_path_is_refused_before_anybody_is_asked(kind: str) -> None:
    """Nobody listens at the address: an answer other than InvalidPath would be Unavailable."""
    address, settings = ADDRESSES[kind]
    connector = open_connector(address, settings)

    for path in set(payloads()) - set(POSSIBLE):
        with pytest.raises(ConnectorError) as caught:
            await connector.read(path, ALICE, limit_bytes=1)
        assert type(caught.value).__name__ == "InvalidPath", path
    await connector.close()
