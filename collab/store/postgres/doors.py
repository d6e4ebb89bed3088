"""Owns what doors keep in PostgreSQL, statements included; a part of `PostgresStore`."""

from __future__ import annotations

from collections.abc import Sequence

from collab.errors import NotFound
from collab.store.base import DocumentId, SealedCredential
from collab.store.postgres.driver import Connection
from collab.store.postgres.pool import Pool


class PostgresDoors:
    """The contract `DoorStore` on PostgreSQL."""

    _pool: Pool

    async def set_name(self, document_id: DocumentId, name: str) -> None:
        await self._pool.write(lambda on: _set_name(on, document_id, name))

    async def replace_key(self, name: str, expected: bytes | None, value: bytes) -> bool:
        return await self._pool.write(lambda on: _replace_key(on, name, expected, value))

    async def keep_credential(self, credential: SealedCredential) -> None:
        await self._pool.write(lambda on: _keep(on, credential))

    async def kept_credentials(self, document_id: DocumentId | None = None) -> Sequence[SealedCredential]:
        return await self._pool.glance(lambda on: _kept(on, document_id))

    async def forget_credentials(self, document_id: DocumentId) -> None:
        await self._pool.write(lambda on: _forget(on, document_id))


async def _set_name(connection: Connection, document_id: DocumentId, name: str) -> None:
    await connection.execute("UPDATE documents SET name = $2 WHERE document_id = $1", document_id, name)


async def _replace_key(connection: Connection, name: str, expected: bytes | None, value: bytes) -> bool:
    """One statement each, so that of two nodes one wins."""
    if expected is None:
        statement = "INSERT INTO keys VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1"
        return await connection.fetchval(statement, name, value) is not None
    statement = "UPDATE keys SET value = $2 WHERE name = $1 AND value = $3 RETURNING 1"
    return await connection.fetchval(statement, name, value, expected) is not None


async def _keep(connection: Connection, credential: SealedCredential) -> None:
    kept = await connection.fetchval(
        "INSERT INTO credentials SELECT document_id, $2, $3, $4, $5 FROM documents WHERE document_id = $1"
        " ON CONFLICT (document, holder) DO UPDATE"
        " SET sealed = excluded.sealed, expires_ms = excluded.expires_ms, kept_ms = excluded.kept_ms RETURNING 1",
        credential.document_id,
        credential.holder,
        credential.sealed,
        credential.expires_ms,
        credential.kept_ms,
    )
    if kept is None:
        raise NotFound(f"no document {credential.document_id}")


async def _kept(connection: Connection, document_id: DocumentId | None) -> Sequence[SealedCredential]:
    rows = await connection.fetch(
        "SELECT document, holder, sealed, expires_ms, kept_ms FROM credentials"
        " WHERE $1::text IS NULL OR document = $1 ORDER BY kept_ms DESC, document, holder",
        document_id,
    )
    return [
        SealedCredential(DocumentId(document), holder, bytes(sealed), expires, kept)
        for document, holder, sealed, expires, kept in rows
    ]


async def _forget(connection: Connection, document_id: DocumentId) -> None:
    await connection.execute("DELETE FROM credentials WHERE document = $1", document_id)
