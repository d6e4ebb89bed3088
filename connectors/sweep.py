"""Owns clearing away what a killed server left in a folder: temporary files and lock files of ours."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

from connectors.errors import ConnectorError
from connectors.local_locks import LocalLocks
from connectors.local_tree import Tree
from connectors.paths import PATH_DEPTH, TEMPORARY_PREFIX, is_possible_name
from connectors.temporary import remove_stale


class Sweep:
    """One walk over a tree; ends early when stopped or when it looked at enough."""

    def __init__(self, tree: Tree, locks: LocalLocks, *, entries: int) -> None:
        self._tree = tree
        self._locks = locks
        self._left = entries
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End after the entry at hand."""
        self._stopped.set()

    def run(self) -> int:
        """Walk; returns how many files were cleared away. What cannot be read is passed over."""
        pending: list[tuple[str, ...]] = [()]
        cleared = 0
        while pending and self._left > 0 and not self._stopped.is_set():
            names = pending.pop()
            with suppress(OSError, ConnectorError), self._tree.folder(names) as folder:
                inner, here = self._sweep_folder(folder)
                cleared += here
                if len(names) < PATH_DEPTH:
                    pending.extend((*names, name) for name in inner)
        return cleared

    def _sweep_folder(self, folder: int) -> tuple[list[str], int]:
        inner: list[str] = []
        cleared = 0
        with os.scandir(folder) as entries:
            for entry in entries:
                self._left -= 1
                if self._left <= 0 or self._stopped.is_set():
                    break
                if entry.is_dir(follow_symlinks=False) and is_possible_name(entry.name):
                    inner.append(entry.name)
                elif self._clear(folder, entry.name):
                    cleared += 1
        return inner, cleared

    def _clear(self, folder: int, name: str) -> bool:
        try:
            if name.startswith(TEMPORARY_PREFIX) and name.endswith((".part", ".swap")):
                return remove_stale(folder, name)
            if name.startswith(".~lock."):
                return self._locks.remove_if_stale(folder, name)
        except (OSError, ConnectorError):
            return False
        return False
