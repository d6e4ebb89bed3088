"""Owns the room sockets: a browser's frames go to the livefolder server and back, with its close codes.

The way up is opened before the browser's is accepted: its client backs off from a refused upgrade, and would come
every 100 ms to a socket that opens and fails.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar
from urllib.parse import urlencode

import tornado.web as web
from jupyter_server.auth.decorator import authorized, ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, WebSocketHandler, websocket_connect

from collab.jupyter_extension.handlers import is_writable, link_of, person_of

_SERVICE_RESTART = 1012
_REASON_BYTES = 123
_SENDABLE = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})


class RoomSocket(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """`WS api/collaboration/room/{format}:{type}:{fileId}`."""

    auth_resource = "contents"
    _up: WebSocketClientConnection | None = None
    _down: asyncio.Task[None] | None = None

    @property
    def max_message_size(self) -> int:
        return link_of(self).most_bytes

    @ws_authenticated
    @authorized
    async def get(self, room: str) -> Any:
        """Raises: HTTPError (refused or away), before the upgrade."""
        *_, document_id = room.split(":")
        if room.count(":") < 2:
            raise web.HTTPError(404)
        self._up = await self._connect(document_id)
        try:
            return await super().get(room)
        finally:
            if self.ws_connection is None:
                self._up.close()

    async def _connect(self, document_id: str) -> WebSocketClientConnection:
        link, person = link_of(self), person_of(self)
        session = await link.upstream.open(person, {"document_id": document_id}, writable=True)
        local = link.mounts.local(session.place)
        if local is None:
            raise web.HTTPError(404)
        if session.writable and not await is_writable(self, local):
            session = await link.upstream.open(person, {"document_id": document_id}, writable=False)
        history = self.get_argument("sessionId", session.history_id)
        url = f"{session.websocket_url}&{urlencode({'history': history})}"
        request = HTTPRequest(url, connect_timeout=link.upstream.timeout_s, request_timeout=link.upstream.timeout_s)
        try:
            return await websocket_connect(request, max_message_size=link.most_bytes)
        except HTTPClientError as error:
            raise web.HTTPError(error.code if error.code in (403, 404) else 503) from None
        except OSError:
            raise web.HTTPError(503) from None

    def open(self, *_: str) -> None:
        """Both ways are open."""
        super().open()
        self._down = asyncio.create_task(self._copy_down())

    async def _copy_down(self) -> None:
        up = self._up
        if up is None:
            return
        try:
            while (message := await up.read_message()) is not None:
                await self.write_message(message, binary=isinstance(message, bytes))
        except WebSocketClosedError:
            return
        code, reason = up.close_code, up.close_reason
        known = code is not None and (code in _SENDABLE or 3000 <= code < 5000)
        self.close(code if known else _SERVICE_RESTART, (reason or "").encode()[:_REASON_BYTES].decode(errors="ignore"))

    async def on_message(self, message: str | bytes) -> None:
        """Tornado reads no further frame before this one is on its way."""
        if self._up is None:
            return
        try:
            await self._up.write_message(message, binary=isinstance(message, bytes))
        except WebSocketClosedError:
            self.close(_SERVICE_RESTART)

    def on_close(self) -> None:
        """The browser is gone."""
        if self._up is not None:
            self._up.close()
        super().on_close()


class AwarenessSocket(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """`WS api/collaboration/room/JupyterLab:globalAwareness`: which paths people have open stays within this server."""

    auth_resource = "contents"
    tabs: ClassVar[set[AwarenessSocket]] = set()
    _AWARENESS = b"\x01"

    @ws_authenticated
    @authorized
    async def get(self, *_: Any) -> Any:
        return await super().get()

    def open(self, *_: str) -> None:
        super().open()
        self.tabs.add(self)

    async def on_message(self, message: str | bytes) -> None:
        """Everybody gets everybody's presence, the sender too: its client hangs up after silence."""
        if isinstance(message, bytes) and message.startswith(self._AWARENESS):
            for tab in tuple(self.tabs):
                if tab.ws_connection is not None:
                    tab.write_message(message, binary=True)

    def on_close(self) -> None:
        self.tabs.discard(self)
        super().on_close()
