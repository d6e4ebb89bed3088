"""R7: joins, leaves, loads, saves, unloads and failures in random order: no illegal transition, one load per room.

The order of tasks that are ready at the same time is random too. Replay one schedule with
`COLLAB_TEST_SEED=<seed> pytest 'tests/simulation/test_r07_schedules.py::test_r07_schedules[0]'`.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter

import pytest

from collab.clock import FakeClock
from collab.config import Config, RoomConfig, SaveConfig
from collab.errors import CollabError
from collab.rooms.rooms import Rooms
from collab.store.base import DocumentId, HistoryId, StoredHistory
from collab.store.memory import MemoryStore
from tests.blocks import in_blocks
from tests.simulation.client import MARKER, Client
from tests.simulation.loop import simulate
from tests.simulation.world import CREDENTIALS, ROOT, Server, World, access

BLOCKS, SCHEDULES = 20, 250
OPERATIONS = 8
REPLAY = "COLLAB_TEST_SEED={} python -m pytest 'tests/simulation/test_r07_schedules.py::test_r07_schedules[0]'"
PATHS = ("a.txt", "b.txt")
CONFIG = Config(save=SaveConfig(debounce_s=0.5, max_wait_s=2.0), room=RoomConfig(idle_unload_s=1.0))


class SlowLoadingStore(MemoryStore):
    """Loads take a moment; two of one document at a time are an error."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self._rng = rng
        self._loading: set[DocumentId] = set()

    async def load(
        self, document_id: DocumentId, history_id: HistoryId | None = None, *, upto_seq: int | None = None
    ) -> StoredHistory | None:
        assert document_id not in self._loading, f"{document_id} is loaded twice at once"
        self._loading.add(document_id)
        try:
            await asyncio.sleep(self._rng.random() * 0.2)
            return await super().load(document_id, history_id, upto_seq=upto_seq)
        finally:
            self._loading.remove(document_id)


class Schedule:
    """A few people and documents; what happens when is the seed's choice."""

    def __init__(self, seed: int, clock: FakeClock) -> None:
        self.rng = random.Random(seed)
        self.store = SlowLoadingStore(self.rng)
        self.world = World(clock, seed=seed, config=CONFIG, store=self.store)
        self.server = Server(self.world)
        self.clients = {path: [_client(path, number) for number in (0, 1)] for path in PATHS}
        self._joining: set[str] = set()

    async def run(self) -> None:
        for path in PATHS:
            self.world.storage.outside_write(path, b"")
        rooms = await self.server.start()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(OPERATIONS):
                tasks.create_task(self._operation(rooms))
                if self.rng.random() < 0.6:
                    await asyncio.sleep(self.rng.random())
                self._check_one_room_each(rooms)
        self.store.faults.fail_calls = 0
        await self._bring_home(rooms)
        await self.server.stop()
        self._check()

    async def _operation(self, rooms: Rooms) -> None:
        path = self.rng.choice(PATHS)
        client = self.rng.choice(self.clients[path])
        chance = self.rng.random()
        try:
            if chance < 0.45:
                await self._join(rooms, path, client)
            elif chance < 0.6:
                await client.disconnect()
            elif chance < 0.7:
                opened = await rooms.open(ROOT, path, CREDENTIALS)
                await rooms.save_now(opened.document_id)
            elif chance < 0.8:
                await asyncio.sleep(self.rng.random() * 3)
            elif chance < 0.85:
                self.store.faults.fail_calls = self.rng.randint(1, 4)
            elif client.connection is not None:
                client.insert(self.rng)
        except CollabError:
            pass

    async def _join(self, rooms: Rooms, path: str, client: Client) -> None:
        if client.connection is None and client.name not in self._joining:
            self._joining.add(client.name)
            try:
                opened = await rooms.open(ROOT, path, CREDENTIALS)
                await client.connect(rooms, opened.document_id)
                client.insert(self.rng)
            finally:
                self._joining.discard(client.name)

    def _check_one_room_each(self, rooms: Rooms) -> None:
        assert self.world.metrics.counts["rooms_failed_total"] == 0
        assert len(rooms._live) <= len(rooms._entries) <= len(PATHS)

    async def _bring_home(self, rooms: Rooms) -> None:
        """Everybody connects once more and waits for the acknowledgement of everything."""
        for path in PATHS:
            for client in self.clients[path]:
                await self._join(rooms, path, client)
        for _ in range(100):
            await asyncio.sleep(0.2)
            clients = [client for path in PATHS for client in self.clients[path]]
            if all(client.acknowledged == client.sent for client in clients):
                return
        raise AssertionError("not everything was acknowledged")

    def _check(self) -> None:
        counts = self.world.metrics.counts
        assert counts["rooms_failed_total"] == counts["room_bugs_total"] == counts["saver_bugs_total"] == 0
        for path in PATHS:
            found = Counter(MARKER.findall(self.world.storage.outside_content(path).decode()))
            wanted = {marker for client in self.clients[path] for marker in client.edits.acknowledged}
            assert found == Counter(wanted)


def _client(path: str, number: int) -> Client:
    name = f"{path[0]}{number}"
    return Client(name, access(name), 10 * PATHS.index(path) + number + 1)


def run_schedule(seed: int) -> None:
    try:
        simulate(lambda clock: Schedule(seed, clock).run(), seed=seed)
    except BaseException:
        print(f"\nfailed with seed {seed}; replay: {REPLAY.format(seed)}")
        raise


def seeds(first: int, count: int) -> range:
    given = os.environ.get("COLLAB_TEST_SEED")
    return range(first, first + count) if given is None else range(int(given), int(given) + 1)


@pytest.mark.parametrize("block", in_blocks(BLOCKS))
def test_r07_schedules(block: int) -> None:
    for seed in seeds(block * SCHEDULES, SCHEDULES):
        run_schedule(seed)


@pytest.mark.soak
def test_r07_schedules_soak() -> None:
    for seed in seeds(0, 100_000):
        run_schedule(seed)
