"""Owns a network in memory: buses that reach each other in one process, with faults that tests switch on.

Knows no message: bytes are lost, doubled, delayed and reordered by a seed, networks are split. Time is the event
loop's.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from dataclasses import dataclass

from collab.errors import InternalError
from collab.fanout.base import BusEvents


@dataclass(slots=True)
class NetworkFaults:
    """What goes wrong; a test sets and clears the fields as it likes. Chances are from 0 to 1."""

    loss: float = 0.0
    duplicates: float = 0.0
    delay_s: tuple[float, float] = (0.0, 0.0)
    """Each delivery takes between these; messages overtake each other only with `reorder`."""
    reorder: bool = False
    away: bool = False
    """Nobody reaches anybody, and everybody notices; see `MemoryNetwork.set_away`."""


class MemoryNetwork:
    """What the buses of some nodes hang on."""

    def __init__(self, seed: int = 0) -> None:
        self.faults = NetworkFaults()
        self._random = random.Random(seed)  # noqa: S311  # faults from a seed, nothing secret
        self._buses: list[MemoryBus] = []

    def bus(self) -> MemoryBus:
        """A new end of the network."""
        return MemoryBus(self)

    def set_away(self, away: bool) -> None:
        """The whole network goes, or comes back, and all notice."""
        self.faults.away = away
        for bus in tuple(self._buses):
            bus.tell_reach()

    def attach(self, bus: MemoryBus) -> None:
        self._buses.append(bus)

    def detach(self, bus: MemoryBus) -> None:
        self._buses.remove(bus)

    def send(self, channel: str, payload: bytes) -> None:
        """Carry a message to all who listen, as the faults will have it."""
        for bus in self._buses:
            if channel in bus.channels and self._random.random() >= self.faults.loss:
                self._carry(bus, channel, payload)
                if self._random.random() < self.faults.duplicates:
                    self._carry(bus, channel, payload)

    def listeners(self, channel: str) -> int:
        """Who can be reached and listens."""
        return sum(channel in bus.channels and bus.available for bus in self._buses)

    def _carry(self, bus: MemoryBus, channel: str, payload: bytes) -> None:
        delay_s = self._random.uniform(*self.faults.delay_s)
        bus.arrive_in(delay_s, channel, payload, in_order=not self.faults.reorder)


class MemoryBus:
    """One end of a network in memory."""

    def __init__(self, network: MemoryNetwork) -> None:
        self.channels: set[str] = set()
        self._network = network
        self._events: BusEvents | None = None
        self._cut = False
        self._reached = False
        self._queue: deque[tuple[str, bytes]] = deque()
        self._last_at = 0.0

    @property
    def available(self) -> bool:
        return self._events is not None and not self._cut and not self._network.faults.away

    async def open(self, events: BusEvents) -> None:
        self._events = events
        self._network.attach(self)
        self.tell_reach()

    async def close(self) -> None:
        if self._events is not None:
            self._events = None
            self._network.detach(self)

    def set_cut(self, cut: bool, *, noticed: bool = True) -> None:
        """Take this end off the network, or put it back."""
        self._cut = cut
        if noticed:
            self.tell_reach()

    def tell_reach(self) -> None:
        """Tell when the reach has changed."""
        if self._events is not None and self._reached is not self.available:
            self._reached = self.available
            self._events.on_reach(self._reached)

    def publish(self, channel: str, payload: bytes) -> None:
        if self.available:
            self._network.send(channel, payload)

    async def subscribe(self, channel: str) -> None:
        if self._events is None:
            raise InternalError("the bus is not open")
        self.channels.add(channel)
        await asyncio.sleep(0)

    async def unsubscribe(self, channel: str) -> None:
        self.channels.discard(channel)

    async def listeners(self, channel: str) -> int | None:
        return self._network.listeners(channel) if self.available else None

    # -- for the network --

    def arrive_in(self, delay_s: float, channel: str, payload: bytes, *, in_order: bool) -> None:
        """Deliver a message after a while."""
        loop = asyncio.get_running_loop()
        if not in_order:
            loop.call_later(delay_s, self._deliver, channel, payload)
            return
        self._last_at = max(self._last_at, loop.time() + delay_s)
        self._queue.append((channel, payload))
        loop.call_at(self._last_at, self._deliver_next)

    def _deliver_next(self) -> None:
        self._deliver(*self._queue.popleft())

    def _deliver(self, channel: str, payload: bytes) -> None:
        if self.available and self._events is not None and channel in self.channels:
            self._events.on_bytes(channel, payload)
