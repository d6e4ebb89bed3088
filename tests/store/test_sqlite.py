"""The embedded store keeps the contract, and what only a store on a disk has to prove."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collab.config import StoreConfig
from collab.errors import ConfigError, JournalError
from collab.store.base import DocumentId, JournalEntry, Share
from collab.store.driver import SqliteModule
from collab.store.schema import MIGRATIONS, VERSION, migrate, prepare
from collab.store.sqlite import SqliteStore, restore
from tests.patience import PATIENCE_S
from tests.store.cluster_contract import SettledIntentContract, SinceContract
from tests.store.contract import (
    DAY_MS,
    FIRST,
    NOTES,
    NOW,
    OTHER,
    SECOND,
    Reopen,
    StoreContract,
    document_with_history,
    entry,
    every_update,
)

FAST = StoreConfig(commit_delay_ms=0.0)
JOURNAL = "journal.db"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def store(data: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(data, FAST)
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
    return str(tmp_path / "backup.db")


class TestSqliteStore(StoreContract, SinceContract, SettledIntentContract):
    pass


async def test_the_one_node_of_a_folder_always_holds_the_lease(store: SqliteStore) -> None:
    document_id = await document_with_history(store)

    lease = await store.acquire_lease(document_id, "node", 0)

    assert lease.owner == "node"
    assert await store.holds_lease(lease)
    assert await store.renew_lease(lease, 1000)


# -- one server per folder --


async def test_a_second_server_on_the_folder_is_refused_with_the_pid_of_the_first(
    store: SqliteStore, data: Path
) -> None:
    with pytest.raises(ConfigError, match=r"another server \(pid \d+\) uses this data folder"):
        await SqliteStore(data, FAST).open()

    assert (await store.resolve(NOTES, NOW)).alias == NOTES


async def test_the_folder_is_free_again_after_closing(store: SqliteStore, data: Path) -> None:
    await store.close()

    second = SqliteStore(data, FAST)
    await second.open()
    await second.close()


async def test_nobody_else_may_read_the_journal(store: SqliteStore, data: Path) -> None:
    await store.resolve(NOTES, NOW)

    assert _mode(data) & 0o077 == 0
    assert _mode(data / JOURNAL) & 0o077 == 0


# -- group commit --


async def test_calls_that_wait_together_share_a_commit(data: Path) -> None:
    statements: list[str] = []
    store = SqliteStore(data, StoreConfig(commit_delay_ms=50.0), driver=_Listening(statements))
    await store.open()
    document_id = await document_with_history(store)
    statements.clear()

    await asyncio.gather(*(store.append(document_id, FIRST, [entry(number)]) for number in range(200)))

    await store.close()
    assert statements.count("COMMIT") <= 2
    assert sum("INSERT INTO packs" in statement for statement in statements) == 200


async def test_a_call_whose_statement_fails_fails_alone(store: SqliteStore) -> None:
    document_id = (await store.resolve(NOTES, NOW)).document_id
    other_id = (await store.resolve(OTHER, NOW)).document_id

    results = await asyncio.gather(
        store.create_history(document_id, None, FIRST, "text", None, None, NOW),
        store.create_history(other_id, None, FIRST, "text", None, None, NOW),  # the id is taken: a constraint
        store.append(document_id, FIRST, [entry(1)]),
        return_exceptions=True,
    )

    other = await store.document(other_id)
    assert results[0] is True and results[2] == 1
    assert isinstance(results[1], JournalError)
    assert other is not None and (other.history_id, other.kind) == (None, None)


async def test_a_cancelled_call_leaves_the_store_in_order(store: SqliteStore) -> None:
    document_id = await document_with_history(store)
    appending = asyncio.ensure_future(store.append(document_id, FIRST, [entry(1)]))
    await asyncio.sleep(0)

    appending.cancel()
    await asyncio.gather(appending, return_exceptions=True)

    last = await store.append(document_id, FIRST, [entry(2)])
    assert [one.seq for one in await every_update(store, document_id)] == list(range(1, last + 1))


async def test_more_waiting_calls_than_the_limit_are_refused(data: Path) -> None:
    store = SqliteStore(data, StoreConfig(commit_delay_ms=50.0, queued_calls=10))
    await store.open()
    document_id = await document_with_history(store)

    results = await asyncio.gather(
        *(store.append(document_id, FIRST, [entry(number)]) for number in range(30)), return_exceptions=True
    )

    kept = await every_update(store, document_id)
    await store.close()
    refused = [result for result in results if isinstance(result, JournalError)]
    assert refused and "queued_calls" in str(refused[0])
    assert len(kept) == 30 - len(refused)


async def test_closing_commits_what_is_queued_without_waiting_for_more(data: Path) -> None:
    store = SqliteStore(data, StoreConfig(commit_delay_ms=600_000.0))
    await store.open()
    document_id = await document_with_history(store)
    appending = asyncio.ensure_future(store.append(document_id, FIRST, [entry(1)]))
    await asyncio.sleep(0)

    async with asyncio.timeout(PATIENCE_S):
        await store.close()

    assert await appending == 1
    await store.open()
    assert [one.seq for one in await every_update(store, document_id)] == [1]
    await store.close()


async def test_only_edits_wait_for_company(data: Path) -> None:
    store = SqliteStore(data, StoreConfig(commit_delay_ms=600_000.0))
    await store.open()

    async with asyncio.timeout(PATIENCE_S):
        await store.set_key_once("signing", b"one")

    await store.close()


# -- migrations --


async def test_a_file_of_an_older_schema_is_brought_up_and_keeps_its_rows(data: Path) -> None:
    _make(data)
    connection = SqliteModule().connect(data / JOURNAL)
    prepare(connection)
    migrate(connection, upto=1)
    connection.execute(
        "INSERT INTO documents (document_id, door, external_id, created_ms) VALUES ('d', ?, ?, 5)",
        (NOTES.door, NOTES.external_id),
    )
    connection.close()

    store = SqliteStore(data, FAST)
    await store.open()
    record = await store.resolve(NOTES, NOW)
    await store.set_key_once("later", b"table")
    await store.close()

    assert (record.document_id, record.created_ms) == ("d", 5)
    assert len(MIGRATIONS) == VERSION > 1


async def test_a_file_of_a_newer_server_is_refused_and_left_alone(store: SqliteStore, data: Path) -> None:
    await store.close()
    _execute(data / JOURNAL, f"PRAGMA user_version={VERSION + 1}")

    with pytest.raises(ConfigError, match="newer server"):
        await store.open()

    assert _value(data / JOURNAL, "PRAGMA user_version") == VERSION + 1


async def test_a_database_of_another_program_is_refused_and_left_alone(data: Path) -> None:
    _make(data)
    _execute(data / JOURNAL, "CREATE TABLE bookmarks (url)")

    with pytest.raises(ConfigError, match="some other program"):
        await SqliteStore(data, FAST).open()

    assert _value(data / JOURNAL, "SELECT count(*) FROM sqlite_schema") == 1


# -- compaction --


async def test_sealing_keeps_every_author_time_and_byte_in_a_third_of_the_rows(store: SqliteStore, data: Path) -> None:
    document_id = await document_with_history(store)
    entries = [
        JournalEntry(b"%d" % number * 8, f"author {number % 5}", f"Name {number % 5}", NOW + number * 37, "node", 1)
        for number in range(10_000)
    ]
    for start in range(0, len(entries), 7):
        await store.append(document_id, FIRST, entries[start : start + 7])
    before = await every_update(store, document_id)
    rows_before = _value(data / JOURNAL, "SELECT count(*) FROM packs")

    await store.maintain(NOW)

    rows = _value(data / JOURNAL, "SELECT count(*) FROM packs")
    assert [one.entry for one in before] == entries
    assert await every_update(store, document_id) == before
    assert rows < rows_before / 3


async def test_reading_from_the_middle_of_a_segment_gives_what_is_behind_it(store: SqliteStore) -> None:
    document_id = await document_with_history(store)
    for number in range(1, 21):
        await store.append(document_id, FIRST, [entry(number)])
    await store.maintain(NOW + 2 * DAY_MS)

    page = await store.updates(document_id, FIRST, after_seq=10, limit=3)

    assert [(one.seq, one.entry) for one in page] == [(seq, entry(seq)) for seq in (11, 12, 13)]


async def test_maintenance_gives_the_space_of_what_it_sealed_back(store: SqliteStore, data: Path) -> None:
    document_id = await document_with_history(store)
    batch = [JournalEntry(b"x" * 50, "ann", "Ann", NOW, "node", 1)] * 10
    await asyncio.gather(*(store.append(document_id, FIRST, batch) for _ in range(900)))

    await store.maintain(NOW + 2 * DAY_MS)

    assert _value(data / JOURNAL, "PRAGMA freelist_count") * 10 <= _value(data / JOURNAL, "PRAGMA page_count")
    assert _folder_size(data) < 9000 * 50 / 2


async def test_maintenance_goes_on_beside_appends(store: SqliteStore) -> None:
    document_id = await document_with_history(store)
    for start in range(0, 9000, 100):
        await store.append(document_id, FIRST, [entry(number) for number in range(start, start + 100)])

    async def type_on() -> None:
        for number in range(9000, 9200):
            await store.append(document_id, FIRST, [entry(number)])

    await asyncio.gather(store.maintain(NOW + 2 * DAY_MS), type_on(), store.maintain(NOW + 2 * DAY_MS))

    assert [one.entry for one in await every_update(store, document_id)] == [entry(number) for number in range(9200)]


# -- leaving no trace --


@pytest.mark.parametrize("sealed", [False, True])
async def test_an_erased_name_is_in_no_byte_of_the_files(store: SqliteStore, data: Path, sealed: bool) -> None:
    document_id = await document_with_history(store)
    names = [f"Zebulon Quackenbush {number}" for number in range(300)]
    for number, name in enumerate(names):
        await store.append(document_id, FIRST, [JournalEntry(b"u%d" % number, "zebulon-id", name, NOW, "node", 1)])
        await store.append(document_id, FIRST, [entry(number)])
    if sealed:
        await store.maintain(NOW + 2 * DAY_MS)
    found_before = _found(data, b"Quackenbush") and _found(data, b"zebulon-id")

    changed = await store.erase_person("zebulon-id")

    assert changed == 300
    assert found_before
    assert not _found(data, b"Quackenbush")
    assert not _found(data, b"zebulon-id")


async def test_a_purged_document_is_in_no_byte_of_the_files(store: SqliteStore, data: Path) -> None:
    kept_id = await document_with_history(store, OTHER, SECOND)
    document_id = await document_with_history(store)
    for number in range(300):
        await store.append(document_id, FIRST, [JournalEntry(b"secret recipe %d" % number, "eve", "Eve", NOW, "n", 1)])
        await store.append(kept_id, SECOND, [entry(number)])
    await store.add_share(_share(document_id))
    found_before = _found(data, b"secret recipe")

    await store.purge(document_id)

    assert found_before
    assert not _found(data, b"secret recipe")
    assert not _found(data, b"Eve")
    assert len(await every_update(store, kept_id, SECOND)) == 300


# -- backup --


async def test_a_backup_taken_while_typing_can_be_restored(store: SqliteStore, tmp_path: Path, target: str) -> None:
    document_id = await document_with_history(store)

    async def type_on() -> None:
        for number in range(100):
            await store.append(document_id, FIRST, [entry(number)])

    typing = asyncio.ensure_future(type_on())
    await store.append(document_id, FIRST, [])
    await store.backup(target)
    await typing
    restore(Path(target), tmp_path / "restored")

    restored = SqliteStore(tmp_path / "restored", FAST)
    await restored.open()
    kept = [one.entry for one in await every_update(restored, document_id)]
    await restored.close()
    assert kept == [entry(number) for number in range(len(kept))]


async def test_a_running_servers_folder_can_be_backed_up_by_another_process(
    store: SqliteStore, data: Path, tmp_path: Path, target: str
) -> None:
    document_id = await document_with_history(store)

    await SqliteStore(data).backup(target)

    restore(Path(target), tmp_path / "restored")
    restored = SqliteStore(tmp_path / "restored", FAST)
    await restored.open()
    assert (await restored.resolve(NOTES, NOW)).document_id == document_id
    await restored.close()


async def test_a_folder_without_a_journal_cannot_be_backed_up(tmp_path: Path, target: str) -> None:
    with pytest.raises(ConfigError, match="no journal"):
        await SqliteStore(tmp_path / "nothing").backup(target)

    assert not _exists(tmp_path / "nothing")


async def test_a_restore_into_a_folder_in_use_is_refused(store: SqliteStore, data: Path, target: str) -> None:
    await store.backup(target)

    with pytest.raises(ConfigError, match="another server"):
        restore(Path(target), data)


async def test_a_restore_over_something_is_refused(store: SqliteStore, data: Path, target: str) -> None:
    await document_with_history(store)
    await store.backup(target)
    await store.close()

    with pytest.raises(ConfigError, match="not empty"):
        restore(Path(target), data)


async def test_a_restore_from_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Ann, " * 1000)

    with pytest.raises(ConfigError, match="not a usable backup"):
        restore(tmp_path / "letter.txt", tmp_path / "new")

    assert not (tmp_path / "new" / JOURNAL).exists()


class _Listening(SqliteModule):
    def __init__(self, statements: list[str]) -> None:
        self._statements = statements

    def connect(self, path: Path) -> sqlite3.Connection:
        connection = super().connect(path)
        assert isinstance(connection, sqlite3.Connection)
        connection.set_trace_callback(self._statements.append)
        return connection


def _make(folder: Path) -> None:
    folder.mkdir()


def _folder_size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def _exists(path: Path) -> bool:
    return path.exists()


def _mode(path: Path) -> int:
    return path.stat().st_mode


def _share(document_id: DocumentId) -> Share:
    return Share("s1", document_id, "digest", "viewer", "Eve", NOW, None, None)


def _found(data: Path, needle: bytes) -> bool:
    return any(needle in path.read_bytes() for path in data.iterdir() if path.is_file())


def _execute(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(sql)
    connection.commit()
    connection.close()


def _value(path: Path, sql: str) -> int:
    connection = sqlite3.connect(path)
    value = connection.execute(sql).fetchone()[0]
    connection.close()
    return int(value)
