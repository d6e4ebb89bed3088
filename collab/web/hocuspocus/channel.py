"""Owns one document of a Hocuspocus socket whose room is at this worker: a connection of the room, spoken to in the
other dialect. Knows no HTTP and decides nothing about rights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from collab.protocol.frames import encode_frame
from collab.protocol.hocuspocus import Envelope, Translation
from collab.protocol.roles import Role
from collab.protocol.sending import CloseInfo
from collab.rooms.connection import Connection

_SHORT, _LENGTH_16, _LENGTH_64 = 126, 126, 127


class Socket(Protocol):
    """What a channel needs of the socket that it shares."""

    def write(self, frames: bytes) -> None: ...

    def waiting_bytes(self) -> int: ...

    def hold(self, channel: Channel, reading: bool) -> None:
        """Read from this socket, or do not, as far as this channel is concerned."""
        ...

    def ended(self, channel: Channel, info: CloseInfo) -> None:
        """The channel is over from the room's side."""
        ...


class Channel(Protocol):
    """One document of a socket, wherever its room is. Nothing here waits or raises."""

    translation: Translation

    @property
    def role(self) -> Role: ...

    @property
    def limit_bytes(self) -> int:
        """The largest message that would be taken now."""
        ...

    def receive(self, envelope: Envelope) -> None: ...

    def heard(self) -> None: ...

    def blocked(self) -> None: ...

    def writable(self) -> None: ...

    def disconnected(self) -> None:
        """The socket is gone, or the client wants no more of this document."""
        ...


class LocalChannel:
    """A channel, and the wire of its connection at the same time."""

    def __init__(
        self,
        socket: Socket,
        translation: Translation,
        connection: Connection,
        on_over: Callable[[CloseInfo], None],
    ) -> None:
        self.translation = translation
        self._socket = socket
        self._connection = connection
        self._on_over: Callable[[CloseInfo], None] | None = on_over
        self._over = False

    def open(self) -> None:
        """Tell the client that it is in, and send what waits."""
        self._socket.write(encode_frame(self.translation.admitted(self._connection.role)))
        self._connection.attach(self)

    # -- as a channel --

    @property
    def role(self) -> Role:
        return self._connection.role

    @property
    def limit_bytes(self) -> int:
        return self._connection.message_limit_bytes

    def receive(self, envelope: Envelope) -> None:
        message = self.translation.inward(envelope, self.role)
        if message is not None and not self._over:
            self._connection.receive(message)

    def heard(self) -> None:
        self._connection.heard()

    def blocked(self) -> None:
        self._connection.blocked()

    def writable(self) -> None:
        self._connection.writable()

    def disconnected(self) -> None:
        self._over = True
        self._connection.disconnected()
        self._tell_over(self._connection.close_info)

    # -- as a wire --

    def write(self, frames: bytes) -> None:
        """Pass whole frames of the one dialect on as frames of the other."""
        if self._over:
            return
        outward = self.translation.outward
        self._socket.write(b"".join(encode_frame(said) for message in messages_in(frames) for said in outward(message)))

    def waiting_bytes(self) -> int:
        return 0 if self._over else self._socket.waiting_bytes()

    def pause_reading(self) -> None:
        self._socket.hold(self, reading=False)

    def resume_reading(self) -> None:
        self._socket.hold(self, reading=True)

    def close(self, info: CloseInfo) -> None:
        if not self._over:
            self._over = True
            self._connection.disconnected()
            self._socket.ended(self, info)
        self._tell_over(info)

    def _tell_over(self, info: CloseInfo | None) -> None:
        on_over, self._on_over = self._on_over, None
        if on_over is not None and info is not None:
            on_over(info)


def messages_in(frames: bytes) -> Iterator[bytes]:
    """The messages of whole unmasked frames, one behind the other, as our rooms write them."""
    at = 0
    while at < len(frames):
        size = frames[at + 1]
        at += 2
        if size >= _SHORT:
            width = 2 if size == _LENGTH_16 else 8
            size = int.from_bytes(frames[at : at + width], "big")
            at += width
        yield frames[at : at + size]
        at += size
