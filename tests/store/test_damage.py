"""A damaged journal file is kept aside, what can be read of it is carried over, and the server goes on."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from collab.clock import FakeClock
from collab.config import StoreConfig
from collab.errors import JournalError
from collab.store.base import DocumentId, Snapshot
from collab.store.datafile import suspect
from collab.store.sqlite import SqliteStore
from tests.store.contract import FIRST, NOTES, NOW, OTHER, SECOND, base, document_with_history, entry, every_update

FAST = StoreConfig(commit_delay_ms=0.0)
ENTRIES = 4000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def store(data: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(data, FAST, clock=FakeClock())
    await opened.open()
    yield opened
    await opened.close()


async def _filled(store: SqliteStore) -> tuple[DocumentId, DocumentId]:
    """Two documents in one closed store, one of them with a long history."""
    document_id = await document_with_history(store)
    other_id = await document_with_history(store, OTHER, SECOND)
    await store.put_content(b"its base")
    await store.set_save_base(document_id, base(b"its base"))
    await asyncio.gather(
        *(store.append(document_id, FIRST, [entry(number), entry(number + 1)]) for number in range(1, ENTRIES, 2))
    )
    await store.write_snapshot(document_id, FIRST, Snapshot(ENTRIES - 10, b"state" * 1000, NOW))
    await store.append(other_id, SECOND, [entry(1)])
    await store.set_key_once("signing", b"one")
    await store.close()
    return document_id, other_id


async def test_a_damaged_file_is_kept_under_a_dated_name_byte_for_byte(store: SqliteStore, data: Path) -> None:
    await _filled(store)
    damaged = _damage(data, lambda content: _overwrite(content, 0, b"\xff" * 4096))

    await store.open()

    assert [_read(path) for path in _aside(data)] == [damaged]
    assert _aside(data)[0].name == "journal.db.damaged-20231114T221320"


async def test_a_file_whose_first_pages_are_gone_still_gives_its_journal(store: SqliteStore, data: Path) -> None:
    document_id, _ = await _filled(store)
    _damage(data, lambda content: _overwrite(content, 0, bytes(4096)))

    await store.open()

    assert len(await every_update(store, document_id)) == ENTRIES
    assert await store.append(document_id, FIRST, [entry(0)]) == ENTRIES + 1


async def test_a_file_that_is_no_database_at_all_leaves_an_empty_store(store: SqliteStore, data: Path) -> None:
    await store.close()
    _damage(data, lambda content: b"Dear Ann, " * 2000)

    await store.open()

    assert await store.documents() == []
    assert (await store.resolve(NOTES, NOW)).alias == NOTES


async def test_rows_on_both_sides_of_a_damaged_page_are_carried_over(store: SqliteStore, data: Path) -> None:
    document_id, other_id = await _filled(store)
    _damage(data, lambda content: _overwrite(content, len(content) * 9 // 10, b"\xff" * 4096))
    suspect(data)

    await store.open()

    kept = [one.entry for one in await every_update(store, document_id)]
    record = await store.document(document_id)
    assert ENTRIES - 400 < len(kept) < ENTRIES
    assert set(kept) <= {entry(number) for number in range(1, ENTRIES + 1)}
    assert entry(1) in kept and entry(ENTRIES) in kept
    assert record is not None and record.history_id == FIRST
    assert record.save_base is not None and await store.content(record.save_base.content_hash) == b"its base"
    assert [one.entry for one in await every_update(store, other_id, SECOND)] == [entry(1)]
    assert await store.key("signing") == b"one"
    assert await store.append(document_id, FIRST, [entry(0)]) == ENTRIES + 1


async def test_a_truncated_file_gives_what_is_before_the_cut(store: SqliteStore, data: Path) -> None:
    document_id, _ = await _filled(store)
    _damage(data, lambda content: content[: len(content) * 3 // 4])
    suspect(data)

    await store.open()

    kept = [one.entry for one in await every_update(store, document_id)]
    assert len(kept) > ENTRIES / 4
    assert set(kept) <= {entry(number) for number in range(1, ENTRIES + 1)}


async def test_damage_found_while_running_is_healed_by_the_next_start(store: SqliteStore, data: Path) -> None:
    document_id, _ = await _filled(store)
    _damage(data, lambda content: _overwrite(content, len(content) * 9 // 10, b"\xff" * 4096))

    await store.open()
    with pytest.raises(JournalError):
        await every_update(store, document_id)
    await store.close()
    await store.open()

    assert len(await every_update(store, document_id)) > ENTRIES / 2
    assert len(_aside(data)) == 1


async def test_a_healthy_file_under_suspicion_is_left_as_it_is(store: SqliteStore, data: Path) -> None:
    document_id, _ = await _filled(store)
    suspect(data)

    await store.open()

    assert len(await every_update(store, document_id)) == ENTRIES
    assert _aside(data) == []


async def test_an_empty_file_beside_a_full_log_is_not_taken_for_a_new_store(store: SqliteStore, data: Path) -> None:
    await _filled(store)
    (data / "journal.db").write_bytes(b"")
    (data / "journal.db-wal").write_bytes(b"committed, not yet moved")

    await store.open()

    assert [path.name for path in _aside(data)] == [
        "journal.db.damaged-20231114T221320",
        "journal.db.damaged-20231114T221320-wal",
    ]


async def test_two_damaged_files_of_one_second_are_both_kept(store: SqliteStore, data: Path) -> None:
    for content in (b"first" * 1000, b"second" * 1000):
        await store.close()
        (data / "journal.db").write_bytes(content)
        await store.open()

    assert {_read(path) for path in _aside(data)} == {b"first" * 1000, b"second" * 1000}


async def test_a_start_that_died_while_replacing_the_file_is_finished_by_the_next(
    store: SqliteStore, data: Path
) -> None:
    document_id, _ = await _filled(store)
    (data / "journal.db").rename(data / "journal.db.new")

    await store.open()

    assert len(await every_update(store, document_id)) == ENTRIES


async def test_an_unfinished_replacement_is_thrown_away_while_the_file_is_there(store: SqliteStore, data: Path) -> None:
    document_id, _ = await _filled(store)
    (data / "journal.db.new").write_bytes(b"half")

    await store.open()

    assert len(await every_update(store, document_id)) == ENTRIES
    assert not _exists(data / "journal.db.new")


async def test_a_row_with_a_wrong_checksum_costs_only_itself(store: SqliteStore, data: Path) -> None:
    document_id, _ = await _filled(store)
    _execute(data, "DELETE FROM snapshots WHERE id & 0xffffffff > 0")
    _execute(data, "UPDATE packs SET body = zeroblob(length(body)) WHERE id & 0xffffffff = 101")

    await store.open()

    history = await store.load(document_id)
    assert history is not None and not history.complete
    assert [one.seq for one in history.updates] == [seq for seq in range(1, ENTRIES + 1) if seq not in (101, 102)]


async def test_a_row_that_is_missing_is_noticed(store: SqliteStore, data: Path) -> None:
    document_id, _ = await _filled(store)
    _execute(data, "DELETE FROM packs WHERE id & 0xffffffff = 3995")

    await store.open()

    history = await store.load(document_id)
    assert history is not None and not history.complete
    assert len(history.updates) == 8


async def test_a_damaged_snapshot_gives_way_to_the_one_before_and_nothing_is_lost(
    store: SqliteStore, data: Path
) -> None:
    document_id, _ = await _filled(store)
    _execute(data, "UPDATE snapshots SET state = zeroblob(10) WHERE id & 0xffffffff > 0")

    await store.open()

    history = await store.load(document_id)
    assert history is not None and history.complete
    assert history.snapshot == Snapshot(0, b"seed", NOW)
    assert len(history.updates) == ENTRIES


async def test_a_damaged_content_is_not_given_out(store: SqliteStore, data: Path) -> None:
    await _filled(store)
    _execute(data, "UPDATE contents SET content = x'00'")

    await store.open()

    assert await store.content(base(b"its base").content_hash) is None


async def test_sealing_stops_before_a_damaged_row_and_keeps_it(store: SqliteStore, data: Path) -> None:
    document_id, _ = await _filled(store)
    _execute(data, "UPDATE packs SET checksum = checksum + 1 WHERE id & 0xffffffff = 3001")
    await store.open()
    before = await every_update(store, document_id)

    await store.maintain(NOW + 90_000_000)

    assert await every_update(store, document_id) == before
    assert len(before) == ENTRIES - 2


@pytest.mark.parametrize("seed", range(12))
async def test_after_any_damage_the_server_starts_and_every_entry_it_gives_was_typed(
    store: SqliteStore, data: Path, seed: int
) -> None:
    document_id, _ = await _filled(store)
    chance = random.Random(seed)
    _damage(data, lambda content: _hurt(content, chance))
    suspect(data)

    await store.open()

    record = await store.document(document_id)
    kept = await every_update(store, document_id, record.history_id or FIRST) if record else []
    assert {one.entry.update for one in kept} <= {entry(number).update for number in range(1, ENTRIES + 1)}
    assert await document_with_history(store, OTHER, SECOND) if not await store.documents() else True


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 3000))
async def test_after_any_of_many_damages_the_server_starts(store: SqliteStore, data: Path, seed: int) -> None:
    await _filled(store)
    chance = random.Random(seed)
    _damage(data, lambda content: _hurt(_hurt(content, chance), chance))
    suspect(data)

    await store.open()

    assert (await store.resolve(NOTES, NOW)).alias == NOTES


def _hurt(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(4096, len(content))
    size = chance.choice((1, 16, 512, 4096, 20_000))
    way = chance.choice(("overwrite", "zero", "cut", "swap"))
    if way == "cut":
        return content[:start]
    if way == "swap":
        other = chance.randrange(4096, len(content))
        return _overwrite(content, start, content[other : other + size])
    return _overwrite(content, start, chance.randbytes(size) if way == "overwrite" else bytes(size))


def _overwrite(content: bytes, start: int, piece: bytes) -> bytes:
    return (content[:start] + piece + content[start + len(piece) :])[: len(content)]


def _damage(data: Path, change: Callable[[bytes], bytes]) -> bytes:
    path = data / "journal.db"
    path.write_bytes(change(path.read_bytes()))
    return path.read_bytes()


def _execute(data: Path, sql: str) -> None:
    connection = sqlite3.connect(data / "journal.db")
    connection.execute(sql)
    connection.commit()
    connection.close()


def _aside(data: Path) -> list[Path]:
    return sorted(data.glob("*.damaged-*"))


def _read(path: Path) -> bytes:
    return path.read_bytes()


def _exists(path: Path) -> bool:
    return path.exists()
