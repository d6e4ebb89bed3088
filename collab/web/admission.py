"""Owns how many sockets one address may hold and how often it may be refused; knows no request."""

from __future__ import annotations

from collections import Counter

from collab.clock import Clock
from collab.errors import TooManyRequests
from collab.limits import Limits

_MINUTE_S = 60.0
_ADDRESSES = 10_000
"""Refusals are remembered for so many addresses; the oldest go first."""


class Admission:
    """Counts sockets and refusals by address."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._held: Counter[str] = Counter()
        self._refused: dict[str, tuple[float, int]] = {}

    def enter(self, address: str) -> None:
        """Count a socket until it leaves. Raises: TooManyRequests."""
        if self._held[address] >= self._limits.connections_per_address:
            raise TooManyRequests("connections_per_address")
        self._held[address] += 1

    def leave(self, address: str) -> None:
        """A socket that entered is gone."""
        self._held[address] -= 1
        if not self._held[address]:
            del self._held[address]

    @property
    def sockets(self) -> int:
        """How many sockets are open."""
        return self._held.total()

    def refused(self, address: str) -> bool:
        """Note a refusal; True when this address was refused too often within a minute.

        Only refusals are charged, so an honest client behind the same address still comes in.
        """
        now = self._clock.monotonic()
        since, count = self._refused.pop(address, (now, 0))
        if now - since >= _MINUTE_S:
            since, count = now, 0
        self._refused[address] = (since, count + 1)
        if len(self._refused) > _ADDRESSES:
            del self._refused[next(iter(self._refused))]
        return count >= self._limits.refused_handshakes_per_minute
