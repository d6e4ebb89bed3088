"""Owns the delete set of a v1 update: reading it, and clipping it to what the authority knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from collab.errors import MalformedMessage
from collab.protocol.codec import MAX_CLOCK, encode_var_uint, var_uint_at


class Deletions:
    """The delete set of an update, clipped to what is known."""

    __slots__ = ("complete", "encoded", "verbatim")

    def __init__(self, update: bytes, at: int, nexts: Mapping[int, int], known: Mapping[int, int]) -> None:
        self.complete = True
        """Nothing was clipped."""
        self.verbatim = True
        """The delete set may be used as it was sent."""
        start = at
        clients, at = var_uint_at(update, at)
        kept: dict[int, list[tuple[int, int]]] = {}
        for _ in range(clients):
            client, at = var_uint_at(update, at)
            if client in kept:
                raise MalformedMessage("client twice in a delete set")
            next_clock = nexts[client] if client in nexts else known.get(client, 0)
            kept[client], at = self._read_ranges(update, at, next_clock)
        if at != len(update):
            raise MalformedMessage("trailing bytes")
        self.encoded = update[start:] if self.verbatim else _encode_delete_set(kept)

    def _read_ranges(self, update: bytes, at: int, next_clock: int) -> tuple[list[tuple[int, int]], int]:
        number, at = var_uint_at(update, at)
        if number > len(update) - at:
            raise MalformedMessage("count above the remaining bytes")
        self.verbatim = self.verbatim and number > 0
        ranges: list[tuple[int, int]] = []
        last = 0
        for _ in range(number):
            clock, at = var_uint_at(update, at)
            length, at = var_uint_at(update, at)
            end = clock + length
            if not length or end > MAX_CLOCK:
                raise MalformedMessage("deletion of no length or beyond the last clock")
            if end > next_clock:
                self.complete = self.verbatim = False
                end = next_clock
            elif clock < last:
                self.verbatim = False
            last = end
            if clock < end:
                ranges.append((clock, end))
        return ranges, at


def _encode_delete_set(kept: Mapping[int, list[tuple[int, int]]]) -> bytes:
    """Sorted and without overlaps: overlapping ranges would make the cores walk the same structs again and again."""
    parts = []
    for client in sorted(kept, reverse=True):
        ranges = list(_merged(kept[client]))
        if ranges:
            parts += [client, len(ranges)]
            parts += [number for start, end in ranges for number in (start, end - start)]
    clients = sum(1 for ranges in kept.values() if ranges)
    return b"".join(map(encode_var_uint, [clients, *parts]))


def _merged(ranges: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    start = end = -1
    for next_start, next_end in sorted(ranges):
        if next_start <= end:
            end = max(end, next_end)
            continue
        if end > start:
            yield start, end
        start, end = next_start, next_end
    if end > start:
        yield start, end
