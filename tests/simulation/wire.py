"""A wire without a socket: what a room writes waits here until the test's client reads it."""

from __future__ import annotations

import asyncio

from collab.protocol.session import CloseInfo
from collab.rooms.connection import Access, Connection
from collab.rooms.rooms import Rooms
from collab.store.base import DocumentId


def messages_of(frames: bytes) -> list[bytes]:
    """The payloads of a server's WebSocket frames."""
    messages = []
    at = 0
    while at < len(frames):
        assert frames[at] == 0x82, "not a whole binary message"
        size, at = frames[at + 1], at + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, at = int.from_bytes(frames[at : at + width], "big"), at + width
        messages.append(frames[at : at + size])
        at += size
    return messages


class SimulatedWire:
    """The client's end of a connection. It is blocked while more than `high_bytes` wait to be read."""

    def __init__(self, connection: Connection, high_bytes: int) -> None:
        self.connection = connection
        self.reading = True
        self.close_info: CloseInfo | None = None
        self._high_bytes = high_bytes
        self._written: list[bytes] = []
        self._waiting_bytes = 0
        self._blocked = False
        self._news = asyncio.Event()
        connection.attach(self)

    # -- for the connection --

    def write(self, frames: bytes) -> None:
        self._written.append(frames)
        self._waiting_bytes += len(frames)
        self._news.set()
        if self._waiting_bytes > self._high_bytes and not self._blocked:
            self._blocked = True
            self.connection.blocked()

    def waiting_bytes(self) -> int:
        return self._waiting_bytes

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def close(self, info: CloseInfo) -> None:
        self.close_info = info
        self._news.set()

    # -- for the test --

    def read(self) -> list[bytes]:
        """The messages that wait."""
        written, self._written, self._waiting_bytes = self._written, [], 0
        self._news.clear()
        if self._blocked:
            self._blocked = False
            self.connection.writable()
        return messages_of(b"".join(written))

    async def next_messages(self) -> list[bytes] | None:
        """The next messages; None: the connection is over."""
        while not self._written:
            if self.close_info is not None:
                return None
            self._news.clear()
            await self._news.wait()
        return self.read()


async def join(rooms: Rooms, document_id: DocumentId, access: Access, high_bytes: int = 256 * 1024) -> SimulatedWire:
    """Join a room by a wire."""
    return SimulatedWire(await rooms.join(document_id, access), high_bytes)
