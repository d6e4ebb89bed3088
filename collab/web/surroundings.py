"""Owns what all WebSockets of one server share, and the one timer by which time passes for all of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from collab.limits import Limits
from collab.web.socket_routes import SocketRoutes

SWEEP_S = 1.0
"""How often silent, stalled and closing connections are looked at."""


class Timed(Protocol):
    """Something for which time passes."""

    def pass_time(self, now: float) -> None: ...


@dataclass(slots=True)
class Surroundings:
    """What all wires of one server share."""

    limits: Limits
    routes: SocketRoutes
    wires: set[Timed] = field(default_factory=set)
    sweeping: bool = False

    def add(self, wire: Timed) -> None:
        """One more to be looked at."""
        self.wires.add(wire)
        if not self.sweeping:
            self.sweeping = True
            asyncio.get_running_loop().call_later(SWEEP_S, self.sweep)

    def sweep(self) -> None:
        """Let time pass for all; there is a timer only while there is somebody."""
        loop = asyncio.get_running_loop()
        for wire in tuple(self.wires):
            wire.pass_time(loop.time())
        self.sweeping = bool(self.wires)
        if self.sweeping:
            loop.call_later(SWEEP_S, self.sweep)
