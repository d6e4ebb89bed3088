"""Owns the statements about retired histories: what a rebase leaves behind, and how much of it came over since.

Knows SQL, no thread and no document.
"""

from __future__ import annotations

from collections.abc import Sequence

from collab.store.base import Absorbed, DocumentId, HistoryId, RetiredHistory
from collab.store.driver import Connection, one
from collab.store.reading import Head, find_head
from collab.store.schema import pack_key


def may_retire(connection: Connection, head: Head, document_id: DocumentId) -> bool:
    """Whether a history has a snapshot at its end and no save of it is under way."""
    key = pack_key(head.history, head.last_seq)
    has_snapshot = one(connection, "SELECT 1 FROM snapshots WHERE id = ?", key) is not None
    saving = "SELECT 1 FROM intents i JOIN documents d ON d.id = i.document WHERE d.document_id = ?"
    return has_snapshot and one(connection, saving, document_id) is None


def retire(connection: Connection, head: Head, state_vector: bytes) -> None:
    """Note where a history ends for the one that follows."""
    connection.execute(
        "UPDATE histories SET retired_seq = ?1, absorbed_seq = ?1, retired_vector = ?2 WHERE id = ?3",
        (head.last_seq, state_vector, head.history),
    )


def is_retired(connection: Connection, history: int) -> bool:
    """Whether a fresh history took the place of this one."""
    return one(connection, "SELECT 1 FROM histories WHERE id = ? AND retired_seq IS NOT NULL", history) is not None


def retired(connection: Connection, document_id: DocumentId) -> Sequence[RetiredHistory]:
    """The retired histories of a document, oldest first."""
    rows = connection.execute(
        "SELECT h.history_id, h.retired_seq, h.absorbed_seq, h.retired_vector"
        " FROM histories h JOIN documents d ON d.id = h.document"
        " WHERE d.document_id = ? AND h.retired_seq IS NOT NULL ORDER BY h.id",
        (document_id,),
    ).fetchall()
    found = []
    for history_id, seq, absorbed_seq, vector in rows:
        head = find_head(connection, document_id, history_id)
        last_seq = seq if head is None else head.last_seq
        found.append(RetiredHistory(HistoryId(history_id), seq, last_seq, absorbed_seq, vector))
    return found


def note_absorbed(connection: Connection, document_id: DocumentId, absorbed: Absorbed) -> None:
    """What was handed over up to there is part of the current history now."""
    connection.execute(
        "UPDATE histories SET absorbed_seq = max(absorbed_seq, ?3) WHERE history_id = ?2 AND retired_seq IS NOT NULL"
        " AND document = (SELECT id FROM documents WHERE document_id = ?1)",
        (document_id, absorbed.history_id, absorbed.seq),
    )
