"""Owns one socket in the Hocuspocus dialect: which documents it has, who of them may be read from, and its pings.

A document is opened by its first message, which carries the token; until the room is found what follows waits, up to
the size of one message. The tasks that look for rooms, or carry messages to other workers, end with the socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from collab.errors import CloseCode, CollabError, LimitExceeded, MalformedMessage, Unauthenticated
from collab.limits import Limits
from collab.protocol.frames import encode_frame
from collab.protocol.hocuspocus import (
    PING,
    PONG,
    Envelope,
    HocuspocusType,
    Translation,
    open_envelope,
    token_of,
)
from collab.protocol.sending import CloseInfo
from collab.rooms.wire import Wire
from collab.web.hocuspocus.channel import Channel

log = structlog.get_logger(__name__)

_ADDRESS_BYTES = 4096
"""What an address and the numbers around it may add to a message."""
_PINGS = 6
"""So many fit into the idle timeout: providers come again after 30 s without a message."""
_NO_RETRY = 4400


class Opener(Protocol):
    """Finds the room of a document."""

    async def __call__(self, socket: HocuspocusSocket, translation: Translation, name: str, token: str) -> Channel:
        """The channel, which tells the client that it is in. Raises: CollabError."""
        ...


@dataclass(slots=True)
class _Waiting:
    """A document that is being opened, and what came for it meanwhile."""

    translation: Translation
    messages: list[Envelope] = field(default_factory=list)
    size_bytes: int = 0
    task: asyncio.Task[None] | None = None


class HocuspocusSocket:
    """The peer of a wire, and what its channels share."""

    def __init__(self, wire: Wire, limits: Limits, opener: Opener, extensions: bool) -> None:
        self._wire = wire
        self._limits = limits
        self._opener = opener
        self._extensions = extensions
        self._channels: dict[str, Channel] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._held: set[Channel] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pings: asyncio.TimerHandle | None = None
        self._over = False
        self._is_blocked = False

    # -- as the peer of a wire --

    def limit_of(self, _start: bytes) -> int:
        most = max((channel.limit_bytes for channel in self._channels.values()), default=0)
        return max(most, self._limits.message_size_bytes) + _ADDRESS_BYTES

    def arriving(self, size_bytes: int) -> None:
        """Large messages are counted when they are whole."""

    def receive(self, message: bytes) -> None:
        if self._over or message == PONG:
            return self.heard()
        try:
            self._take(open_envelope(message, self._limits))
        except CollabError as error:
            self.fail(error)

    def receive_text(self, _text: bytes) -> None:
        self.fail(MalformedMessage("text message"))

    def receive_oversized(self, _start: bytes) -> None:
        self.fail(LimitExceeded("message_size_bytes"))

    def heard(self) -> None:
        for channel in tuple(self._channels.values()):
            channel.heard()

    def blocked(self) -> None:
        self._is_blocked = True
        for channel in tuple(self._channels.values()):
            channel.blocked()

    def writable(self) -> None:
        self._is_blocked = False
        for channel in tuple(self._channels.values()):
            channel.writable()

    def disconnected(self) -> None:
        self._over = True
        if self._pings is not None:
            self._pings.cancel()
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.disconnected()
        self._waiting.clear()
        for task in self._tasks:
            task.cancel()

    # -- for channels --

    def write(self, frames: bytes) -> None:
        if not self._over and frames:
            self._wire.write(frames)

    def waiting_bytes(self) -> int:
        return self._wire.waiting_bytes()

    def hold(self, channel: Channel, reading: bool) -> None:
        before = bool(self._held)
        (self._held.discard if reading else self._held.add)(channel)
        if before is not bool(self._held) and not self._over:
            (self._wire.pause_reading if self._held else self._wire.resume_reading)()

    def ended(self, channel: Channel, info: CloseInfo) -> None:
        """Providers never come again for one document: what may be tried again closes the socket, and they do."""
        self._channels.pop(channel.translation.address, None)
        self.hold(channel, reading=True)
        if info.code >= _NO_RETRY:
            self.write(encode_frame(channel.translation.closed(info.reason)))
        elif info.code is not CloseCode.NORMAL:
            self._wire.close(info)

    def add(self, channel: Channel) -> None:
        """The room let the client in."""
        self._channels[channel.translation.address] = channel
        if self._is_blocked:
            channel.blocked()

    def run(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        """Something that ends with the socket at the latest."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def fail(self, error: CollabError) -> None:
        """End the socket."""
        log.info("hocuspocus_closed", code=error.code, detail=str(error))
        self._wire.close(CloseInfo(error.close_code, error.public))

    # -- documents --

    def _take(self, envelope: Envelope) -> None:
        address = envelope.address
        channel, waiting = self._channels.get(address), self._waiting.get(address)
        if envelope.kind == HocuspocusType.CLOSE:
            return self._close(address)
        if envelope.kind == HocuspocusType.AUTH:
            return self._authenticate(envelope)
        if channel is not None:
            return channel.receive(envelope)
        if waiting is None:
            return self.write(encode_frame(Translation(address, self._limits).denied("Send the token first.")))
        waiting.messages.append(envelope)
        waiting.size_bytes += len(envelope.body) + len(address)
        if waiting.size_bytes > self._limits.message_size_bytes:
            raise LimitExceeded("message_size_bytes")

    def _authenticate(self, envelope: Envelope) -> None:
        """Open a document; a token for one that is open is a renewed one, and the right it came in by stands."""
        token = token_of(envelope)
        address = envelope.address
        if token.pings and self._pings is None:
            self._ping()
        if address in self._channels or address in self._waiting:
            return
        if len(self._channels) + len(self._waiting) >= self._limits.documents_per_socket:
            raise LimitExceeded("documents_per_socket")
        waiting = self._waiting[address] = _Waiting(Translation(address, self._limits, self._extensions))
        waiting.task = self.run(self._open(waiting, envelope.document, token.token), "hocuspocus: open")

    async def _open(self, waiting: _Waiting, name: str, token: str) -> None:
        address = waiting.translation.address
        try:
            channel = await self._opener(self, waiting.translation, name, token)
        except CollabError as error:
            self._deny(waiting.translation, error)
            return
        if self._over or self._waiting.pop(address, None) is not waiting:
            channel.disconnected()
            return
        for envelope in waiting.messages:
            channel.receive(envelope)

    def _deny(self, translation: Translation, error: CollabError) -> None:
        log.info("hocuspocus_denied", code=error.code, detail=str(error))
        self._waiting.pop(translation.address, None)
        if error.close_code < _NO_RETRY and not isinstance(error, Unauthenticated):
            self.fail(error)  # providers take a denial as the last word; this one may be tried again
        else:
            self.write(encode_frame(translation.denied(error.public)))

    def _close(self, address: str) -> None:
        waiting = self._waiting.pop(address, None)
        if waiting is not None and waiting.task is not None:
            waiting.task.cancel()
        channel = self._channels.pop(address, None)
        if channel is not None:
            self.hold(channel, reading=True)
            channel.disconnected()
            self.write(encode_frame(channel.translation.closed("provider_initiated")))

    def _ping(self) -> None:
        self.write(encode_frame(PING))
        every_s = self._limits.idle_timeout_s / _PINGS
        self._pings = asyncio.get_running_loop().call_later(every_s, self._ping)
