"""Owns that what thousands of documents do in turns is not done by all of them at the same moment; pure.

After a restart, or an outage of their storage, all documents begin their rounds at once and would ask in one second
what is meant to be asked in a minute.
"""

from __future__ import annotations

from zlib import crc32

SPREAD = 0.25
"""A period is shorter by up to this share, by another amount each time."""
_WORD = 2**64 - 1


class Spread:
    """Of one document: what comes out depends only on its id and on how often was asked."""

    __slots__ = ("_state",)

    def __init__(self, document_id: str) -> None:
        self._state = crc32(document_id.encode())

    def of(self, period_s: float) -> float:
        """This period, or up to a quarter less."""
        return period_s * (1 - SPREAD * self._next() / 2**64)

    def _next(self) -> int:
        """SplitMix64 (Steele, Lea, Flood 2014): two numbers instead of the two kilobytes of `random.Random`."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _WORD
        mixed = ((self._state ^ (self._state >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _WORD
        return mixed ^ (mixed >> 31)
