"""Owns a file layer under SQLite that sees, and can refuse, every write, sync and truncate of the product's store.

`Disk` writes the operations down; `Crashes` says what of them a machine that stopped would find again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from collab.store.driver import Connection

SECTOR = 512
TEMPORARY = "temporary"
NOTHING, EVERYTHING, TORN, SHUFFLED = "nothing unsynced", "everything", "the last write torn", "any unsynced, torn"
VARIANTS = (NOTHING, EVERYTHING, TORN, SHUFFLED)


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that was done to a file; `content` of a write, `size` of a truncate."""

    kind: str
    name: str
    offset: int = 0
    content: bytes = b""


@dataclass(slots=True)
class Faults:
    """Which operation is refused, counted from 1 over writes, syncs and truncates; `error` is raised `times` times."""

    at: int = 0
    times: int = 0
    error: type[apsw.Error] = apsw.FullError
    kinds: tuple[str, ...] = ("write", "sync", "truncate")
    seen: int = 0

    def check(self, kind: str) -> None:
        if kind not in self.kinds or self.at <= 0:
            return
        self.seen += 1
        if self.at <= self.seen < self.at + self.times:
            raise self.error(f"{kind} number {self.seen} refused")


@dataclass(slots=True)
class Disk:
    """A file layer by that name. Keep it referenced as long as connections use it."""

    name: str
    operations: list[Operation] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    _layer: apsw.VFS | None = None

    def __post_init__(self) -> None:
        self._layer = _Layer(self)

    def done(self, operation: Operation) -> None:
        self.operations.append(operation)


class ApswDriver:
    """The product's driver protocol on apsw and a disk."""

    errors: tuple[type[Exception], ...] = (apsw.Error,)

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def connect(self, path: Path) -> Connection:
        return apsw.Connection(str(path), vfs=self._disk.name)

    def code(self, error: Exception) -> int:
        return int(getattr(error, "result", apsw.SQLITE_ERROR)) & 0xFF


class _Layer(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__(disk.name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _File(self._disk, name, flags)

    def xDelete(self, name: str, sync_folder: bool) -> None:
        super().xDelete(name, sync_folder)
        self._disk.done(Operation("delete", Path(name).name))


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or TEMPORARY
        self._name = Path(path).name
        super().__init__("", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:
        self._disk.faults.check("read")
        return super().xRead(amount, offset)

    def xWrite(self, content: bytes, offset: int) -> None:
        self._disk.faults.check("write")
        super().xWrite(content, offset)
        self._disk.done(Operation("write", self._name, offset, bytes(content)))

    def xSync(self, flags: int) -> None:
        self._disk.faults.check("sync")
        super().xSync(flags)
        self._disk.done(Operation("sync", self._name))

    def xTruncate(self, size: int) -> None:
        self._disk.faults.check("truncate")
        super().xTruncate(size)
        self._disk.done(Operation("truncate", self._name, size))


class Crashes:
    """What a machine finds again that stopped after some of the operations."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = [operation for operation in operations if operation.name != TEMPORARY]
        self._synced: list[dict[str, bytes]] = [{}]
        self._unsynced: list[dict[str, tuple[Operation, ...]]] = [{}]
        for operation in self.operations:
            self._add(operation)

    def files(self, after: int, variant: str, seed: int) -> dict[str, bytes]:
        """The files after so many operations."""
        chance = random.Random(seed)
        files = dict(self._synced[after])
        for name, pending in sorted(self._unsynced[after].items()):
            content = bytearray(files.get(name, b""))
            for survivor in _survivors(pending, variant, chance):
                _apply(content, survivor)
            files[name] = bytes(content)
        return files

    def _add(self, operation: Operation) -> None:
        synced, unsynced = dict(self._synced[-1]), dict(self._unsynced[-1])
        name = operation.name
        if operation.kind == "sync":
            content = bytearray(synced.get(name, b""))
            for pending in unsynced.pop(name, ()):
                _apply(content, pending)
            synced[name] = bytes(content)
        elif operation.kind == "delete":
            synced.pop(name, None)
            unsynced.pop(name, None)
        else:
            unsynced[name] = (*unsynced.get(name, ()), operation)
        self._synced.append(synced)
        self._unsynced.append(unsynced)


def _survivors(pending: Sequence[Operation], variant: str, chance: random.Random) -> Iterator[Operation]:
    if variant == EVERYTHING:
        yield from pending
    elif variant == TORN:
        yield from pending[:-1]
        yield from _torn(pending[-1], chance, keep=0.5)
    elif variant == SHUFFLED:
        for operation in pending:
            if chance.random() < 0.6:
                yield from _torn(operation, chance, keep=0.8)


def _torn(operation: Operation, chance: random.Random, keep: float) -> Iterator[Operation]:
    """Some of the sectors that a write touches."""
    if operation.kind != "write":
        if chance.random() < keep:
            yield operation
        return
    start, end = operation.offset, operation.offset + len(operation.content)
    while start < end:
        behind = min((start // SECTOR + 1) * SECTOR, end)
        if chance.random() < keep:
            first = start - operation.offset
            yield Operation("write", operation.name, start, operation.content[first : behind - operation.offset])
        start = behind


def _apply(content: bytearray, operation: Operation) -> None:
    if operation.kind == "truncate":
        del content[operation.offset :]
    if len(content) < operation.offset:
        content.extend(bytes(operation.offset - len(content)))
    content[operation.offset : operation.offset + len(operation.content)] = operation.content
