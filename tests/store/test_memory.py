"""The store in memory keeps the contract, and its fault plan does what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collab.clock import FakeClock
from collab.errors import JournalError
from collab.store.memory import MemoryStore
from tests.store.cluster_contract import LeaseContract, SettledIntentContract, SinceContract
from tests.store.contract import FIRST, NOTES, NOW, Reopen, StoreContract, document_with_history, entry, every_update


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    opened = MemoryStore()
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def reopen(store: MemoryStore) -> Reopen:
    async def again() -> MemoryStore:
        await store.close()
        await store.open()
        return store

    return again


@pytest.fixture
def target(tmp_path: Path) -> str:
    return str(tmp_path / "backup")


class TestMemoryStore(StoreContract):
    pass


class TestMemoryCluster(SinceContract, SettledIntentContract, LeaseContract):
    pass


async def test_the_planned_number_of_appends_fails_and_leaves_nothing(store: MemoryStore) -> None:
    document_id = await document_with_history(store)
    store.faults.fail_appends = 2

    for _ in range(2):
        with pytest.raises(JournalError):
            await store.append(document_id, FIRST, [entry(1)])

    assert await store.append(document_id, FIRST, [entry(2)]) == 1
    assert [one.entry for one in await every_update(store, document_id)] == [entry(2)]


async def test_a_full_store_still_reads(store: MemoryStore) -> None:
    document_id = await document_with_history(store)

    store.faults.full = True

    with pytest.raises(JournalError):
        await store.append(document_id, FIRST, [entry(1)])
    assert await store.load(document_id) is not None


async def test_a_store_that_is_away_refuses_reads_too(store: MemoryStore) -> None:
    store.faults.away = True

    with pytest.raises(JournalError):
        await store.documents()


async def test_the_planned_number_of_calls_fails(store: MemoryStore) -> None:
    store.faults.fail_calls = 1

    with pytest.raises(JournalError):
        await store.resolve(NOTES, NOW)

    assert (await store.resolve(NOTES, NOW)).alias == NOTES


async def test_appends_wait_at_the_gate(store: MemoryStore) -> None:
    document_id = await document_with_history(store)
    store.faults.append_gate = asyncio.Event()

    appending = asyncio.ensure_future(store.append(document_id, FIRST, [entry(1)]))
    waiting = await asyncio.wait([appending], timeout=0.01)
    before = await every_update(store, document_id)
    store.faults.append_gate.set()

    assert await appending == 1
    assert waiting[1] == {appending}
    assert before == []


async def test_leases_run_out_by_the_stores_clock_alone() -> None:
    clock = FakeClock()
    timed = MemoryStore(clock=clock)
    await timed.open()
    document_id = await document_with_history(timed)
    lease = await timed.acquire_lease(document_id, "a", 10_000)

    clock.advance(9.9)
    clock.jump_wall(300.0)
    assert await timed.holds_lease(lease)
    assert (await timed.acquire_lease(document_id, "b", 10_000)).owner == "a"

    clock.advance(0.2)
    assert (await timed.acquire_lease(document_id, "b", 10_000)).owner == "b"
