"""Owns what a WebSocket needs of whatever takes its messages, as a protocol; knows no implementation of it."""

from __future__ import annotations

from typing import Protocol


class Peer(Protocol):
    """What takes the messages of a WebSocket that was let in. Nothing here raises or waits."""

    def limit_of(self, start: bytes, /) -> int:
        """The largest message that would be taken now, of those that start so; empty: nothing is known of it yet."""
        ...

    def receive(self, message: bytes, /) -> None:
        """A binary message."""
        ...

    def arriving(self, size_bytes: int, /) -> None:
        """So much of a message has come that is not whole yet; 0 when it is."""
        ...

    def receive_text(self, text: bytes, /) -> None:
        """A text message, in UTF-8."""
        ...

    def receive_oversized(self, start: bytes, /) -> None:
        """A message above the limit; this is how it starts."""
        ...

    def heard(self) -> None:
        """A sign of life that is no message."""
        ...

    def blocked(self) -> None:
        """What is written waits in this process now."""
        ...

    def writable(self) -> None:
        """The network takes bytes again."""
        ...

    def disconnected(self) -> None:
        """It is over: what is written from now on goes nowhere."""
        ...
