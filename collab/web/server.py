"""Owns how uvicorn is run: its settings, the deadlines it has not, and the order of a graceful stop.

Knows bytes and timers; what a request means is the application's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator
from typing import ClassVar, cast

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from collab.config import Config
from collab.limits import Limits
from collab.node.handover import Handover
from collab.web.socket_routes import SocketRoutes
from collab.web.surroundings import Surroundings
from collab.web.upgrade import PeerSocket
from collab.web.wire import WebSocketWire


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
    _deadline: asyncio.TimerHandle | None = None
    _stall: StallWatch | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self.app_state = {**self.app_state, "peer": PeerSocket(self.client, self.server)}
        self._stall = StallWatch(self.loop, transport, self.limits.outbox_stall_s)
        self._await_head()

    def data_received(self, data: bytes) -> None:
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
            cast(WebSocketWire, self.transport.get_protocol()).data_received(behind)

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


class EdgeServer(uvicorn.Server):
    """A server that lets the rooms say goodbye before sockets are cut."""

    def __init__(self, config: uvicorn.Config, before_stop: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._before_stop = before_stop

    async def adopt(self, handover: Handover) -> None:
        """Go on with a WebSocket that another worker accepted, and began to read. Raises: OSError (it is gone)."""
        kind = cast(type[WebSocketWire], self.config.ws_protocol_class)
        wire = kind(self.config, self.server_state, {}, adopted=handover)
        await asyncio.get_running_loop().connect_accepted_socket(lambda: wire, handover.socket)

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


def uvicorn_config(app: ASGIApp, config: Config, routes: SocketRoutes) -> uvicorn.Config:
    """The settings under which the Autobahn suite is run as well; `routes` are the WebSockets beside the `app`."""
    limits = config.limits
    return uvicorn.Config(
        app,
        http=type("Http", (EdgeHttp,), {"limits": limits, "pending": PendingHeads(limits)}),
        ws=type("WebSocket", (WebSocketWire,), {"__slots__": (), "around": Surroundings(limits, routes)}),
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
