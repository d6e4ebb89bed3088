"""Owns the bytes of a zip file's records: end record, directory entries, local headers; knows no limits and no parts.

PKWARE's APPNOTE, sections 4.3 and 4.4. Zip64 is not read: no document within our limits needs it.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

STORED = 0
DEFLATED = 8

_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_MARK, _ENTRY_MARK, _LOCAL_MARK, _DESCRIPTOR_MARK = b"PK\5\6", b"PK\1\2", b"PK\3\4", b"PK\7\x08"
_ENCRYPTED = 1 | 1 << 6 | 1 << 13
_DESCRIPTOR = 1 << 3
_UTF_8 = 1 << 11
_COMMENT_MAX = 0xFFFF
_FULL = 0xFFFFFFFF
_MADE_BY = _NEEDED = 20
_NEW_YEAR_1980 = 0x21
END_OF_NOTHING = _END.pack(_END_MARK, 0, 0, 0, 0, 0, 0, 0)
"""The end record of an empty zip."""


@dataclass(frozen=True, slots=True)
class End:
    """The end record: how many entries, and where the directory and this record itself begin."""

    entries: int
    directory_start: int
    end_start: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A directory entry and its own bytes."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed_size: int
    size: int
    offset: int
    raw: bytes

    @property
    def encrypted(self) -> bool:
        return bool(self.flags & _ENCRYPTED)


def find_end(content: bytes) -> End | None:
    """The end record whose comment reaches to the last byte; None when there is no sound one."""
    at = len(content)
    while (at := content.rfind(_END_MARK, max(0, len(content) - _END.size - _COMMENT_MAX), at)) >= 0:
        if at + _END.size <= len(content):
            _, disk, first, here, entries, size, start, comment = _END.unpack_from(content, at)
            if at + _END.size + comment == len(content):
                sound = disk == first == 0 and here == entries and start + size == at and start != _FULL
                return End(entries, start, at) if sound else None
    return None


def read_directory(content: bytes, end: End) -> list[Entry] | None:
    """The entries; None when they do not fill the directory exactly."""
    entries: list[Entry] = []
    at = end.directory_start
    while at < end.end_start:
        if at + _ENTRY.size > end.end_start or content[at : at + 4] != _ENTRY_MARK:
            return None
        fields = _ENTRY.unpack_from(content, at)
        stop = at + _ENTRY.size + sum(fields[10:13])
        if stop > end.end_start or _FULL in (fields[8], fields[9], fields[16]) or len(entries) == end.entries:
            return None
        entries.append(_entry(content[at:stop], fields))
        at = stop
    return entries if len(entries) == end.entries else None


def _entry(raw: bytes, fields: tuple[int, ...]) -> Entry:
    _, _, _, flags, method, _, _, crc, packed_size, size, name_size, *_, offset = fields
    raw_name = raw[_ENTRY.size : _ENTRY.size + name_size]
    # A name that is no UTF-8 is only copied, never looked for.
    name = raw_name.decode("utf-8" if flags & _UTF_8 or _is_utf_8(raw_name) else "cp437", "replace")
    name = name.replace("\\", "/")  # some writers know no better
    return Entry(name, raw_name, flags, method, crc, packed_size, size, offset, raw)


def _is_utf_8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def data_start(content: bytes, entry: Entry) -> int | None:
    """Where the member's data begins; None when its local header is not there or names another member."""
    at = entry.offset
    if at + _LOCAL.size > len(content) or content[at : at + 4] != _LOCAL_MARK:
        return None
    *_, method, _, _, _, _, _, name_size, extra_size = _LOCAL.unpack_from(content, at)
    name = content[at + _LOCAL.size : at + _LOCAL.size + name_size]
    start = at + _LOCAL.size + name_size + extra_size
    fits = name == entry.raw_name and method == entry.method and start + entry.packed_size <= len(content)
    return start if fits else None


def descriptor_size(content: bytes, end: int, entry: Entry) -> int:
    """How long the descriptor behind the data is, which only some writers add."""
    if not entry.flags & _DESCRIPTOR:
        return 0
    for mark in (_DESCRIPTOR_MARK, b""):
        for sizes in ("<3L", "<L2Q"):
            expected = mark + struct.pack(sizes, entry.crc, entry.packed_size, entry.size)
            if content.startswith(expected, end):
                return len(expected)
    return 0


def rewrite_member(record: bytes, entry: Entry, content: bytes) -> tuple[bytes, bytes]:
    """The local record and the directory entry of a member with new content; times, names and attributes stay."""
    packed = content if entry.method == STORED else deflated(content)
    sizes = (zlib.crc32(content), len(packed), len(content))
    mark, needed, flags, method, time, date, _, _, _, name_size, _ = _LOCAL.unpack_from(record)
    name = record[_LOCAL.size : _LOCAL.size + name_size]
    header = _LOCAL.pack(mark, needed, flags & ~_DESCRIPTOR, method, time, date, *sizes, name_size, 0)
    fields = list(_ENTRY.unpack_from(entry.raw))
    fields[3] &= ~_DESCRIPTOR
    fields[7:10] = sizes
    return header + name + packed, _ENTRY.pack(*fields) + entry.raw[_ENTRY.size :]


def write_member(name: str, content: bytes, offset: int) -> tuple[bytes, bytes]:
    """The local record and the directory entry of a new member."""
    packed, raw_name = deflated(content), name.encode()
    method = DEFLATED if len(packed) < len(content) else STORED
    packed = packed if method == DEFLATED else content
    shared = (_UTF_8, method, 0, _NEW_YEAR_1980, zlib.crc32(content), len(packed), len(content), len(raw_name), 0)
    header = _LOCAL.pack(_LOCAL_MARK, _NEEDED, *shared)
    entry = _ENTRY.pack(_ENTRY_MARK, _MADE_BY, _NEEDED, *shared, 0, 0, 0, 0, offset)
    return header + raw_name + packed, entry + raw_name


def moved_entry(entry: bytes, offset: int) -> bytes:
    """A directory entry of a member that now begins at `offset`."""
    return entry[: _ENTRY.size - 4] + struct.pack("<L", offset) + entry[_ENTRY.size :]


def moved_end(end: bytes, entries: int, directory_start: int, directory_size: int) -> bytes:
    """The end record for a directory at another place; its comment stays."""
    mark, disk, first, _, _, _, _, comment = _END.unpack_from(end)
    counted = _END.pack(mark, disk, first, entries, entries, directory_size, directory_start, comment)
    return counted + end[_END.size :]


def deflated(content: bytes) -> bytes:
    """Raw deflate."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()
