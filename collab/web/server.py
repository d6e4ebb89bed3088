"""Owns how uvicorn is run: its settings, the deadlines it has not, and the order of a graceful stop.

Knows bytes and timers; what a request means is the application's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import ClassVar

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.wsproto_impl import FrameTooLargeError, WSProtocol
from wsproto import events

from collab.auth.peer import peer_uid
from collab.config import Config
from collab.limits import Limits
from collab.node.handover import Handover, send_handover

_FRAME_SLACK_BYTES = 64
"""What a message's type and length add to the largest update."""


@dataclass(slots=True)
class PeerSocket:
    """The other end of one connection; its user is looked up once."""

    client: tuple[str, int] | None
    server: tuple[str, int | None] | None
    message_limit_bytes: Callable[[], int] | None = None
    """How large a message would be taken from it now; None while nobody said."""
    hand_over: Callable[[str], Awaitable[None]] | None = None
    """Gives the socket to the worker at an address, before it was accepted here. Raises: OSError."""
    hops: int = 0
    """So often it was handed over before."""
    _uid: int | None = field(default=None, init=False)

    def uid(self) -> int | None:
        """The uid that owns the other end on this machine, None when unknown."""
        if self._uid is None and self.client is not None and self.server is not None and self.server[1] is not None:
            self._uid = peer_uid(self.client, (self.server[0], self.server[1]))
        return self._uid


class PendingHeads:
    """Connections that have not sent a complete request head; the oldest goes when there are too many."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.pending_handshakes
        self._transports: OrderedDict[int, asyncio.Transport] = OrderedDict()

    def __len__(self) -> int:
        return len(self._transports)

    def add(self, transport: asyncio.Transport) -> None:
        self._transports[id(transport)] = transport
        if len(self._transports) > self._most:
            _, oldest = self._transports.popitem(last=False)
            oldest.abort()

    def remove(self, transport: asyncio.Transport) -> None:
        self._transports.pop(id(transport), None)


class StallWatch:
    """Aborts a connection whose peer takes nothing for `stall_s` while bytes wait for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, stall_s: float) -> None:
        self._loop = loop
        self._transport = transport
        self._stall_s = stall_s
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self.stop()
        self._timer = self._loop.call_later(self._stall_s, self._look, self._transport.get_write_buffer_size())

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, waiting_before: int) -> None:
        if self._transport.get_write_buffer_size() >= waiting_before:
            self._transport.abort()
        else:
            self.start()


class EdgeHttp(H11Protocol):
    """uvicorn's HTTP protocol with a deadline for the request head and for readers that do not read."""

    limits: ClassVar[Limits]
    pending: ClassVar[PendingHeads]
    adopted: Handover | None = None
    """Where the socket comes from another worker: what that one had read of it comes first."""
    _deadline: asyncio.TimerHandle | None = None
    _stall: StallWatch | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        peer = PeerSocket(self.client, self.server, hops=0 if self.adopted is None else self.adopted.hops)
        self.app_state = {**self.app_state, "peer": peer}
        self._stall = StallWatch(self.loop, transport, self.limits.outbox_stall_s)
        self._await_head()
        if self.adopted is not None:
            self.loop.call_soon(self._take_adopted)

    def _take_adopted(self) -> None:
        if self.adopted is not None:
            self.data_received(b"")

    def data_received(self, data: bytes) -> None:
        if self.adopted is not None:
            data, self.adopted = self.adopted.request + data, None
        if self.cycle is None or self.cycle.response_complete:
            self._await_head()
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._head_complete()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._head_complete()
        behind, _ = self.conn.trailing_data
        super().handle_websocket_upgrade(event)
        if behind:  # uvicorn would lose it
            self.transport.get_protocol().data_received(behind)  # type: ignore[attr-defined]  # a protocol of ours

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_complete()
        if self._stall is not None:
            self._stall.stop()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stall is not None:
            self._stall.start()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stall is not None:
            self._stall.stop()

    def _await_head(self) -> None:
        """Arm the deadline unless it runs: bytes that drip in do not move it."""
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.limits.handshake_timeout_s, self.transport.abort)
            self.pending.add(self.transport)

    def _head_complete(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
            self.pending.remove(self.transport)


class EdgeWebSocket(WSProtocol):
    """uvicorn's WebSocket protocol that lets go of peers which neither read nor answer the close."""

    limits: ClassVar[Limits]
    _stall: StallWatch | None = None
    _cut = False
    _read: bytearray | None = None
    """All that came so far, until the socket is accepted here or handed over."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._read = bytearray()
        self._stall = StallWatch(self.loop, transport, self.limits.outbox_stall_s)
        peer = self.app_state.get("peer")
        if isinstance(peer, PeerSocket):
            peer.hand_over = self._hand_over

    def data_received(self, data: bytes) -> None:
        if self.handshake_complete:
            self._read = None
        elif self._read is not None:
            self._read += data
        super().data_received(data)

    async def _hand_over(self, address: str) -> None:
        peer = self.app_state["peer"]
        if self.handshake_complete or self._read is None or len(self._read) > self.limits.handover_size_bytes:
            raise OSError("too much was read already")
        with socket.socket(fileno=os.dup(self.transport.get_extra_info("socket").fileno())) as copy:
            await send_handover(address, Handover(copy, bytes(self._read), peer.hops + 1))
        self.handshake_complete = True  # by somebody else
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._stall is not None:
            self._stall.stop()
        super().connection_lost(exc)

    def handle_connect(self, event: events.Request) -> None:
        super().handle_connect(event)
        # What a client sends before it was let in would fill our memory; `receive` reads on once it is.
        self._pause_reading()

    def handle_message(self, event: events.TextMessage | events.BytesMessage) -> None:
        """Text, or what is too large, is handed over as far as it came: the session says why it is refused."""
        limit = self._message_limit_bytes
        if self._cut:
            return
        if limit is None or (isinstance(event, events.BytesMessage) and self.buffer.length + len(event.data) <= limit):
            super().handle_message(event)
            return
        self._cut = True
        with contextlib.suppress(FrameTooLargeError):
            self.buffer.extend(event)
        self.queue.put_nowait(self.buffer.to_message())
        self.buffer.clear()
        self._pause_reading()

    @property
    def _message_limit_bytes(self) -> int | None:
        peer = self.app_state.get("peer")
        return peer.message_limit_bytes() if isinstance(peer, PeerSocket) and peer.message_limit_bytes else None

    def _pause_reading(self) -> None:
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stall is not None:
            self._stall.start()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stall is not None:
            self._stall.stop()

    def handle_ping(self, event: events.Ping) -> None:
        # Who asks without reading the answers would fill our memory with them.
        if self.writable.is_set():
            super().handle_ping(event)
        else:
            self.transport.abort()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        if not self.disconnected:
            self.loop.call_later(self.limits.outbox_stall_s, self.transport.abort)


class EdgeServer(uvicorn.Server):
    """A server that lets the rooms say goodbye before sockets are cut."""

    def __init__(self, config: uvicorn.Config, before_stop: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._before_stop = before_stop

    async def adopt(self, handover: Handover) -> None:
        """Go on with a client's socket that came from another worker."""
        if not self.config.loaded:
            self.config.load()
        kind: type[EdgeHttp] = self.config.http_protocol_class  # type: ignore[assignment]  # by `uvicorn_config`
        protocol = kind(config=self.config, server_state=self.server_state, app_state={})
        protocol.adopted = handover
        await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, handover.socket)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await self._before_stop()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Stop on a signal, and end quietly: uvicorn would raise the signal again after a graceful stop."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)


def uvicorn_config(app: ASGIApp, config: Config) -> uvicorn.Config:
    """The settings under which the Autobahn suite is run as well."""
    limits = config.limits
    return uvicorn.Config(
        app,
        http=type("Http", (EdgeHttp,), {"limits": limits, "pending": PendingHeads(limits)}),
        ws=type("WebSocket", (EdgeWebSocket,), {"limits": limits}),
        ws_max_size=limits.sync_size_bytes + _FRAME_SLACK_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=limits.idle_timeout_s / 3,
        ws_ping_timeout=limits.idle_timeout_s / 3,
        h11_max_incomplete_event_size=limits.request_head_size_bytes,
        timeout_keep_alive=max(1, round(limits.keep_alive_timeout_s)),
        timeout_graceful_shutdown=max(1, round(config.server.shutdown_s)),
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        lifespan="off",
        interface="asgi3",
    )


def event_loop() -> asyncio.AbstractEventLoop:
    """A fresh loop of the kind that the server runs on."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
