"""The WebDAV connector keeps the contract on three servers that keep very different parts of the standard."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from connectors.webdav import ROOT, WebDavConnector
from connectors.webdav_probe import Traits, examine
from connectors.webdav_server import DavServer
from connectors.webdav_settings import WebDavSettings
from tests.connectors.conformance import ConnectorContents, ConnectorLocks, ConnectorSafety, Do, Get, Put
from tests.connectors.dav_servers import DavSite, Outside, serving
from tests.connectors.folders_conformance import ConnectorFolders


@pytest.fixture(scope="module", params=["wsgidav", "apache", "rclone"])
def site(request: pytest.FixtureRequest) -> Iterator[DavSite]:
    with serving(request.param) as site:
        yield site


KNOWN: dict[str, Traits] = {}


@pytest.fixture
def outside(site: DavSite) -> Outside:
    return site.new_folder()


@pytest.fixture
async def traits(site: DavSite, outside: Outside) -> Traits:
    """Found out once for each server."""
    if site.name not in KNOWN:
        server = DavServer(WebDavSettings(outside.address))
        KNOWN[site.name] = await examine(server, "", ROOT)
        await server.close()
    return KNOWN[site.name]


@pytest.fixture
async def connector(outside: Outside, traits: Traits) -> AsyncIterator[WebDavConnector]:
    connector = WebDavConnector(WebDavSettings(outside.address), traits=traits)
    yield connector
    await connector.close()


@pytest.fixture
async def another(outside: Outside, traits: Traits) -> AsyncIterator[WebDavConnector]:
    connector = WebDavConnector(WebDavSettings(outside.address), traits=traits)
    yield connector
    await connector.close()


@pytest.fixture
def seed(outside: Outside) -> Put:
    return outside.write


@pytest.fixture
def outside_write(outside: Outside) -> Put:
    return outside.write


@pytest.fixture
def outside_read(outside: Outside) -> Get:
    return outside.read


@pytest.fixture
def outside_lock(outside: Outside) -> Do:
    return outside.lock


@pytest.fixture
def outside_unlock(outside: Outside) -> Do:
    return outside.unlock


class TestWebDavConnector(ConnectorSafety, ConnectorContents, ConnectorFolders):
    """The contract but for locks, on all servers."""

    async def test_a_lock_follows_a_renamed_document(self, connector: WebDavConnector, seed: Put) -> None:
        if connector.capabilities.locks:
            await super().test_a_lock_follows_a_renamed_document(connector, seed)


@pytest.mark.parametrize("site", ["wsgidav", "apache"], indirect=True)
class TestWebDavLocks(ConnectorLocks):
    """Locks, where the server tells of them; rclone does not, so they could not be found again after a crash."""


def test_what_each_server_keeps_to_is_found_out(site: DavSite, traits: Traits) -> None:
    found = {
        "wsgidav": traits == Traits(if_match=True, if_none_match=True, put_etag=True, fences=True, locks=True),
        "apache": traits
        == Traits(if_match=True, if_match_missing=True, if_none_match=True, fine_etags=True, fences=True, locks=True),
        "rclone": traits == Traits(fine_etags=True, put_etag=True, fences=True, move_refuses=True),
    }

    assert found[site.name], traits
