"""Owns the order of one sender's messages in one room: what came before, what is missing; pure."""

from __future__ import annotations

from enum import Enum, auto


class Order(Enum):
    """What a message is by its number."""

    NEXT = auto()
    LATE = auto()
    """It was missed, and comes after all."""
    AHEAD = auto()
    """Others are missing before it."""
    KNOWN = auto()
    """It came before, or belongs to a time when the sender had the room open earlier."""


class Sequence:
    """The messages of one sender in one room. The first that is seen begins it, whatever its number is."""

    def __init__(self, most_missing: int) -> None:
        self._most = most_missing
        self._stream = -1
        self._last = 0
        self._missing: dict[int, None] = {}

    @property
    def missing(self) -> bool:
        """Whether something is known to be missing that has not been made up for."""
        return bool(self._missing)

    def take(self, stream: int, seq: int) -> Order:
        """A message with this number came."""
        if stream != self._stream:
            if stream < self._stream:
                return Order.KNOWN
            self._begin(stream, seq)
            return Order.NEXT
        if seq <= self._last:
            if seq not in self._missing:
                return Order.KNOWN
            del self._missing[seq]
            return Order.LATE
        gap = seq > self._last + 1
        self._note_missing(self._last + 1, seq)
        self._last = seq
        return Order.AHEAD if gap else Order.NEXT

    def reached(self, stream: int, seq: int) -> bool:
        """The sender says that it has sent so much. True when some of that never came here."""
        if stream < self._stream:
            return False
        if stream > self._stream:
            self._begin(stream, seq)
            return True
        new = seq > self._last
        self._note_missing(self._last + 1, seq + 1)
        self._last = max(self._last, seq)
        return new

    def made_up(self) -> None:
        """What was missing was got in another way."""
        self._missing.clear()

    def _begin(self, stream: int, seq: int) -> None:
        self._stream, self._last = stream, seq
        self._missing.clear()

    def _note_missing(self, start: int, end: int) -> None:
        for seq in range(max(start, end - self._most), end):
            self._missing[seq] = None
        while len(self._missing) > self._most:
            del self._missing[next(iter(self._missing))]
