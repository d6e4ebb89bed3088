"""Owns the bounded queue in front of a room's owner task; knows nothing of what the messages mean."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

_Message = TypeVar("_Message")


class Inbox(Generic[_Message]):
    """Messages in order. Posting never waits; senders wait in `ready` while the queue is full."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._queue: deque[_Message] = deque()
        self._wake = asyncio.Event()
        self._room_left = asyncio.Event()
        self._room_left.set()

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def overflowing(self) -> bool:
        """True when senders did not wait: twice the limit is queued."""
        return len(self._queue) >= 2 * self._limit

    def post(self, message: _Message) -> None:
        """Queue a message and wake the owner."""
        self._queue.append(message)
        self._wake.set()
        if len(self._queue) >= self._limit:
            self._room_left.clear()

    def take(self) -> _Message | None:
        """The first message, None when there is none."""
        if not self._queue:
            return None
        message = self._queue.popleft()
        if len(self._queue) < self._limit:
            self._room_left.set()
        return message

    async def ready(self) -> None:
        """Return when the queue is below its limit."""
        await self._room_left.wait()

    def wake(self) -> None:
        """Let the owner have a turn though nothing is queued."""
        self._wake.set()

    async def wait(self, timeout_s: float | None) -> None:
        """Return when there is something to do, or after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()
