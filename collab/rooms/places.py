"""Owns the way from a name to a file: roots by their names, doors of aliases; opens nothing."""

from __future__ import annotations

from collections.abc import Sequence

from collab.errors import NotFound
from collab.formats.table import format_of, size_limit_bytes
from collab.limits import Limits
from collab.rooms.scratch import SCRATCH
from collab.rooms.storage_file import ROOT_DOOR, Root, StorageFile
from collab.store.base import DocumentRecord
from connectors.base import Credentials


class Places:
    """The roots of one server."""

    def __init__(self, roots: Sequence[Root], limits: Limits) -> None:
        self.roots = {root.name: root for root in roots}
        self._limits = limits

    def file(self, root_name: str, path: str, credentials: Credentials) -> StorageFile:
        """The file at a path. Raises: NotFound (no such root), FormatError."""
        root = self.roots.get(root_name)
        if root is None:
            raise NotFound(f"no root {root_name}")
        found, limits = format_of(path), self._limits
        size = size_limit_bytes(found.name, limits)
        return StorageFile(root, path, found, credentials, size, limits.save_timeout_s)

    def call(self, file: StorageFile, name: str) -> str:
        """This is how people call it; the format goes by that. Raises: FormatError (none opens such files)."""
        file.name, file.format = name, format_of(name)
        file.size_limit_bytes = size_limit_bytes(file.format.name, self._limits)
        return name

    def file_of(self, record: DocumentRecord, credentials: Credentials) -> StorageFile | None:
        """The file behind a document, None for a room without one. Raises: NotFound, FormatError."""
        door, external_id = record.alias.door, record.alias.external_id
        if door == SCRATCH:
            return None
        if not door.startswith(ROOT_DOOR):
            raise NotFound(f"document {record.document_id} is retired")
        file = self.file(door.removeprefix(ROOT_DOOR), external_id, credentials)
        if record.name is not None:
            self.call(file, record.name)
        return file
