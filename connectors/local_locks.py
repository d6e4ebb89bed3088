"""Owns the locks on local documents: which are ours, and which desktop applications hold by their lock files.

For office documents our lock is a LibreOffice lock file, so that a desktop application warns its user; for other
files it is known inside this server only, as their outside changes are merged anyway.
"""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from connectors.base import Lock, LockId
from connectors.clock import Clock
from connectors.desktop_locks import (
    LOCK_SIZE_BYTES,
    LockFileKind,
    OfficeLock,
    OurMark,
    decode_mark,
    decode_office_lock,
    encode_mark,
    encode_office_lock,
    lock_files_of,
    office_lock_name,
    owner_in,
)
from connectors.errors import ConnectorError, LockHeld, LockLost, NotAFile
from connectors.local_content import read_opened
from connectors.local_settings import LocalSettings
from connectors.local_tree import Place, Tree, look_at
from connectors.paths import NAME_SIZE_BYTES
from connectors.posix import open_regular, rename_without_replacing
from connectors.temporary import Temporary


@dataclass(frozen=True, slots=True)
class DesktopLock:
    """A foreign lock file beside a document; vim's only says that somebody has it open."""

    kind: LockFileKind
    owner: str

    @property
    def blocks(self) -> bool:
        return self.kind is not LockFileKind.VIM


class LocalLocks:
    """Locks of one root; safe for several threads."""

    def __init__(self, tree: Tree, settings: LocalSettings, clock: Clock) -> None:
        self._tree = tree
        self._settings = settings
        self._clock = clock
        self._held: dict[str, LockId] = {}
        self._guard = threading.RLock()
        self._host = socket.gethostname()

    def take(self, path: str, lock_id: LockId, owner: str) -> Lock:
        """Take or confirm. Raises: LockHeld, FileMissing, NotAFile, …"""
        with self._guard, self._tree.place(path) as place:
            if not stat.S_ISREG(look_at(place).st_mode):
                raise NotAFile(f"{path!r} is no regular file")
            self._refuse_other_room(path, lock_id)
            self._refuse_desktop(place, lock_id)
            if self._writes_lock_file(path) and not self._touch(place, lock_id):
                self._write_lock_file(place, lock_id, owner)
            self._held[path] = lock_id
            return Lock(lock_id, owner, ours=True)

    def refresh(self, path: str, lock_id: LockId) -> None:
        """Keep the lock alive. Raises: LockLost, LockHeld, FileMissing, …"""
        with self._guard, self._tree.place(path) as place:
            look_at(place)
            self._refuse_other_room(path, lock_id)
            if path not in self._held:
                raise LockLost(path)
            self._require_lock_file(place, lock_id)

    def give_back(self, path: str, lock_id: LockId) -> None:
        """Unlock; what is gone is no error. Raises: LockHeld, …"""
        with self._guard, self._tree.place(path) as place:
            self._refuse_other_room(path, lock_id)
            self._held.pop(path, None)
            if self._is_ours(self._lock_file(place), lock_id):
                with suppress(FileNotFoundError):
                    os.unlink(office_lock_name(place.name), dir_fd=place.folder)

    def require_for_write(self, path: str) -> None:
        """Refuse a write whose lock was taken from us. Raises: LockLost, LockHeld."""
        with self._guard:
            lock_id = self._held.get(path)
            if lock_id is not None:
                with self._tree.place(path) as place:
                    self._require_lock_file(place, lock_id)

    def moved(self, path: str, new_path: str) -> None:
        """Let a lock follow its file after a rename of ours."""
        with self._guard:
            lock_id = self._held.pop(path, None)
            if lock_id is None or not self._writes_lock_file(path):
                if lock_id is not None:
                    self._held[new_path] = lock_id
                return
            with self._tree.place(path) as place:
                owner = (self._lock_file(place) or OfficeLock("", "", "", "", "")).person
            self.give_back(path, lock_id)
            self.take(new_path, lock_id, owner)

    def give_all_back(self) -> None:
        """At the end: remove every lock file of ours; what cannot be removed becomes stale."""
        with self._guard:
            for path, lock_id in list(self._held.items()):
                with suppress(ConnectorError):
                    self.give_back(path, lock_id)
            self._held.clear()

    def desktop_locks(self, path: str) -> tuple[DesktopLock, ...]:
        """The foreign lock files beside a document. Raises: FileMissing, …"""
        with self._tree.place(path) as place:
            return self._foreign(place)

    def remove_if_stale(self, folder: int, name: str) -> bool:
        """Remove a lock file that a killed server of ours left. Raises: OSError."""
        content = _read(folder, name)
        if content is None or not self._is_stale(folder, name, decode_office_lock(content)):
            return False
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        return True

    def _refuse_other_room(self, path: str, lock_id: LockId) -> None:
        held = self._held.get(path)
        if held is not None and held != lock_id:
            raise LockHeld(path, lock_id=held, owner="this server")

    def _refuse_desktop(self, place: Place, lock_id: LockId) -> None:
        self.remove_if_stale(place.folder, office_lock_name(place.name))
        if self._is_ours(self._lock_file(place), lock_id):
            return
        for foreign in self._foreign(place):
            if foreign.blocks:
                raise LockHeld(f"{place.path!r}: {foreign.kind}", owner=foreign.owner)

    def _foreign(self, place: Place) -> tuple[DesktopLock, ...]:
        found: list[DesktopLock] = []
        for file in lock_files_of(place.name):
            content = _read(place.folder, file.name)
            if content is not None and not self._is_held_here(place, file.kind, content):
                found.append(DesktopLock(file.kind, owner_in(file.kind, content)))
        return tuple(found)

    def _is_held_here(self, place: Place, kind: LockFileKind, content: bytes) -> bool:
        lock_id = self._held.get(place.path)
        if kind is not LockFileKind.LIBREOFFICE or lock_id is None:
            return False
        return self._is_ours(decode_office_lock(content), lock_id)

    def _require_lock_file(self, place: Place, lock_id: LockId) -> None:
        if not self._writes_lock_file(place.path) or self._touch(place, lock_id):
            return
        there = self._lock_file(place)
        del self._held[place.path]
        if there is None:
            raise LockLost(place.path)
        raise LockHeld(place.path, owner=there.owner)

    def _touch(self, place: Place, lock_id: LockId) -> bool:
        if not self._is_ours(self._lock_file(place), lock_id):
            return False
        with suppress(FileNotFoundError):
            os.utime(office_lock_name(place.name), dir_fd=place.folder, follow_symlinks=False)
        return True

    def _write_lock_file(self, place: Place, lock_id: LockId, owner: str) -> None:
        since = time.strftime("%d.%m.%Y %H:%M", time.localtime(self._clock.wall_ms() / 1000))
        mark = encode_mark(OurMark(_digest(lock_id), os.getpid(), started_of(os.getpid())))
        lock = OfficeLock(owner, "livefolder", self._host, since, mark)
        with Temporary.open(place.folder, mode=0o644) as temporary:
            temporary.fill(encode_office_lock(lock))
            name = office_lock_name(place.name)
            try:
                rename_without_replacing(place.folder, temporary.name, place.folder, name)
            except FileExistsError:
                raise LockHeld(place.path) from None
            temporary.forget()

    def _lock_file(self, place: Place) -> OfficeLock | None:
        content = _read(place.folder, office_lock_name(place.name))
        return decode_office_lock(content) if content is not None else None

    def _is_ours(self, lock: OfficeLock | None, lock_id: LockId) -> bool:
        mark = decode_mark(lock) if lock is not None else None
        return mark is not None and mark.lock_id == _digest(lock_id)

    def _is_stale(self, folder: int, name: str, lock: OfficeLock) -> bool:
        mark = decode_mark(lock)
        if mark is None:
            return False
        if lock.host == self._host and mark.started != started_of(mark.pid):
            return True
        touched = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime
        return self._clock.wall_ms() / 1000 - touched > self._settings.lock_timeout_s

    def _writes_lock_file(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        fits = len(office_lock_name(name).encode()) <= NAME_SIZE_BYTES
        return fits and PurePosixPath(name).suffix.lower() in self._settings.lock_extensions


def started_of(pid: int) -> str:
    """When a process of this machine started, in the kernel's ticks; empty when there is none."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return ""
    return line.rpartition(")")[2].split()[19]


def _digest(lock_id: str) -> str:
    return hashlib.sha256(lock_id.encode()).hexdigest()[:32]


def _read(folder: int, name: str) -> bytes | None:
    if len(os.fsencode(name)) > NAME_SIZE_BYTES:
        return None
    try:
        opened = open_regular(folder, name)
    except (FileNotFoundError, NotAFile):
        return None
    try:
        return read_opened(opened, LOCK_SIZE_BYTES)
    except ConnectorError:  # larger than any lock file
        return b""
    finally:
        os.close(opened)
