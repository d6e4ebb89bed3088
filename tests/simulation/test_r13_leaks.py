"""R13: rooms that were opened, edited and closed leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os

import psutil
import pytest

from collab.clock import FakeClock
from collab.config import Config, RoomConfig, SaveConfig
from collab.document import Splice
from tests.simulation.client import Client
from tests.simulation.loop import simulate
from tests.simulation.world import CREDENTIALS, ROOT, World, access

CYCLES = 500
CONFIG = Config(save=SaveConfig(debounce_s=0.1), room=RoomConfig(idle_unload_s=0.5))
RSS_GROWTH = 1.05
RSS_SLACK = 8 * 2**20


async def cycle_rooms(clock: FakeClock, cycles: int) -> None:
    world = World(clock, config=CONFIG)
    process = psutil.Process()
    async with world.server() as rooms:
        for number in range(cycles):
            path = f"{number % 20}.txt"
            if number < 20:
                world.storage.outside_write(path, b"")
            opened = await rooms.open(ROOT, path, CREDENTIALS)
            client = Client("ada", access(), number + 1)
            await client.connect(rooms, opened.document_id)
            client.edit(Splice(0, 0, "line\n"))
            await asyncio.sleep(0.01)
            await client.disconnect()
            await asyncio.sleep(5)
            if number == cycles // 5:
                gc.collect()
                tasks = len(asyncio.all_tasks())
                rss, descriptors = process.memory_info().rss, len(os.listdir("/proc/self/fd"))
        gc.collect()
        assert rooms.live() == [] and not rooms._entries
        assert len(asyncio.all_tasks()) == tasks
        assert len(os.listdir("/proc/self/fd")) == descriptors
        assert process.memory_info().rss < rss * RSS_GROWTH + RSS_SLACK
    assert world.metrics.counts["rooms_loaded_total"] == cycles


def test_r13_open_edit_close_cycles_leave_nothing() -> None:
    simulate(lambda clock: cycle_rooms(clock, CYCLES))


@pytest.mark.soak
def test_r13_ten_thousand_cycles_leave_nothing() -> None:
    simulate(lambda clock: cycle_rooms(clock, 10_000), limit_s=1e6)
