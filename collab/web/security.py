"""Owns what every answer carries and what no request may do: headers, Host, correlation ids, the access line.

The outermost layer of the application. What an answer says is the routes' business.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collab.clock import Clock
from collab.errors import MalformedMessage
from collab.web.errors import as_collab_error, error_response

log = structlog.get_logger(__name__)

_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?", re.IGNORECASE)
_QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
SANDBOX_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'"
"""For a user's own image opened by its address: nothing in it runs, and it has no origin."""


def page_policy(host: str, nonce: str) -> str:
    """The policy of our pages. The nonce is for the style elements that the editor makes at run time."""
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            f"connect-src 'self' ws://{host} wss://{host}",
            "worker-src 'self'",
            "frame-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


def is_valid_host(host: str) -> bool:
    """Whether a Host header can be a host at all; it is printed into policies and addresses."""
    return _HOST.fullmatch(host) is not None


class Guard:
    """Wraps the application: nothing leaves without security headers, no error leaves with its text."""

    def __init__(self, app: ASGIApp, clock: Clock, count_error: Callable[[str], None]) -> None:
        self._app = app
        self._clock = clock
        self._count_error = count_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        correlation_id = secrets.token_hex(6)
        started = self._clock.monotonic()
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(MutableHeaders(scope=message), correlation_id)
            await send(message)

        request = Request(scope, receive)
        structlog.contextvars.bind_contextvars(correlation_id=correlation_id)
        try:
            host = request.headers.get("host")
            if host is not None and not is_valid_host(host):
                raise MalformedMessage("host", public="The request names no possible host.")
            await self._app(scope, receive, send_guarded)
        except Exception as error:
            answer = as_collab_error(error)
            if answer.http_status >= 500:
                log.error("request_failed", code=answer.code, path=scope["path"], exc_info=error)
            else:
                log.info("request_refused", code=answer.code, path=scope["path"], detail=str(answer))
            self._count_error(answer.code)
            if status:
                raise
            await error_response(request, answer, correlation_id)(scope, receive, send_guarded)
        finally:
            if scope["path"] not in _QUIET_PATHS:
                taken_ms = round((self._clock.monotonic() - started) * 1000, 1)
                log.info("request", method=scope["method"], path=scope["path"], status=status, ms=taken_ms)
            structlog.contextvars.unbind_contextvars("correlation_id")


def _add_headers(headers: MutableHeaders, correlation_id: str) -> None:
    headers.setdefault("Content-Security-Policy", API_POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers["X-Correlation-Id"] = correlation_id
    headers.setdefault("Cache-Control", "no-store")
