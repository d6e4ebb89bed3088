"""Owns the count of one connection's update messages: received, dealt with, acknowledged; knows no socket and no clock.

A message is open until it is journalled, refused or found empty. A message that was *dropped* (a gap, or the journal
was away) keeps the count down until a later sync step 2 of the same connection is journalled whole: that one
carries all that the client had when it sent it, the dropped content included.
"""

from __future__ import annotations


class Ledger:
    """Counts for one connection. Messages settle in the order in which they were received."""

    __slots__ = (
        "_first_dropped",
        "_last_dropped",
        "_settled",
        "received",
    )

    def __init__(self) -> None:
        self.received = 0
        self._settled = 0
        self._first_dropped: int | None = None
        self._last_dropped = 0

    @property
    def acknowledged(self) -> int:
        """So many messages are safe: this number may be sent to the client."""
        return self._settled if self._first_dropped is None else self._first_dropped - 1

    @property
    def lacks(self) -> bool:
        """True while content of this client was dropped and has not come again."""
        return self._first_dropped is not None

    def receive(self) -> int:
        """Number the next message."""
        self.received += 1
        return self.received

    def drop(self, number: int) -> None:
        """The message, or a part of it, was not applied."""
        if self._first_dropped is None:
            self._first_dropped = number
        self._last_dropped = number

    def settle(self, number: int, *, whole_sync: bool = False) -> None:
        """The message is journalled, refused or empty; `whole_sync`: a sync step 2 that was applied without a gap."""
        self._settled = max(self._settled, number)
        if not whole_sync or self._first_dropped is None or self._first_dropped > number:
            return
        self._first_dropped = None if self._last_dropped <= number else number + 1
