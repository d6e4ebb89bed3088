"""A whole store goes from the file to the database and back, and nothing of it changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collab.config import StoreConfig
from collab.errors import ConfigError
from collab.store.base import Absorbed, DocumentId, JournalEntry, PointName, Share, Snapshot, Store, hash_content
from collab.store.postgres.store import PostgresStore
from collab.store.sqlite import SqliteStore, restore
from tests.postgres import PostgresServer
from tests.store.contract import (
    DAY_MS,
    FIRST,
    FRESH,
    NOTES,
    NOW,
    OTHER,
    SECOND,
    base,
    document_to_rebase,
    document_with_history,
    entry,
)

FAST = StoreConfig(commit_delay_ms=0.0)
THIRD = type(FIRST)("third")


@pytest.fixture
async def database(postgres: PostgresServer) -> AsyncIterator[PostgresStore]:
    opened = PostgresStore(postgres.config())
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "first", FAST)
    await opened.open()
    yield opened
    await opened.close()


async def fill(store: Store) -> None:
    """Something of everything that a store keeps."""
    document_id = await document_to_rebase(store)
    assert await store.rebase(document_id, FIRST, 2, FRESH, NOW)
    await store.hand_over(document_id, FIRST, entry(3))
    await store.append(document_id, SECOND, [entry(1), entry(2, "bob")], [Absorbed(FIRST, 3)])
    await store.name_point(document_id, SECOND, Snapshot(2, b"named state", NOW), PointName("p", "bob", "Bob", NOW))
    await store.set_lock_id(document_id, "lock 7")
    await store.note_seen([document_id], NOW + 5)
    content_hash = await store.put_content(b"text")
    await store.open_intent(
        document_id,
        content_hash=content_hash,
        seq=2,
        state_vector=b"v",
        if_version="v1",
        base_hash=hash_content(b"base"),
        at_ms=NOW,
    )
    other_id = await document_with_history(store, OTHER, THIRD)
    for number in range(60):
        made = JournalEntry(
            bytes([number]) * 50, f"author {number % 3}", "N", NOW + number, f"node {number % 2}", number
        )
        await store.append(other_id, THIRD, [made])
    await store.write_snapshot(other_id, THIRD, Snapshot(60, b"state", NOW))
    await store.maintain(NOW + 2 * DAY_MS)
    await store.append(other_id, THIRD, [entry(61)], [base(b"text", "v3", 61)])
    await store.quarantine(other_id, seq=5, connection=3, update=b"bad", reason="it was", at_ms=NOW)
    await store.add_share(Share("s1", other_id, "digest", "editor", "ann", NOW, None, NOW + 9))
    await store.revoke("sub:eve", NOW + 9 * DAY_MS, NOW)
    await store.set_key_once("signing", b"key")


async def told(store: Store) -> object:
    """Everything that a store tells, by the contract."""
    records = await store.documents()
    found: list[object] = [records, await store.quarantined(), await store.revocations(NOW), await store.key("signing")]
    for record in records:
        number = record.document_id
        points = await store.points(number)
        found += [
            await store.load(number),
            await store.retired(number),
            points,
            [await store.load(number, point.history_id, upto_seq=point.seq) for point in points],
            [await store.updates(number, history, after_seq=0, limit=1000) for history in (FIRST, SECOND, THIRD)],
            await store.intents(number),
            await store.shares(number),
            await store.positions([number]),
        ]
    return [*found, await store.content(hash_content(b"text")), await store.share("digest")]


async def test_a_file_moves_into_a_database_and_goes_on_there(
    file: SqliteStore, database: PostgresStore, tmp_path: Path
) -> None:
    await fill(file)
    before = await told(file)
    await file.backup(str(tmp_path / "backup"))

    await database.restore(tmp_path / "backup")

    assert await told(database) == before
    other_id = (await database.resolve(OTHER, NOW)).document_id
    assert await database.append(other_id, THIRD, [entry(62, "somebody new")]) == 62
    assert (await database.resolve(type(NOTES)("root:home", "new.md"), NOW)).created_ms == NOW


async def test_a_database_moves_into_a_file_and_goes_on_there(database: PostgresStore, tmp_path: Path) -> None:
    await fill(database)
    before = await told(database)

    await database.backup(str(tmp_path / "backup"))
    restore(tmp_path / "backup", tmp_path / "second")
    moved = SqliteStore(tmp_path / "second", FAST)
    await moved.open()
    try:
        assert await told(moved) == before
        other_id = (await moved.resolve(OTHER, NOW)).document_id
        assert await moved.append(other_id, THIRD, [entry(62, "somebody new")]) == 62
    finally:
        await moved.close()


async def test_a_backup_of_a_database_restores_into_another_schema(
    postgres: PostgresServer, database: PostgresStore, tmp_path: Path
) -> None:
    await fill(database)
    await database.backup(str(tmp_path / "backup"))
    second = PostgresStore(postgres.config())
    await second.open()
    try:
        await second.restore(tmp_path / "backup")

        assert await told(second) == await told(database)
    finally:
        await second.close()


async def test_nothing_is_restored_over_what_is_there(database: PostgresStore, tmp_path: Path) -> None:
    await fill(database)
    before = await told(database)
    await database.backup(str(tmp_path / "backup"))

    with pytest.raises(ConfigError, match="holds documents already"):
        await database.restore(tmp_path / "backup")

    assert await told(database) == before


async def test_what_is_no_backup_restores_nothing(database: PostgresStore, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"something else" * 100)

    with pytest.raises(ConfigError):
        await database.restore(tmp_path / "other")

    assert await database.documents() == []


async def test_a_damaged_row_stays_damaged_on_its_way(database: PostgresStore, tmp_path: Path) -> None:
    document_id = await document_with_history(database)
    for number in range(3):
        await database.append(document_id, FIRST, [entry(number)])
    await _damage(database, document_id)

    await database.backup(str(tmp_path / "backup"))
    restore(tmp_path / "backup", tmp_path / "second")
    moved = SqliteStore(tmp_path / "second", FAST)
    await moved.open()
    try:
        for store in (database, moved):
            loaded = await store.load(document_id)
            assert loaded is not None
            assert not loaded.complete
            assert [one.seq for one in loaded.updates] == [1, 3]
    finally:
        await moved.close()


async def _damage(store: PostgresStore, document_id: DocumentId) -> None:
    async with store._pool.connection() as connection:
        await connection.execute("UPDATE packs SET body = 'x' || substr(body, 2) WHERE first_seq = 2")
