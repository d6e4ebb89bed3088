"""Owns the bytes of one WebSocket: frames, backpressure in both directions, pings, the close and its deadline.

Driven by uvicorn (`ws=`) on the port of the HTTP side. There is a task until somebody is let in; afterwards a message
is a call of the peer above, and a broadcast is a write to the transport. What time brings is looked at in one sweep for
all. Knows no room: who comes in is the routes' business (`socket_routes.py`), what messages mean the peer's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from enum import Enum
from http import HTTPStatus
from typing import Any, ClassVar, cast

import structlog
import uvicorn
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from collab.errors import CloseCode, InternalError, RoomElsewhere
from collab.node.handover import Handover, send_handover
from collab.protocol.frames import NO_CODE, FrameReader, Kind, Opcode, Signal, encode_close, encode_frame
from collab.protocol.sending import CloseInfo
from collab.web.peer import Peer
from collab.web.socket_routes import SocketRoute
from collab.web.surroundings import Surroundings
from collab.web.upgrade import VERSION, ImpossibleUpgrade, PeerSocket, Upgrade, accepting, read_upgrade, refusing

log = structlog.get_logger(__name__)

HIGH_WATER_FRACTION = 4
"""A wire is blocked while more than this part of an outbox waits in it."""
_HEAD_END = b"\r\n\r\n"
PINGS = 3
"""So many fit into the idle timeout."""
_PING = encode_frame(b"", Opcode.PING)
_NOT_BLOCKED = -1


class Phase(Enum):
    """The life of a wire."""

    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    """Our last bytes are written, or the peer said goodbye: only the end is awaited, and not for long."""
    OVER = "over"


# Looked up once: in CPython 3.11 each look into an enumeration costs as much as reading a frame.
_OPENING, _OPEN, _CLOSING = Phase.OPENING, Phase.OPEN, Phase.CLOSING


class WebSocketWire(asyncio.Protocol):
    """One WebSocket, made by uvicorn for the request that asks for it, or for a socket that another process began."""

    around: ClassVar[Surroundings]
    __slots__ = (
        "_adopted",
        "_begun",
        "_deadline",
        "_heard",
        "_heard_at",
        "_key",
        "_on_over",
        "_paused",
        "_peer",
        "_phase",
        "_pinged",
        "_reader",
        "_server",
        "_stalled_at",
        "_transport",
        "_waiting",
        "say_closing",
        "write",
    )

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        adopted: Handover | None = None,
    ) -> None:
        """`adopted`: what another worker accepted and gave away."""
        self._server = server_state
        self._adopted = adopted
        self._begun = bytearray()
        """All that came before the door opened here, for a hand-over."""
        self._reader: FrameReader | None = None
        self._phase = Phase.OPENING
        self._peer: Peer | None = None
        self._on_over: Callable[[CloseInfo], None] | None = None
        self._transport: asyncio.Transport = None  # type: ignore[assignment]  # as uvicorn's: from connection_made on
        self.write: Callable[[bytes], object] = _nowhere
        """Takes whole frames; the transport's own method, so that a broadcast costs one call for each wire."""
        self.say_closing: Callable[[CloseInfo], CloseInfo] | None = None
        """How another dialect says why it ends."""
        self._key = ""
        self._paused = False
        self._heard = self._pinged = False
        self._heard_at = 0.0
        self._deadline: float | None = None
        self._waiting = _NOT_BLOCKED
        self._stalled_at = 0.0

    # -- for the transport --

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=self.around.limits.outbox_size_bytes // HIGH_WATER_FRACTION)
        self.write = self._transport.write
        self._heard_at = self._loop.time()
        self._server.connections.add(self)  # type: ignore[arg-type]  # uvicorn names its own classes; it calls `shutdown`
        self.around.add(self)
        if self._adopted is not None:
            self._loop.call_soon(self.data_received, b"")

    def data_received(self, data: bytes) -> None:
        self._heard = True
        if self._phase is _OPENING:
            self._begun += data
        if self._reader is None:
            self._begin(data if self._adopted is None else self._adopted.request + data)
        else:
            self._reader.receive(data)
            self._read()

    def eof_received(self) -> None:
        """The transport closes itself."""

    def pause_writing(self) -> None:
        self._waiting, self._stalled_at = self.waiting_bytes(), self._loop.time()
        if self._peer is not None:
            self._peer.blocked()

    def resume_writing(self) -> None:
        self._waiting = _NOT_BLOCKED
        if self._peer is not None:
            self._peer.writable()

    def connection_lost(self, exc: Exception | None) -> None:
        self._phase, self.write = Phase.OVER, _nowhere
        self._server.connections.discard(self)
        self.around.wires.discard(self)
        self._let_go(CloseInfo(CloseCode.NORMAL, ""))

    # -- for uvicorn --

    def shutdown(self) -> None:
        """The server stops."""
        if self._phase is Phase.OPENING:
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE, "The server restarts.")
        elif self._phase is Phase.OPEN:
            self.close(CloseInfo(CloseCode.SERVICE_RESTART, "server restarts"))
        if self._phase is Phase.CLOSING:
            self._transport.close()

    # -- for the routes --

    def refuse(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        """Answer the request with a status, and hang up."""
        if self._phase is Phase.OPENING:
            self.write(refusing(status, text, headers or {}))
            self._end()
            self._transport.close()

    def accept(self, subprotocol: str | None) -> None:
        """Answer that this is a WebSocket from now on. Nothing is read before a peer is attached."""
        if self._phase is Phase.OPENING:
            self.write(accepting(self._key, subprotocol))
            self._phase = Phase.OPEN
            self._begun = bytearray()

    async def hand_over(self, address: str) -> None:
        """Let the worker at that address go on with this socket, instead of `accept`.

        Raises: RoomElsewhere (it cannot be handed over), OSError (nobody takes it).
        """
        hops = 0 if self._adopted is None else self._adopted.hops
        limits = self.around.limits
        if hops >= limits.handover_hops or len(self._begun) > limits.handover_size_bytes:
            raise RoomElsewhere("handover_hops" if hops >= limits.handover_hops else "handover_size_bytes")
        if self._phase is not Phase.OPENING:
            return
        with self._transport.get_extra_info("socket").dup() as copy:
            await send_handover(address, Handover(copy, bytes(self._begun), hops + 1))
        self._end()
        self._transport.abort()

    def attach(self, peer: Peer, on_over: Callable[[CloseInfo], None]) -> None:
        """Give the messages to `peer`. `on_over` is called once: in how it was closed from this side, else NORMAL."""
        self._peer, self._on_over = peer, on_over
        if self._phase is Phase.OPEN:
            self.resume_reading()
        else:
            self._let_go(CloseInfo(CloseCode.NORMAL, ""))

    # -- for the peer --

    def waiting_bytes(self) -> int:
        """What was written and is not yet taken by the network."""
        return 0 if self._phase is Phase.OVER else self._transport.get_write_buffer_size()

    def pause_reading(self) -> None:
        """Read nothing more for now, and keep what is read already."""
        if self._phase is Phase.OPEN and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if self._readable and self._paused:
            self._paused = False
            self._transport.resume_reading()
            self._loop.call_soon(self._read)

    def close(self, info: CloseInfo) -> None:
        """Say why it ends, behind what was written; a peer that does not answer in time is cut."""
        if self._phase is Phase.OPEN:
            said = info if self.say_closing is None else self.say_closing(info)
            self.write(encode_close(said.code, said.reason))
            self._end()
            self.resume_reading()
        self._let_go(info)

    # -- time --

    def pass_time(self, now: float) -> None:
        """Cut who takes nothing or does not answer, ask the silent for a sign of life."""
        limits = self.around.limits
        if self._deadline is not None and now >= self._deadline:
            self._transport.abort()
        elif self._waiting != _NOT_BLOCKED:
            self._look_at_stall(now, limits.outbox_stall_s)
        elif self._heard:
            self._heard, self._pinged, self._heard_at = False, False, now
        elif self._phase is Phase.OPEN:
            silent_s, ping_s = now - self._heard_at, limits.idle_timeout_s / PINGS
            if silent_s >= 2 * ping_s:
                self.close(CloseInfo(CloseCode.INTERNAL_ERROR, "no answer to a ping"))
            elif silent_s >= ping_s and not self._pinged:
                self._pinged = True
                self.write(_PING)

    def _look_at_stall(self, now: float, stall_s: float) -> None:
        waiting = self.waiting_bytes()
        if waiting < self._waiting:
            self._waiting, self._stalled_at = waiting, now
        elif now - self._stalled_at >= stall_s:
            self._transport.abort()

    # -- the handshake --

    def _begin(self, data: bytes) -> None:
        """Look at the request, and start the task that lets in or refuses; what came behind it waits."""
        head, _, behind = data.partition(_HEAD_END)
        self._begun[:] = data
        self._reader = FrameReader()
        self._reader.receive(behind)
        self._paused = True  # what is sent before the door opens waits in the sender's own machine
        self._transport.pause_reading()
        peer = PeerSocket(get_remote_addr(self._transport), get_local_addr(self._transport))
        try:
            upgrade = read_upgrade(head, peer, secure=is_ssl(self._transport))
        except ImpossibleUpgrade as error:
            self.refuse(error.status, str(error), {"Sec-WebSocket-Version": VERSION})
            return
        found = self.around.routes.find(upgrade.path)
        if found is None:
            self.refuse(HTTPStatus.NOT_FOUND, "There is no WebSocket at this address.")
            return
        self._key = upgrade.key
        task = self._loop.create_task(self._open(*found, upgrade), name="handshake")
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)

    async def _open(self, route: SocketRoute, rest: str, upgrade: Upgrade) -> None:
        try:
            await route.open(self, upgrade, rest)
        except Exception:
            log.exception("handshake_failed")
            self.refuse(HTTPStatus.INTERNAL_SERVER_ERROR, InternalError.public)
            self.close(CloseInfo(CloseCode.INTERNAL_ERROR, InternalError.public))

    # -- messages --

    def _read(self) -> None:
        """Give what has come to the peer, until it wants no more."""
        try:
            self._read_short()
            reader = self._reader
            while reader and reader.arriving_bytes and not self._paused and self._readable and self._read_any():
                self._read_short()
        except Exception:
            log.exception("socket_failed")
            self.close(CloseInfo(CloseCode.INTERNAL_ERROR, InternalError.public))

    @property
    def _readable(self) -> bool:
        return self._phase is _OPEN or self._phase is _CLOSING

    def _read_short(self) -> None:
        reader, peer = self._reader, self._peer
        while reader is not None and peer is not None and not self._paused:
            message = reader.short()
            if message is None:
                return
            peer.receive(message)

    def _read_any(self) -> bool:
        """Take the next message, whatever it is; False when it is not here yet."""
        reader, peer = self._reader, self._peer
        if reader is None or not reader.arriving_bytes:
            return False
        message = reader.next(0 if peer is None else peer.limit_of(reader.start))
        if peer is not None:
            peer.arriving(reader.arriving_bytes)
        if isinstance(message, Signal):
            self._on_signal(message, peer)
        elif peer is not None and message is not None:
            peer.receive(message)
        return message is not None

    def _on_signal(self, signal: Signal, peer: Peer | None) -> None:
        if signal.kind is Kind.CLOSE:
            self._on_close(signal.code)
        elif signal.kind is Kind.BROKEN:
            self._hang_up(encode_close(signal.code, signal.payload.decode()))
        elif peer is None:
            return
        elif signal.kind is Kind.TEXT:
            peer.receive_text(signal.payload)
        elif signal.kind is Kind.OVERSIZED:
            peer.receive_oversized(signal.payload)
        elif signal.kind is Kind.PONG:
            peer.heard()
        elif self._waiting != _NOT_BLOCKED:
            self._transport.abort()  # who asks without reading the answers would fill our memory with them
        else:
            self.write(encode_frame(signal.payload, Opcode.PONG))

    def _on_close(self, code: int) -> None:
        """The peer said goodbye, or answered our goodbye."""
        if self._phase is Phase.OPEN:
            self._hang_up(encode_frame(b"", Opcode.CLOSE) if code == NO_CODE else encode_close(code, ""))
        else:
            self._transport.close()

    def _hang_up(self, last_words: bytes) -> None:
        if self._phase is Phase.OPEN:
            self.write(last_words)
        self._end()
        self._transport.close()
        self._let_go(CloseInfo(CloseCode.NORMAL, ""))

    # -- the end --

    def _end(self) -> None:
        """Nothing more is written; the rest may take so long and no longer."""
        self._phase = Phase.CLOSING
        self._deadline = self._loop.time() + self.around.limits.outbox_stall_s
        if self._reader is not None:
            self._reader.discard()

    def _let_go(self, info: CloseInfo) -> None:
        peer, self._peer = self._peer, None
        on_over, self._on_over = self._on_over, None
        if peer is not None:
            peer.disconnected()
        if on_over is not None:
            on_over(info)

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()


def _nowhere(frames: bytes) -> None:
    """What is written to a connection that is gone."""
