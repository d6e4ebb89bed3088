"""Owns one document of a Hocuspocus socket whose room is at another worker: a WebSocket of our own to this machine's
address, which that worker takes over as it does with any other. Knows no room.
"""

from __future__ import annotations

import asyncio
from collections import deque

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from collab.errors import CloseCode, RoomElsewhere
from collab.limits import Limits
from collab.protocol.frames import encode_frame
from collab.protocol.hocuspocus import Envelope, Translation
from collab.protocol.messages import Hello, MessageType, decode_message
from collab.protocol.roles import Role
from collab.protocol.sending import CloseInfo
from collab.web.hocuspocus.channel import Socket

log = structlog.get_logger(__name__)

_HELLO = bytes([MessageType.HELLO])


class RemoteChannel:
    """A channel that is a client of another worker."""

    def __init__(self, socket: Socket, translation: Translation, limits: Limits) -> None:
        self.translation = translation
        self.role = Role.VIEWER
        self._early: list[Envelope] | None = []
        """What came before the other worker said which role this is; None since then."""
        self._socket = socket
        self._limits = limits
        self._queue: deque[tuple[bytes, int]] = deque()
        self._queued_bytes = 0
        self._filled = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._over = False

    @property
    def limit_bytes(self) -> int:
        return self._limits.sync_size_bytes if self.role.may_write else self._limits.message_size_bytes

    def receive(self, envelope: Envelope) -> None:
        if self._over:
            return
        self._queued_bytes += len(envelope.body)
        if self._early is not None:
            self._early.append(envelope)
        else:
            self._pass_on(envelope)
        if self._queued_bytes > self._limits.message_size_bytes:
            self._socket.hold(self, reading=False)

    def _pass_on(self, envelope: Envelope) -> None:
        message = self.translation.inward(envelope, self.role)
        if message is None:
            self._queued_bytes -= len(envelope.body)
        else:
            self._queue.append((message, len(envelope.body)))
            self._filled.set()

    def heard(self) -> None:
        """The other end asks for signs of life itself."""

    def blocked(self) -> None:
        self._writable.clear()

    def writable(self) -> None:
        self._writable.set()

    def disconnected(self) -> None:
        self._over = True
        self._writable.set()
        self._filled.set()

    async def run(self, address: str, token: str | None) -> None:
        """Carry messages both ways until one side ends. Raises: RoomElsewhere (nobody answers there)."""
        offered = [Subprotocol("collab.v1"), *([Subprotocol(f"token.{token}")] if token else [])]
        try:
            async with connect(
                address,
                subprotocols=offered,
                compression=None,
                max_size=None,
                max_queue=16,
                proxy=None,
                ping_interval=None,
                open_timeout=self._limits.load_timeout_s,
                close_timeout=1,
            ) as upstream:
                await self._carry(upstream)
        except (OSError, TimeoutError, WebSocketException) as error:
            raise RoomElsewhere(f"the other worker does not answer: {type(error).__name__}") from None

    async def _carry(self, upstream: ClientConnection) -> None:
        async with asyncio.TaskGroup() as group:
            outgoing = group.create_task(self._send(upstream), name="hocuspocus: to the other worker")
            try:
                await self._receive(upstream)
            finally:
                outgoing.cancel()

    async def _send(self, upstream: ClientConnection) -> None:
        try:
            while not self._over:
                await self._filled.wait()
                self._filled.clear()
                while self._queue:
                    message, size_bytes = self._queue.popleft()
                    await upstream.send(message)
                    self._queued_bytes -= size_bytes
                self._socket.hold(self, reading=True)
            await upstream.close()
        except ConnectionClosed:
            return

    async def _receive(self, upstream: ClientConnection) -> None:
        try:
            async for message in upstream:
                await self._writable.wait()
                if self._over or not isinstance(message, bytes):
                    return
                if message.startswith(_HELLO):
                    self._admit(message)
                for said in self.translation.outward(message):
                    self._socket.write(encode_frame(said))
        except ConnectionClosed:
            pass
        if not self._over:
            self._over = True
            self._socket.ended(self, _close_info(upstream))

    def _admit(self, message: bytes) -> None:
        hello = decode_message(message, self._limits)
        if isinstance(hello, Hello):
            self.role = Role(hello.role)
            self._socket.write(encode_frame(self.translation.admitted(self.role)))
            early, self._early = self._early, None
            for envelope in early or ():
                self._pass_on(envelope)


def _close_info(upstream: ClientConnection) -> CloseInfo:
    try:
        code = CloseCode(upstream.close_code or CloseCode.SERVICE_RESTART)
    except ValueError:
        code = CloseCode.SERVICE_RESTART
    return CloseInfo(code, upstream.close_reason or "")
