"""Owns what other nodes sent and have not said to be journalled; pure, time comes in.

Acknowledged means journalled, and that goes for everything that an edit stands on. So what is heard takes its place in
the journal writer's queue: our own edits behind it wait until its sender has confirmed it. Where no confirmation comes,
because the sender or the way to it is gone, this node journals it, in its place: a repetition changes nothing. The
journal of all nodes together is in causal order by that, as the native core needs it to replay.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from collab.fanout.base import NodeId, Updates

ADOPT_S = 0.5
"""What was not confirmed for so long is journalled here."""
MOST_BYTES = 4 * 1024 * 1024
"""When so much waits, the oldest of it is journalled here at once."""


@dataclass(slots=True)
class Unconfirmed:
    """Updates that were heard together."""

    number: int
    """The sender confirms by this one."""
    part: Updates
    at: float
    done: bool = False
    """It is journalled, by its sender or by us."""


class Confirming:
    """The unconfirmed updates of one room."""

    def __init__(self) -> None:
        self._waiting: dict[NodeId, deque[Unconfirmed]] = {}
        self._bytes = 0
        self._open = 0

    @property
    def settled(self) -> bool:
        """Whether everything that was heard is journalled."""
        return not self._open

    def heard(self, sender: NodeId, number: int, updates: Updates, now: float) -> Unconfirmed:
        """These came, and the sender has not said that they are journalled."""
        item = Unconfirmed(number, updates, now)
        self._waiting.setdefault(sender, deque()).append(item)
        self._open += 1
        self._bytes += sum(map(len, updates.updates))
        return item

    def confirmed(self, sender: NodeId, number: int) -> bool:
        """The sender has journalled everything up to this number. True when that was news."""
        waiting = self._waiting.get(sender, ())
        done = [item for item in waiting if item.number <= number and not item.done]
        for item in done:
            self.close(item)
        if waiting:
            left = deque(item for item in waiting if not item.done)
            self._waiting[sender] = left
            if not left:
                del self._waiting[sender]
        return bool(done)

    def due(self, item: Unconfirmed) -> float:
        """When this is to be journalled here (monotonic)."""
        return item.at if self._bytes > MOST_BYTES else item.at + ADOPT_S

    def close(self, item: Unconfirmed) -> None:
        """This is journalled, or about to be by us."""
        if not item.done:
            item.done = True
            self._open -= 1
            self._bytes -= sum(map(len, item.part.updates))
