"""Owns waking what waits, in a room: `asyncio.Event` without the queue that each of those has from the beginning.

A room has half a dozen of them, and a server a hundred thousand rooms: 60 bytes instead of 800.
"""

from __future__ import annotations

import asyncio


class Signal:
    """Set or not; who waits goes on when it is set. Of one event loop, as `asyncio.Event`."""

    __slots__ = ("_is_set", "_waiting")

    def __init__(self) -> None:
        self._is_set = False
        self._waiting: list[asyncio.Future[None]] | None = None

    def is_set(self) -> bool:
        """Whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Wake all, and let everybody through until `clear`."""
        self._is_set = True
        waiting, self._waiting = self._waiting, None
        for future in waiting or ():
            if not future.done():
                future.set_result(None)

    def clear(self) -> None:
        """Let nobody through any more."""
        self._is_set = False

    async def wait(self) -> None:
        """Return when it is set: at once, or when somebody does."""
        if self._is_set:
            return
        future = asyncio.get_running_loop().create_future()
        if self._waiting is None:
            self._waiting = []
        self._waiting.append(future)
        try:
            await future
        finally:
            if self._waiting is not None and future in self._waiting:  # who waited was cancelled
                self._waiting.remove(future)
