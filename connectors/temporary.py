"""Owns the temporary files of a save: their names, their end, and what is done with those of a killed server.

`.livefolder-TOKEN.part` is a new file being written; it may be thrown away at any time. Right before the exchange
it becomes `.livefolder-TOKEN-NEW-OLD.swap` with the first digits of both versions, so that after a crash one can
tell our own bytes from foreign ones, which are kept under a visible name. A living writer holds a lock on it.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from connectors.base import Version
from connectors.errors import InvalidPath, NotAFile, Unavailable
from connectors.local_content import hash_opened
from connectors.paths import TEMPORARY_PREFIX, check_name
from connectors.posix import open_regular, rename_without_replacing, try_flock, write_all

DIGITS = 16
OPEN_ATTEMPTS = 5
ACCESS_CONTROL = "system.posix_acl_access"
_NOT_COPIED = frozenset({"security.capability", "security.ima", "security.evm"})
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Temporary:
    """A temporary file in an open folder; `open` removes it at the end unless it was forgotten or kept."""

    def __init__(self, folder: int, name: str, opened: int) -> None:
        self.name = name
        self.now_holds_old = False
        self._folder = folder
        self._opened = opened
        self._inode = os.fstat(opened).st_ino
        self._present = True

    @classmethod
    @contextmanager
    def open(cls, folder: int, *, mode: int) -> Iterator[Temporary]:
        """Make one. Raises: OSError, Unavailable."""
        temporary = cls._make(folder, mode)
        try:
            yield temporary
        finally:
            temporary._end()

    def fill(self, content: bytes, *, like: int | None = None) -> None:
        """Write the bytes, take over another file's mode, owner and attributes, and make it durable."""
        write_all(self._opened, content)
        if like is not None:
            copy_attributes(like, self._opened)
        os.fsync(self._opened)

    def announce_exchange(self, new: Version, old: Version) -> None:
        """Say in the name that an exchange follows. Raises: OSError."""
        token = self.name.removeprefix(TEMPORARY_PREFIX).partition(".")[0]
        name = f"{TEMPORARY_PREFIX}{token}-{new[:DIGITS]}-{old[:DIGITS]}.swap"
        os.rename(self.name, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        self.name = name

    def forget(self) -> None:
        """The name is no longer ours to remove."""
        self._present = False

    def keep(self, beside: str) -> None:
        """Give what the name holds a visible name."""
        keep_aside(self._folder, self.name, beside)
        self.forget()

    def is_ours(self) -> bool:
        """Whether the name still holds the file that we wrote."""
        found = os.stat(self.name, dir_fd=self._folder, follow_symlinks=False)
        return found.st_ino == self._inode

    @classmethod
    def _make(cls, folder: int, mode: int) -> Temporary:
        for _ in range(OPEN_ATTEMPTS):
            name = f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.part"
            opened = os.open(name, _FLAGS, mode, dir_fd=folder)
            try_flock(opened)
            if os.fstat(opened).st_nlink:  # a sweep of another server may have come in between
                return cls(folder, name, opened)
            os.close(opened)
        raise Unavailable("temporary files vanish")

    def _end(self) -> None:
        if self._present:
            with suppress(FileNotFoundError):
                os.unlink(self.name, dir_fd=self._folder)
        os.close(self._opened)


def copy_attributes(source: int, target: int) -> None:
    """Mode, owner where allowed, extended attributes and access control list. Raises: OSError."""
    found = os.fstat(source)
    os.fchmod(target, _copy_owner(found, target))
    if not hasattr(os, "listxattr"):
        return
    wanted = set(os.listxattr(source)) - _NOT_COPIED
    for name in set(os.listxattr(target)) - wanted:
        if name == ACCESS_CONTROL:  # inherited from the folder; the old file had none
            os.removexattr(target, name)
    for name in wanted:
        _copy_attribute(source, target, name)


def keep_aside(folder: int, name: str, beside: str) -> str:
    """Rename a temporary file to something that people see; returns the name. Raises: OSError."""
    stem, dot, extension = beside.rpartition(".")
    mark = f"(kept {secrets.token_hex(4)})"
    visible = f"{stem} {mark}{dot}{extension}" if stem else f"{beside} {mark}"
    try:
        check_name(visible)
    except InvalidPath:
        visible = f"livefolder {mark}"
    rename_without_replacing(folder, name, folder, visible)
    return visible


def remove_stale(folder: int, name: str) -> bool:
    """Clear a temporary file away unless its writer lives; foreign bytes are kept. Raises: OSError."""
    try:
        opened = open_regular(folder, name)
    except (NotAFile, FileNotFoundError):
        return False
    try:
        if not try_flock(opened):
            return False
        if name.endswith(".swap") and not _is_known(opened, name):
            keep_aside(folder, name, "livefolder")
            return True
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        return True
    finally:
        os.close(opened)


def _is_known(opened: int, name: str) -> bool:
    return hash_opened(opened)[:DIGITS] in name.removesuffix(".swap").split("-")[2:]


def _copy_owner(found: os.stat_result, target: int) -> int:
    """Set the owner as far as we may; returns the mode that is safe with the result."""
    mode = stat.S_IMODE(found.st_mode) & ~(stat.S_ISUID | stat.S_ISGID)
    own = os.fstat(target)
    if (own.st_uid, own.st_gid) == (found.st_uid, found.st_gid):
        return mode
    for user, group in ((found.st_uid, found.st_gid), (-1, found.st_gid)):
        try:
            os.fchown(target, user, group)
        except PermissionError:
            continue
        return mode
    # Another group than before must not gain what the old one had.
    return (mode & ~0o070) | ((mode & 0o007) << 3)


def _copy_attribute(source: int, target: int, name: str) -> None:
    try:
        os.setxattr(target, name, os.getxattr(source, name))
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENODATA):
            raise
