"""Owns the edits of one client id: from keystrokes to updates in Yjs' encoding, without a document.

An author writes a text of its own inside the shared one and knows the ids of its own characters only, as somebody does
whose screen is a moment behind. That is enough for correct updates and costs microseconds, so that the generator is not
the limit. What all updates together give is decided at the end by a real document (`document.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collab.protocol.codec import encode_var_string, encode_var_uint
from loadtest.typist import Keystroke

_STRING, _HAS_RIGHT, _HAS_LEFT = 0x04, 0x40, 0x80
_NOTHING_DELETED = b"\x00"
_NO_STRUCTS = b"\x00"

ROOT = "source"
"""The text that is written into; where our server and Jupyter keep the text of a file."""


@dataclass(frozen=True, slots=True)
class Written:
    """One update and how to recognise that it has arrived."""

    update: bytes
    clock: int
    """Of the edit: the last of the inserted units, or else the first of the deleted ones."""
    deletes: bool
    """Nothing was inserted: the edit is known by its deletion."""


class Author:
    """One client id that edits."""

    def __init__(self, client_id: int, root: str = ROOT) -> None:
        self.client_id = client_id
        self.clock = 0
        """Next clock."""
        self.cursor = 0
        self._id = encode_var_uint(client_id)
        self._root = b"\x01" + encode_var_string(root)
        self._units: list[int] = []
        """Clock of each character of its text that is not deleted, in order; all are in the basic plane."""

    @property
    def length(self) -> int:
        return len(self._units)

    def write(self, keystroke: Keystroke) -> Written:
        """Do what the person does; the keystroke must edit."""
        at = self.cursor if keystroke.move_to is None else min(keystroke.move_to, len(self._units))
        first = max(0, at - keystroke.delete)
        deleted = self._units[first:at]
        del self._units[first:at]
        self.cursor = first
        deletions = _encode_deletions(self._id, deleted)
        if not keystroke.insert and deleted:
            return Written(_NO_STRUCTS + deletions, deleted[0], True)
        return self._insert(keystroke.insert or " ", deletions)

    def write_text(self, text: str) -> Written:
        """Insert at the cursor."""
        return self._insert(text, _NOTHING_DELETED)

    def _insert(self, text: str, deletions: bytes) -> Written:
        at, clock, size = self.cursor, self.clock, len(text)
        left = self._units[at - 1] if at else None
        right = self._units[at] if at < len(self._units) else None
        kind = _STRING | (_HAS_LEFT if left is not None else 0) | (_HAS_RIGHT if right is not None else 0)
        parts = [b"\x01\x01", self._id, encode_var_uint(clock), bytes((kind,))]
        for origin in (left, right):
            if origin is not None:
                parts += (self._id, encode_var_uint(origin))
        if left is None and right is None:
            parts.append(self._root)
        parts += (encode_var_string(text), deletions)
        self._units[at:at] = range(clock, clock + size)
        self.cursor = at + size
        self.clock = clock + size
        return Written(b"".join(parts), self.clock - 1, False)


def _encode_deletions(client_id: bytes, clocks: Sequence[int]) -> bytes:
    """A delete set of one client's units, consecutive ones as one range."""
    if not clocks:
        return _NOTHING_DELETED
    ranges: list[list[int]] = []
    for clock in sorted(clocks):
        if ranges and clock == ranges[-1][0] + ranges[-1][1]:
            ranges[-1][1] += 1
        else:
            ranges.append([clock, 1])
    numbers = [number for bounds in ranges for number in bounds]
    return b"\x01" + client_id + b"".join(map(encode_var_uint, (len(ranges), *numbers)))
