"""Owns how a history is read back. Knows SQL and packs, no document.

A damaged row costs itself only: it is named in the log and left out, and a damaged snapshot gives way to the one
before it, whose updates are still there.
"""

from __future__ import annotations

from collections.abc import Sequence

from collab.store.base import (
    DocumentId,
    HistoryId,
    Point,
    PointName,
    Position,
    RetiredHistory,
    Since,
    StoredHistory,
    StoredUpdate,
)
from collab.store.postgres.driver import Connection
from collab.store.postgres.rows import Names, entries_behind, find_head, read_snapshot

_PACKED_RATIO = 3
"""How much larger than its packed form a snapshot is taken to be."""


async def load(
    connection: Connection, document_id: DocumentId, history_id: HistoryId | None, upto_seq: int | None
) -> StoredHistory | None:
    """The newest readable snapshot, not after `upto_seq`, and the updates behind it."""
    head = await find_head(connection, document_id, history_id)
    if head is None:
        return None
    last_seq = head.last_seq if upto_seq is None else min(upto_seq, head.last_seq)
    snapshot, complete = await read_snapshot(connection, head.history, last_seq)
    start = snapshot.seq if snapshot else 0
    if start < head.dropped_seq and start != last_seq:
        return None  # between two points
    skipped = await _skipped(connection, head.history)
    names = await Names.of(connection, head.history)
    found, read_seq = [], start
    async for seq, entry in entries_behind(connection, head.history, start):
        if seq > last_seq:
            break
        read_seq = seq
        if entry is None:
            complete = False
        elif seq not in skipped:
            found.append(StoredUpdate(seq, names.entry(entry)))
    return StoredHistory(head.history_id, snapshot, found, last_seq, complete and read_seq >= last_seq)


async def updates(
    connection: Connection, document_id: DocumentId, history_id: HistoryId, after_seq: int, limit: int
) -> Sequence[StoredUpdate]:
    """The kept log, sealed parts included."""
    head = await find_head(connection, document_id, history_id)
    if head is None:
        return []
    return await _updates(connection, head.history, after_seq, head.last_seq, limit)


async def since(
    connection: Connection, document_id: DocumentId, history_id: HistoryId, after_seq: int, limit: int
) -> Since | None:
    """What came to the current history behind a seq; None when it is another one, or no longer kept so far back."""
    head = await find_head(connection, document_id, None)
    if head is None or head.history_id != history_id or after_seq < head.dropped_seq:
        return None
    seq = min(head.last_seq, after_seq + limit)
    if seq <= after_seq:
        return Since([], seq, head.last_seq)
    return Since(await _updates(connection, head.history, after_seq, seq, limit), seq, head.last_seq)


async def _updates(
    connection: Connection, history: int, after_seq: int, upto_seq: int, limit: int
) -> list[StoredUpdate]:
    skipped = await _skipped(connection, history)
    names = await Names.of(connection, history)
    found: list[StoredUpdate] = []
    async for seq, entry in entries_behind(connection, history, after_seq):
        if len(found) >= limit or seq > upto_seq:
            break
        if entry is not None and seq not in skipped:
            found.append(StoredUpdate(seq, names.entry(entry)))
    return found


async def positions(connection: Connection, document_ids: Sequence[DocumentId]) -> dict[DocumentId, Position]:
    """Where the journals of these documents stand."""
    rows = await connection.fetch(
        "SELECT d.document_id, h.history_id, h.last_seq FROM documents d JOIN histories h ON h.id = d.history"
        " WHERE d.document_id = ANY($1::text[])",
        list(document_ids),
    )
    return {DocumentId(row[0]): Position(HistoryId(row[1]), int(row[2])) for row in rows}


async def size_bytes(connection: Connection, document_id: DocumentId) -> int:
    """About how large the document is: as its stored file, or as its snapshot unpacked and what came behind it."""
    head = await find_head(connection, document_id, None)
    if head is None:
        return 0
    snapshot = await connection.fetchrow(
        "SELECT seq, octet_length(state) FROM snapshots WHERE history = $1 ORDER BY seq DESC LIMIT 1", head.history
    )
    seq, packed = (0, 0) if snapshot is None else (int(snapshot[0]), int(snapshot[1]))
    updates = await connection.fetchval(
        "SELECT coalesce(sum(octet_length(body)), 0)::bigint FROM packs WHERE history = $1 AND first_seq > $2",
        head.history,
        seq,
    )
    stored = await connection.fetchval(
        "SELECT octet_length(c.content) FROM documents d JOIN contents c ON c.content_hash = d.base_hash"
        " WHERE d.document_id = $1",
        document_id,
    )
    return max(packed * _PACKED_RATIO + int(updates), int(stored or 0))


async def _skipped(connection: Connection, history: int) -> set[int]:
    rows = await connection.fetch("SELECT seq FROM quarantine WHERE history = $1 AND seq IS NOT NULL", history)
    return {int(row[0]) for row in rows}


async def retired(connection: Connection, document_id: DocumentId) -> Sequence[RetiredHistory]:
    """The retired histories of a document, oldest first."""
    rows = await connection.fetch(
        "SELECT h.history_id, h.retired_seq, h.last_seq, h.absorbed_seq, h.retired_vector"
        " FROM histories h JOIN documents d ON d.id = h.document"
        " WHERE d.document_id = $1 AND h.retired_seq IS NOT NULL ORDER BY h.id",
        document_id,
    )
    return [RetiredHistory(HistoryId(row[0]), *row[1:]) for row in rows]


async def points(connection: Connection, document_id: DocumentId) -> Sequence[Point]:
    """All points of a document, newest first."""
    rows = await connection.fetch(
        "SELECT h.history_id, s.seq, s.at_ms, p.name, p.author_id, p.author_name, p.named_ms"
        " FROM documents d JOIN histories h ON h.document = d.id JOIN snapshots s ON s.history = h.id"
        " LEFT JOIN points p ON p.history = s.history AND p.seq = s.seq"
        " WHERE d.document_id = $1 ORDER BY h.id DESC, s.seq DESC",
        document_id,
    )
    return [
        Point(HistoryId(row[0]), int(row[1]), int(row[2]), None if row[3] is None else PointName(*row[3:]))
        for row in rows
    ]
