"""Owns the apply slot: what a worker is applying right now, in a file that outlives the worker.

A malformed update can kill the process inside the native core, where no `except` holds it. Before each apply the
worker writes the update here and clears it after; whoever starts next reads what was left and sets it aside.
Knows no document, no store and no rooms.

The file is a shared memory map: what was written to it is there after the death of the process, without any system
call. It is not meant to survive a power loss, which no update causes. The mark that makes a record valid is written
last, so a death in the middle of `hold` leaves nothing; a checksum guards the rest.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from collab.errors import ConfigError

_EMPTY, _INLINE, _SPILLED = 0, 1, 2
_NO_SEQ = -1
_HEADER = struct.Struct("<qQIII")
"""seq, connection, checksum of the body, length of the document id, length of the update."""
_BODY = 4 + _HEADER.size
_DIGEST_SIZE = 32


@dataclass(frozen=True, slots=True)
class Held:
    """What was being applied when a worker died; `seq` is set when it came from the journal."""

    document_id: str
    connection: int
    seq: int | None
    update: bytes
    """Empty when it was too large for the slot and could not be kept beside it either; `digest` still names it."""
    digest: str


class Slot:
    """The slot of one worker; one apply at a time. Look at `read_left` before the first `hold`."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        """Open or make the file. Raises: ConfigError (too small), OSError (no space for it)."""
        if size_bytes < _BODY + _DIGEST_SIZE:
            raise ConfigError(f"an apply slot of {size_bytes} bytes is too small")
        self._spill = _spill_path(path)
        self._room = size_bytes - _BODY
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # A hole in the file would turn a full disk into SIGBUS at the first write.
            os.posix_fallocate(descriptor, 0, size_bytes)
            self._map = mmap.mmap(descriptor, size_bytes)
        finally:
            os.close(descriptor)

    def hold(self, document_id: str, connection: int, seq: int | None, update: bytes) -> None:
        """Write down what is about to be applied."""
        held = self._map
        held[0] = _EMPTY
        name = document_id.encode()
        mark, kept = _INLINE, update
        if len(name) + len(update) > self._room:
            mark, kept = _SPILLED, self._spill_out(update)
        body = name + kept
        number = _NO_SEQ if seq is None else seq
        _HEADER.pack_into(held, 4, number, connection, zlib.crc32(body), len(name), len(kept))
        held[_BODY : _BODY + len(body)] = body
        held[0] = mark

    def clear(self) -> None:
        """The apply is over."""
        self._map[0] = _EMPTY

    def close(self) -> None:
        """Let go of the map; the file stays, with what it holds."""
        self._map.close()

    @staticmethod
    def read_left(path: Path) -> Held | None:
        """What a dead worker was applying, None when it was applying nothing or the file is not whole."""
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        if len(content) < _BODY or content[0] not in (_INLINE, _SPILLED):
            return None
        seq, connection, checksum, name_length, length = _HEADER.unpack_from(content, 4)
        body = content[_BODY : _BODY + name_length + length]
        if zlib.crc32(body) != checksum:
            return None
        kept = body[name_length:]
        update = kept if content[0] == _INLINE else _read_spilled(_spill_path(path), kept)
        digest = _digest(update) if content[0] == _INLINE else kept
        name = body[:name_length].decode(errors="replace")
        return Held(name, connection, None if seq == _NO_SEQ else seq, update, digest.hex())

    def _spill_out(self, update: bytes) -> bytes:
        """Keep a large update in a file beside the slot; a disk that has no room costs the bytes, not the name."""
        try:
            self._spill.write_bytes(update)
        except OSError:
            self._spill.unlink(missing_ok=True)
        return _digest(update)


def _spill_path(path: Path) -> Path:
    return path.with_name(path.name + ".large")


def _read_spilled(path: Path, digest: bytes) -> bytes:
    try:
        update = path.read_bytes()
    except FileNotFoundError:
        return b""
    return update if _digest(update) == digest else b""


def _digest(update: bytes) -> bytes:
    return hashlib.sha256(update).digest()
