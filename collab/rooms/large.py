"""Owns how many bytes of large messages all connections of a process hold; knows no connection.

One message while joining may be as large as a document. What arrives of such messages, and what of them waits for a
room or its checks, shares one budget. Messages of ordinary size do not count: each connection has its own bounds.
"""

from __future__ import annotations

from collab.limits import Limits


class LargeMessages:
    """The budget of one process."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.large_messages_size_bytes
        self._held = 0

    @property
    def held_bytes(self) -> int:
        """What all hold now."""
        return self._held

    @property
    def left_bytes(self) -> int:
        """So much more may be held."""
        return max(0, self._most - self._held)

    def change(self, size_bytes: int) -> None:
        """Somebody holds so much more, or less."""
        self._held += size_bytes
