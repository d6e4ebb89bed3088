"""R5 on real storages: every fault at every call and moment, in front of a folder, a WebDAV server, S3 and CS3.

As in `test_r05_storage_faults`, but in real time and through the real connectors. The default run takes a part of the
cells, another one for each storage; the soak takes all 336 of each.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import pytest

from collab.clock import FakeClock, SystemClock
from collab.config import Config, RoomConfig, SaveConfig
from collab.document import Splice
from collab.errors import CollabError
from collab.protocol.payloads import StorageState
from collab.store.base import DocumentId
from connectors.faults import CONTENT_OPERATIONS, Fault, Operation, ScriptedPlan, Step
from connectors.faulty import FaultyConnector, FaultySettings
from tests.faults.storages import NAMES, Recording, Storage, storage
from tests.faults.test_r05_storage_faults import EDIT, FAULTS, FOREIGN, MOMENTS, START, STRIKES
from tests.patience import PATIENCE_S
from tests.simulation.client import Client
from tests.simulation.world import CREDENTIALS, ROOT, Server, World, access

CELLS = tuple(product(FAULTS, CONTENT_OPERATIONS, MOMENTS))
SAMPLE = {"local": 14, "cs3": 14, "webdav": 48, "s3": 48}
"""The default run takes every so-manieth cell."""
TOGETHER = 12
SAVE = SaveConfig(debounce_s=0.05, max_wait_s=0.3, retry_min_s=0.05, retry_max_s=0.3, poll_s=0.3, lock_refresh_s=0.4)
CONFIG = Config(save=SAVE, room=RoomConfig(idle_unload_s=0.5))


async def until(true: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not true():  # noqa: ASYNC110 - what a storage holds has no event to wait for
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"never came to be: {what}") from None


class Cell:
    """One document on a shared storage, one client, one outside writer, faults by plan."""

    def __init__(self, at: Storage, path: str) -> None:
        self.at = at
        self.path = path
        self.plan = ScriptedPlan()
        self.recording = Recording(at.connector)
        faulty = FaultyConnector(self.recording, self.plan, settings=FaultySettings(timeout_s=0.3))
        self.world = World(FakeClock(), config=CONFIG, connector=faulty)
        self.world.clock = SystemClock()
        self.server = Server(self.world)
        self.client = Client("ada", access(), 77)
        at.put(path, START)

    @property
    def content(self) -> bytes:
        return self.at.read(self.path)

    def strike(self, operation: Operation, fault: Fault) -> None:
        self.plan.then(operation, *(Step(fault, moment) for moment in STRIKES))

    async def open(self) -> str:
        rooms = self.server.rooms or await self.server.start()
        for _ in range(50):
            try:
                opened = await rooms.open(ROOT, self.path, CREDENTIALS)
            except CollabError:
                await asyncio.sleep(0.1)
            else:
                await self.client.connect(rooms, opened.document_id)
                await until(lambda: "first line" in self.client.text, "the document")
                return opened.document_id
        raise AssertionError("the document does not open although the storage recovered")

    async def run(self, fault: Fault, operation: Operation, moment: str) -> None:
        try:
            await self._live(fault, operation, moment)
        except BaseException as error:
            error.add_note(f"cell: {fault} at {operation} during {moment}; file: {self.content!r}")
            raise
        finally:
            await self.client.disconnect()
            await self.server.stop()

    async def _live(self, fault: Fault, operation: Operation, moment: str) -> None:
        if moment == "load":
            self.strike(operation, fault)
        document_id = await self.open()
        if moment == "autosave":
            self.strike(operation, fault)
        self.client.edit(Splice(len("first line\n"), 0, EDIT))
        self.at.change(self.path, lambda content: content + FOREIGN)  # nothing of ours runs meanwhile
        if moment in ("load", "autosave"):
            await until(self._told, "the truth")
        else:
            self.strike(operation, fault)
            await until(lambda: self.client.acknowledged == self.client.sent, "the acknowledgement")
            await self.client.disconnect()
        if moment == "shutdown":
            await self.server.stop()
            self.plan.heal()
            document_id = await self.open()
        assert self.server.rooms is not None
        assert EDIT.encode() in await self.server.rooms.content_now(document_id)
        parts = (*START.splitlines(keepends=True), EDIT.encode(), FOREIGN)
        await self._both_stored(document_id, parts)
        for written in self.recording.written:
            assert written.startswith(b"first line\n"), written
            assert b"last line\n" in written, written

    async def _both_stored(self, document_id: DocumentId, parts: Sequence[bytes]) -> None:
        """Wait for both sides' text; somebody looks in now and then, for a file that seemed deleted is left alone.

        A room that nobody is in goes then, with the edit in the journal, and stores it when it is opened again.
        """
        rooms = self.server.rooms
        async with asyncio.timeout(PATIENCE_S):
            while not all(self.content.count(part) == 1 for part in parts):
                with contextlib.suppress(CollabError):
                    assert rooms is not None
                    await rooms.content_now(document_id)
                await asyncio.sleep(0.5)

    def _told(self) -> bool:
        """What the client is told is true: stored, or refused with a reason."""
        state = self.client.save_states[-1] if self.client.save_states else None
        if state is None or state.covers < self.client.sent:
            return state is not None and state.state is StorageState.REFUSED and bool(state.reason)
        return EDIT.encode() in self.content


async def run_cells(name: str, folder: Path, cells: Sequence[tuple[Fault, Operation, str]]) -> None:
    async with storage(name, folder) as at:
        for start in range(0, len(cells), TOGETHER):
            async with asyncio.TaskGroup() as group:
                for number, cell in enumerate(cells[start : start + TOGETHER], start):
                    group.create_task(Cell(at, f"cell {number}.txt").run(*cell))


@pytest.mark.parametrize("name", NAMES)
async def test_faults_of_a_real_storage_lose_and_damage_nothing(name: str, tmp_path: Path) -> None:
    await run_cells(name, tmp_path, CELLS[NAMES.index(name) * 3 :: SAMPLE[name]])


@pytest.mark.soak
@pytest.mark.parametrize("name", NAMES)
async def test_all_faults_of_a_real_storage_lose_and_damage_nothing(name: str, tmp_path: Path) -> None:
    await run_cells(name, tmp_path, CELLS)
