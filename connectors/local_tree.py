"""Owns the way from a path to an open folder and what can be done with names; knows nothing of contents.

Every step is opened relative to the one before and follows no symbolic link, so nothing that happens to the
folder meanwhile can lead outside. Links are listed, as files that cannot be edited, and otherwise refused, also
those that point inside: one file has one path.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.base import EntryKind, Stat, Version
from connectors.desktop_locks import is_lock_file
from connectors.errors import FileMissing, InvalidPath, NotAFile, TooLarge, Unavailable
from connectors.paths import is_beneath, is_possible_name, split_path
from connectors.posix import connector_errors, rename_without_replacing

REPOSITORY = ".git"
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Place:
    """A name in an open folder; the folder stays open only as long as the `with` that gave it."""

    path: str
    folder: int
    name: str


class Tree:
    """The folder under a storage root."""

    def __init__(self, root: Path, *, hidden_entries: bool) -> None:
        """Open the root. Raises: FileMissing, AccessDenied, …"""
        self._hidden_entries = hidden_entries
        with connector_errors(str(root)):
            self._root = os.open(root, _FOLDER_FLAGS)

    def close(self) -> None:
        """Give the root back; may be called twice."""
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    def names(self, path: str) -> tuple[str, ...]:
        """The names of a path that may be opened here. Raises: InvalidPath."""
        names = split_path(path)
        if any(name.startswith(".") and not self._opens_hidden(name) for name in names):
            raise InvalidPath(f"{path!r} is hidden")
        return names

    @contextmanager
    def folder(self, names: tuple[str, ...]) -> Iterator[int]:
        """Open a folder step by step. Raises: FileMissing, InvalidPath (a link is in the way), OSError."""
        if self._root < 0:
            raise Unavailable("closed")
        # Not `dup`: copies share one place in the list of entries, and concurrent walks would steal each other's.
        current = os.open(".", _FOLDER_FLAGS, dir_fd=self._root)
        try:
            for name in names:
                inner = _open_folder(current, name)
                os.close(current)
                current = inner
            yield current
        finally:
            os.close(current)

    @contextmanager
    def place(self, path: str) -> Iterator[Place]:
        """The open folder of a path and its last name. Raises: NotAFile for the root, and as `folder`."""
        names = self.names(path)
        if not names:
            raise NotAFile("the root")
        with connector_errors(path), self.folder(names[:-1]) as folder:
            yield Place(path, folder, names[-1])

    def look(self, path: str) -> os.stat_result:
        """What stands at a path itself, a link unfollowed. Raises: FileMissing, InvalidPath, …"""
        if not self.names(path):
            with connector_errors(path), self.folder(()) as root:
                return os.fstat(root)
        with self.place(path) as place:
            return look_at(place)

    def entries(self, path: str, limit: int) -> list[Stat]:
        """The visible entries of a folder. Raises: TooLarge, NotAFile, FileMissing, …"""
        self._require_folder(path)
        found: list[Stat] = []
        with connector_errors(path), self.folder(self.names(path)) as folder, os.scandir(folder) as entries:
            writable = os.access(".", os.W_OK | os.X_OK, dir_fd=folder, effective_ids=True)
            for entry in entries:
                if not self._is_visible(entry.name):
                    continue
                described = _describe_entry(path, entry, folder_writable=writable)
                if described is not None:
                    found.append(described)
                if len(found) > limit:
                    raise TooLarge(f"{path!r}: more than {limit} entries")
        return found

    def make_folder(self, path: str) -> None:
        """Make one folder. Raises: FileExists, FileMissing, …"""
        with self.place(path) as place:
            os.mkdir(place.name, dir_fd=place.folder)
            os.fsync(place.folder)

    def rename(self, path: str, new_path: str) -> None:
        """Move within the root, never onto something. Raises: FileExists, FileMissing, InvalidPath, …"""
        if not self.names(path) or not self.names(new_path) or is_beneath(new_path, path):
            raise InvalidPath(f"{path!r} cannot become {new_path!r}")
        with self.place(path) as old, self.place(new_path) as new:
            rename_without_replacing(old.folder, old.name, new.folder, new.name)
            os.fsync(new.folder)
            os.fsync(old.folder)

    def remove(self, path: str) -> None:
        """Remove a file, a link itself, or a folder with all in it. Raises: FileMissing, InvalidPath, …"""
        if not self.names(path):
            raise InvalidPath("the root stays")
        with self.place(path) as place:
            if stat.S_ISDIR(look_at(place).st_mode):
                shutil.rmtree(place.name, dir_fd=place.folder)
            else:
                os.unlink(place.name, dir_fd=place.folder)
            os.fsync(place.folder)

    def _require_folder(self, path: str) -> None:
        if not stat.S_ISDIR(self.look(path).st_mode):
            raise NotAFile(f"{path!r} is no folder")

    def _is_visible(self, name: str) -> bool:
        if is_lock_file(name) or not is_possible_name(name):
            return False
        return not name.startswith(".") or self._opens_hidden(name)

    def _opens_hidden(self, name: str) -> bool:
        """Never what is not for people: lock files, and a repository's inside, where a text can be a command."""
        return self._hidden_entries and not is_lock_file(name) and name.casefold() != REPOSITORY


def look_at(place: Place) -> os.stat_result:
    """What stands at a place itself. Raises: OSError."""
    return os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)


def is_writable(place: Place, found: os.stat_result) -> bool:
    """Whether a save may replace the file: it is not marked read-only and its folder takes the new one.

    A writable file in a read-only folder counts as read-only: it could only be written in place, and a crash
    there would leave half a file.
    """
    if not found.st_mode & 0o222:
        return False
    return _may(place.folder, place.name, os.W_OK) and _may(place.folder, ".", os.W_OK | os.X_OK)


def describe(path: str, found: os.stat_result, version: Version | None, *, writable: bool) -> Stat:
    """The contract's view of a file or folder."""
    is_folder = stat.S_ISDIR(found.st_mode)
    size_bytes = found.st_size if stat.S_ISREG(found.st_mode) else 0
    kind = EntryKind.FOLDER if is_folder else EntryKind.FILE
    return Stat(path, kind, size_bytes, found.st_mtime_ns // 1_000_000, version, writable)


def _may(folder: int, name: str, mode: int) -> bool:
    return os.access(name, mode, dir_fd=folder, effective_ids=True)


def _describe_entry(path: str, entry: os.DirEntry[str], *, folder_writable: bool) -> Stat | None:
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode) or stat.S_ISLNK(found.st_mode)):
        return None
    writable = folder_writable and not stat.S_ISLNK(found.st_mode) and bool(found.st_mode & 0o222)
    return describe(f"{path}/{entry.name}" if path else entry.name, found, None, writable=writable)


def _open_folder(parent: int, name: str) -> int:
    try:
        return os.open(name, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=parent)
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
    if stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
        raise InvalidPath(f"{name!r} is a symbolic link")
    raise FileMissing(f"{name!r} is no folder")
