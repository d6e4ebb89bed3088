"""Owns which items of a document stand under one key of its maps, so that writing that key is noticed.

Only the first item under a key names it; a later one names the item before it. So an update can set a key without
having its name in its bytes, and looking for the name is not enough.
"""

from __future__ import annotations

from collab.errors import ProtocolError
from collab.limits import Limits
from collab.protocol.codec import encode_var_string, var_uint_at
from collab.protocol.structs import GC, HAS_PARENT_SUB, KIND_BITS, SKIP, content_at, text_at

_UNBOUNDED = Limits(string_size_bytes=2**53, update_structs=2**53, update_depth=10_000)
"""What is looked at here was checked before or is our own."""
_HAS_ORIGIN, _HAS_RIGHT_ORIGIN = 0x80, 0x40


class KeyIndex:
    """The items under one key, by client and clock. Costs next to nothing while there is none."""

    def __init__(self, key: str) -> None:
        self._name = key.encode()
        self._key = encode_var_string(key)
        self._items: dict[int, set[int]] = {}

    def note(self, update: bytes) -> bool:
        """Take in an update; whether it may write the key, or has its name in a value."""
        named = self._name in update
        if not named and not self._items:
            return False
        try:
            return self._note(update) or named
        except (ProtocolError, IndexError):
            return named  # not for us to judge: the core refuses it too

    def _note(self, update: bytes) -> bool:
        found = False
        sections, at = var_uint_at(update, 0)
        for _ in range(sections):
            number, at = var_uint_at(update, at)
            client, at = var_uint_at(update, at)
            clock, at = var_uint_at(update, at)
            for _ in range(number):
                under, length, at = self._struct(update, at)
                if under:
                    found = True
                    self._items.setdefault(client, set()).update(range(clock, clock + length))
                clock += length
        return found

    def _struct(self, update: bytes, at: int) -> tuple[bool, int, int]:
        """Whether the struct at `at` stands under the key, its clocks, and the offset behind it."""
        info = update[at]
        at += 1
        if info in (GC, SKIP):
            length, at = var_uint_at(update, at)
            return False, length, at
        under = False
        for flag in (_HAS_ORIGIN, _HAS_RIGHT_ORIGIN):
            if info & flag:
                client, at = var_uint_at(update, at)
                clock, at = var_uint_at(update, at)
                under = under or clock in self._items.get(client, ())
        if not info & (_HAS_ORIGIN | _HAS_RIGHT_ORIGIN):
            at = self._behind_parent(update, at)
            if info & HAS_PARENT_SUB:
                under = update.startswith(self._key, at)
                at = text_at(update, at, _UNBOUNDED)
        length, at = content_at(update, at, info & KIND_BITS, _UNBOUNDED)
        return under, length, at

    @staticmethod
    def _behind_parent(update: bytes, at: int) -> int:
        named, at = var_uint_at(update, at)
        if named:
            return text_at(update, at, _UNBOUNDED)
        return var_uint_at(update, var_uint_at(update, at)[1])[1]
