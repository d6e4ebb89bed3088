"""Owns the two clocks that the server reads; nothing else of the project calls `time` or `loop.time`.

Durations come from `monotonic()` only, so that a jump of the wall clock changes no timeout.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def monotonic(self) -> float:
        """Seconds that never go back; the origin means nothing."""
        ...

    def wall_ms(self) -> int:
        """Milliseconds since 1970 by the wall clock, for people's eyes and for records."""
        ...


class SystemClock:
    """The clocks of the machine."""

    monotonic = staticmethod(time.monotonic)
    """Itself, not a method round it: it is asked several times for each message."""

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000


class FakeClock:
    """A clock for tests, moved by hand; both readings move together unless `jump_wall` is used."""

    def __init__(self, monotonic: float = 1000.0, wall_ms: int = 1_700_000_000_000) -> None:
        self._monotonic = monotonic
        self._wall_ms = wall_ms

    def monotonic(self) -> float:
        return self._monotonic

    def wall_ms(self) -> int:
        return self._wall_ms

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self._monotonic += seconds
        self._wall_ms += round(seconds * 1000)

    def jump_wall(self, seconds: float) -> None:
        """Move the wall clock alone, as an administrator or a bad time server does."""
        self._wall_ms += round(seconds * 1000)
