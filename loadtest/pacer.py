"""Owns the clock of an open loop: what is due when, done as exactly as the machine can, and how late it was.

The event loops' own timers are rounded up to milliseconds, which would be most of what is measured; so on Linux a timer
of the kernel wakes the loop.
"""

from __future__ import annotations

import asyncio
import ctypes
import functools
import heapq
import os
import struct
import sys
import time
from collections.abc import Callable
from itertools import count

Deed = Callable[[float], float | None]
"""Gets the time that it was due, returns when it is due again."""

LATE_S = 0.010
_CLOCK_MONOTONIC, _TIMER_ABSOLUTE = 1, 1
_NEVER = float("inf")


class Pacer:
    """Runs deeds at their times, which are those of `time.monotonic`."""

    def __init__(self, note_lateness: Callable[[float], None]) -> None:
        self._note_lateness = note_lateness
        self._heap: list[tuple[float, int, Deed]] = []
        self._order = count()
        self.late = 0
        """Deeds that began more than `LATE_S` after they were due."""

    def add(self, due_s: float, deed: Deed) -> None:
        heapq.heappush(self._heap, (due_s, next(self._order), deed))

    async def run(self, until_s: float) -> None:
        """Do what is due before `until_s`; deeds may add others. Comes back then, what is left is dropped."""
        alarm = Alarm()
        try:
            while True:
                self._do_due(min(until_s, time.monotonic()))
                wake_s = min(until_s, self._heap[0][0] if self._heap else _NEVER)
                if wake_s >= until_s and time.monotonic() >= until_s:
                    return
                await alarm.wait_until(wake_s)
        finally:
            alarm.close()
            self._heap.clear()

    def _do_due(self, now_s: float) -> None:
        heap = self._heap
        while heap and heap[0][0] <= now_s:
            due_s, _, deed = heapq.heappop(heap)
            late_s = time.monotonic() - due_s
            self._note_lateness(late_s)
            self.late += late_s > LATE_S
            again_s = deed(due_s)
            if again_s is not None:
                heapq.heappush(heap, (again_s, next(self._order), deed))


class Alarm:
    """Wakes one waiter at a time of `time.monotonic`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._rung = asyncio.Event()
        self._timer = _kernel_timer()
        if self._timer is not None:
            self._loop.add_reader(self._timer, self._ring, self._timer)

    async def wait_until(self, at_s: float) -> None:
        """Comes back at that time, or at once when it is past, but other things get their turn."""
        self._rung.clear()
        delay_s = at_s - time.monotonic()
        if delay_s <= 0 or self._timer is None:
            await asyncio.sleep(max(0.0, delay_s))
            return
        _set_timer(self._timer, at_s)
        await self._rung.wait()

    def close(self) -> None:
        if self._timer is not None:
            self._loop.remove_reader(self._timer)
            os.close(self._timer)
            self._timer = None

    def _ring(self, timer: int) -> None:
        try:
            os.read(timer, 8)
        except BlockingIOError:
            return
        self._rung.set()


def _kernel_timer() -> int | None:
    """A timer's descriptor; None where the system has none. Python itself has them from 3.13 on."""
    if not sys.platform.startswith("linux"):
        return None
    timer = int(_libc().timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC))
    return timer if timer >= 0 else None


def _set_timer(timer: int, at_s: float) -> None:
    seconds, fraction = divmod(at_s, 1)
    when = struct.pack("@qqqq", 0, 0, int(seconds), max(1, int(fraction * 1e9)))
    _libc().timerfd_settime(timer, _TIMER_ABSOLUTE, when, None)


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)
