"""Owns how an open socket goes from one worker to another: the descriptor, and the bytes that were read from it.

The other worker reads those bytes first and the socket after; nothing that the client sent is lost, and no byte is
carried between processes after that. A hand-over that fails is a connection that ends: the client comes again.
Knows no WebSocket.
"""

from __future__ import annotations

import array
import asyncio
import os
import socket
import struct
from dataclasses import dataclass

from collab.errors import MalformedMessage

CHANNEL_KIND = b"C"
HANDOVER_KIND = b"H"
_HEAD = struct.Struct(">BI")
"""Hops, length of the bytes that were read."""
_READ_BYTES = 64 * 1024
_FLAGS = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
_FAMILIES = frozenset({socket.AF_INET, socket.AF_INET6})


@dataclass(frozen=True, slots=True)
class Handover:
    """A socket of a client on its way to another worker."""

    socket: socket.socket
    request: bytes
    """All that was read from it."""
    hops: int
    """How often it was handed over."""


async def send_handover(address: str, handover: Handover) -> None:
    """Hand a socket to the worker at that address; ours is still to be closed. Raises: OSError."""
    loop = asyncio.get_running_loop()
    head = HANDOVER_KIND + _HEAD.pack(handover.hops, len(handover.request)) + handover.request
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.setblocking(False)
        channel.connect(address)
        sent = socket.send_fds(channel, [head], [handover.socket.fileno()])
        if sent < len(head):
            await loop.sock_sendall(channel, head[sent:])


class Arrivals:
    """Reads what arrives on one connection of a worker's door, descriptors included."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._descriptors: list[int] = []

    async def kind(self) -> bytes:
        """The first byte, which says what follows; empty at the end of the stream."""
        return await self._receive(1)

    async def handover(self, most_bytes: int) -> Handover:
        """What follows `HANDOVER_KIND`. Raises: MalformedMessage, OSError."""
        hops, length = _HEAD.unpack(await self._exactly(_HEAD.size))
        if length > most_bytes:
            raise MalformedMessage(f"{length} bytes handed over (handover_size_bytes is {most_bytes})")
        request = await self._exactly(length)
        if len(self._descriptors) != 1:
            raise MalformedMessage(f"{len(self._descriptors)} descriptors handed over")
        return Handover(_client_socket(self._descriptors.pop()), request, hops)

    def close(self) -> None:
        """Close every descriptor that was not taken."""
        while self._descriptors:
            os.close(self._descriptors.pop())

    async def _exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            part = await self._receive(min(count - len(data), _READ_BYTES))
            if not part:
                raise MalformedMessage("a hand-over that ends too early")
            data += part
        return bytes(data)

    async def _receive(self, most: int) -> bytes:
        while True:
            try:
                data, ancillary, _, _ = self._channel.recvmsg(most, socket.CMSG_SPACE(4), _FLAGS)
            except BlockingIOError:
                await _readable(self._channel)
                continue
            for level, kind, content in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    found = array.array("i")
                    found.frombytes(content[: len(content) - len(content) % found.itemsize])
                    self._descriptors.extend(found)
            return data


async def _readable(channel: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(channel, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(channel)


def _client_socket(descriptor: int) -> socket.socket:
    """Raises: MalformedMessage when it is no socket of a client."""
    try:
        client = socket.socket(fileno=descriptor)
    except OSError:
        os.close(descriptor)
        raise MalformedMessage("no socket was handed over") from None
    if client.family not in _FAMILIES or client.type != socket.SOCK_STREAM:
        client.close()
        raise MalformedMessage("another kind of socket was handed over")
    client.setblocking(False)
    return client
