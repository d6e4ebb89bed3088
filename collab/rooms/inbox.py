"""Owns the bounded queue in front of a room's document; knows nothing of what the messages mean."""

from __future__ import annotations

from collections import deque
from typing import TypeVar

_Message = TypeVar("_Message")


class Inbox(deque[_Message]):
    """Messages in order. Posting (`append`) never waits: who posts looks whether it is `full` and stops for a while.

    A queue itself and not something round one: it is asked several times for each message.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    @property
    def full(self) -> bool:
        """True when senders should wait."""
        return len(self) >= self._limit

    @property
    def overflowing(self) -> bool:
        """True when senders did not wait: twice the limit is queued."""
        return len(self) >= 2 * self._limit
