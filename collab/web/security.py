"""Owns what every answer carries and what no request may do: headers, Host, correlation ids, the access line.

The outermost layer of the application. What an answer says is the routes' business.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collab.clock import Clock

log = structlog.get_logger(__name__)

_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?", re.IGNORECASE)
_SOURCE = re.compile(r"(?:https?://)?(?:\*\.)?[a-z0-9_.-]+(?::[0-9]{1,5})?", re.IGNORECASE)
"""What may stand in a policy: an origin, or a host."""
_QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
SANDBOX_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'"
"""For a user's own image opened by its address: nothing in it runs, and it has no origin."""


def page_policy(host: str, nonce: str, ancestors: Sequence[str] = (), *, jupyter_servers: Sequence[str] = ()) -> str:
    """The policy of our pages. The nonce is for the style elements that the editor makes at run time.

    `ancestors` may show the page in a frame, besides ourselves; `jupyter_servers`: further origins that a page may
    call, by HTTP and by WebSocket.
    """
    others = "".join(f" {origin} {origin.replace('http', 'ws', 1)}" for origin in jupyter_servers)
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            f"connect-src 'self' ws://{host} wss://{host}{others}",
            "worker-src 'self'",
            "frame-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            " ".join(("frame-ancestors 'self'", *filter(_SOURCE.fullmatch, ancestors))),
            # Nothing but the sanitiser turns text into markup; the other policy knows the one address of the worker.
            "require-trusted-types-for 'script'",
            "trusted-types dompurify formula-worker",
        )
    )


def is_valid_host(host: str) -> bool:
    """Whether a Host header can be a host at all; it is printed into policies and addresses."""
    return _HOST.fullmatch(host) is not None


class Guard:
    """Wraps the application: nothing leaves without security headers, each request has an id and a line in the log."""

    def __init__(self, app: ASGIApp, clock: Clock, *, quiet: bool) -> None:
        """`quiet`: successful requests are worth a line at debug level only."""
        self._app = app
        self._clock = clock
        self._quiet = quiet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        correlation_id = secrets.token_hex(6)
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        structlog.contextvars.bind_contextvars(correlation_id=correlation_id)
        started = self._clock.monotonic()
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(MutableHeaders(scope=message), correlation_id)
            await send(message)

        try:
            await self._app(scope, receive, send_guarded)
        finally:
            if scope["path"] not in _QUIET_PATHS:
                taken_ms = round((self._clock.monotonic() - started) * 1000, 1)
                say = log.debug if self._quiet and 0 < status < 400 else log.info
                say("request", method=scope["method"], path=scope["path"], status=status, ms=taken_ms)


def _add_headers(headers: MutableHeaders, correlation_id: str) -> None:
    headers.setdefault("Content-Security-Policy", API_POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers["X-Correlation-Id"] = correlation_id
    headers.setdefault("Cache-Control", "no-store")
