"""Owns a zip file as bytes: its members within the limits, and a copy with some parts replaced; knows no XML.

A copy keeps the local record and the compressed bytes of every member that is not replaced, and what stands between
them. Only the offsets of the central directory are mended. What is odd in any way is refused when it is opened.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from collab.errors import FormatError, LimitExceeded
from collab.formats.zipped import records
from collab.formats.zipped.records import DEFLATED, STORED, Entry
from collab.limits import Limits

DAMAGED = "This file is damaged, so it is not edited here. It was left as it is."
ENCRYPTED = "This file is protected by a password, so it cannot be edited here."
_SIGNATURES = ("meta-inf/documentsignatures.xml", "meta-inf/macrosignatures.xml", "_xmlsignatures/")
_WHOLE = -1


def damaged(detail: str) -> NoReturn:
    """Raises: FormatError."""
    raise FormatError(f"not a sound zip: {detail}", public=DAMAGED)


@dataclass(frozen=True, slots=True)
class Member:
    """A member and where its local record stands: header, data and descriptor from `start` to `end`."""

    entry: Entry
    start: int
    data_start: int
    end: int

    @property
    def name(self) -> str:
        return self.entry.name


class Package:
    """An opened zip file; immutable. Parts are unpacked one by one, never more than they promise."""

    def __init__(self, content: bytes, members: Mapping[str, Member], directory: tuple[int, int], limits: Limits):
        self.content = content
        self.members = members
        """In the order of the central directory."""
        self._directory = directory
        self._limits = limits

    @classmethod
    def open(cls, content: bytes, limits: Limits) -> Package:
        """Raises: FormatError (damaged, hostile, encrypted), LimitExceeded."""
        end = records.find_end(content) or damaged("no end record")
        if end.entries > limits.package_members:
            raise LimitExceeded("package_members", f"{end.entries} members")
        entries = records.read_directory(content, end)
        if entries is None:
            damaged("its directory")
        _refuse_bombs(entries, limits)
        members = {entry.name: _member(content, entry) for entry in entries}
        if len(members) != len(entries):
            damaged("two members of one name")
        _refuse_overlaps(list(members.values()), end.directory_start)
        return cls(content, members, (end.directory_start, end.end_start), limits)

    def __contains__(self, name: str) -> bool:
        return name in self.members

    @property
    def signed(self) -> bool:
        """Whether an edit would break a signature."""
        return any(name.lower().startswith(_SIGNATURES) for name in self.members)

    def raw(self, name: str) -> bytes:
        """The member's local record as it stands in the file."""
        member = self.members[name]
        return self.content[member.start : member.end]

    def read(self, name: str) -> bytes:
        """An unpacked member. Raises: FormatError (missing, damaged), LimitExceeded."""
        member = self.members.get(name) or damaged(f"{name} is missing")
        entry = member.entry
        if entry.size > self._limits.part_size_bytes:
            raise LimitExceeded("part_size_bytes", f"{entry.size} bytes")
        packed = self.content[member.data_start : member.data_start + entry.packed_size]
        unpacked = packed if entry.method == STORED else _inflated(packed, entry)
        if len(unpacked) != entry.size or zlib.crc32(unpacked) != entry.crc:
            damaged(f"{name} is not what its record says")
        return unpacked

    def replaced(self, parts: Mapping[str, bytes], added: Mapping[str, bytes] | None = None) -> bytes:
        """The file with these parts instead of the old ones, and `added` behind all others.

        Raises: FormatError (no such part, name taken).
        """
        added = added or {}
        if not parts.keys() <= self.members.keys() or added.keys() & self.members.keys():
            raise FormatError("a part that is not there, or is there already")
        body, shifts = self._body(parts)
        entries = self._shifted(shifts)
        for name, content in added.items():
            record, entry = records.write_member(name, content, len(body))
            body += record
            entries.append(entry)
        directory = b"".join(entries)
        end = records.moved_end(self.content[self._directory[1] :], len(entries), len(body), len(directory))
        return bytes(body) + directory + end

    def _body(self, parts: Mapping[str, bytes]) -> tuple[bytearray, dict[str, tuple[int, bytes | None]]]:
        """All before the directory, and for each member its new place and its new entry where it has one."""
        body, at = bytearray(), 0
        places: dict[str, tuple[int, bytes | None]] = {}
        for member in sorted(self.members.values(), key=lambda member: member.start):
            body += self.content[at : member.start]
            start = len(body)
            if member.name in parts:
                record, entry = records.rewrite_member(self.raw(member.name), member.entry, parts[member.name])
                body += record
                places[member.name] = (start, entry)
            else:
                body += self.content[member.start : member.end]
                places[member.name] = (start, None)
            at = member.end
        body += self.content[at : self._directory[0]]
        return body, places

    def _shifted(self, places: Mapping[str, tuple[int, bytes | None]]) -> list[bytes]:
        return [
            records.moved_entry(places[name][1] or member.entry.raw, places[name][0])
            for name, member in self.members.items()
        ]


def _inflated(packed: bytes, entry: Entry) -> bytes:
    if entry.method != DEFLATED:
        damaged(f"{entry.name} is packed in a way that is not known")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        unpacked = inflater.decompress(packed, entry.size + 1)
        # What fits exactly may have its end mark still to come.
        unpacked += inflater.decompress(inflater.unconsumed_tail, 1) if inflater.unconsumed_tail else b""
    except zlib.error as error:
        damaged(f"{entry.name}: {error}")
    if not inflater.eof or inflater.unused_data:
        damaged(f"{entry.name} does not end where it should")
    return unpacked


def _refuse_bombs(entries: list[Entry], limits: Limits) -> None:
    total = sum(entry.size for entry in entries)
    if total > limits.package_unpacked_bytes:
        raise LimitExceeded("package_unpacked_bytes", f"{total} bytes")
    for entry in entries:
        if entry.size > limits.package_ratio_from_bytes and entry.size > limits.package_ratio * entry.packed_size:
            raise LimitExceeded("package_ratio", f"{entry.size} bytes from {entry.packed_size}")


def _member(content: bytes, entry: Entry) -> Member:
    if entry.encrypted:
        raise FormatError(f"{entry.name} is encrypted", public=ENCRYPTED)
    if not _harmless(entry.name):
        damaged("a member's name leads elsewhere")
    data_start = records.data_start(content, entry)
    if data_start is None:
        damaged(f"{entry.name} has no local record that fits")
    end = data_start + entry.packed_size
    return Member(entry, entry.offset, data_start, end + records.descriptor_size(content, end, entry))


def _harmless(name: str) -> bool:
    parts = name.removesuffix("/").split("/")
    return bool(name) and "\0" not in name and not {"", ".", ".."} & set(parts)


def _refuse_overlaps(members: list[Member], directory_start: int) -> None:
    end = 0
    for member in sorted(members, key=lambda member: member.start):
        if member.start < end:
            damaged("members overlap")
        end = member.end
    if end > directory_start:
        damaged("a member reaches into the directory")
