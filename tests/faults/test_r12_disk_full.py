"""R12: the disk is full or broken at the n-th operation of the journal. Nothing is acknowledged that is not kept,
nothing is half applied, and the store goes on by itself when the disk does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import apsw
import pytest

from collab.config import StoreConfig
from collab.errors import JournalError
from collab.store.base import Alias, DocumentId, HistoryId, JournalEntry, Snapshot, StoredUpdate
from collab.store.sqlite import SqliteStore
from tests.faults.vfs import ApswDriver, Disk

NOW = 1_700_000_000_000
DAY_MS = 86_400_000
FAST = StoreConfig(commit_delay_ms=0.0)
HISTORIES = (HistoryId("a"), HistoryId("b"))
FOR_EVER = 1_000_000


class Typists:
    """Two documents that are typed into, and what the store answered."""

    def __init__(self, store: SqliteStore) -> None:
        self.acknowledged: dict[HistoryId, list[JournalEntry]] = {history_id: [] for history_id in HISTORIES}
        self.refused: dict[HistoryId, list[JournalEntry]] = {history_id: [] for history_id in HISTORIES}
        self.ids: dict[HistoryId, DocumentId] = {}
        self._store = store
        self._number = 0

    async def begin(self) -> None:
        for history_id in HISTORIES:
            document_id = (await self._store.resolve(Alias("scratch", history_id), NOW)).document_id
            await self._store.create_history(document_id, None, history_id, "text", b"seed", None, NOW)
            self.ids[history_id] = document_id

    async def type(self, steps: int) -> None:
        """Type; every fifth step brings a snapshot, a content and maintenance along, which may be refused too."""
        for step in range(steps):
            await asyncio.gather(*(self._append(history_id) for history_id in HISTORIES))
            if step % 5 == 4:
                history_id = HISTORIES[step % 2]
                kept = len(self.acknowledged[history_id])
                await _tried(self._store.write_snapshot(self.ids[history_id], history_id, Snapshot(kept, b"s", NOW)))
                await _tried(self._store.put_content(b"content %d" % step * 1000))
                await _tried(self._store.maintain(NOW + 2 * DAY_MS))

    async def _append(self, history_id: HistoryId) -> None:
        self._number += 2
        first = JournalEntry(b"update %d" % self._number * 40, "ann", "Ann", NOW + self._number, "node", 1)
        second = JournalEntry(b"update %d" % (self._number + 1) * 40, "bob", "Bob", NOW + self._number, "node", 2)
        answered = await _tried(self._store.append(self.ids[history_id], history_id, [first, second]))
        (self.acknowledged if answered else self.refused)[history_id] += [first, second]

    @property
    def refusals(self) -> int:
        return sum(len(entries) for entries in self.refused.values())

    async def check(self, store: SqliteStore) -> None:
        """Exactly what was acknowledged is there. Raises: AssertionError."""
        for history_id, entries in self.acknowledged.items():
            log = await store.updates(self.ids[history_id], history_id, after_seq=0, limit=FOR_EVER)
            assert list(log) == [StoredUpdate(seq, one) for seq, one in enumerate(entries, 1)]


async def _tried(call: Awaitable[object]) -> bool:
    try:
        await call
    except JournalError:
        return False
    return True


async def _live_through(data: Path, error: type[apsw.Error], at: int, times: int, kinds: tuple[str, ...]) -> Typists:
    disk = Disk(f"failing-{data.name}-{error.__name__}-{at}-{times}")
    store = SqliteStore(data, FAST, driver=ApswDriver(disk))
    await store.open()
    typists = Typists(store)
    await typists.begin()
    await typists.type(2)
    disk.faults.error, disk.faults.kinds = error, kinds
    disk.faults.at, disk.faults.times, disk.faults.seen = at, times, 0
    await typists.type(12)
    disk.faults.at = 0
    refused = typists.refusals
    await typists.check(store)
    await typists.type(3)
    assert typists.refusals == refused
    await typists.check(store)
    await store.close()
    reopened = SqliteStore(data, FAST)
    await reopened.open()
    await typists.check(reopened)
    await reopened.close()
    return typists


@pytest.mark.parametrize("at", range(1, 51))
async def test_a_disk_that_is_full_from_the_nth_write_on_acknowledges_nothing_it_does_not_keep(
    tmp_path: Path, at: int
) -> None:
    typists = await _live_through(tmp_path / "data", apsw.FullError, at, FOR_EVER, ("write",))

    assert typists.refusals > 0


@pytest.mark.parametrize("at", range(1, 51))
async def test_a_single_failing_write_costs_at_most_the_calls_of_its_commit(tmp_path: Path, at: int) -> None:
    typists = await _live_through(tmp_path / "data", apsw.IOError, at, 1, ("write", "truncate"))

    assert typists.refusals <= 4


@pytest.mark.parametrize("at", range(1, 21))
async def test_a_disk_that_cannot_sync_acknowledges_nothing(tmp_path: Path, at: int) -> None:
    typists = await _live_through(tmp_path / "data", apsw.IOError, at, FOR_EVER, ("sync",))

    assert typists.refusals > 0


@pytest.mark.soak
@pytest.mark.parametrize("error", [apsw.FullError, apsw.IOError])
@pytest.mark.parametrize("at", range(1, 1001))
async def test_any_operation_fails_a_few_times(tmp_path: Path, at: int, error: type[apsw.Error]) -> None:
    await _live_through(tmp_path / "data", error, at, at % 7 + 1, ("write", "sync", "truncate"))


async def test_a_read_that_fails_is_refused_and_the_next_one_works(tmp_path: Path) -> None:
    disk = Disk("unreadable")
    store = SqliteStore(tmp_path / "data", FAST, driver=ApswDriver(disk))
    await store.open()
    typists = Typists(store)
    await typists.begin()
    await typists.type(2)

    disk.faults.error, disk.faults.kinds, disk.faults.at, disk.faults.times = apsw.IOError, ("read",), 1, FOR_EVER
    await store.close()
    opened = await _tried(store.open())
    disk.faults.at = 0
    await store.open()

    assert not opened
    await typists.check(store)
    await store.close()
