"""Owns the statements about who may come in and what is kept aside: shares, revocations, keys, quarantine."""

from __future__ import annotations

from collections.abc import Sequence

from collab.store.base import DocumentId, QuarantinedUpdate, Share
from collab.store.postgres.driver import Connection, plain_text

_SHARE = "SELECT share_id, document, secret_digest, role, created_by, created_ms, expires_ms, revoked_ms FROM shares"


async def quarantine(connection: Connection, item: QuarantinedUpdate) -> None:
    """Keep an update aside; its own id is given here."""
    await connection.execute(
        "INSERT INTO quarantine (document, history, seq, connection, content, reason, at_ms)"
        " VALUES ($1::text, (SELECT history FROM documents WHERE document_id = $1::text), $2, $3, $4, $5, $6)",
        item.document_id,
        item.seq,
        item.connection,
        item.update,
        plain_text(item.reason),
        item.at_ms,
    )


async def quarantined(connection: Connection, document_id: DocumentId | None) -> Sequence[QuarantinedUpdate]:
    """What was kept aside."""
    rows = await connection.fetch(
        "SELECT id, document, seq, connection, content, reason, at_ms FROM quarantine"
        " WHERE $1::text IS NULL OR document = $1 ORDER BY id",
        document_id,
    )
    return [QuarantinedUpdate(*row) for row in rows]


async def add_share(connection: Connection, share: Share) -> None:
    """Write a share down."""
    await connection.execute(
        "INSERT INTO shares VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        share.share_id,
        share.document_id,
        share.secret_digest,
        share.role,
        share.created_by,
        share.created_ms,
        share.expires_ms,
        share.revoked_ms,
    )


async def share(connection: Connection, secret_digest: str) -> Share | None:
    """The share of a secret, revoked and expired ones included."""
    row = await connection.fetchrow(f"{_SHARE} WHERE secret_digest = $1", secret_digest)
    return None if row is None else Share(*row)


async def shares(connection: Connection, document_id: DocumentId) -> Sequence[Share]:
    """The shares of a document."""
    rows = await connection.fetch(f"{_SHARE} WHERE document = $1 ORDER BY created_ms, share_id", document_id)
    return [Share(*row) for row in rows]


async def revoke_share(connection: Connection, share_id: str, at_ms: int) -> None:
    """End a share; the first time counts."""
    await connection.execute(
        "UPDATE shares SET revoked_ms = $2 WHERE share_id = $1 AND revoked_ms IS NULL", share_id, at_ms
    )


async def revoke(connection: Connection, subject: str, expires_ms: int) -> None:
    """Refuse a subject until then; never shortens an earlier refusal."""
    await connection.execute(
        "INSERT INTO revocations AS r VALUES ($1, $2)"
        " ON CONFLICT (subject) DO UPDATE SET expires_ms = greatest(r.expires_ms, excluded.expires_ms)",
        subject,
        expires_ms,
    )


async def revocations(connection: Connection, at_ms: int) -> Sequence[str]:
    """The subjects refused at that time."""
    rows = await connection.fetch("SELECT subject FROM revocations WHERE expires_ms > $1", at_ms)
    return [row[0] for row in rows]


async def key(connection: Connection, name: str) -> bytes | None:
    """A stored key."""
    kept = await connection.fetchval("SELECT value FROM keys WHERE name = $1", name)
    return None if kept is None else bytes(kept)


async def set_key_once(connection: Connection, name: str, value: bytes) -> bytes:
    """Store a key if there is none; returns the one that stands."""
    await connection.execute("INSERT INTO keys VALUES ($1, $2) ON CONFLICT DO NOTHING", name, value)
    return await key(connection, name) or value
