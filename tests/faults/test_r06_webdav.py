"""R6 on a WebDAV server: other clients write the file while people edit it; nothing is lost and nothing doubled.

The other client does as desktop clients do: it downloads, and uploads with the ETag it saw and the lock it knows; when
the server refuses it starts again. On rclone, which ignores ETags, it takes the lock for that time, as we do.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import replace

import pytest

from collab.clock import FakeClock, SystemClock
from collab.config import Config, SaveConfig
from collab.rooms.rooms import Rooms
from collab.rooms.storage_file import Root
from connectors.base import Capabilities
from connectors.webdav import WebDavConnector
from connectors.webdav_settings import WebDavSettings
from tests.connectors.dav_servers import LOCK_BODY, Outside, serving
from tests.faults.storages import Recording
from tests.faults.test_r05_real_storages import until
from tests.patience import PATIENCE_S
from tests.simulation.client import MARKER, Client
from tests.simulation.world import CREDENTIALS, ROOT, World, access

SAVE = SaveConfig(debounce_s=0.02, max_wait_s=0.1, retry_min_s=0.05, retry_max_s=0.2, poll_s=0.2)
CONFIG = Config(save=SAVE)
PATH = "a.txt"
SERVERS = ("wsgidav", "apache", "rclone")


class Rival:
    """Another WebDAV client that adds lines."""

    def __init__(self, outside: Outside, rng: random.Random) -> None:
        self._outside = outside
        self._rng = rng
        self.lines: list[str] = []

    def add_line(self) -> None:
        """Once, however often it has to start again."""
        line = f"<foreign.{len(self.lines)}>\n"
        for _ in range(2000):
            if self._try(line):
                self.lines.append(line)
                return
        raise AssertionError("the other client is never let in")

    def _try(self, line: str) -> bool:
        token, taken = self._token()
        if token is None:
            return False
        try:
            _, found, content = self._outside.ask("GET", PATH)
            lines = content.decode().splitlines(keepends=True)
            lines.insert(self._rng.randint(0, len(lines)), line)
            headers = {"If": f"(<{token}>)"}
            etag = found.get("etag", "")
            if etag and not etag.startswith("W/"):
                headers["If-Match"] = etag
            return self._outside.ask("PUT", PATH, "".join(lines).encode(), headers)[0] in (200, 201, 204)
        finally:
            if taken:
                self._outside.ask("UNLOCK", PATH, b"", {"Lock-Token": f"<{token}>"})

    def _token(self) -> tuple[str | None, bool]:
        """A lock of its own for this moment; while we hold the file it waits."""
        status, headers, _ = self._outside.ask("LOCK", PATH, LOCK_BODY, {"Depth": "0", "Timeout": "Second-30"})
        if status not in (200, 201):
            return None, False
        return headers["lock-token"].strip("<>"), True


async def race(server: str, races: int, seed: int) -> int:
    """Returns how often a save met somebody else's version."""
    rng = random.Random(seed)
    with serving(server) as site:
        outside = site.new_folder()
        outside.write(PATH, b"<start>\n")
        connector = WebDavConnector(WebDavSettings(outside.address))
        unlocked = Unlocked(connector)
        world = World(FakeClock(), config=CONFIG)
        world.clock = SystemClock()
        await world.store.open()
        client, rival = Client("a", access("a"), 5, lines=True), Rival(outside, rng)
        async with Rooms(world.parts(), [Root(ROOT, unlocked)], 5.0) as rooms:
            opened = await rooms.open(ROOT, PATH, CREDENTIALS)
            await client.connect(rooms, opened.document_id)
            await until(lambda: "<start>" in client.text, "the document")
            for _ in range(races):
                client.insert(rng)
                await asyncio.sleep(rng.random() * 0.05)  # into the middle of a save
                async with asyncio.timeout(PATIENCE_S):
                    await asyncio.to_thread(rival.add_line)
            lines = {"<start>\n", *rival.lines, *client.edits.inserted}
            await until(lambda: set(MARKER.findall(client.text)) == lines, "all lines in the document")
            await until(lambda: outside.read(PATH).decode() == client.text, "the document in the file")
            await client.disconnect()
        found = Counter(MARKER.findall(outside.read(PATH).decode()))
        await connector.close()
    assert found == Counter(lines)
    return world.metrics.counts["save_conflicts_total"]


class Unlocked(Recording):
    """Without a lasting lock, as servers are on which others go on writing while a document is open."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, locks=False)


@pytest.mark.parametrize("server", SERVERS)
async def test_other_clients_that_write_meanwhile_lose_nothing(server: str) -> None:
    await race(server, 12, seed=6)


@pytest.mark.soak
@pytest.mark.parametrize("server", SERVERS)
async def test_two_hundred_races_lose_nothing(server: str) -> None:
    conflicts = await race(server, 200, seed=200)

    print(f"\n{server}: {conflicts} saves met somebody else's version")
    assert conflicts > 0, "nobody raced"
