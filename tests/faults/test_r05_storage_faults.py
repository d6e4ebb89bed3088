"""R5: every fault of a storage, at every call, at every moment of a document's life: nothing is lost or damaged.

14 faults x 6 calls x 4 moments = 336 cells. Each cell strikes three times, first after the storage did what was asked
(the doubtful call), then before, while somebody else changes the file. Replay one cell by its id with `-k`.
"""

from __future__ import annotations

import asyncio
import random
from itertools import product

import pytest

from collab.clock import FakeClock
from collab.config import Config, RoomConfig, SaveConfig
from collab.document import Splice
from collab.errors import CollabError
from collab.protocol.payloads import StorageState
from collab.rooms.rooms import Rooms
from collab.store.base import DocumentId
from connectors.base import Version
from connectors.faults import CONTENT_OPERATIONS, Fault, Moment, Operation, ScriptedPlan, SeededPlan, Step
from connectors.faulty import FaultyConnector, FaultySettings
from connectors.memory import MemoryConnector
from connectors.memory_storage import MemoryStorage
from tests.simulation.client import Client
from tests.simulation.loop import simulate
from tests.simulation.world import CREDENTIALS, ROOT, Server, World, access

FAULTS = tuple(fault for fault in Fault if fault not in (Fault.DELAY, Fault.UNAUTHORIZED))
MOMENTS = ("load", "autosave", "last leave", "shutdown")
STRIKES = (Moment.AFTER, Moment.BEFORE, Moment.BEFORE)
START = b"first line\nlast line\n"
EDIT = "edited\n"
FOREIGN = b"foreign\n"
PATH = "a.txt"
CONFIG = Config(save=SaveConfig(lock_refresh_s=2.0, retry_max_s=4.0, poll_s=2.0), room=RoomConfig(idle_unload_s=20.0))
TOLD_S = 5.0
PATIENCE_S = 400.0


class RecordingStorage(MemoryStorage):
    """Remembers every content that the connector stored."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock=clock)
        self.stored: list[bytes] = []

    def put(self, path: str, content: bytes, *, by: object = None, modified_by: str | None = None) -> Version:
        if by is not None:
            self.stored.append(content)
        return super().put(path, content, by=by, modified_by=modified_by)


class Cell:
    """One document, one client, one outside writer, and a storage that fails by plan."""

    path = PATH
    start = START
    edit = EDIT.encode()

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.storage = RecordingStorage(clock)
        self.plan = ScriptedPlan()
        self.memory = MemoryConnector(self.storage, clock=clock)
        settings = FaultySettings(timeout_s=3.0)
        self.faulty = FaultyConnector(self.memory, self.plan, settings=settings)
        self.world = World(clock, config=CONFIG, storage=self.memory, connector=self.faulty)
        self.server = Server(self.world)
        self.client = Client("ada", access(), 77)
        self.memory.outside_write(self.path, self.start)

    @property
    def content(self) -> bytes:
        return self.memory.outside_content(self.path)

    def strike(self, operation: Operation, fault: Fault) -> None:
        self.plan.then(operation, *(Step(fault, moment) for moment in STRIKES))

    async def open(self) -> tuple[Rooms, DocumentId]:
        """Start and open, again and again if the storage refuses."""
        rooms = self.server.rooms or await self.server.start()
        for _ in range(20):
            try:
                opened = await rooms.open(ROOT, self.path, CREDENTIALS)
            except CollabError:
                await asyncio.sleep(1)
            else:
                await self.client.connect(rooms, opened.document_id)
                await asyncio.sleep(0.1)
                return rooms, opened.document_id
        raise AssertionError("the document does not open although the storage recovered")

    def type(self) -> None:
        self.client.edit(Splice(len("first line\n"), 0, EDIT))

    def write_outside(self) -> None:
        """Another application appends a line to what is there."""
        self.memory.outside_write(self.path, self.content + FOREIGN)

    async def check_told(self) -> None:
        """What the client is told is true, at most `TOLD_S` after a save should have been done."""
        await asyncio.sleep(CONFIG.save.max_wait_s + TOLD_S)
        state = self.client.save_states[-1]
        if self.edit not in self.content:
            assert state.state in (StorageState.REFUSED, StorageState.SAVING)
            assert state.covers < self.client.sent
            assert state.reason or state.state is StorageState.SAVING

    async def check_healed(self) -> None:
        """Both sides' text is in the file, once, and nothing else was ever written."""
        for _ in range(int(PATIENCE_S)):
            if self.edit in self.content:
                break
            await asyncio.sleep(1)
        await asyncio.sleep(10)
        self.check_content()

    def check_content(self) -> None:
        for part in *START.splitlines(keepends=True), EDIT.encode(), FOREIGN:
            assert self.content.count(part) == 1, (part, self.content)
        for written in self.storage.stored:
            assert written.startswith(b"first line\n") and b"last line\n" in written, written


async def run_cell(clock: FakeClock, fault: Fault, operation: Operation, moment: str, made: type[Cell] = Cell) -> None:
    cell = made(clock)
    if moment == "load":
        cell.strike(operation, fault)
    rooms, document_id = await cell.open()
    if moment == "autosave":
        cell.strike(operation, fault)
    cell.type()
    await asyncio.sleep(0)
    cell.write_outside()
    if moment in ("load", "autosave"):
        await cell.check_told()
    else:
        cell.strike(operation, fault)
        await asyncio.sleep(0.01)
        assert cell.client.acknowledged == cell.client.sent
        await cell.client.disconnect()
    if moment == "last leave":
        await asyncio.sleep(60)
    if moment == "shutdown":
        await cell.server.stop()
        cell.plan.heal()
        rooms, document_id = await cell.open()
    assert cell.edit in await rooms.content_now(document_id)
    await cell.check_healed()
    await cell.server.stop()


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("operation", CONTENT_OPERATIONS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_storage_fault_loses_and_damages_nothing(fault: Fault, operation: Operation, moment: str) -> None:
    simulate(lambda clock: run_cell(clock, fault, operation, moment))


def test_the_matrix_has_all_cells() -> None:
    assert len(list(product(FAULTS, CONTENT_OPERATIONS, MOMENTS))) == 336


async def run_random_faults(clock: FakeClock, seed: int, made: type[Cell] = Cell) -> None:
    cell = made(clock)
    cell.faulty._plan = SeededPlan(seed, probability=0.3)
    rng = random.Random(seed)
    await cell.open()
    cell.type()
    for _ in range(10):
        await asyncio.sleep(rng.random() * 5)
        if rng.random() < 0.2:
            await cell.server.kill()
            await cell.client.disconnect()
            await cell.open()
    cell.write_outside()
    await asyncio.sleep(20)
    cell.faulty._plan = cell.plan
    await cell.check_healed()
    await cell.server.stop()


@pytest.mark.parametrize("seed", range(20))
def test_a_random_sequence_of_faults_and_kills_loses_nothing(seed: int) -> None:
    simulate(lambda clock: run_random_faults(clock, seed))


@pytest.mark.soak
def test_ten_thousand_random_sequences_lose_nothing() -> None:
    for seed in range(10_000):
        try:
            simulate(lambda clock, seed=seed: run_random_faults(clock, seed))
        except BaseException:
            print(f"\nfailed with seed {seed}; replay: run_random_faults with this seed")
            raise
