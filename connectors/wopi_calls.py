"""Owns the requests of WOPI: their headers, the proof, redirects, and what a refusal means; remembers nothing.

Each call is made by one person's token. Knows no version and no rule of when to save.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import urljoin

from connectors.clock import Clock
from connectors.errors import (
    AccessDenied,
    ConnectorError,
    FileExists,
    FileMissing,
    InvalidPath,
    LockHeld,
    LockLost,
    QuotaExceeded,
    TooLarge,
    Unavailable,
    Unsupported,
    VersionMismatch,
)
from connectors.http import HttpAnswer, HttpRequest
from connectors.wopi_info import FileInfo
from connectors.wopi_proof import ProofKeys
from connectors.wopi_source import WopiToken

INFO_SIZE_BYTES = 256 * 1024
REDIRECTS = 5
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
CHANGED_IN_STORAGE = 1010
"""Collabora's number for "somebody changed the file meanwhile"."""
EXTERNAL = ("external", "external app")
"""What wopiserver calls the lock of whoever changed or holds a file without WOPI."""


class TokenRefused(AccessDenied):
    """The host takes this token no more."""


class ChangedInStorage(VersionMismatch):
    """The host refused a write because somebody changed the file; `external`: it also wrote a copy beside it."""

    def __init__(self, text: str, *, external: bool) -> None:
        super().__init__(text)
        self.external = external


class HttpPort(Protocol):
    """What sends a request; `connectors.http.Http` is one. It connects to allowed hosts only and follows nothing."""

    async def send(self, request: HttpRequest, *, limit_bytes: int) -> HttpAnswer: ...


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of call."""

    name: str
    method: str = "POST"
    below: str = ""
    override: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    limit_bytes: int = INFO_SIZE_BYTES


@dataclass(frozen=True, slots=True)
class WopiCalls:
    """Sends signed requests to hosts."""

    http: HttpPort
    clock: Clock
    keys: Callable[[], ProofKeys]
    timeout_s: float = 20.0

    async def info(self, token: WopiToken) -> FileInfo:
        """CheckFileInfo. Raises: TokenRefused, AccessDenied, FileMissing, Unavailable."""
        answer = await self.send(token, Operation("CheckFileInfo", method="GET"))
        return FileInfo.parse(answer.content)

    async def send(self, token: WopiToken, operation: Operation) -> HttpAnswer:
        """One call, redirects followed where the list of hosts lets us. Raises: as `refusal`, AddressRefused."""
        url = token.address(operation.below)
        method, body = operation.method, operation.body
        for _ in range(REDIRECTS + 1):
            answer = await self._send_once(token, operation, method, url, body)
            location = answer.headers.get("location", "")
            if answer.status not in _REDIRECTING or not location:
                break
            url = urljoin(url, location)
            if operation.method != "GET" and answer.status not in (307, 308):
                raise Unavailable(f"{operation.name}: the host redirects a {operation.method} by {answer.status}")
        else:
            raise Unavailable(f"{operation.name}: redirects go round in a circle")
        if not answer.ok:
            raise refusal(operation, answer)
        return answer

    async def fetch(self, url: str, limit_bytes: int) -> bytes:
        """A FileUrl or TemplateSource, used as it is and not signed. Raises: as `send`."""
        answer = await self.http.send(HttpRequest("GET", url, total_s=self.timeout_s), limit_bytes=limit_bytes)
        if not answer.ok:
            raise refusal(Operation("GetFile from its FileUrl", method="GET"), answer)
        return answer.content

    async def _send_once(
        self, token: WopiToken, operation: Operation, method: str, url: str, body: bytes
    ) -> HttpAnswer:
        headers = dict(operation.headers)
        if operation.override is not None:
            headers["X-WOPI-Override"] = operation.override
        headers["Authorization"] = f"Bearer {token.token}"
        headers.update(self.keys().headers(token.token, url, self.clock.wall_ms()))
        content = None if method == "GET" else body  # always with its length: a chunked body is stored as nothing
        request = HttpRequest(method, url, headers, content, total_s=self.timeout_s)
        return await self.http.send(request, limit_bytes=operation.limit_bytes)


def lock_header(answer: HttpAnswer) -> str:
    """The lock that the host names; empty: none."""
    return answer.headers.get("x-wopi-lock", "").strip()


def refusal(operation: Operation, answer: HttpAnswer) -> ConnectorError:
    """What a status means. The text is for the log: no token and no query is in it."""
    text = f"{operation.name}: the host answered {answer.status}"
    match answer.status:
        case 401:
            return TokenRefused(text)
        case 403:
            return AccessDenied(text)
        case 404 | 410:
            return FileMissing(text)
        case 409:
            return _conflict(operation, answer, text)
        case 412:
            return TooLarge(text) if operation.method == "GET" else VersionMismatch(text)
        case 413:
            return TooLarge(text)
        case 423:
            return LockHeld(text, owner=_owner(answer) or "somebody else")
        case 501 | 405:
            return Unsupported(text)
        case 507:
            return QuotaExceeded(text)
        case 400 if operation.override in {"RENAME_FILE", "PUT_RELATIVE"}:
            return InvalidPath(answer.headers.get("x-wopi-invalidfilenameerror", "")[:200] or text)
        case 400 if operation.override in {"LOCK", "REFRESH_LOCK", "UNLOCK", "GET_LOCK"}:
            return Unsupported(text)
    return Unavailable(text)


def _conflict(operation: Operation, answer: HttpAnswer, text: str) -> ConnectorError:
    held = lock_header(answer)
    if operation.override == "PUT" and _cool_status(answer) == CHANGED_IN_STORAGE:
        return ChangedInStorage(text, external=False)
    if operation.override == "PUT" and held.lower() in EXTERNAL:
        return ChangedInStorage(text, external=True)
    if operation.override == "PUT_RELATIVE":
        return FileExists(answer.headers.get("x-wopi-validrelativetarget", "") or text)
    if operation.override in {"LOCK", "DELETE", "RENAME_FILE"} or held:
        return LockHeld(text, lock_id=held or None, owner=_owner(answer) or None)
    return LockLost(text)


def _cool_status(answer: HttpAnswer) -> int | None:
    try:
        told = json.loads(answer.content)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    status = told.get("COOLStatusCode", told.get("LOOLStatusCode"))
    return status if isinstance(status, int) else None


def _owner(answer: HttpAnswer) -> str:
    """Who holds the lock, in words for people as far as the host has any."""
    reason = answer.headers.get("x-wopi-lockfailurereason", "").strip()
    if reason:
        return reason[:200]
    return "a desktop application" if lock_header(answer).lower() in EXTERNAL else ""


def with_lock(operation: Operation, lock_id: str | None) -> Operation:
    """The operation under a lock, if there is one."""
    if lock_id is None:
        return operation
    return replace(operation, headers={**operation.headers, "X-WOPI-Lock": lock_id})
