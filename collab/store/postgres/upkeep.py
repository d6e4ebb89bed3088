"""Owns what keeps the PostgreSQL store small: sealing, retention, sweeping, purging, erasing. Knows no document.

One node at a time does it, under an advisory lock. Each step is a short transaction of its own, so that appends come
in between; what is read beside it is looked at again before rows go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from collab.store.base import ERASED_ID, ERASED_NAME, DocumentId
from collab.store.packing import SEALED, SEGMENT_ENTRIES, DamagedPack, PackedEntry
from collab.store.postgres.driver import Connection
from collab.store.postgres.pool import Pool
from collab.store.postgres.rows import (
    Pack,
    drop_snapshots,
    insert_packs,
    named_seqs,
    note_damage,
    packs_behind,
    snapshot_ages,
)
from collab.store.postgres.schema import MAINTENANCE_LOCK
from collab.store.retention import DAY_MS, Cutoffs, kept_snapshots, log_horizon

SEGMENT_BYTES = 4 << 20
"""A segment is closed when it holds so much, compressed or not, however few entries that are."""
_USED = """
    SELECT base_hash FROM documents WHERE base_hash IS NOT NULL
    UNION SELECT content_hash FROM intents
    UNION SELECT base_hash FROM intents WHERE base_hash IS NOT NULL
"""


async def maintain(pool: Pool, cutoffs: Cutoffs, at_ms: int) -> None:
    """Everything that is due; nothing when another node is at it. Raises: JournalError."""
    async with pool.alone(MAINTENANCE_LOCK) as alone:
        if not alone:
            return
        for history, sealed_seq in await pool.read(_to_seal):
            await _seal_all(pool, history, sealed_seq, at_ms)
        for history in await pool.read(_histories):
            await pool.write(partial(_retain, history=history, cutoffs=cutoffs), slow=True)
        await pool.write(partial(_sweep, at_ms=at_ms), slow=True)


# -- sealing --


@dataclass(frozen=True, slots=True)
class _Segment:
    """Rows of one history that become one; `rows` is how many they are, to see that they still stand."""

    rows: int
    pack: Pack
    full: bool


async def _to_seal(connection: Connection) -> Sequence[tuple[int, int]]:
    """(history, seq sealed so far) of the histories with more than one row that is not in a full segment."""
    rows = await connection.fetch(
        "SELECT h.id, h.sealed_seq FROM histories h WHERE (SELECT count(*) FROM (SELECT 1 FROM packs p"
        " WHERE p.history = h.id AND p.first_seq > h.sealed_seq LIMIT 2) AS two) = 2 ORDER BY h.id"
    )
    return [(int(row[0]), int(row[1])) for row in rows]


async def _seal_all(pool: Pool, history: int, sealed_seq: int, at_ms: int) -> None:
    while True:
        rows, full = await pool.read(partial(_next_rows, history=history, sealed_seq=sealed_seq))
        if not rows:
            return
        segment = await asyncio.to_thread(_segment, rows, full, at_ms)
        if segment is None or not await pool.write(partial(_seal, segment=segment)):
            return
        sealed_seq = segment.pack.last_seq


async def _next_rows(connection: Connection, history: int, sealed_seq: int) -> tuple[list[Pack], bool]:
    """The next rows to become one, and whether they fill a segment."""
    rows: list[Pack] = []
    entries = size = 0
    async for pack in packs_behind(connection, history, sealed_seq):
        if pack.first_seq <= sealed_seq:
            continue
        rows.append(pack)
        entries += pack.entries
        size += len(pack.body)
        if entries >= SEGMENT_ENTRIES or size >= SEGMENT_BYTES:
            return rows, True
    return rows, False


def _segment(rows: Sequence[Pack], full: bool, at_ms: int) -> _Segment | None:
    """A full segment, or what has lain for a day; None when there is nothing to do. Slow."""
    entries: list[PackedEntry] = []
    taken = 0
    for row in rows:
        try:
            entries += row.open()
        except DamagedPack as error:
            note_damage(row, error)
            full = False
            break
        taken += 1
    is_old = bool(entries) and entries[-1].at_ms < at_ms - DAY_MS
    if not full and not (is_old and taken > 1):
        return None
    first = rows[0]
    return _Segment(taken, Pack.of(first.history, first.first_seq, entries, sealed=True), full)


async def _seal(connection: Connection, segment: _Segment) -> bool:
    """Put a segment in the place of its rows; False when they were dropped meanwhile."""
    pack = segment.pack
    standing = await connection.fetch(
        "SELECT 1 FROM packs WHERE history = $1 AND first_seq BETWEEN $2 AND $3 FOR UPDATE",
        pack.history,
        pack.first_seq,
        pack.last_seq,
    )
    if len(standing) != segment.rows:
        return False
    await connection.execute(
        "DELETE FROM packs WHERE history = $1 AND first_seq BETWEEN $2 AND $3",
        pack.history,
        pack.first_seq,
        pack.last_seq,
    )
    await insert_packs(connection, [pack])
    if segment.full:
        await connection.execute("UPDATE histories SET sealed_seq = $2 WHERE id = $1", pack.history, pack.last_seq)
    return True


# -- retention --


async def _histories(connection: Connection) -> Sequence[int]:
    rows = await connection.fetch("SELECT DISTINCT history FROM snapshots ORDER BY history")
    return [int(row[0]) for row in rows]


async def _retain(connection: Connection, history: int, cutoffs: Cutoffs) -> None:
    """Drop the updates up to the horizon and the snapshots that nobody needs."""
    row = await connection.fetchrow(
        "SELECT dropped_seq, is_current, absorbed_seq FROM histories WHERE id = $1", history
    )
    if row is None:
        return
    dropped, absorbed = int(row[0]), row[2]
    ages = await snapshot_ages(connection, history)
    horizon = log_horizon(ages, bool(row[1]), cutoffs.log_ms)
    if absorbed is not None:
        horizon = min(horizon, int(absorbed))  # what waits to be merged stays
    horizon = max(horizon, dropped)
    keep = kept_snapshots(ages, horizon, await named_seqs(connection, history), cutoffs.points_ms)
    await drop_snapshots(connection, history, ages, keep)
    if horizon > dropped:
        await _drop_updates(connection, history, horizon)
        await connection.execute(
            "UPDATE histories SET dropped_seq = greatest(dropped_seq, $2), sealed_seq = greatest(sealed_seq, $2)"
            " WHERE id = $1",
            history,
            horizon,
        )


async def _drop_updates(connection: Connection, history: int, horizon: int) -> None:
    """Delete the rows up to the horizon; the row that crosses it is cut."""
    row = await connection.fetchrow(
        "SELECT history, first_seq, entries, form, checksum, body FROM packs"
        " WHERE history = $1 AND first_seq <= $2 ORDER BY first_seq DESC LIMIT 1",
        history,
        horizon,
    )
    crossing = None if row is None else Pack(*row)
    end = horizon
    if crossing is not None and crossing.last_seq > horizon:
        end = crossing.first_seq - 1
    await connection.execute("DELETE FROM packs WHERE history = $1 AND first_seq <= $2", history, end)
    if crossing is None or end == horizon:
        return
    try:
        entries = crossing.open()
    except DamagedPack as error:
        note_damage(crossing, error)
        return
    await connection.execute("DELETE FROM packs WHERE history = $1 AND first_seq = $2", history, crossing.first_seq)
    kept = entries[horizon - crossing.first_seq + 1 :]
    await insert_packs(connection, [Pack.of(history, horizon + 1, kept, sealed=crossing.form == SEALED)])


# -- sweeping, purging, erasing --


async def _sweep(connection: Connection, at_ms: int) -> None:
    """Drop contents that nobody used twice in a row, and revocations that are over."""
    await connection.execute(f"DELETE FROM contents WHERE unused AND content_hash NOT IN ({_USED})")  # noqa: S608 constant
    await connection.execute(
        f"UPDATE contents SET unused = NOT unused WHERE unused <> (content_hash NOT IN ({_USED}))"  # noqa: S608 constant
    )
    await connection.execute("DELETE FROM revocations WHERE expires_ms <= $1", at_ms)
    await connection.execute("DELETE FROM credentials WHERE expires_ms <= $1", at_ms)


async def purge(connection: Connection, document_id: DocumentId) -> None:
    """Remove a document and everything that is only its own."""
    await connection.execute("DELETE FROM quarantine WHERE document = $1", document_id)
    await connection.execute("DELETE FROM shares WHERE document = $1", document_id)
    await connection.execute("DELETE FROM credentials WHERE document = $1", document_id)
    await connection.execute("DELETE FROM documents WHERE document_id = $1", document_id)
    await connection.execute(
        "DELETE FROM authors a WHERE NOT EXISTS (SELECT 1 FROM history_authors h WHERE h.author = a.id)"
    )


async def erase_person(connection: Connection, author_id: str) -> int:
    """Take a person's id and name out; returns how many kept entries that person wrote."""
    await connection.execute("DELETE FROM credentials WHERE holder = $1", author_id)
    rows = await connection.fetch("SELECT id FROM authors WHERE author_id = $1", author_id)
    authors = {int(row[0]) for row in rows}
    total = 0
    histories = await connection.fetch(
        "SELECT DISTINCT history FROM history_authors WHERE author = ANY($1::bigint[])", list(authors)
    )
    for (history,) in histories:
        async for pack in packs_behind(connection, history, 0):
            try:
                total += sum(entry.author in authors for entry in pack.open())
            except DamagedPack as error:
                note_damage(pack, error)
    erased = (ERASED_ID, ERASED_NAME, author_id)
    await connection.execute("UPDATE authors SET author_id = $1, name = $2 WHERE author_id = $3", *erased)
    await connection.execute("UPDATE points SET author_id = $1, author_name = $2 WHERE author_id = $3", *erased)
    await connection.execute("UPDATE shares SET created_by = $1 WHERE created_by = $2", ERASED_ID, author_id)
    return total
