"""Several roots side by side, one of them not on this machine: everything that people do with files works in each."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collab.config import Config, RootConfig
from collab.web.pages import Bundle
from tests.connectors.dav_servers import DISCOVERY, DavSite, Outside, serving
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.simulation.client import Client
from tests.simulation.world import CREDENTIALS, access
from tests.web.edge_server import Running, make_config, running

AWAY = "away"


@pytest.fixture(scope="module")
def dav() -> Iterator[DavSite]:
    with serving("wsgidav") as site:
        yield site


@pytest.fixture
def outside(dav: DavSite) -> Outside:
    outside = dav.new_folder()
    outside.write("sub/b.tex", b"b\n")
    outside.write("a.md", b"# A\n")
    outside.write(".secret", b"hidden\n")
    return outside


@pytest.fixture
def config(folder: Path, outside: Outside) -> Config:
    config = make_config(folder)
    elsewhere = RootConfig("team", address=outside.address, settings=(("poll_s", 0.2),))
    lost = RootConfig(AWAY, address=f"webdav+http://127.0.0.1:{free_port()}/", settings=(("timeout_s", 5.0),))
    return replace(config, roots=(*config.roots, elsewhere, lost))


@pytest.fixture
async def several(config: Config, bundle: Bundle) -> AsyncIterator[Running]:
    async with running(config, bundle) as server:
        yield server


async def test_files_are_made_uploaded_renamed_searched_downloaded_and_deleted(
    several: Running, outside: Outside
) -> None:
    client, at = several.client(), {"root": "team"}

    assert (await client.post("/api/v1/folders", json={**at, "path": "new"})).status_code == 201
    assert (await client.post("/api/v1/files", json={**at, "path": "new/x.md", "content": "x"})).status_code == 201
    address = "/api/v1/files/content?root=team&path=new/x.md"
    assert (await client.put(address, content=b"one")).status_code == 409
    assert (await client.put(f"{address}&replace=1", content=b"two")).status_code == 200
    renamed = {**at, "path": "new/x.md", "new_path": "sub/grün x.md"}
    assert (await client.post("/api/v1/files/rename", json=renamed)).json()["path"] == "sub/grün x.md"
    found = (await client.get("/api/v1/search?root=team&q=GRÜN")).json()
    assert [entry["path"] for entry in found["entries"]] == ["sub/grün x.md"]
    assert (await client.get("/api/v1/files/content?root=team&path=sub/grün x.md")).content == b"two"
    assert outside.read("sub/grün x.md") == b"two"
    assert (await client.delete("/api/v1/files?root=team&path=sub")).status_code == 204
    assert outside.ask("GET", "sub/b.tex")[0] == 404


async def test_each_root_lists_its_own(several: Running) -> None:
    client = several.client()

    roots = (await client.get("/api/v1/me")).json()["roots"]
    listed = {
        name: [entry["name"] for entry in (await client.get(f"/api/v1/folders?root={name}&path=")).json()["entries"]]
        for name in ("docs", "team")
    }

    assert [root["name"] for root in roots] == ["docs", "team", AWAY]
    assert listed["team"] == ["sub", "a.md"]
    assert "pic.png" in listed["docs"]


async def test_a_storage_that_is_away_keeps_nobody_from_the_others(several: Running) -> None:
    client = several.client()

    answer = await client.get(f"/api/v1/folders?root={AWAY}&path=")

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "storage_unavailable")
    assert (await client.get("/api/v1/folders?root=team&path=")).status_code == 200
    assert (await client.get("/readyz")).status_code == 200


async def test_hidden_names_stay_hidden_unless_the_server_shows_them(
    config: Config, bundle: Bundle, outside: Outside
) -> None:
    closed = replace(config, server=replace(config.server, hidden_files=False))

    async with running(closed, bundle) as server:
        client = server.client()
        for path in (".secret", "sub/../.secret"):
            answer = await client.get("/api/v1/files/content", params={"root": "team", "path": path})
            assert answer.status_code == 400
        shown = (await client.get("/api/v1/folders?root=team&path=&hidden=1")).json()["entries"]

    assert ".secret" not in [entry["name"] for entry in shown]


async def test_a_document_of_another_server_is_edited_stored_and_follows_outside_changes(
    several: Running, outside: Outside
) -> None:
    opened = await several.open("a.md", root="team")
    rooms = several.application.edge.rooms.local
    typist = Client("ada", access("ada"), 77, lines=True)
    document = await rooms.open("team", "a.md", CREDENTIALS)
    assert document.document_id == opened["document_id"]
    await typist.connect(rooms, document.document_id)
    async with asyncio.timeout(PATIENCE_S):
        while "# A" not in typist.text:  # noqa: ASYNC110 - what comes over the wire has no event
            await asyncio.sleep(0.01)
        marker = typist.insert(random.Random(1))
        while marker.encode() not in outside.read("a.md"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        put = await asyncio.to_thread(write_patiently, outside, "a.md", outside.read("a.md") + b"from outside\n")
        assert put
        while "from outside" not in typist.text:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await typist.disconnect()


def write_patiently(outside: Outside, path: str, content: bytes) -> bool:
    """As a desktop client does that knows the lock: it has its owner's token from the lock itself."""
    _, _, body = outside.ask("PROPFIND", path, DISCOVERY, {"Depth": "0"})
    found = re.search(rb"locktoken>\s*<[^>]*href[^>]*>([^<]+)<", body)
    headers = {} if found is None else {"If": f"(<{found[1].decode().strip()}>)"}
    return outside.ask("PUT", path, content, headers)[0] in (200, 201, 204)
