"""Workers share one SQLite file: the contract holds for each of them, and what one wrote the others see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collab.config import StoreConfig
from collab.errors import ConfigError
from collab.store.base import Alias, HistoryId
from collab.store.fence import Fence
from collab.store.sqlite import SqliteStore
from tests.store.contract import FIRST, NOTES, NOW, Reopen, StoreContract, document_with_history, entry, every_update

FAST = StoreConfig(commit_delay_ms=0.0)
WORKERS = 4
APPENDS = 50


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def store(data: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(data, FAST, shared=True)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def other(data: Path, store: SqliteStore) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(data, FAST, shared=True)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def reopen(store: SqliteStore) -> Reopen:
    async def again() -> SqliteStore:
        await store.close()
        await store.open()
        return store

    return again


@pytest.fixture
def target(tmp_path: Path) -> str:
    return str(tmp_path / "copy")


class TestSharedStore(StoreContract):
    """A worker's store."""


async def test_all_workers_resolve_a_name_to_the_same_document(store: SqliteStore, other: SqliteStore) -> None:
    names = [Alias("root:home", f"{number}.md") for number in range(30)]

    found = await asyncio.gather(*(one.resolve(name, NOW) for name in names for one in (store, other)))

    assert len({record.document_id for record in found}) == len(names)


async def test_one_history_is_made_however_many_workers_try(store: SqliteStore, other: SqliteStore) -> None:
    document_id = (await store.resolve(NOTES, NOW)).document_id

    made = await asyncio.gather(
        *(one.create_history(document_id, None, FIRST, "text", b"seed", None, NOW) for one in (store, other))
    )

    assert sorted(made) == [False, True]


async def test_a_document_that_moves_between_workers_keeps_one_order(store: SqliteStore, other: SqliteStore) -> None:
    document_id = await document_with_history(store)

    for turn, one in enumerate((store, other, store, other)):
        loaded = await one.load(document_id)
        assert loaded is not None
        assert loaded.last_seq == 2 * turn
        last = await one.append(document_id, FIRST, [entry(2 * turn + 1), entry(2 * turn + 2)])
        assert last == 2 * turn + 2

    assert [stored.seq for stored in await every_update(other, document_id)] == list(range(1, 9))


async def test_many_workers_write_beside_each_other_and_nobody_is_refused(data: Path) -> None:
    stores = [SqliteStore(data, FAST, shared=True) for _ in range(WORKERS)]
    for one in stores:
        await one.open()
    try:
        documents = [
            await document_with_history(one, Alias("root:home", f"{number}.md"), HistoryId(f"h{number}"))
            for number, one in enumerate(stores)
        ]

        async def write(number: int) -> None:
            for count in range(APPENDS):
                await stores[number].append(documents[number], HistoryId(f"h{number}"), [entry(count)])

        await asyncio.gather(*map(write, range(WORKERS)))

        for number, document_id in enumerate(documents):
            loaded = await stores[0].load(document_id)
            assert loaded is not None
            assert loaded.last_seq == APPENDS, number
    finally:
        for one in stores:
            await one.close()


async def test_workers_and_a_server_of_its_own_exclude_each_other_by_the_supervisors_fence(data: Path) -> None:
    await asyncio.to_thread(data.mkdir)
    fence = Fence(data)
    fence.acquire()
    try:
        worker = SqliteStore(data, FAST, shared=True)
        await worker.open()
        with pytest.raises(ConfigError, match="another server"):
            await SqliteStore(data, FAST).open()
        await worker.close()
    finally:
        fence.release()


async def test_the_size_of_a_document_is_known_without_loading_it(store: SqliteStore) -> None:
    document_id = (await store.resolve(NOTES, NOW)).document_id
    assert await store.size_bytes(document_id) == 0

    await store.create_history(document_id, None, FIRST, "text", None, None, NOW)
    await store.append(document_id, FIRST, [entry(number) for number in range(100)])

    assert await store.size_bytes(document_id) > sum(len(entry(number).update) for number in range(100))
