"""Owns the statements of the registry: documents, aliases, save bases, who may come in; knows no journal.

Every function is one call of the writer's or the reader's thread, on the connection that it is given.
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
    QuarantinedUpdate,
    SaveBase,
    SaveIntent,
    Share,
    hash_content,
    retired_alias,
)
from collab.store.driver import Connection, Row, SqlValue, changes, one

_DOCUMENT = """
    SELECT d.document_id, d.door, d.external_id, d.kind, h.history_id, d.lock_id, d.created_ms,
           d.base_version, d.base_hash, d.base_seq, d.base_state_vector, d.base_at_ms, d.seen_ms, d.name
    FROM documents d LEFT JOIN histories h ON h.id = d.history
"""
_SHARE = "SELECT share_id, document, secret_digest, role, created_by, created_ms, expires_ms, revoked_ms FROM shares"


# -- documents --


def resolve(connection: Connection, alias: Alias, at_ms: int) -> DocumentRecord:
    """The document at an alias, made if there is none."""
    connection.execute(
        "INSERT INTO documents (document_id, door, external_id, created_ms, seen_ms) VALUES (?1, ?2, ?3, ?4, ?4)"
        " ON CONFLICT DO NOTHING",
        (uuid.uuid4().hex, alias.door, alias.external_id, at_ms),
    )
    rows = connection.execute(f"{_DOCUMENT} WHERE d.door = ? AND d.external_id = ?", (alias.door, alias.external_id))
    return _record(rows.fetchall()[0])


def find(connection: Connection, alias: Alias) -> DocumentRecord | None:
    """The document at an alias."""
    row = one(connection, f"{_DOCUMENT} WHERE d.door = ? AND d.external_id = ?", alias.door, alias.external_id)
    return _record(row) if row else None


def document(connection: Connection, document_id: DocumentId) -> DocumentRecord | None:
    """One registry row."""
    row = one(connection, f"{_DOCUMENT} WHERE d.document_id = ?", document_id)
    return _record(row) if row else None


def documents(connection: Connection, door: str | None) -> Sequence[DocumentRecord]:
    """All registry rows, or those of one door."""
    rows = connection.execute(f"{_DOCUMENT} WHERE ?1 IS NULL OR d.door = ?1 ORDER BY d.id", (door,)).fetchall()
    return [_record(row) for row in rows]


def move_alias(connection: Connection, old: Alias, new: Alias) -> None:
    """Follow a rename."""
    moving, standing = find(connection, old), find(connection, new)
    if moving is None or old == new:
        return
    if standing is not None:
        _set_alias(connection, standing.document_id, retired_alias(new, standing.document_id))
    _set_alias(connection, moving.document_id, new)


def set_lock_id(connection: Connection, document_id: DocumentId, lock_id: str | None) -> None:
    """Remember the storage's lock, or that there is none."""
    connection.execute("UPDATE documents SET lock_id = ? WHERE document_id = ?", (lock_id, document_id))


def note_seen(connection: Connection, document_ids: Sequence[DocumentId], at_ms: int) -> None:
    """Somebody is connected to these documents; the wall clock may run backwards."""
    for document_id in document_ids:
        connection.execute("UPDATE documents SET seen_ms = max(seen_ms, ?) WHERE document_id = ?", (at_ms, document_id))


def set_save_base(connection: Connection, document_id: DocumentId, save_base: SaveBase | None) -> None:
    """Move the ancestor of later merges."""
    connection.execute(
        "UPDATE documents SET base_version = ?, base_hash = ?, base_seq = ?, base_state_vector = ?, base_at_ms = ?"
        " WHERE document_id = ?",
        (*_base_columns(save_base), document_id),
    )


def _set_alias(connection: Connection, document_id: DocumentId, alias: Alias) -> None:
    connection.execute(
        "UPDATE documents SET door = ?, external_id = ? WHERE document_id = ?",
        (alias.door, alias.external_id, document_id),
    )


def _base_columns(base: SaveBase | None) -> tuple[SqlValue, ...]:
    if base is None:
        return (None,) * 5
    return (base.version, base.content_hash, base.seq, base.state_vector, base.at_ms)


def _record(row: Row) -> DocumentRecord:
    document_id, door, external_id, kind, history_id, lock_id, created_ms, version, *base_columns, seen_ms, name = row
    content_hash, seq, vector, at = base_columns
    base = None if version is None else SaveBase(version, ContentHash(content_hash), seq, vector, at)
    history = None if history_id is None else HistoryId(history_id)
    alias = Alias(door, external_id)
    return DocumentRecord(DocumentId(document_id), alias, kind, history, base, lock_id, created_ms, seen_ms, name)


# -- contents and intents --


def put_content(connection: Connection, content_hash: ContentHash, content: bytes) -> None:
    """Keep bytes under their hash."""
    connection.execute(
        "INSERT INTO contents (content_hash, content) VALUES (?, ?)"
        " ON CONFLICT (content_hash) DO UPDATE SET unused = 0",
        (content_hash, content),
    )


def content(connection: Connection, content_hash: ContentHash) -> bytes | None:
    """Kept bytes; None also when they are no longer what the hash says."""
    row = one(connection, "SELECT content FROM contents WHERE content_hash = ?", content_hash)
    kept = None if row is None else bytes(row[0])
    return kept if kept is not None and hash_content(kept) == content_hash else None


def open_intent(connection: Connection, document_id: DocumentId, intent: SaveIntent) -> SaveIntent:
    """Write an intent down; its own id is given here. Raises: NotFound (no such document)."""
    row = one(
        connection,
        "INSERT INTO intents (document, content_hash, seq, state_vector, if_version, base_hash, at_ms)"
        " SELECT id, ?2, ?3, ?4, ?5, ?6, ?7 FROM documents WHERE document_id = ?1 RETURNING id",
        document_id,
        intent.content_hash,
        intent.seq,
        intent.state_vector,
        intent.if_version,
        intent.base_hash,
        intent.at_ms,
    )
    if row is None:
        raise NotFound(f"no document {document_id}")
    return replace(intent, intent_id=int(row[0]))


def close_intent(connection: Connection, document_id: DocumentId, intent_id: int, save_base: SaveBase | None) -> bool:
    """End an intent and, when the save happened, move the base; False when it was not open any more."""
    connection.execute("DELETE FROM intents WHERE id = ?", (intent_id,))
    was_open = changes(connection) > 0
    if save_base is not None and was_open:
        set_save_base(connection, document_id, save_base)
    return was_open


def intents(connection: Connection, document_id: DocumentId) -> Sequence[SaveIntent]:
    """The open intents, oldest first."""
    rows = connection.execute(
        "SELECT i.id, content_hash, seq, state_vector, if_version, i.base_hash, at_ms"
        " FROM intents i JOIN documents d ON d.id = i.document WHERE d.document_id = ? ORDER BY i.id",
        (document_id,),
    ).fetchall()
    return [SaveIntent(*row) for row in rows]


# -- quarantine --


def quarantine(connection: Connection, item: QuarantinedUpdate) -> None:
    """Keep an update aside; its own id is given here."""
    connection.execute(
        "INSERT INTO quarantine (document, history, seq, connection, content, reason, at_ms)"
        " VALUES (?1, (SELECT history FROM documents WHERE document_id = ?1), ?2, ?3, ?4, ?5, ?6)",
        (item.document_id, item.seq, item.connection, item.update, item.reason, item.at_ms),
    )


def quarantined(connection: Connection, document_id: DocumentId | None) -> Sequence[QuarantinedUpdate]:
    """What was kept aside."""
    rows = connection.execute(
        "SELECT id, document, seq, connection, content, reason, at_ms FROM quarantine"
        " WHERE ?1 IS NULL OR document = ?1 ORDER BY id",
        (document_id,),
    ).fetchall()
    return [QuarantinedUpdate(*row) for row in rows]


# -- shares, revocations, keys --


def add_share(connection: Connection, share: Share) -> None:
    """Write a share down."""
    connection.execute(
        "INSERT INTO shares VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            share.share_id,
            share.document_id,
            share.secret_digest,
            share.role,
            share.created_by,
            share.created_ms,
            share.expires_ms,
            share.revoked_ms,
        ),
    )


def share(connection: Connection, secret_digest: str) -> Share | None:
    """The share of a secret, revoked and expired ones included."""
    row = one(connection, f"{_SHARE} WHERE secret_digest = ?", secret_digest)
    return Share(*row) if row else None


def shares(connection: Connection, document_id: DocumentId) -> Sequence[Share]:
    """The shares of a document."""
    rows = connection.execute(f"{_SHARE} WHERE document = ? ORDER BY created_ms, share_id", (document_id,)).fetchall()
    return [Share(*row) for row in rows]


def revoke_share(connection: Connection, share_id: str, at_ms: int) -> None:
    """End a share; the first time counts."""
    connection.execute("UPDATE shares SET revoked_ms = ? WHERE share_id = ? AND revoked_ms IS NULL", (at_ms, share_id))


def revoke(connection: Connection, subject: str, expires_ms: int) -> None:
    """Refuse a subject until then; never shortens an earlier refusal."""
    connection.execute(
        "INSERT INTO revocations VALUES (?, ?)"
        " ON CONFLICT (subject) DO UPDATE SET expires_ms = max(expires_ms, excluded.expires_ms)",
        (subject, expires_ms),
    )


def revocations(connection: Connection, at_ms: int) -> Sequence[str]:
    """The subjects refused at that time."""
    rows = connection.execute("SELECT subject FROM revocations WHERE expires_ms > ?", (at_ms,)).fetchall()
    return [row[0] for row in rows]


def key(connection: Connection, name: str) -> bytes | None:
    """A stored key."""
    row = one(connection, "SELECT value FROM keys WHERE name = ?", name)
    return None if row is None else bytes(row[0])


def set_key_once(connection: Connection, name: str, value: bytes) -> bytes:
    """Store a key if there is none; returns the one that stands."""
    connection.execute("INSERT INTO keys VALUES (?, ?) ON CONFLICT DO NOTHING", (name, value))
    return value if changes(connection) else bytes(key(connection, name) or value)
