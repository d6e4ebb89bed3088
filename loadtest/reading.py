"""Owns what is read out of an update in passing: which clocks of whom it brings, and what it deletes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collab.errors import MalformedMessage
from collab.limits import MIB, Limits
from collab.protocol.codec import Reader, encode_state_vector, var_uint_at
from collab.protocol.structs import GC, HAS_PARENT_SUB, KIND_BITS, SKIP, content_at, text_at

_LIMITS = Limits(string_size_bytes=256 * MIB, update_depth=64)
_ORIGINS = (0, 1, 1, 2)
_MOST_CLIENTS = 1_000_000

Range = tuple[int, int, int]
"""Client id, first clock, the one behind the last."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What an update brings, in its order."""

    inserted: tuple[Range, ...]
    deleted: tuple[Range, ...]


def read_update(update: bytes) -> Contents:
    """Raises: MalformedMessage (no v1 update), LimitExceeded."""
    try:
        inserted, at = _read_structs(update)
        deleted, at = _read_deletions(update, at)
    except IndexError:
        raise MalformedMessage("update ends too early") from None
    if at != len(update):
        raise MalformedMessage("trailing bytes behind an update")
    return Contents(tuple(inserted), tuple(deleted))


def read_state_vector(state_vector: bytes) -> dict[int, int]:
    """Client id -> next clock. Raises: MalformedMessage."""
    reader = Reader(state_vector)
    return {reader.var_uint(): reader.var_uint() for _ in range(min(reader.count(2), _MOST_CLIENTS))}


def write_state_vector(clocks: Mapping[int, int]) -> bytes:
    """The other way round."""
    return encode_state_vector({client: clock for client, clock in clocks.items() if clock})


def _read_structs(update: bytes) -> tuple[list[Range], int]:
    inserted: list[Range] = []
    clients, at = var_uint_at(update, 0)
    for _ in range(clients):
        number, at = var_uint_at(update, at)
        client, at = var_uint_at(update, at)
        clock, at = var_uint_at(update, at)
        start = clock
        for _ in range(number):
            skipped = update[at] == SKIP
            if skipped and clock > start:
                inserted.append((client, start, clock))
            length, at = _struct_at(update, at)
            clock += length
            if skipped:
                start = clock
        if clock > start:
            inserted.append((client, start, clock))
    return inserted, at


def _struct_at(update: bytes, at: int) -> tuple[int, int]:
    """The length of the struct at `at` in clocks, and the offset behind it."""
    info = update[at]
    at += 1
    if info == GC or info == SKIP:
        return var_uint_at(update, at)
    references = _ORIGINS[info >> 6]
    if not references:
        named, at = var_uint_at(update, at)
        if named:
            at = text_at(update, at, _LIMITS)
        references = 0 if named else 1
    for _ in range(references):
        _, at = var_uint_at(update, at)
        _, at = var_uint_at(update, at)
    if info < HAS_PARENT_SUB << 1 and info & HAS_PARENT_SUB:
        at = text_at(update, at, _LIMITS)
    return content_at(update, at, info & KIND_BITS, _LIMITS)


def _read_deletions(update: bytes, at: int) -> tuple[list[Range], int]:
    deleted: list[Range] = []
    clients, at = var_uint_at(update, at)
    for _ in range(clients):
        client, at = var_uint_at(update, at)
        number, at = var_uint_at(update, at)
        for _ in range(number):
            clock, at = var_uint_at(update, at)
            length, at = var_uint_at(update, at)
            deleted.append((client, clock, clock + length))
    return deleted, at
