"""Owns the connector to an S3 bucket: both contracts, with folders as prefixes; puts blocking calls on a few threads.

S3 has no locks. The fence is the server's If-Match where it keeps to it; where it does not, versions are compared
right before a write, and writes of this process take turns, so a short window remains. A folder is what keys begin
with; one that is made, or that its last file left, is kept by an empty object whose key ends in a slash.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from weakref import WeakValueDictionary

from connectors.base import (
    Capabilities,
    Change,
    Content,
    Credentials,
    EntryKind,
    Lock,
    LockId,
    Stat,
    Version,
    WriteResult,
)
from connectors.errors import (
    FileExists,
    FileMissing,
    InvalidPath,
    NotAFile,
    TooLarge,
    Unavailable,
    Unsupported,
    VersionMismatch,
)
from connectors.paths import is_beneath, is_possible_name, parent_of, split_path
from connectors.polling import Polling, Seen
from connectors.s3_objects import Object, Objects
from connectors.s3_settings import S3Settings

Result = TypeVar("Result")


class _Turn:
    """A lock that can be referred to weakly."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


_turns: WeakValueDictionary[str, _Turn] = WeakValueDictionary()
_turns_guard = threading.Lock()


def _turn(address: str) -> _Turn:
    """One write at a time for each object in this process, whichever connector does it."""
    with _turns_guard:
        return _turns.setdefault(address, _Turn())


class S3Connector:
    """Both contracts over a bucket."""

    def __init__(self, settings: S3Settings) -> None:
        """Asks nobody: the storage may be away. Raises: InvalidPath, AccessDenied."""
        self._settings = settings
        self._objects = Objects(settings)
        self._pool = ThreadPoolExecutor(settings.threads, thread_name_prefix="s3-connector")
        self._polling = Polling(self._signatures, settings.poll_s, settings.remembered_paths)
        self._closed = False

    @property
    def capabilities(self) -> Capabilities:
        known = self._objects.known
        atomic = known is not None and known.if_match
        return Capabilities(atomic_compare_and_swap=atomic, locks=False, folders=True, watches=True, stable_ids=False)

    # contents

    async def stat(self, path: str, credentials: Credentials) -> Stat:
        return await self._run(path, lambda: self._stat(path))

    async def read(self, path: str, credentials: Credentials, *, limit_bytes: int) -> Content:
        return await self._run(path, lambda: self._read(path, limit_bytes))

    async def write(
        self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
    ) -> WriteResult:
        return await self._run(path, lambda: self._write(path, content, if_version))

    async def lock(self, path: str, lock_id: LockId, owner: str, credentials: Credentials) -> Lock:
        split_path(path)
        raise Unsupported("locks")

    async def refresh_lock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        split_path(path)
        raise Unsupported("locks")

    async def unlock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        split_path(path)
        raise Unsupported("locks")

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._polling.close()
        await asyncio.to_thread(self._shut_down)

    # folders

    async def list(self, path: str, credentials: Credentials, *, limit: int) -> Sequence[Stat]:
        return await self._run(path, lambda: self._list(path, limit))

    async def create_folder(self, path: str, credentials: Credentials) -> Stat:
        return await self._run(path, lambda: self._create_folder(path))

    async def rename(self, path: str, new_path: str, credentials: Credentials) -> Stat:
        split_path(new_path)
        stat = await self._run(path, lambda: self._rename(path, new_path))
        self._polling.moved(path, new_path)
        return stat

    async def delete(self, path: str, credentials: Credentials) -> None:
        await self._run(path, lambda: self._delete(path))
        self._polling.forget(path)

    def watch(self) -> AsyncIterator[Sequence[Change]]:
        return self._polling.watch()

    # on the threads

    async def _run(self, path: str, work: Callable[[], Result]) -> Result:
        split_path(path)
        if self._closed:
            raise Unavailable("closed")
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _shut_down(self) -> None:
        self._pool.shutdown()
        self._objects.close()

    def _stat(self, path: str) -> Stat:
        try:
            if path:
                stat = _described(path, self._objects.head(self._objects.key(path)))
                self._polling.note(path)
                return stat
        except FileMissing:
            pass
        if not self._is_folder(path):
            raise FileMissing(path)
        return _folder(path)

    def _is_folder(self, path: str) -> bool:
        return path == "" or self._objects.has_any(self._objects.key(path, folder=True))

    def _kind(self, path: str) -> EntryKind | None:
        try:
            return self._stat(path).kind
        except FileMissing:
            return None

    def _read(self, path: str, limit_bytes: int) -> Content:
        self._polling.note(path)
        try:
            if path:
                return self._objects.get(self._objects.key(path), limit_bytes)
        except FileMissing:
            pass
        raise NotAFile(path) if self._is_folder(path) else FileMissing(path)

    def _write(self, path: str, content: bytes, if_version: Version | None) -> WriteResult:
        if path == "":
            raise NotAFile("the root") if if_version is not None else FileExists("the root")
        self._polling.note(path)
        key = self._objects.key(path)
        turn = _turn(f"{self._settings.endpoint} {self._settings.bucket} {key}")
        with turn.lock:
            if if_version is None:
                return WriteResult(self._create(path, key, content))
            return WriteResult(self._replace(path, key, content, if_version))

    def _create(self, path: str, key: str, content: bytes) -> Version:
        if self._kind(path) is not None:
            raise FileExists(path)
        if self._kind(parent_of(path)) is not EntryKind.FOLDER:
            raise FileMissing(parent_of(path))
        try:
            return self._objects.put(key, content, if_new=self._objects.conditions().if_none_match)
        except VersionMismatch:
            raise FileExists(path) from None

    def _replace(self, path: str, key: str, content: bytes, if_version: Version) -> Version:
        if not self._objects.conditions().if_match:
            self._check_version(path, if_version)
            return self._objects.put(key, content)
        try:
            return self._objects.put(key, content, if_match=if_version)
        except (VersionMismatch, FileMissing):
            self._check_version(path, if_version)
            raise Unavailable(f"{path!r} was changed at the same time") from None

    def _check_version(self, path: str, if_version: Version) -> None:
        found = self._stat(path)
        if found.kind is EntryKind.FOLDER:
            raise NotAFile(path)
        if found.version != if_version:
            raise VersionMismatch(path, current=found.version)

    def _list(self, path: str, limit: int) -> Sequence[Stat]:
        prefix = self._objects.key(path, folder=True)
        objects, folders = self._objects.under(prefix, limit)
        if path and not objects and not folders:
            raise NotAFile(path) if self._kind(path) is EntryKind.FILE else FileMissing(path)
        place = f"{path}/" if path else ""
        files = {found.key[len(prefix) :]: found for found in objects if found.key != prefix}
        names = [folder[len(prefix) : -1] for folder in folders]
        stats = [_described(place + name, found) for name, found in files.items() if is_possible_name(name)]
        stats += [_folder(place + name) for name in names if is_possible_name(name) and name not in files]
        if len(stats) > limit:
            raise TooLarge(f"{path!r}: more than {limit} entries")
        return stats

    def _create_folder(self, path: str) -> Stat:
        if self._kind(path) is not None:
            raise FileExists(path or "the root")
        if self._kind(parent_of(path)) is not EntryKind.FOLDER:
            raise FileMissing(parent_of(path))
        self._objects.put(self._objects.key(path, folder=True), b"")
        return _folder(path)

    def _rename(self, path: str, new_path: str) -> Stat:
        if path == "" or new_path == "" or (path != new_path and is_beneath(new_path, path)):
            raise InvalidPath(f"{path!r} cannot become {new_path!r}")
        sources = self._beneath(path)
        if self._kind(new_path) is not None:
            raise FileExists(new_path)
        if self._kind(parent_of(new_path)) is not EntryKind.FOLDER:
            raise FileMissing(parent_of(new_path))
        old_key, new_key = self._objects.key(path), self._objects.key(new_path)
        for source in sources:
            try:
                self._objects.copy(source.key, new_key + source.key[len(old_key) :], source.version)
            except (VersionMismatch, FileMissing):
                raise Unavailable(f"{path!r} was changed at the same time") from None
        self._objects.delete([source.key for source in sources])
        self._keep_folder(parent_of(path))
        return self._stat(new_path)

    def _delete(self, path: str) -> None:
        if path == "":
            raise InvalidPath("the root cannot be deleted")
        self._objects.delete([found.key for found in self._beneath(path)])
        self._keep_folder(parent_of(path))

    def _beneath(self, path: str) -> Sequence[Object]:
        """A file's object, or all of a folder. Raises: FileMissing, TooLarge."""
        try:
            return [self._objects.head(self._objects.key(path))]
        except FileMissing:
            prefix = self._objects.key(path, folder=True)
            objects, _ = self._objects.under(prefix, self._settings.moved_entries, deep=True)
            if not objects:
                raise
            return objects

    def _keep_folder(self, path: str) -> None:
        if path and not self._is_folder(path):
            self._objects.put(self._objects.key(path, folder=True), b"")

    async def _signatures(self, folder: str) -> Mapping[str, Seen]:
        stats = await self._run(folder, lambda: self._list(folder, 100_000))
        return {stat.path: Seen(stat.version) for stat in stats if stat.kind is EntryKind.FILE}


def _described(path: str, found: Object) -> Stat:
    return Stat(path, EntryKind.FILE, found.size_bytes, found.modified_ms, found.version)


def _folder(path: str) -> Stat:
    return Stat(path, EntryKind.FOLDER, 0, 0, None)


def open_s3(settings: S3Settings) -> S3Connector:
    """The connector to a bucket; asks it nothing yet. Raises: InvalidPath, AccessDenied."""
    return S3Connector(settings)
