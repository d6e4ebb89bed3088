"""Owns the bounded queue in front of a room's document; knows nothing of what the messages mean."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

_Message = TypeVar("_Message")


class Inbox(Generic[_Message]):
    """Messages in order. Posting never waits: who posts looks whether it is `full` and stops for a while."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._queue: deque[_Message] = deque()

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def full(self) -> bool:
        """True when senders should wait."""
        return len(self._queue) >= self._limit

    @property
    def overflowing(self) -> bool:
        """True when senders did not wait: twice the limit is queued."""
        return len(self._queue) >= 2 * self._limit

    def post(self, message: _Message) -> None:
        """Queue a message."""
        self._queue.append(message)

    def take(self) -> _Message | None:
        """The first message, None when there is none."""
        return self._queue.popleft() if self._queue else None
