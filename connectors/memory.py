"""Owns the connector to a storage in memory: the fake for tests and for trying things out.

Several connectors may share one `MemoryStorage`, as nodes share a storage; its methods are what happens outside.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from connectors.base import Capabilities, Change, Content, Credentials, Lock, LockId, Stat, Version, WriteResult
from connectors.changes import ChangeFeed
from connectors.clock import Clock
from connectors.errors import (
    AccessDenied,
    FileExists,
    InvalidPath,
    LockHeld,
    LockLost,
    NotAFile,
    TooLarge,
    Unavailable,
    Unsupported,
    VersionMismatch,
)
from connectors.memory_storage import MemoryStorage
from connectors.paths import split_path

MEMORY_CAPABILITIES = Capabilities(
    atomic_compare_and_swap=True, locks=True, folders=True, watches=True, stable_ids=True
)


class MemoryConnector:
    """Both contracts over a storage in memory."""

    def __init__(
        self,
        storage: MemoryStorage | None = None,
        *,
        clock: Clock | None = None,
        capabilities: Capabilities = MEMORY_CAPABILITIES,
    ) -> None:
        self.storage = storage if storage is not None else MemoryStorage(clock=clock)
        self._capabilities = capabilities
        self._held: dict[str, LockId] = {}
        self._feeds: list[ChangeFeed] = []
        self._races: dict[str, bytes] = {}
        self._closed = False

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    # what tests do behind the connector's back

    def outside_write(self, path: str, content: bytes, modified_by: str | None = None) -> Version:
        """Store a version as another application would, making folders; returns its version."""
        split_path(path)
        return self.storage.put(path, content, modified_by=modified_by)

    def outside_content(self, path: str) -> bytes:
        """The stored bytes. Raises: FileMissing, NotAFile."""
        return self.storage.file(path).content

    def outside_lock(self, path: str, lock_id: str, owner: str) -> None:
        """Give the lock to another application, even if it was ours."""
        self.storage.put_lock(path, LockId(lock_id), owner)

    def outside_write_during_next_write(self, path: str, content: bytes) -> None:
        """Let somebody write between check and replacement of the next write; the bytes come back as displaced.

        Only for a storage without `atomic_compare_and_swap`.
        """
        if self._capabilities.atomic_compare_and_swap:
            raise ValueError("this storage has an atomic compare-and-swap")
        self._races[path] = content

    # contents

    async def stat(self, path: str, credentials: Credentials) -> Stat:
        await self._begin(path)
        return self.storage.stat(path)

    async def read(self, path: str, credentials: Credentials, *, limit_bytes: int) -> Content:
        await self._begin(path)
        stored = self.storage.file(path)
        if len(stored.content) > limit_bytes:
            raise TooLarge(f"{path}: {len(stored.content)} > {limit_bytes}")
        return Content(stored.content, stored.version, stored.modified_by)

    async def write(
        self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
    ) -> WriteResult:
        await self._begin(path)
        if path == "":
            raise NotAFile("the root")
        if if_version is None:
            self._check_free(path)
            return WriteResult(self.storage.put(path, content, by=self))
        current = self.storage.file(path)
        if not current.writable:
            raise AccessDenied(path)
        self._check_lock(path)
        if current.version != if_version:
            raise VersionMismatch(path, current=current.version)
        return WriteResult(self.storage.put(path, content, by=self), displaced=self._races.pop(path, None))

    async def lock(self, path: str, lock_id: LockId, owner: str, credentials: Credentials) -> Lock:
        await self._begin_locks(path)
        self.storage.file(path)
        self._refuse_foreign(path, lock_id)
        self.storage.put_lock(path, lock_id, owner)
        self._held[path] = lock_id
        return Lock(lock_id, owner, ours=True)

    async def refresh_lock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        await self._begin_locks(path)
        self.storage.file(path)
        held = self.storage.lock_at(path)
        if held is None:
            raise LockLost(path)
        self._refuse_foreign(path, lock_id)
        self.storage.put_lock(path, lock_id, held.owner)

    async def unlock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        await self._begin_locks(path)
        if self._held.get(path) == lock_id:
            del self._held[path]
        self._refuse_foreign(path, lock_id)
        self.storage.drop_lock(path)

    async def close(self) -> None:
        self._closed = True
        for feed in self._feeds:
            self.storage.unsubscribe(feed)
            feed.close()
        self._feeds.clear()

    # folders

    async def list(self, path: str, credentials: Credentials, *, limit: int) -> Sequence[Stat]:
        await self._begin_folders(path)
        entries = self.storage.children(path)
        if len(entries) > limit:
            raise TooLarge(f"{path}: more than {limit} entries")
        return entries

    async def create_folder(self, path: str, credentials: Credentials) -> Stat:
        await self._begin_folders(path)
        self.storage.make_folder(path, by=self)
        return self.storage.stat(path)

    async def rename(self, path: str, new_path: str, credentials: Credentials) -> Stat:
        await self._begin_folders(path)
        if split_path(new_path) == ():
            raise InvalidPath("the root cannot be replaced")
        self.storage.move(path, new_path, by=self)
        if path in self._held:
            self._held[new_path] = self._held.pop(path)
        return self.storage.stat(new_path)

    async def delete(self, path: str, credentials: Credentials) -> None:
        await self._begin_folders(path)
        self.storage.remove(path, by=self)
        self._held.pop(path, None)

    def watch(self) -> AsyncIterator[Sequence[Change]]:
        feed = ChangeFeed()
        if self._closed:
            feed.close()
            return feed
        self._feeds.append(feed)
        self.storage.subscribe(feed, self)
        return feed

    # checks

    async def _begin(self, path: str) -> None:
        split_path(path)
        await asyncio.sleep(0)  # a turn of the loop, as any storage takes; then the call is atomic
        if self._closed:
            raise Unavailable("closed")

    async def _begin_locks(self, path: str) -> None:
        await self._begin(path)
        if not self._capabilities.locks:
            raise Unsupported("locks")

    async def _begin_folders(self, path: str) -> None:
        await self._begin(path)
        if not self._capabilities.folders:
            raise Unsupported("folders")

    def _check_free(self, path: str) -> None:
        if self.storage.exists(path):
            raise FileExists(path)
        self.storage.require_parent(path)

    def _check_lock(self, path: str) -> None:
        held = self.storage.lock_at(path)
        ours = self._held.get(path)
        if ours is not None and (held is None or held.lock_id != ours):
            raise LockLost(path)
        if held is not None and held.lock_id != ours:
            raise LockHeld(path, lock_id=held.lock_id, owner=held.owner)

    def _refuse_foreign(self, path: str, lock_id: LockId) -> None:
        held = self.storage.lock_at(path)
        if held is not None and held.lock_id != lock_id:
            raise LockHeld(path, lock_id=held.lock_id, owner=held.owner)


def open_memory(address: str) -> MemoryConnector:
    """An empty storage in memory; every call makes a new one."""
    return MemoryConnector()
