"""Owns when edits were due, where all generator processes see it: a file in memory with a cell for each recent edit.

One process writes what its clients send; another one that receives it looks up when it was due. A cell says whose edit
it holds, so an overwritten one is not mistaken for another.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from pathlib import Path

_CELLS = 1 << 18
_CELL = 2
"""Numbers in a cell: whose, when."""
_SIZE_BYTES = _CELLS * _CELL * 8


class Board:
    """Due times by (client id, number): clocks of inserts, deletions and presence are three numberings."""

    def __init__(self, path: str) -> None:
        with Path(path).open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SIZE_BYTES)
        self._cells = memoryview(self._memory).cast("d")

    @staticmethod
    def create() -> str:
        """Path of a new board; who made it removes it."""
        folder = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a file of its own, by mkstemp
        descriptor, path = tempfile.mkstemp(prefix="loadtest-", dir=folder)
        os.truncate(descriptor, _SIZE_BYTES)
        os.close(descriptor)
        return path

    def note(self, kind: int, client: int, number: int, due_s: float) -> None:
        """`kind` is one of the numberings, below 4."""
        at, key = _place(kind, client, number)
        self._cells[at + 1] = due_s
        self._cells[at] = key

    def due(self, kind: int, client: int, number: int) -> float | None:
        """When it was due; None: nobody of us sent it, or too long ago."""
        at, key = _place(kind, client, number)
        return self._cells[at + 1] if self._cells[at] == key else None

    def close(self) -> None:
        self._cells.release()
        self._memory.close()


def _place(kind: int, client: int, number: int) -> tuple[int, float]:
    """Where its cell is, and what it holds when it is its own: exact in a double for 2^19 clients and 2^31 edits."""
    key = ((number << 19 | client & 0x7FFFF) << 2) | kind
    mixed = (key * 0x9E3779B97F4A7C15) >> 20
    return (mixed & (_CELLS - 1)) * _CELL, float(key & (1 << 53) - 1)
