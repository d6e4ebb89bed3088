"""Owns files, folders and locks of a storage in memory that several connectors may share; plain and synchronous.

It stands for the far side: what a test does "outside" happens here, behind the connectors' backs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from connectors.base import Change, ChangeKind, EntryKind, LockId, Stat, Version
from connectors.changes import ChangeFeed
from connectors.clock import Clock, SystemClock
from connectors.errors import FileExists, FileMissing, InvalidPath, NotAFile
from connectors.paths import is_beneath, parent_of, rebase_path, split_path

LOCK_TIMEOUT_S = 1800.0


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One version of a file."""

    content: bytes
    version: Version
    modified_ms: int
    stable_id: str
    writable: bool = True
    modified_by: str | None = None


@dataclass(frozen=True, slots=True)
class StoredLock:
    """A lock and when it ends by itself."""

    lock_id: LockId
    owner: str
    expires_at: float


class MemoryStorage:
    """A storage root in memory: one truth for all connectors on it."""

    def __init__(self, *, clock: Clock | None = None, lock_timeout_s: float = LOCK_TIMEOUT_S) -> None:
        self._clock = clock or SystemClock()
        self._lock_timeout_s = lock_timeout_s
        self._files: dict[str, StoredFile] = {}
        self._folders: set[str] = {""}
        self._locks: dict[str, StoredLock] = {}
        self._feeds: dict[ChangeFeed, object] = {}
        self._counter = 0

    # contents

    def file(self, path: str) -> StoredFile:
        """What is stored. Raises: FileMissing, NotAFile."""
        if path in self._folders:
            raise NotAFile(path)
        if path not in self._files:
            raise FileMissing(path)
        return self._files[path]

    def exists(self, path: str) -> bool:
        return path in self._files or path in self._folders

    def stat(self, path: str) -> Stat:
        """Describe a file or folder. Raises: FileMissing."""
        if path in self._folders:
            return Stat(path, EntryKind.FOLDER, 0, self._clock.wall_ms(), None)
        stored = self.file(path)
        return Stat(
            path,
            EntryKind.FILE,
            len(stored.content),
            stored.modified_ms,
            stored.version,
            stored.writable,
            stored.stable_id,
        )

    def put(self, path: str, content: bytes, *, by: object = None, modified_by: str | None = None) -> Version:
        """Store a new version, making missing folders; watchers other than `by` hear of it."""
        self._make_parents(path)
        if path in self._folders:
            raise NotAFile(path)
        old = self._files.get(path)
        stable_id = old.stable_id if old else f"file-{self._next()}"
        version = Version(f"v{self._next()}")
        writable = old.writable if old else True
        self._files[path] = StoredFile(content, version, self._clock.wall_ms(), stable_id, writable, modified_by)
        self._announce(Change(ChangeKind.CHANGED, path), by)
        return version

    def set_writable(self, path: str, writable: bool) -> None:
        """Let everybody but the outside write a file, or nobody."""
        self._files[path] = replace(self.file(path), writable=writable)

    # folders

    def children(self, path: str) -> list[Stat]:
        """The entries of a folder. Raises: FileMissing, NotAFile."""
        if path in self._files:
            raise NotAFile(path)
        if path not in self._folders:
            raise FileMissing(path)
        names = [name for name in (*self._files, *self._folders) if name and parent_of(name) == path]
        return [self.stat(name) for name in names]

    def make_folder(self, path: str, *, by: object = None) -> None:
        """Make one folder. Raises: FileExists, FileMissing."""
        if self.exists(path):
            raise FileExists(path)
        self.require_parent(path)
        self._folders.add(path)
        self._announce(Change(ChangeKind.CHANGED, path), by)

    def move(self, path: str, new_path: str, *, by: object = None) -> None:
        """Move a file or folder with its locks. Raises: FileMissing, FileExists, InvalidPath."""
        if path == "" or is_beneath(new_path, path):
            raise InvalidPath(f"{path!r} cannot move into itself")
        if not self.exists(path):
            raise FileMissing(path)
        if self.exists(new_path):
            raise FileExists(new_path)
        self.require_parent(new_path)
        self._files = {self._moved(name, path, new_path): stored for name, stored in self._files.items()}
        self._locks = {self._moved(name, path, new_path): lock for name, lock in self._locks.items()}
        self._folders = {self._moved(name, path, new_path) for name in self._folders}
        self._announce(Change(ChangeKind.MOVED, path, new_path), by)

    def remove(self, path: str, *, by: object = None) -> None:
        """Remove a file, or a folder with all in it. Raises: FileMissing, InvalidPath."""
        if path == "":
            raise InvalidPath("the root stays")
        if not self.exists(path):
            raise FileMissing(path)
        self._files = {name: stored for name, stored in self._files.items() if not is_beneath(name, path)}
        self._locks = {name: lock for name, lock in self._locks.items() if not is_beneath(name, path)}
        self._folders = {name for name in self._folders if not is_beneath(name, path)}
        self._announce(Change(ChangeKind.DELETED, path), by)

    def require_parent(self, path: str) -> None:
        """Raises: FileMissing when the folder of a path is not there."""
        if parent_of(path) not in self._folders:
            raise FileMissing(parent_of(path))

    # locks

    def lock_at(self, path: str) -> StoredLock | None:
        """The lock that holds now; one that ran out is gone."""
        held = self._locks.get(path)
        if held is not None and held.expires_at <= self._clock.monotonic():
            del self._locks[path]
            return None
        return held

    def put_lock(self, path: str, lock_id: LockId, owner: str) -> None:
        """Set a lock, whoever held it."""
        self._locks[path] = StoredLock(lock_id, owner, self._clock.monotonic() + self._lock_timeout_s)

    def drop_lock(self, path: str) -> None:
        """Take a lock away, whoever held it."""
        self._locks.pop(path, None)

    # watchers

    def subscribe(self, feed: ChangeFeed, owner: object) -> None:
        """Tell `feed` of every change that `owner` did not make."""
        self._feeds[feed] = owner

    def unsubscribe(self, feed: ChangeFeed) -> None:
        """Stop telling a feed."""
        self._feeds.pop(feed, None)

    def _announce(self, change: Change, by: object) -> None:
        for feed, owner in self._feeds.items():
            if by is None or owner is not by:
                feed.publish([change])

    def _make_parents(self, path: str) -> None:
        names = split_path(path)[:-1]
        for depth in range(1, len(names) + 1):
            folder = "/".join(names[:depth])
            if folder in self._files:
                raise NotAFile(folder)
            self._folders.add(folder)

    def _next(self) -> int:
        self._counter += 1
        return self._counter

    @staticmethod
    def _moved(name: str, path: str, new_path: str) -> str:
        return rebase_path(name, path, new_path) if is_beneath(name, path) else name
