"""Owns replacing and creating a local file so that it is always whole; knows nothing of threads' callers.

A save writes a temporary file in the same folder, makes it durable, then exchanges it with the old one in one
step and looks at what came out: bytes that are not the expected version were written by somebody between our
check and the exchange, and go back to the caller. Other hard links of the old file keep the old content, and an
application that keeps the old file open and writes to it after the exchange is settled writes into the void
(unless foreign bytes were found: then the old file stays under a visible name).
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from connectors.base import Version, WriteResult
from connectors.errors import AccessDenied, NotAFile, TooLarge, Unavailable, VersionMismatch
from connectors.local_content import Versions, hash_opened, identity_of, read_opened, version_of
from connectors.local_tree import Place, Tree, is_writable, look_at
from connectors.own_work import OwnWork
from connectors.posix import (
    NOT_IMPLEMENTED,
    exchange,
    is_open_for_writing,
    open_regular,
    rename_without_replacing,
)
from connectors.temporary import Temporary, keep_aside

SETTLE_S = 1.0
PAUSE_S = 0.02
PATH_LOCKS = 64


def do_nothing(path: str) -> None:
    """The step between check and exchange in production."""


@dataclass(frozen=True, slots=True)
class _Replacement:
    """One save on its way."""

    place: Place
    old: int
    old_version: Version
    temporary: Temporary


class FileWriter:
    """Compare-and-swap on the files of a tree; calls for one path wait for each other."""

    def __init__(
        self,
        tree: Tree,
        versions: Versions,
        own_work: OwnWork,
        *,
        displaced_size_bytes: int,
        before_exchange: Callable[[str], None] = do_nothing,
    ) -> None:
        self._tree = tree
        self._versions = versions
        self._own_work = own_work
        self._displaced_size_bytes = displaced_size_bytes
        self._before_exchange = before_exchange
        self._path_locks = tuple(threading.Lock() for _ in range(PATH_LOCKS))

    def create(self, path: str, content: bytes) -> Version:
        """Make a new file. Raises: FileExists, FileMissing (no such folder), QuotaExceeded, …"""
        version = version_of(content)
        with self._path_lock(path), self._tree.place(path) as place:
            with Temporary.open(place.folder, mode=0o666) as temporary:
                temporary.fill(content)
                self._own_work.writes(path, version)
                rename_without_replacing(place.folder, temporary.name, place.folder, place.name)
                temporary.forget()
            os.fsync(place.folder)
        return version

    def replace(self, path: str, content: bytes, if_version: Version) -> WriteResult:
        """Replace a file of this version. Raises: VersionMismatch, FileMissing, AccessDenied, QuotaExceeded, …"""
        with self._path_lock(path), self._tree.place(path) as place:
            self._check(place, if_version)
            version = version_of(content)
            if version == if_version:
                return WriteResult(version)
            old = open_regular(place.folder, place.name)
            try:
                with Temporary.open(place.folder, mode=0o600) as temporary:
                    temporary.fill(content, like=old)
                    temporary.announce_exchange(version, if_version)
                    self._before_exchange(path)
                    self._own_work.writes(path, version)
                    displaced = self._exchange(_Replacement(place, old, if_version, temporary))
            finally:
                os.close(old)
            os.fsync(place.folder)
            return WriteResult(version, displaced)

    def keep_copy(self, path: str, content: bytes) -> None:
        """Put bytes that nobody took beside their file, under a visible name. Raises: as `create`."""
        with self._tree.place(path) as place, Temporary.open(place.folder, mode=0o600) as temporary:
            temporary.fill(content)
            keep_aside(place.folder, temporary.name, place.name)
            temporary.forget()

    def _path_lock(self, path: str) -> threading.Lock:
        return self._path_locks[hash(path) % PATH_LOCKS]

    def _check(self, place: Place, if_version: Version) -> None:
        current, found = self._versions.of(place)
        if not is_writable(place, found):
            raise AccessDenied(f"{place.path!r} is read-only")
        if current != if_version:
            raise VersionMismatch(place.path, current=current)

    def _exchange(self, save: _Replacement) -> bytes | None:
        """Put the new file in place; returns foreign bytes that stood there."""
        place, temporary = save.place, save.temporary
        try:
            exchange(place.folder, temporary.name, place.name)
        except OSError as error:
            if error.errno not in NOT_IMPLEMENTED:
                raise
            self._rename_over(save)
            return self._foreign_bytes(save, save.old)
        temporary.now_holds_old = True
        return self._take_old(save)

    def _rename_over(self, save: _Replacement) -> None:
        # Without an exchange the open descriptor is what keeps the old bytes; another file put there within the
        # last microseconds would be lost, so look right before.
        found = look_at(save.place)
        if identity_of(found)[:2] != identity_of(os.fstat(save.old))[:2]:
            raise VersionMismatch(save.place.path)
        folder = save.place.folder
        os.rename(save.temporary.name, save.place.name, src_dir_fd=folder, dst_dir_fd=folder)
        save.temporary.forget()

    def _take_old(self, save: _Replacement) -> bytes | None:
        place, temporary = save.place, save.temporary
        found = os.stat(temporary.name, dir_fd=place.folder, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            self._undo(save)
            raise NotAFile(f"{place.path!r} is no file any more")
        if found.st_ino == os.fstat(save.old).st_ino:
            return self._foreign_bytes(save, save.old)
        replaced = open_regular(place.folder, temporary.name)
        try:
            return self._foreign_bytes(save, replaced)
        finally:
            os.close(replaced)

    def _foreign_bytes(self, save: _Replacement, replaced: int) -> bytes | None:
        settled = _settle(replaced)
        try:
            if hash_opened(replaced) == save.old_version:
                return None
            content = read_opened(replaced, self._displaced_size_bytes)
        except TooLarge:
            self._undo(save)
            raise VersionMismatch(f"{save.place.path!r} was replaced by something large") from None
        except OSError as error:
            self._keep_old(save)
            raise Unavailable(f"{save.place.path!r}: what was replaced cannot be read") from error
        if not settled:
            self._keep_old(save)
        return content

    def _keep_old(self, save: _Replacement) -> None:
        if save.temporary.now_holds_old:
            save.temporary.keep(save.place.name)

    def _undo(self, save: _Replacement) -> None:
        place, temporary = save.place, save.temporary
        if not temporary.now_holds_old:
            raise Unavailable(f"{place.path!r}: the exchange cannot be undone here")
        try:
            exchange(place.folder, temporary.name, place.name)
        except FileNotFoundError:
            # Deleted meanwhile: what was there goes back, nothing of ours stays.
            rename_without_replacing(place.folder, temporary.name, place.folder, place.name)
            temporary.forget()
            return
        if not temporary.is_ours():
            temporary.keep(place.name)


def _settle(opened: int) -> bool:
    """Wait a moment for somebody who is writing the replaced file right now; False if they do not let go."""
    deadline = time.monotonic() + SETTLE_S
    while is_open_for_writing(opened):
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_S)
    return True
