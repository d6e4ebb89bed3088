"""Owns one timer of the event loop, which goes off at the earliest of the times that it was set to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from collab.clock import Clock


class Alarm:
    """Calls `act` once; whoever has more to wait for sets it again."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, act: Callable[[], None]) -> None:
        self._loop = loop
        self._clock = clock
        self._act = act
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def at(self, due: float | None) -> None:
        """Go off then (monotonic), unless it does earlier; None: no wish."""
        if due is None or (self._timer is not None and self._due <= due):
            return
        self.end()
        self._due = due
        self._timer = self._loop.call_later(max(0.0, due - self._clock.monotonic()), self._go)

    def end(self) -> None:
        """Do not go off."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go(self) -> None:
        self._timer = None
        self._act()
