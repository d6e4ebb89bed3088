"""Owns the binding of a document to its file: root, path, connector, format; maps the connectors' errors, once.

Every call has a deadline, and raises only errors of `collab.errors`. Knows no room and no journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TypeVar

from collab.document import Document
from collab.errors import (
    CollabError,
    CredentialsMissing,
    FormatError,
    LockConflict,
    NotFound,
    StorageDenied,
    StorageFull,
    StorageUnavailable,
    VersionConflict,
)
from collab.formats.base import Format
from connectors import errors
from connectors.base import (
    Capabilities,
    Connector,
    Content,
    Credentials,
    LockId,
    Stat,
    TakesOffers,
    Version,
    WriteResult,
)

_Result = TypeVar("_Result")

ROOT_DOOR = "root:"
"""What the aliases of files begin with; the name of the root follows."""
TOO_LARGE = "The file is larger than this server edits."
LOCKED_BY = "The file is locked by {owner}."
NO_FILE = "Something that is no file stands in the file's place. Your edits are safe in the journal."

STORAGE_ERRORS: Mapping[type[errors.ConnectorError], Callable[[str], CollabError]] = {
    errors.FileMissing: NotFound,
    errors.FileExists: VersionConflict,
    errors.AccessDenied: StorageDenied,
    errors.NoCredentials: CredentialsMissing,
    errors.VersionMismatch: VersionConflict,
    errors.LockHeld: LockConflict,
    errors.LockLost: LockConflict,
    errors.Unavailable: StorageUnavailable,
    errors.QuotaExceeded: StorageFull,
    errors.TooLarge: lambda detail: FormatError(detail, public=TOO_LARGE),
    errors.NotAFile: lambda detail: NotFound(detail, public=NO_FILE),
    errors.InvalidPath: NotFound,
    errors.Unsupported: StorageDenied,
}
"""Every error of the connector contract, and what it means to a room."""


def map_error(error: errors.ConnectorError) -> CollabError:
    """Our error for a connector's. One that the table does not know counts as a storage that is away."""
    if isinstance(error, errors.LockHeld) and error.owner:
        return LockConflict(f"LockHeld: {error}", public=LOCKED_BY.format(owner=error.owner))
    for kind in type(error).__mro__:
        if kind in STORAGE_ERRORS:
            return STORAGE_ERRORS[kind](f"{type(error).__name__}: {error}")
    return StorageUnavailable(f"{type(error).__name__}: {error}")


@dataclass(frozen=True, slots=True)
class Root:
    """A root that documents live in."""

    name: str
    connector: Connector
    writable: bool = True
    hidden_files: bool = False
    """Names that begin with a dot can be shown on request."""


@dataclass(slots=True)
class StorageFile:
    """The file of one document. `path` moves with renames; `credentials` are those of who used it last."""

    root: Root
    path: str
    format: Format
    credentials: Credentials
    size_limit_bytes: int
    timeout_s: float
    name: str | None = None
    """How people call it, where the path does not tell."""
    refill: Callable[[], Awaitable[None]] | None = None
    """Reads again by whose right it may be asked for: writers may be at other nodes."""

    @property
    def capabilities(self) -> Capabilities:
        return self.root.connector.capabilities

    @property
    def shown_path(self) -> str:
        """What people are told of where it is."""
        return self.name or self.path

    @property
    def takes_offers(self) -> bool:
        """Whether the storage acts by the right of whoever is at the file."""
        return isinstance(self.root.connector, TakesOffers)

    def offer(self, credentials: Credentials, *, edited: bool) -> None:
        """Somebody who may write is at the file, or changed something in it: by their right it is stored."""
        if edited or self.credentials.secret is None:
            self.credentials = credentials
        connector = self.root.connector
        if credentials.secret is not None and isinstance(connector, TakesOffers):
            connector.offer(self.path, credentials, edited=edited)

    def encoded(self, document: Document, base_content: bytes) -> bytes:
        """As it would be stored; where the file's own manner cannot hold it, another one. Raises: FormatError."""
        try:
            return self.format.encode(document, base_content)
        except FormatError:
            return self.format.rescue(document)

    @property
    def author_id(self) -> str:
        """Who is the author of what the storage changed."""
        return f"storage:{self.root.name}"

    async def stat(self) -> Stat:
        """Raises: StorageError."""
        return await self._ask(self.root.connector.stat(self.path, self.credentials))

    async def read(self) -> Content:
        """Raises: StorageError, FormatError (too large)."""
        limit = self.size_limit_bytes
        return await self._ask(self.root.connector.read(self.path, self.credentials, limit_bytes=limit))

    async def write(self, content: bytes, if_version: Version | None) -> WriteResult:
        """Raises: StorageError; after StorageUnavailable the file may have been written."""
        return await self._ask(self.root.connector.write(self.path, content, self.credentials, if_version=if_version))

    async def lock(self, lock_id: LockId, owner: str) -> None:
        """Raises: StorageError."""
        await self._ask(self.root.connector.lock(self.path, lock_id, owner, self.credentials))

    async def refresh_lock(self, lock_id: LockId) -> None:
        """Raises: StorageError."""
        await self._ask(self.root.connector.refresh_lock(self.path, lock_id, self.credentials))

    async def unlock(self, lock_id: LockId) -> None:
        """Raises: StorageError."""
        await self._ask(self.root.connector.unlock(self.path, lock_id, self.credentials))

    async def _ask(self, call: Coroutine[object, object, _Result]) -> _Result:
        try:
            async with asyncio.timeout(self.timeout_s):
                return await call
        except errors.ConnectorError as error:
            raise map_error(error) from error
        except TimeoutError:
            raise StorageUnavailable(f"no answer in {self.timeout_s:g} s") from None
