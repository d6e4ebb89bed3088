"""Owns the statements of the registry: documents, aliases, save bases, intents, contents; knows no journal.

Every function is part of one transaction of its caller's, on the connection that it is given.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

from collab.errors import NotFound
from collab.store.base import (
    Alias,
    ContentHash,
    DocumentId,
    DocumentRecord,
    HistoryId,
    Lease,
    SaveBase,
    SaveIntent,
    hash_content,
    retired_alias,
)
from collab.store.postgres.driver import Connection, Row
from collab.store.postgres.leases import check_lease

_DOCUMENT = """
    SELECT d.document_id, d.door, d.external_id, d.kind, h.history_id, d.lock_id, d.created_ms, d.seen_ms, d.name,
           d.base_version, d.base_hash, d.base_seq, d.base_state_vector, d.base_at_ms
    FROM documents d LEFT JOIN histories h ON h.id = d.history
"""


async def find(connection: Connection, alias: Alias) -> DocumentRecord | None:
    """The document at an alias."""
    row = await connection.fetchrow(
        f"{_DOCUMENT} WHERE d.door = $1 AND d.external_id = $2", alias.door, alias.external_id
    )
    return None if row is None else _record(row)


async def resolve(connection: Connection, alias: Alias, at_ms: int) -> DocumentRecord:
    """The document at an alias, made if there is none."""
    await connection.execute(
        "INSERT INTO documents (document_id, door, external_id, created_ms, seen_ms) VALUES ($1, $2, $3, $4, $4)"
        " ON CONFLICT DO NOTHING",
        uuid.uuid4().hex,
        alias.door,
        alias.external_id,
        at_ms,
    )
    found = await find(connection, alias)
    if found is None:
        raise NotFound(f"document at {alias.door} was moved meanwhile")
    return found


async def document(connection: Connection, document_id: DocumentId) -> DocumentRecord | None:
    """One registry row."""
    row = await connection.fetchrow(f"{_DOCUMENT} WHERE d.document_id = $1", document_id)
    return None if row is None else _record(row)


async def documents(connection: Connection, door: str | None) -> Sequence[DocumentRecord]:
    """All registry rows, or those of one door."""
    rows = await connection.fetch(f"{_DOCUMENT} WHERE $1::text IS NULL OR d.door = $1 ORDER BY d.id", door)
    return [_record(row) for row in rows]


async def move_alias(connection: Connection, old: Alias, new: Alias) -> None:
    """Follow a rename."""
    moving, standing = await find(connection, old), await find(connection, new)
    if moving is None or old == new:
        return
    if standing is not None:
        await _set_alias(connection, standing.document_id, retired_alias(new, standing.document_id))
    await _set_alias(connection, moving.document_id, new)


async def _set_alias(connection: Connection, document_id: DocumentId, alias: Alias) -> None:
    await connection.execute(
        "UPDATE documents SET door = $2, external_id = $3 WHERE document_id = $1",
        document_id,
        alias.door,
        alias.external_id,
    )


async def set_lock_id(connection: Connection, document_id: DocumentId, lock_id: str | None) -> None:
    """Remember the storage's lock, or that there is none."""
    await connection.execute("UPDATE documents SET lock_id = $2 WHERE document_id = $1", document_id, lock_id)


async def note_seen(connection: Connection, document_ids: Sequence[DocumentId], at_ms: int) -> None:
    """Somebody is connected to these documents; the nodes' clocks differ, so it never goes back."""
    await connection.execute(
        "UPDATE documents SET seen_ms = $2 WHERE seen_ms < $2 AND id IN"
        " (SELECT id FROM documents WHERE document_id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE)",
        list(document_ids),
        at_ms,
    )


async def set_save_base(connection: Connection, document_id: DocumentId, save_base: SaveBase | None) -> None:
    """Move the ancestor of later merges."""
    columns: tuple[object, ...] = (None,) * 5
    if save_base is not None:
        vector = save_base.state_vector
        columns = (save_base.version, save_base.content_hash, save_base.seq, vector, save_base.at_ms)
    await connection.execute(
        "UPDATE documents SET base_version = $2, base_hash = $3, base_seq = $4, base_state_vector = $5,"
        " base_at_ms = $6 WHERE document_id = $1",
        document_id,
        *columns,
    )


def _record(row: Row) -> DocumentRecord:
    document_id, door, external_id, kind, history_id, lock_id, created_ms, seen_ms, name, version, *base_columns = row
    content_hash, seq, vector, at = base_columns
    base = None if version is None else SaveBase(version, ContentHash(content_hash), seq, vector, at)
    history = None if history_id is None else HistoryId(history_id)
    alias = Alias(door, external_id)
    return DocumentRecord(DocumentId(document_id), alias, kind, history, base, lock_id, created_ms, seen_ms, name)


# -- contents and intents --


async def put_content(connection: Connection, content_hash: ContentHash, content: bytes) -> None:
    """Keep bytes under their hash."""
    await connection.execute(
        "INSERT INTO contents (content_hash, content) VALUES ($1, $2)"
        " ON CONFLICT (content_hash) DO UPDATE SET unused = false",
        content_hash,
        content,
    )


async def content(connection: Connection, content_hash: ContentHash) -> bytes | None:
    """Kept bytes; None also when they are no longer what the hash says."""
    kept = await connection.fetchval("SELECT content FROM contents WHERE content_hash = $1", content_hash)
    return bytes(kept) if kept is not None and hash_content(kept) == content_hash else None


async def open_intent(
    connection: Connection, document_id: DocumentId, intent: SaveIntent, lease: Lease | None
) -> SaveIntent:
    """Write an intent down; its own id is given here. Raises: NotFound (no such document), LeaseLost."""
    number = await connection.fetchval("SELECT id FROM documents WHERE document_id = $1 FOR SHARE", document_id)
    if number is None:
        raise NotFound(f"no document {document_id}")
    await check_lease(connection, lease, in_time=True)
    made = await connection.fetchval(
        "INSERT INTO intents (document, content_hash, seq, state_vector, if_version, base_hash, at_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        number,
        intent.content_hash,
        intent.seq,
        intent.state_vector,
        intent.if_version,
        intent.base_hash,
        intent.at_ms,
    )
    return replace(intent, intent_id=int(made))


async def close_intent(
    connection: Connection, document_id: DocumentId, intent_id: int, save_base: SaveBase | None
) -> bool:
    """End an intent and, when the save happened, move the base; False when it was not open any more."""
    was_open = await connection.fetchval("DELETE FROM intents WHERE id = $1 RETURNING id", intent_id) is not None
    if save_base is not None and was_open:
        await set_save_base(connection, document_id, save_base)
    return was_open


async def intents(connection: Connection, document_id: DocumentId) -> Sequence[SaveIntent]:
    """The open intents, oldest first."""
    rows = await connection.fetch(
        "SELECT i.id, content_hash, seq, state_vector, if_version, i.base_hash, at_ms"
        " FROM intents i JOIN documents d ON d.id = i.document WHERE d.document_id = $1 ORDER BY i.id",
        document_id,
    )
    return [SaveIntent(*row) for row in rows]
