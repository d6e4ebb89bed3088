"""Owns the statements that make, replace and name histories and their snapshots; knows no append.

Which history is a document's current one stands in both rows: in the document's for who reads, in the history's own
for who appends, since an append locks that row and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collab.errors import HistoryChanged
from collab.store.base import Absorbed, DocumentId, HistoryId, Point, PointName, SaveBase, Snapshot
from collab.store.postgres import registry
from collab.store.postgres.driver import Connection, plain_text
from collab.store.postgres.rows import drop_snapshots, find_head, insert_snapshot, named_seqs, snapshot_ages
from collab.store.retention import kept_snapshots


@dataclass(frozen=True, slots=True)
class NewHistory:
    """A history to be created, with its first snapshot already packed."""

    history_id: HistoryId
    state: bytes | None
    save_base: SaveBase | None
    at_ms: int
    kind: str | None = None
    """None: the kind that the document has."""
    retired_vector: bytes = b""


async def create(connection: Connection, document_id: DocumentId, expected: HistoryId | None, new: NewHistory) -> bool:
    """Compare-and-set the current history."""
    head = await find_head(connection, document_id, None, locked=True)
    number = await _locked_document(connection, document_id, expected)
    if number is None:
        return False
    if head is not None:
        await connection.execute("UPDATE histories SET is_current = false WHERE id = $1", head.history)
    await _begin(connection, number, document_id, new)
    return True


async def rebase(
    connection: Connection, document_id: DocumentId, expected: HistoryId, seq: int, new: NewHistory
) -> bool:
    """Compare-and-set a fresh history in the place of one that ends at `seq`."""
    head = await find_head(connection, document_id, None, locked=True)
    if head is None or (head.history_id, head.last_seq) != (expected, seq):
        return False
    number = await _locked_document(connection, document_id, expected)
    obstacle = await connection.fetchval(
        "SELECT NOT EXISTS (SELECT 1 FROM snapshots WHERE history = $1 AND seq = $2)"
        " OR EXISTS (SELECT 1 FROM intents WHERE document = $3)",
        head.history,
        seq,
        number,
    )
    if number is None or obstacle:
        return False
    await connection.execute(
        "UPDATE histories SET is_current = false, retired_seq = $2, absorbed_seq = $2, retired_vector = $3"
        " WHERE id = $1",
        head.history,
        seq,
        new.retired_vector,
    )
    await _begin(connection, number, document_id, new)
    return True


async def _locked_document(connection: Connection, document_id: DocumentId, expected: HistoryId | None) -> int | None:
    """The document's number, if its history is the expected one; its row is ours until the end."""
    row = await connection.fetchrow(
        "SELECT id, (SELECT history_id FROM histories h WHERE h.id = d.history) FROM documents d"
        " WHERE document_id = $1 FOR UPDATE",
        document_id,
    )
    if row is None:
        return None
    current = await connection.fetchval(
        "SELECT h.history_id FROM documents d JOIN histories h ON h.id = d.history WHERE d.id = $1", row[0]
    )
    return int(row[0]) if current == expected else None


async def _begin(connection: Connection, number: int, document_id: DocumentId, new: NewHistory) -> None:
    history = await connection.fetchval(
        "INSERT INTO histories (history_id, document, created_ms) VALUES ($1, $2, $3) RETURNING id",
        new.history_id,
        number,
        new.at_ms,
    )
    await connection.execute(
        "UPDATE documents SET history = $2, kind = coalesce($3, kind) WHERE id = $1", number, history, new.kind
    )
    await registry.set_save_base(connection, document_id, new.save_base)
    if new.state is not None:
        await insert_snapshot(connection, history, Snapshot(0, new.state, new.at_ms))


async def note_absorbed(connection: Connection, document_id: DocumentId, absorbed: Absorbed) -> None:
    """What was handed over up to there is part of the current history now."""
    await connection.execute(
        "UPDATE histories SET absorbed_seq = greatest(absorbed_seq, $3) WHERE history_id = $2"
        " AND retired_seq IS NOT NULL AND document = (SELECT id FROM documents WHERE document_id = $1)",
        document_id,
        absorbed.history_id,
        absorbed.seq,
    )


async def write_snapshot(
    connection: Connection, document_id: DocumentId, history_id: HistoryId, snapshot: Snapshot
) -> None:
    """Keep a packed snapshot and drop those that are not needed any more. Raises: HistoryChanged."""
    head = await find_head(connection, document_id, None)
    if head is None or head.history_id != history_id:
        raise HistoryChanged(f"{document_id} has not the history {history_id}")
    await insert_snapshot(connection, head.history, snapshot)
    if snapshot.seq > head.last_seq:  # as a restored journal may have it: nothing is numbered twice
        await connection.execute(
            "UPDATE histories SET last_seq = greatest(last_seq, $2) WHERE id = $1", head.history, snapshot.seq
        )
    ages: Sequence[tuple[int, int]] = await snapshot_ages(connection, head.history)
    named = await named_seqs(connection, head.history)
    await drop_snapshots(connection, head.history, ages, kept_snapshots(ages, 0, named))


# -- points --


async def name_point(
    connection: Connection, document_id: DocumentId, history_id: HistoryId, packed: Snapshot, name: PointName
) -> Point:
    """Name the past at a seq; the packed snapshot is kept if there is none there. Raises: HistoryChanged."""
    head = await find_head(connection, document_id, history_id)
    if head is None or packed.seq > head.last_seq:
        raise HistoryChanged(f"{document_id} has nothing at {packed.seq} of the history {history_id}")
    kept = await connection.fetchval(
        "SELECT at_ms FROM snapshots WHERE history = $1 AND seq = $2", head.history, packed.seq
    )
    if kept is None:
        await insert_snapshot(connection, head.history, packed)
    await connection.execute(
        "INSERT INTO points VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (history, seq) DO UPDATE SET"
        " name = excluded.name, author_id = excluded.author_id, author_name = excluded.author_name,"
        " named_ms = excluded.named_ms",
        head.history,
        packed.seq,
        plain_text(name.text),
        plain_text(name.author_id),
        plain_text(name.author_name),
        name.at_ms,
    )
    return Point(history_id, packed.seq, packed.at_ms if kept is None else int(kept), name)


async def forget_point(connection: Connection, document_id: DocumentId, history_id: HistoryId, seq: int) -> bool:
    """Take the name away; False when there was none."""
    head = await find_head(connection, document_id, history_id)
    if head is None:
        return False
    gone = await connection.fetchval(
        "DELETE FROM points WHERE history = $1 AND seq = $2 RETURNING seq", head.history, seq
    )
    return gone is not None
