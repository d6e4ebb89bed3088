"""A store whose process dies at any of its calls, for tests of what a crash leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from collab.store.base import Store


class MortalStore:
    """A store whose process dies at its n-th call: before the call, or right after it was durable.

    Who called gets no answer any more, and no later call does anything.
    """

    def __init__(self, store: Store, dies_at: int, *, after: bool) -> None:
        self._store = store
        self.left = dies_at
        self._after = after
        self.reached = False

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        call = getattr(self._store, name)

        async def mortal(*arguments: object, **named: object) -> object:
            self.left -= 1
            dies = self.left <= 0
            self.reached = self.reached or dies
            if self.left < 0 or (dies and not self._after):
                await asyncio.Event().wait()
            result = await call(*arguments, **named)
            if dies:
                await asyncio.Event().wait()
            return result

        return mortal


async def until_dead(work: Awaitable[object]) -> None:
    """Let something happen until it ends or waits for a dead process."""
    working = asyncio.ensure_future(work)
    await asyncio.wait([working], timeout=300)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
