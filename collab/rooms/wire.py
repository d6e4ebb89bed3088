"""Owns what a connection needs of the transport below it, as a protocol; knows no implementation of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from collab.protocol.sending import CloseInfo


class Wire(Protocol):
    """One client's end of a WebSocket. Nothing here waits; after the end everything is without effect.

    It tells its connection `blocked` when the client takes nothing more for now, and `writable` when it does again.
    """

    @property
    def write(self) -> Callable[[bytes], object]:
        """Takes whole WebSocket frames, one or many; the same bytes may be given to many wires."""
        ...

    def waiting_bytes(self) -> int:
        """What was written and is not yet taken by the network."""
        ...

    def pause_reading(self) -> None:
        """Receive nothing more for now: what the client sends waits in its own machine."""
        ...

    def resume_reading(self) -> None:
        """Receive again."""
        ...

    def close(self, info: CloseInfo) -> None:
        """End the WebSocket behind what was written."""
        ...
