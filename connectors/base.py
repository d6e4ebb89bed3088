"""Owns the contract between the server and a storage; knows neither Yjs nor rooms nor our configuration.

A connector serves one root. Paths are relative, with `/` between names, no leading slash, `""` is the root
folder. Versions are opaque and change whenever the content does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType, Protocol, runtime_checkable

Version = NewType("Version", str)
LockId = NewType("LockId", str)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whose right is used for one call: the author's name for records, and the storage's secret if it wants one."""

    user_id: str
    user_name: str
    secret: str | None = field(default=None, repr=False)
    expires_ms: int | None = None
    """When the secret ends, by the wall clock; None: nobody knows."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a storage can do; the rooms ask here instead of trying."""

    atomic_compare_and_swap: bool
    """`write(if_version)` is fenced by the storage itself; if not, a short window remains (see `WriteResult`)."""
    locks: bool
    folders: bool
    watches: bool
    stable_ids: bool
    """`Stat.stable_id` follows a file through renames."""
    locks_on_join: bool = False
    """A file is locked while somebody who may write has it open, and not only for a write."""
    poll_s: float | None = None
    """How often a storage that cannot be watched wants to be asked; None: as configured for all."""


class EntryKind(StrEnum):
    """What stands at a path."""

    FILE = "file"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Stat:
    """One file or folder; `version` is None for folders and where a listing does not know it."""

    path: str
    kind: EntryKind
    size_bytes: int
    modified_ms: int
    version: Version | None
    writable: bool = True
    stable_id: str | None = None
    name: str | None = None
    """How people call it, where the path does not tell."""


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file and the version they belong to, read together."""

    content: bytes
    version: Version
    modified_by: str | None = None
    """Who wrote them, a name for people; None where the storage does not know."""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What a write left in the storage.

    `displaced` holds foreign bytes that somebody wrote between our check and our replacement, where a storage
    without compare-and-swap let that happen: the caller merges them, so nothing is lost.
    """

    version: Version
    displaced: bytes | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock as the storage knows it; `owner` is a text for people."""

    lock_id: LockId
    owner: str
    ours: bool


class ChangeKind(StrEnum):
    """What happened to a path."""

    CHANGED = "changed"
    DELETED = "deleted"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Change:
    """Something happened to a path outside; `new_path` is set for a move.

    A folder's deletion or move speaks for all in it; a changed folder is a new one; a change of the root (`""`)
    means "look at everything again".
    """

    kind: ChangeKind
    path: str
    new_path: str | None = None


@runtime_checkable
class Connector(Protocol):
    """Contents of one storage root. Every method raises `connectors.errors.ConnectorError` and nothing else."""

    @property
    def capabilities(self) -> Capabilities: ...

    async def stat(self, path: str, credentials: Credentials) -> Stat:
        """Describe a file or folder. Raises: FileMissing, AccessDenied, InvalidPath, Unavailable."""
        ...

    async def read(self, path: str, credentials: Credentials, *, limit_bytes: int) -> Content:
        """Read a whole file with its version. Raises: FileMissing, NotAFile, TooLarge, …"""
        ...

    async def write(
        self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
    ) -> WriteResult:
        """Replace a file as a compare-and-swap; `if_version=None` creates and refuses what is there.

        Raises: VersionMismatch, FileExists, LockLost, QuotaExceeded, Unavailable, …
        """
        ...

    async def lock(self, path: str, lock_id: LockId, owner: str, credentials: Credentials) -> Lock:
        """Take or confirm the lock. Raises: LockHeld, Unsupported, …"""
        ...

    async def refresh_lock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        """Keep the lock alive. Raises: LockLost, LockHeld, …"""
        ...

    async def unlock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        """Give the lock back; a lock that is gone is no error. Raises: LockHeld, …"""
        ...

    async def close(self) -> None:
        """Release what the connector holds; may be called twice."""
        ...


@runtime_checkable
class Folders(Protocol):
    """The second contract: storages that have folders."""

    async def list(self, path: str, credentials: Credentials, *, limit: int) -> Sequence[Stat]:
        """The entries of a folder, in no order. Raises: FileMissing, NotAFile, TooLarge (more than `limit`), …"""
        ...

    async def create_folder(self, path: str, credentials: Credentials) -> Stat:
        """Make a folder in an existing one. Raises: FileExists, FileMissing, …"""
        ...

    async def rename(self, path: str, new_path: str, credentials: Credentials) -> Stat:
        """Move a file or folder within the root; never onto something. Raises: FileExists, FileMissing, …"""
        ...

    async def delete(self, path: str, credentials: Credentials) -> None:
        """Remove a file, or a folder with all in it. Raises: FileMissing, …"""
        ...

    def watch(self) -> AsyncIterator[Sequence[Change]]:
        """Outside changes as they are seen, our own writes left out, until closed."""
        ...


@runtime_checkable
class TakesOffers(Protocol):
    """The third contract: storages that act by the right of whoever is at a file, and so must know who that is."""

    def offer(self, path: str, credentials: Credentials, *, edited: bool) -> None:
        """Somebody is at the file, or changed something in it."""
        ...
