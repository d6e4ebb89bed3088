"""Owns which other nodes are alive, and whose messages count; pure, time comes in.

A node is trusted once its sign of life says that it hears *this* life of this node: nobody can replay that from an
earlier day. Until then, and after it fell silent, nothing of it has an effect. All times are monotonic seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from collab.fanout.messages import Beat, NodeId, RoomBeat

_REMEMBERED = 4
"""So many times as many nodes are remembered as may be alive: a dead one's signs of life are not to come again."""


@dataclass(slots=True)
class _Node:
    number: int
    """Of its last sign of life."""
    heard_at: float
    alive: bool = False
    """Trusted, and heard of late."""


class Nodes:
    """The other nodes as this one sees them."""

    def __init__(self, me: NodeId, most: int, silent_s: float) -> None:
        self.me = me
        self._most = most
        self._silent_s = silent_s
        self._number = 0
        self._nodes: dict[NodeId, _Node] = {}

    @property
    def alive(self) -> frozenset[NodeId]:
        """Those whose messages count."""
        return frozenset(node for node, known in self._nodes.items() if known.alive)

    def counts(self, node: NodeId) -> bool:
        """Whether a message of this node is to have an effect."""
        known = self._nodes.get(node)
        return known is not None and known.alive

    def beat(self, now: float, rooms: tuple[RoomBeat, ...] = ()) -> Beat:
        """Our next sign of life."""
        self._number += 1
        heard = [(node, known.number) for node, known in self._nodes.items() if self._is_recent(known, now)]
        return Beat(self._number, tuple(heard), rooms)

    def take(self, node: NodeId, beat: Beat, now: float) -> bool:
        """Take another one's sign of life. True when its messages begin to count."""
        known = self._nodes.get(node)
        if known is not None and beat.number <= known.number:
            return False
        if known is None:
            if not self._make_room(now):
                return False
            known = self._nodes[node] = _Node(0, now)
        known.number, known.heard_at = beat.number, now
        hears_us = any(who == self.me and 0 < number <= self._number for who, number in beat.hears)
        began = hears_us and not known.alive
        known.alive = known.alive or hears_us
        return began

    def heard(self, node: NodeId, now: float) -> None:
        """A message that counts is a sign of life, too."""
        self._nodes[node].heard_at = now

    def gone(self, node: NodeId) -> bool:
        """A node says that it ends. True when its messages counted until now."""
        known = self._nodes.get(node)
        was_alive = known is not None and known.alive
        if known is not None:
            known.alive = False
        return was_alive

    def expire(self, now: float) -> list[NodeId]:
        """Let time pass: who was silent for too long counts no more. Returns who fell silent."""
        silent = [node for node, known in self._nodes.items() if known.alive and not self._is_recent(known, now)]
        for node in silent:
            self._nodes[node].alive = False
        return silent

    def _is_recent(self, known: _Node, now: float) -> bool:
        return now - known.heard_at <= self._silent_s

    def _make_room(self, now: float) -> bool:
        """Forget the one that is silent for longest when there are too many. False: as many as may be are there."""
        if sum(self._is_recent(known, now) for known in self._nodes.values()) >= self._most:
            return False
        if len(self._nodes) >= self._most * _REMEMBERED:
            del self._nodes[min(self._nodes, key=lambda node: self._nodes[node].heard_at)]
        return True
