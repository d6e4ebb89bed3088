"""Owns the connector to a local folder: puts the blocking parts on a few threads; knows nothing of what they do.

The credentials' names are for records only: what may be read and written is what the server's own account may.
A cancelled call may still take effect, whole; it never leaves a mixture.
"""

from __future__ import annotations

import asyncio
import stat
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from connectors.base import Capabilities, Change, Content, Credentials, Lock, LockId, Stat, Version, WriteResult
from connectors.clock import Clock, SystemClock
from connectors.errors import ConnectorError, FileExists, InvalidPath, Unavailable
from connectors.local_content import Versions
from connectors.local_locks import DesktopLock, LocalLocks
from connectors.local_settings import LocalSettings
from connectors.local_tree import Tree, describe, is_writable, look_at
from connectors.local_watch import LocalWatch, sorter_for
from connectors.local_writing import FileWriter, do_nothing
from connectors.own_work import OwnWork
from connectors.posix import connector_errors
from connectors.registry import HIDDEN_QUERY
from connectors.sweep import Sweep
from connectors.watching import SeenPaths

LOCAL_CAPABILITIES = Capabilities(
    atomic_compare_and_swap=False, locks=True, folders=True, watches=True, stable_ids=False
)

Result = TypeVar("Result")


class LocalConnector:
    """Both contracts over a folder of this machine."""

    def __init__(
        self,
        settings: LocalSettings,
        *,
        clock: Clock | None = None,
        before_exchange: Callable[[str], None] = do_nothing,
    ) -> None:
        """Open the root; `before_exchange` runs in a save between check and exchange, for tests of that moment.

        Raises: FileMissing, AccessDenied, …
        """
        self._settings = settings
        self._clock = clock or SystemClock()
        self._tree = Tree(settings.root, hidden_entries=settings.hidden_entries)
        self._versions = Versions(settings.remembered_paths, self._clock)
        self._own_work = OwnWork(settings.remembered_paths)
        self._seen = SeenPaths(settings.remembered_paths)
        self._locks = LocalLocks(self._tree, settings, self._clock)
        self._writer = FileWriter(
            self._tree,
            self._versions,
            self._own_work,
            displaced_size_bytes=settings.displaced_size_bytes,
            before_exchange=before_exchange,
        )
        self._watches: set[LocalWatch] = set()
        self._places = threading.BoundedSemaphore(settings.waiting_calls)
        self._closed = False
        self._pool = ThreadPoolExecutor(settings.threads, thread_name_prefix="local-connector")
        self._sweep = Sweep(self._tree, self._locks, entries=settings.sweep_entries)
        self._swept = self._pool.submit(self._sweep.run)

    @property
    def capabilities(self) -> Capabilities:
        return LOCAL_CAPABILITIES

    async def swept(self) -> int:
        """Wait until what a killed server left was cleared away; returns how many files."""
        return await asyncio.wrap_future(self._swept)

    async def desktop_locks(self, path: str) -> tuple[DesktopLock, ...]:
        """Which desktop applications have a document open, by their lock files. Raises: as `stat`."""
        return await self._run(path, lambda: self._locks.desktop_locks(path))

    # contents

    async def stat(self, path: str, credentials: Credentials) -> Stat:
        return await self._run(path, lambda: self._stat(path))

    async def read(self, path: str, credentials: Credentials, *, limit_bytes: int) -> Content:
        return await self._run(path, lambda: self._read(path, limit_bytes))

    async def write(
        self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
    ) -> WriteResult:
        return await self._run(
            path,
            lambda: self._write(path, content, if_version),
            abandoned=lambda result: self._keep_displaced(path, result),
        )

    async def lock(self, path: str, lock_id: LockId, owner: str, credentials: Credentials) -> Lock:
        return await self._run(path, lambda: self._locks.take(path, lock_id, owner))

    async def refresh_lock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        await self._run(path, lambda: self._locks.refresh(path, lock_id))

    async def unlock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        await self._run(path, lambda: self._locks.give_back(path, lock_id))

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._sweep.stop()
        for watch in self._watches:
            watch.stop()
        await asyncio.to_thread(self._shut_down)

    # folders

    async def list(self, path: str, credentials: Credentials, *, limit: int) -> Sequence[Stat]:
        return await self._run(path, lambda: self._tree.entries(path, limit))

    async def create_folder(self, path: str, credentials: Credentials) -> Stat:
        return await self._run(path, lambda: self._create_folder(path))

    async def rename(self, path: str, new_path: str, credentials: Credentials) -> Stat:
        return await self._run(path, lambda: self._rename(path, new_path))

    async def delete(self, path: str, credentials: Credentials) -> None:
        await self._run(path, lambda: self._delete(path))

    def watch(self) -> AsyncIterator[Sequence[Change]]:
        sorter, poller = sorter_for(self._tree, self._versions, self._seen, self._own_work, self._settings)
        watch = LocalWatch(self._settings, sorter, poller, self._clock)
        self._watches.add(watch)
        if self._closed:
            watch.stop()
        return self._watch(watch)

    async def watching(self) -> None:
        """Wait until every watch that somebody iterates sees what happens from now on."""
        for watch in tuple(self._watches):
            await watch.live.wait()

    # how calls run

    async def _run(
        self, path: str, work: Callable[[], Result], *, abandoned: Callable[[Result], None] | None = None
    ) -> Result:
        """Run blocking work on a thread; `abandoned` gets the result that nobody waits for any more."""
        if self._closed:
            raise Unavailable("closed")
        if not self._places.acquire(blocking=False):
            raise Unavailable(f"more than {self._settings.waiting_calls} calls wait (waiting_calls)")
        future = self._pool.submit(_with_connector_errors, path, work)
        future.add_done_callback(lambda _: self._places.release())
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if abandoned is not None:
                future.add_done_callback(partial(_hand_over, abandoned))
            raise

    async def _watch(self, watch: LocalWatch) -> AsyncIterator[Sequence[Change]]:
        try:
            async for changes in watch.changes(lambda work: self._run("", work)):
                yield changes
        except Unavailable:
            if not self._closed:
                raise
        finally:
            self._watches.discard(watch)

    def _shut_down(self) -> None:
        self._pool.submit(self._locks.give_all_back)
        self._pool.shutdown(wait=True)
        self._tree.close()

    # what runs on threads

    def _stat(self, path: str) -> Stat:
        if not self._tree.names(path):
            return describe(path, self._tree.look(path), None, writable=True)
        with self._tree.place(path) as place:
            found = look_at(place)
            if stat.S_ISDIR(found.st_mode):
                return describe(path, found, None, writable=is_writable(place, found))
            if stat.S_ISREG(found.st_mode) and found.st_size > self._settings.version_size_bytes:
                return describe(path, found, None, writable=False)
            version, found = self._versions.of(place)
            self._seen.note(path, found)
            return describe(path, found, version, writable=is_writable(place, found))

    def _read(self, path: str, limit_bytes: int) -> Content:
        with self._tree.place(path) as place:
            content, version = self._versions.content(place, limit_bytes)
            self._seen.note(path, look_at(place))
            return Content(content, version)

    def _write(self, path: str, content: bytes, if_version: Version | None) -> WriteResult:
        if if_version is None:
            result = WriteResult(self._writer.create(path, content))
        else:
            self._locks.require_for_write(path)
            result = self._writer.replace(path, content, if_version)
        with suppress(ConnectorError):
            self._seen.note(path, self._tree.look(path))
        return result

    def _keep_displaced(self, path: str, result: WriteResult) -> None:
        if result.displaced is not None:
            self._writer.keep_copy(path, result.displaced)

    def _create_folder(self, path: str) -> Stat:
        if not self._tree.names(path):
            raise FileExists("the root")
        self._tree.make_folder(path)
        self._own_work.places(path, self._tree.look(path))
        return self._stat(path)

    def _rename(self, path: str, new_path: str) -> Stat:
        found = self._tree.look(path)
        with self._own_work.attempt(path, new_path):
            self._own_work.removes(path)
            self._own_work.places(new_path, found)
            self._tree.rename(path, new_path)
        self._own_work.moved(path, new_path)
        self._seen.move(path, new_path)
        self._locks.moved(path, new_path)
        return self._stat(new_path)

    def _delete(self, path: str) -> None:
        with self._own_work.attempt(path):
            self._own_work.removes(path)
            self._tree.remove(path)
        self._seen.forget(path)


def open_folder(address: str) -> LocalConnector:
    """A folder by its path or `file:///path`, `?hidden=1` for names with a dot too. Raises: InvalidPath, …"""
    if not address.lower().startswith("file:"):
        return LocalConnector(LocalSettings(Path(address)))
    parts = urlsplit(address)
    is_local = parts.netloc in ("", "localhost") and parts.path.startswith("/") and not parts.fragment
    if not is_local or parts.query not in ("", HIDDEN_QUERY):
        raise InvalidPath("the address of a folder is file:///path")
    return LocalConnector(LocalSettings(Path(unquote(parts.path)), hidden_entries=parts.query == HIDDEN_QUERY))


def _with_connector_errors(path: str, work: Callable[[], Result]) -> Result:
    with connector_errors(path):
        return work()


def _hand_over(abandoned: Callable[[Result], None], future: Future[Result]) -> None:
    if not future.cancelled() and future.exception() is None:
        with suppress(ConnectorError):
            abandoned(future.result())
