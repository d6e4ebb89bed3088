"""Owns which document a file belongs to where the storage gives files an id that follows them; knows no room.

The same file comes by several doors and under several paths, and an id may stay with a backup while a new file takes
its place. So an id that leads to a document known under another path is believed only when the storage says that the
file there is the same, or that nothing is there any more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from collab.errors import CollabError, NotFound
from collab.rooms.following import Following
from collab.rooms.storage_file import ROOT_DOOR, StorageFile
from collab.store.base import Alias, DocumentId, DocumentRecord, Store

FileAt: TypeAlias = Callable[[str, str], StorageFile]
"""The file at a root's path, by the server's own right. Raises: NotFound (no such root)."""

_PREFIX = "stable:"


class StableIds:
    """Resolves files to documents by path and by id."""

    def __init__(self, store: Store, file_at: FileAt, following: Following) -> None:
        self._store = store
        self._file_at = file_at
        self._following = following

    async def resolve(self, alias: Alias, stable_id: str | None, at_ms: int) -> DocumentRecord:
        """The document of a file, made if there is none. Raises: JournalError."""
        if stable_id is None:
            return await self._store.resolve(alias, at_ms)
        held = await self._store.key(_PREFIX + stable_id)
        record = None if held is None else await self._known(alias, stable_id, DocumentId(held.decode()))
        if record is not None:
            return record
        record = await self._store.resolve(alias, at_ms)
        winner = await self._store.set_key_once(_PREFIX + stable_id, record.document_id.encode())
        if winner.decode() == record.document_id:
            return record
        return await self._known(alias, stable_id, DocumentId(winner.decode())) or record

    async def _known(self, alias: Alias, stable_id: str, document_id: DocumentId) -> DocumentRecord | None:
        """The document of an id, when the file at this alias is really its file."""
        record = await self._store.document(document_id)
        if record is None or record.alias == alias:
            return record
        file = self._file_of(record.alias)
        if file is None:
            return None
        try:
            there = await file.stat()
        except NotFound:
            if record.alias.door != alias.door:
                return None
            await self._following.alias_moved(record.alias, alias)
            return await self._store.document(document_id)
        except CollabError:
            return None  # nobody can tell: the path decides, and what both write is merged
        return record if there.stable_id == stable_id else None

    def _file_of(self, alias: Alias) -> StorageFile | None:
        if not alias.door.startswith(ROOT_DOOR):
            return None
        try:
            return self._file_at(alias.door.removeprefix(ROOT_DOOR), alias.external_id)
        except NotFound:
            return None
