"""A deterministic event loop in virtual time: nothing waits, and one seed decides everything.

The loop's time is a `FakeClock`; when nothing is ready it jumps to the next timer. With a seed, callbacks that are
ready at the same time run in a random order.
"""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from collab.clock import FakeClock

_Result = TypeVar("_Result")


TICK_S = 1e-7
"""Every turn of the loop takes this long, so that no rounding makes time stand still."""


class Deadlock(AssertionError):
    """Nothing is ready and no timer is set: the program waits for ever."""


class _JumpingSelector(selectors.DefaultSelector):
    """Does not wait for time to pass but lets it pass."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Deadlock("nothing is ready and no timer is set")
        self._clock.advance(timeout + TICK_S)
        return super().select(0)


class SimLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is a `FakeClock`."""

    def __init__(self, clock: FakeClock, order: random.Random | None = None) -> None:
        super().__init__(_JumpingSelector(clock))
        self._sim_clock = clock
        self._order = order
        self._clock_resolution = TICK_S / 100

    def time(self) -> float:
        return self._sim_clock.monotonic()

    def _run_once(self) -> None:
        if self._order is not None and len(self._ready) > 1:  # type: ignore[has-type]  # asyncio's own queue
            ready = list(self._ready)  # type: ignore[has-type]  # asyncio's own queue
            self._order.shuffle(ready)
            self._ready.clear()
            self._ready.extend(ready)
        super()._run_once()  # type: ignore[misc]  # not in the type stubs


def simulate(
    main: Callable[[FakeClock], Coroutine[Any, Any, _Result]], *, seed: int | None = None, limit_s: float = 10_000
) -> _Result:
    """Run a coroutine in virtual time; with a seed, in a random but repeatable order."""
    clock = FakeClock()
    order = None if seed is None else random.Random(seed)

    async def bounded() -> _Result:
        async with asyncio.timeout(limit_s):
            return await main(clock)

    with asyncio.Runner(loop_factory=lambda: SimLoop(clock, order)) as runner:
        return runner.run(bounded())
