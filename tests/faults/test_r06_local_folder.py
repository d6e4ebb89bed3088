"""R6 on a real folder: another program writes the file in the moment between our check and our replacement."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from collab.clock import FakeClock, SystemClock
from collab.config import Config, SaveConfig
from collab.rooms.rooms import Rooms
from collab.rooms.storage_file import Root
from connectors.local import LocalConnector
from connectors.local_settings import LocalSettings
from tests.patience import PATIENCE_S
from tests.simulation.client import MARKER, Client
from tests.simulation.world import CREDENTIALS, ROOT, World, access

RACES = 20
CONFIG = Config(save=SaveConfig(debounce_s=0.02, max_wait_s=0.1, retry_min_s=0.05, retry_max_s=0.2))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - what another program did has no event to wait for
            await asyncio.sleep(0.005)


async def test_r06_a_program_that_writes_between_check_and_exchange_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"<start>\n")
    rng = random.Random(6)
    foreign: list[str] = []

    def write_in_the_window(path: str) -> None:
        if len(foreign) < RACES and rng.random() < 0.7:
            lines = file.read_text().splitlines(keepends=True)
            foreign.append(f"<foreign.{len(foreign)}>\n")
            lines.insert(rng.randint(0, len(lines)), foreign[-1])
            file.write_text("".join(lines))

    connector = LocalConnector(LocalSettings(tmp_path), before_exchange=write_in_the_window)
    world = World(FakeClock(), config=CONFIG)
    world.clock = SystemClock()
    await world.store.open()
    client = Client("a", access("a"), 5, lines=True)

    async with Rooms(world.parts(), [Root(ROOT, connector)], 5.0) as rooms:
        opened = await rooms.open(ROOT, "a.txt", CREDENTIALS)
        await client.connect(rooms, opened.document_id)
        await until(lambda: "<start>" in client.text)
        while len(foreign) < RACES:
            before = len(client.save_states)
            client.insert(rng)
            await until(lambda before=before: len(client.save_states) > before)
        await until(lambda: file.read_text() == client.text and set(foreign) <= set(MARKER.findall(client.text)))
        await client.disconnect()
    await connector.close()

    found = Counter(MARKER.findall(file.read_text()))
    assert found == Counter({"<start>\n", *foreign, *client.edits.inserted})
