"""Owns what other nodes sent that is not known to be journalled yet, and who waits for that; pure, time comes in.

Acknowledged means journalled, and that goes for everything that an acknowledged edit stands on. So acknowledgements and
saves wait until what was heard before is confirmed by its sender. Where no confirmation comes, because the sender or
the way to it is gone, this node journals the same once more, which changes nothing in any document.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collab.fanout.base import NodeId

ADOPT_S = 1.0
"""What was not confirmed for so long is journalled here."""
MOST_BYTES = 4 * 1024 * 1024
"""When so much waits, the oldest of it is journalled here at once."""


@dataclass(slots=True)
class _Unconfirmed:
    index: int
    number: int
    """The sender confirms by this one."""
    updates: Sequence[bytes]
    at: float
    adopting: bool = False


class Confirming:
    """The unconfirmed updates of one room."""

    def __init__(self) -> None:
        self._index = 0
        self._open: dict[int, tuple[NodeId, _Unconfirmed]] = {}
        """In the order in which they came."""
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()
        self._bytes = 0

    @property
    def settled(self) -> bool:
        """Whether everything that was heard is journalled."""
        return not self._open

    def heard(self, sender: NodeId, number: int, updates: Sequence[bytes], now: float) -> None:
        """These came, and the sender has not said that they are journalled."""
        self._index += 1
        self._open[self._index] = (sender, _Unconfirmed(self._index, number, updates, now))
        self._bytes += sum(map(len, updates))

    def confirmed(self, sender: NodeId, number: int) -> None:
        """The sender has journalled everything up to this number."""
        done = [index for index, (who, item) in self._open.items() if who == sender and item.number <= number]
        self.close(done)

    def overdue(self, now: float) -> tuple[list[int], list[bytes]]:
        """What is to be journalled here: its indexes, to be closed when that is done, and the updates."""
        indexes: list[int] = []
        updates: list[bytes] = []
        too_much = self._bytes - MOST_BYTES
        for index, (_, item) in self._open.items():
            if not item.adopting and (now - item.at >= ADOPT_S or too_much > 0):
                item.adopting = True
                indexes.append(index)
                updates += item.updates
            too_much -= sum(map(len, item.updates))
        return indexes, updates

    @property
    def due(self) -> float | None:
        """When something is overdue (monotonic)."""
        return next((item.at + ADOPT_S for _, item in self._open.values() if not item.adopting), None)

    def close(self, indexes: Sequence[int]) -> None:
        """These are journalled."""
        for index in indexes:
            if index in self._open:
                _, item = self._open.pop(index)
                self._bytes -= sum(map(len, item.updates))
        oldest = next(iter(self._open), self._index + 1)
        while self._waiting and self._waiting[0][0] < oldest:
            self._waiting.popleft()[1]()

    def after(self, act: Callable[[], None]) -> bool:
        """Do something when all that was heard until now is journalled; in order. False: it waits."""
        if not self._open and not self._waiting:
            act()
            return True
        self._waiting.append((self._index, act))
        return False
