"""Owns what doors keep in the embedded store, statements included; a part of `SqliteStore`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from collab.errors import NotFound
from collab.store.database import Database
from collab.store.doors import SealedCredential
from collab.store.driver import Connection, changes, one
from collab.store.records import DocumentId


class SqliteDoors:
    """The contract `DoorStore` on SQLite."""

    _database: Database

    async def set_name(self, document_id: DocumentId, name: str) -> None:
        await self._database.write(partial(_set_name, document_id=document_id, name=name))

    async def replace_key(self, name: str, expected: bytes | None, value: bytes) -> bool:
        return await self._database.write(partial(_replace_key, name=name, expected=expected, value=value))

    async def keep_credential(self, credential: SealedCredential) -> None:
        await self._database.write(partial(_keep, credential=credential))

    async def kept_credentials(self, document_id: DocumentId | None = None) -> Sequence[SealedCredential]:
        return await self._database.read(partial(_kept, document_id=document_id))

    async def forget_credentials(self, document_id: DocumentId) -> None:
        await self._database.write(partial(_forget, document_id=document_id))


def _set_name(connection: Connection, document_id: DocumentId, name: str) -> None:
    connection.execute("UPDATE documents SET name = ? WHERE document_id = ?", (name, document_id))


def _replace_key(connection: Connection, name: str, expected: bytes | None, value: bytes) -> bool:
    row = one(connection, "SELECT value FROM keys WHERE name = ?", name)
    if (None if row is None else bytes(row[0])) != expected:
        return False
    connection.execute(
        "INSERT INTO keys VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
    )
    return True


def _keep(connection: Connection, credential: SealedCredential) -> None:
    connection.execute(
        "INSERT INTO credentials SELECT document_id, ?2, ?3, ?4, ?5 FROM documents WHERE document_id = ?1"
        " ON CONFLICT (document, holder) DO UPDATE"
        " SET sealed = excluded.sealed, expires_ms = excluded.expires_ms, kept_ms = excluded.kept_ms",
        (
            credential.document_id,
            credential.holder,
            credential.sealed,
            credential.expires_ms,
            credential.kept_ms,
        ),
    )
    if not changes(connection):
        raise NotFound(f"no document {credential.document_id}")


def _kept(connection: Connection, document_id: DocumentId | None) -> Sequence[SealedCredential]:
    rows = connection.execute(
        "SELECT document, holder, sealed, expires_ms, kept_ms FROM credentials WHERE ?1 IS NULL OR document = ?1"
        " ORDER BY kept_ms DESC, document, holder",
        (document_id,),
    ).fetchall()
    return [
        SealedCredential(DocumentId(document), holder, bytes(sealed), expires, kept)
        for document, holder, sealed, expires, kept in rows
    ]


def _forget(connection: Connection, document_id: DocumentId) -> None:
    connection.execute("DELETE FROM credentials WHERE document = ?", (document_id,))
