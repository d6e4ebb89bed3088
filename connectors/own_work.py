"""Owns the memory of what this server did to paths, so that a watch can leave it out; opens nothing.

A path's mark says what we left there: a version, a moved file, or nothing. It holds until somebody else's change
of the path was seen.
"""

from __future__ import annotations

import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from connectors.base import Version
from connectors.paths import is_beneath, rebase_path


@dataclass(frozen=True, slots=True)
class Mark:
    """What we left at a path: nothing, if all fields are None."""

    version: Version | None = None
    inode: int | None = None
    modified_ns: int | None = None

    @property
    def gone(self) -> bool:
        return self.version is None and self.inode is None

    def is_at(self, found: os.stat_result) -> bool:
        """Whether what we moved or made here is still what is found; a folder's own times say nothing."""
        return found.st_ino == self.inode and self.modified_ns in (None, found.st_mtime_ns)


class OwnWork:
    """Marks by path, bounded, for several threads."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._marks: OrderedDict[str, Mark] = OrderedDict()
        self._guard = threading.Lock()

    def writes(self, path: str, version: Version) -> None:
        """We are about to leave this version."""
        self._put(path, Mark(version=version))

    def places(self, path: str, found: os.stat_result) -> None:
        """We leave this file or folder here, by making or renaming it."""
        modified_ns = None if stat.S_ISDIR(found.st_mode) else found.st_mtime_ns
        self._put(path, Mark(inode=found.st_ino, modified_ns=modified_ns))

    def removes(self, path: str) -> None:
        """We are about to remove what is there."""
        self._put(path, Mark())

    @contextmanager
    def attempt(self, *paths: str) -> Iterator[None]:
        """Marks made within are dropped when the work fails."""
        try:
            yield
        except BaseException:
            for path in paths:
                self.forget(path)
            raise

    def is_removed(self, path: str) -> bool:
        """Whether we removed or moved away what was at a path, or a folder that it was in."""
        names = path.split("/")
        marks = (self.mark("/".join(names[:depth])) for depth in range(len(names), 0, -1))
        return any(mark is not None and mark.gone for mark in marks)

    def moved(self, path: str, new_path: str) -> None:
        """We moved a file or folder: what we know beneath it moves too."""
        with self._guard:
            for known in [known for known in self._marks if known != path and is_beneath(known, path)]:
                self._marks[rebase_path(known, path, new_path)] = self._marks.pop(known)

    def mark(self, path: str) -> Mark | None:
        """What we left at a path."""
        with self._guard:
            return self._marks.get(path)

    def forget(self, path: str) -> None:
        """Somebody else changed it since."""
        with self._guard:
            self._marks.pop(path, None)

    def _put(self, path: str, mark: Mark) -> None:
        with self._guard:
            self._marks.pop(path, None)
            self._marks[path] = mark
            if len(self._marks) > self._capacity:
                self._marks.popitem(last=False)
