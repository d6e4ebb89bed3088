"""Owns what a browser is told about pages of other origins that call the API; knows no route and no right.

Only the configured origins are named, each by itself, and never with credentials: such a page shows a bearer token of
its own, and a cookie of ours is no other page's. Who may do what is decided by the gate, whatever a browser was told.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collab.auth.origin import Origin

_PREFIX = "/api/"
_METHODS = "GET, POST, PUT, DELETE"
_HEADERS = "Authorization, Content-Type"
_SHOWN = "X-Correlation-Id, Content-Disposition, Retry-After"
_REMEMBERED_S = 600


class CrossOrigin:
    """Wraps the application: answers preflights of the allowed origins, and lets them read what the API answers."""

    def __init__(self, app: ASGIApp, allowed: frozenset[Origin]) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_PREFIX):
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        origin = self._named(headers)
        if origin is not None and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            return await _answer_preflight(send, origin)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                marked = MutableHeaders(scope=message)
                marked.add_vary_header("Origin")
                if origin is not None:
                    marked["Access-Control-Allow-Origin"] = origin
                    marked["Access-Control-Expose-Headers"] = _SHOWN
            await send(message)

        await self._app(scope, receive, send_marked)

    def _named(self, headers: Headers) -> str | None:
        """The one origin that asks, when it is an allowed one."""
        origins = headers.getlist("origin")
        return origins[0] if len(origins) == 1 and Origin.parse(origins[0]) in self._allowed else None


async def _answer_preflight(send: Send, origin: str) -> None:
    told = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Allow-Headers": _HEADERS,
        "Access-Control-Max-Age": str(_REMEMBERED_S),
        "Vary": "Origin",
    }
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in told.items()]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
