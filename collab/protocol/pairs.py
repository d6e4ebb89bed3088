"""Owns the surrogate pairs of a document's strings: where they are, what tears one, and what stands there afterwards.

Clocks count UTF-16 units, so a careless client may insert between the two halves of a character, or delete one half.
Yjs then writes U+FFFD for both halves (ContentString.splice). yrs keeps the character whole on one side and counts
clocks wrongly from there on, which loses content of everybody who joins later. So the pair is replaced in the bytes,
by Yjs' rule, before the core has to split it: two units stay two units, and no clock moves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collab.errors import ProtocolError
from collab.limits import Limits
from collab.protocol.codec import encode_var_uint, var_bytes_at, var_uint_at
from collab.protocol.structs import GC, HAS_PARENT_SUB, KIND_BITS, SKIP, STRING, content_at, text_at

Clocks = Mapping[int, frozenset[int]]
"""Client id -> clocks of second halves."""

_UNBOUNDED = Limits(string_size_bytes=2**53, update_structs=2**53, update_depth=10_000)
"""What is looked at here was checked before or is our own."""
_ASTRAL_BYTES = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")
_LEADS = tuple(bytes([lead]) for lead in range(0xF0, 0xF5))
_LARGE_BYTES = 65_536
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_REPLACEMENT = "\ufffd\ufffd"
_NOTHING: Clocks = {}


class PairIndex:
    """The second halves in one document, by client and clock. Costs next to nothing while there is none."""

    def __init__(self) -> None:
        self._low: dict[int, set[int]] = {}

    def note(self, update: bytes) -> Clocks:
        """Take in an update that is about to be applied; returns the pairs that it tears."""
        if not self._low and not _has_astral(update):
            return _NOTHING
        try:
            return self._note(update)
        except (ProtocolError, IndexError):
            return _NOTHING  # not for us to judge: the core refuses it too

    def forget(self, torn: Clocks) -> None:
        """These pairs were replaced."""
        for client, clocks in torn.items():
            self._low.get(client, set()).difference_update(clocks)

    def _note(self, update: bytes) -> Clocks:
        edges: list[tuple[int, int]] = []
        at = 0
        for struct in _structs(update):
            edges += struct.edges
            at = struct.end
            if struct.content is not None:
                lows = {struct.clock + offset for offset in _second_halves(_string(update, struct.content))}
                if lows:
                    self._low.setdefault(struct.client, set()).update(lows)
        edges += _deletion_edges(update, at or var_uint_at(update, 0)[1])
        torn: dict[int, set[int]] = {}
        for client, clock in edges:
            if clock in self._low.get(client, ()):
                torn.setdefault(client, set()).add(clock)
        return {client: frozenset(clocks) for client, clocks in torn.items()}


def _has_astral(update: bytes) -> bool:
    """Whether there may be a character that takes two units. In large updates a search for single bytes is ten times
    as fast as the pattern."""
    if len(update) <= _LARGE_BYTES:
        return _ASTRAL_BYTES.search(update) is not None
    for lead in _LEADS:
        at = update.find(lead)
        while at >= 0:
            if _ASTRAL_BYTES.match(update, at):
                return True
            at = update.find(lead, at + 1)
    return False


def replace_pairs(update: bytes, torn: Clocks) -> bytes:
    """The same update with U+FFFD twice for each pair whose second half is in `torn`."""
    parts: list[bytes] = []
    copied = 0
    for struct in _structs(update):
        if struct.content is None or struct.client not in torn:
            continue
        text = _string(update, struct.content)
        wanted = {clock - struct.clock for clock in torn[struct.client]}
        if replaced := _replaced(text, wanted):
            content = replaced.encode()
            parts += (update[copied : struct.content], encode_var_uint(len(content)), content)
            copied = struct.end
    return b"".join((*parts, update[copied:]))


@dataclass(frozen=True, slots=True)
class _Struct:
    client: int
    clock: int
    edges: list[tuple[int, int]]
    """Ids before which the core must be able to split."""
    content: int | None
    """Offset of its content, when that is a string."""
    end: int


def _structs(update: bytes) -> Iterator[_Struct]:
    sections, at = var_uint_at(update, 0)
    for _ in range(sections):
        number, at = var_uint_at(update, at)
        client, at = var_uint_at(update, at)
        clock, at = var_uint_at(update, at)
        for _ in range(number):
            info = update[at]
            if info in (GC, SKIP):
                length, at = var_uint_at(update, at + 1)
                yield _Struct(client, clock, [], None, at)
            else:
                edges, start = _edges_at(update, at)
                kind = info & KIND_BITS
                length, at = content_at(update, start, kind, _UNBOUNDED)
                yield _Struct(client, clock, edges, start if kind == STRING else None, at)
            clock += length


def _edges_at(update: bytes, at: int) -> tuple[list[tuple[int, int]], int]:
    """Where a struct's origins make the core split, and the offset of its content."""
    info = update[at]
    at += 1
    edges = []
    if info & 0x80:  # origin: what it stands behind
        client, at = var_uint_at(update, at)
        clock, at = var_uint_at(update, at)
        edges.append((client, clock + 1))
    if info & 0x40:  # right origin: what it stands before
        client, at = var_uint_at(update, at)
        clock, at = var_uint_at(update, at)
        edges.append((client, clock))
    if not edges:
        named, at = var_uint_at(update, at)
        if named:
            at = text_at(update, at, _UNBOUNDED)
        else:
            at = var_uint_at(update, var_uint_at(update, at)[1])[1]
        if info & HAS_PARENT_SUB:
            at = text_at(update, at, _UNBOUNDED)
    return edges, at


def _deletion_edges(update: bytes, at: int) -> Iterator[tuple[int, int]]:
    clients, at = var_uint_at(update, at)
    for _ in range(clients):
        client, at = var_uint_at(update, at)
        ranges, at = var_uint_at(update, at)
        for _ in range(ranges):
            clock, at = var_uint_at(update, at)
            length, at = var_uint_at(update, at)
            yield client, clock
            yield client, clock + length


def _string(update: bytes, at: int) -> str:
    return var_bytes_at(update, at)[0].decode()


def _second_halves(text: str) -> Iterator[int]:
    """Offsets in UTF-16 units of the second halves in a text."""
    if not text.isascii():
        for earlier, match in enumerate(_ASTRAL.finditer(text)):
            yield match.start() + earlier + 1


def _replaced(text: str, wanted: set[int]) -> str | None:
    """The text with the pairs at these second halves replaced; None when there is none of them."""
    parts: list[str] = []
    copied = 0
    for earlier, match in enumerate(_ASTRAL.finditer(text)):
        if match.start() + earlier + 1 in wanted:
            parts += (text[copied : match.start()], _REPLACEMENT)
            copied = match.end()
    return "".join((*parts, text[copied:])) if parts else None
