"""Owns the bytes of packed journal entries; pure, knows no database.

A pack is a run of entries in columns, so that what repeats stands once and the rest compresses well: who wrote (a
table of origins and an index per entry), when (differences), how long, and the updates themselves end to end.
Authors and nodes are numbers given by the caller, so that erasing a person changes one row elsewhere and no pack.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PLAIN, SEALED = 0, 1
"""How the body of a pack is kept: as it is, or compressed."""
SEGMENT_ENTRIES = 4096
"""The most entries in one pack."""


class DamagedPack(ValueError):
    """These bytes are not a pack that was written here."""


@dataclass(slots=True, unsafe_hash=True)  # not frozen: one is made for each message, and that takes half the time
class PackedEntry:
    """A journal entry with numbers for its author (id and name together) and its node."""

    update: bytes
    author: int
    node: int
    connection: int
    at_ms: int


def checksum(key: int, body: bytes) -> int:
    """Guards a row's bytes and that they stand under their own key."""
    return zlib.crc32(body, zlib.crc32(key.to_bytes(8, "little")))


def encode_pack(entries: Sequence[PackedEntry]) -> bytes:
    """Entries as the body of a plain pack."""
    out = bytearray()
    _put(out, len(entries))
    origins: dict[tuple[int, int, int], int] = {}
    indexes = [origins.setdefault((one.author, one.node, one.connection), len(origins)) for one in entries]
    _put(out, len(origins))
    for number in (number for origin in origins for number in origin):
        _put(out, number)
    if len(origins) > 1:
        for index in indexes:
            _put(out, index)
    previous = 0
    for entry in entries:
        _put(out, _zigzag(entry.at_ms - previous))
        previous = entry.at_ms
    for entry in entries:
        _put(out, len(entry.update))
    return bytes(out) + b"".join([entry.update for entry in entries])


def decode_pack(body: bytes) -> list[PackedEntry]:
    """The entries of a plain pack. Raises: DamagedPack."""
    reader = _Reader(body)
    count = reader.number()
    if count > len(body):
        raise DamagedPack(f"{count} entries in {len(body)} bytes")
    origins = [(reader.number(), reader.number(), reader.number()) for _ in range(reader.number())]
    indexes = reader.numbers(count) if len(origins) > 1 else [0] * count
    times = _sums(reader.numbers(count))
    updates = reader.slices(reader.numbers(count))
    try:
        return [
            PackedEntry(update, *origins[index], at_ms)
            for update, index, at_ms in zip(updates, indexes, times, strict=True)
        ]
    except IndexError:
        raise DamagedPack("an entry of an unknown origin") from None


def seal(body: bytes) -> bytes:
    """The body of a sealed pack."""
    return zlib.compress(body, 6)


def open_pack(form: int, body: bytes) -> list[PackedEntry]:
    """The entries of a pack in any form. Raises: DamagedPack."""
    if form == PLAIN:
        return decode_pack(body)
    try:
        return decode_pack(zlib.decompress(body))
    except zlib.error as error:
        raise DamagedPack(str(error)) from None


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def number(self) -> int:
        return self.numbers(1)[0]

    def numbers(self, count: int) -> list[int]:
        body, at, found = self._body, self._at, []
        try:
            for _ in range(count):
                value = body[at]
                at += 1
                if value >= 0x80:
                    value &= 0x7F
                    shift = 7
                    while True:
                        byte = body[at]
                        at += 1
                        value |= (byte & 0x7F) << shift
                        if byte < 0x80:
                            break
                        shift += 7
                found.append(value)
        except IndexError:
            raise DamagedPack("the pack ends too early") from None
        self._at = at
        return found

    def slices(self, lengths: Sequence[int]) -> Iterator[bytes]:
        if self._at + sum(lengths) != len(self._body):
            raise DamagedPack("the updates do not fill the pack")
        at = self._at
        for length in lengths:
            yield self._body[at : at + length]
            at += length


def _put(out: bytearray, value: int) -> None:
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _zigzag(value: int) -> int:
    return value * 2 if value >= 0 else -value * 2 - 1


def _sums(differences: Sequence[int]) -> Iterator[int]:
    total = 0
    for number in differences:
        total += number >> 1 if number % 2 == 0 else -(number + 1 >> 1)
        yield total
