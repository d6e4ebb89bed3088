"""Owns the exchanges with one WebDAV server: addresses, credentials, what its statuses mean; knows no version rule."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlsplit

from connectors.addresses import AddressRules
from connectors.base import Credentials
from connectors.errors import (
    AccessDenied,
    ConnectorError,
    FileMissing,
    LockHeld,
    QuotaExceeded,
    TooLarge,
    Unavailable,
    Unsupported,
)
from connectors.http import Http, HttpAnswer, HttpRequest, HttpSettings
from connectors.paths import is_possible_name, parent_of
from connectors.webdav_settings import WebDavSettings
from connectors.webdav_xml import PROPFIND, PROPFIND_LOCKS, Resource, parse_multistatus

XML = {"content-type": 'application/xml; charset="utf-8"'}
ANSWER_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: a method on a path, and what goes with it."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes | None = None
    folder: bool = False
    limit_bytes: int = ANSWER_BYTES


class DavServer:
    """One root on a server."""

    def __init__(self, settings: WebDavSettings, http: Http | None = None) -> None:
        self._settings = settings
        patience = HttpSettings(
            total_s=settings.timeout_s,
            connections=settings.connections,
            verify_tls=settings.verify_tls,
            ca_file=settings.ca_file,
        )
        self._http = http or Http(AddressRules.configured(settings.url), patience)
        self._uploads: set[asyncio.Task[HttpAnswer]] = set()
        self._ahead_ms = 0.0

    @property
    def host(self) -> str:
        """The server's name."""
        return urlsplit(self._settings.url).hostname or ""

    def url(self, path: str, *, folder: bool = False) -> str:
        """The address of a path; a folder's ends in a slash."""
        return self._settings.url + quote(path, safe="/") + ("/" if folder and path else "")

    def now_ms(self) -> float:
        """The time by the server's own clock, to a second: its times of change go by that."""
        return time.time() * 1000 + self._ahead_ms

    async def send(self, ask: Ask, credentials: Credentials) -> HttpAnswer:
        """Exchange, whatever the status. Raises: Unavailable, TooLarge, AddressRefused."""
        request = HttpRequest(
            ask.method,
            self.url(ask.path, folder=ask.folder),
            {**self._authorization(credentials), **ask.headers},
            ask.content,
        )
        answer = await self._http.send(request, limit_bytes=ask.limit_bytes)
        with suppress(ValueError, TypeError, OverflowError):
            date_ms = parsedate_to_datetime(answer.headers.get("date", "")).timestamp() * 1000
            self._ahead_ms = date_ms - time.time() * 1000
        return answer

    async def upload(
        self, path: str, content: bytes, credentials: Credentials, headers: Mapping[str, str]
    ) -> HttpAnswer:
        """PUT, to its end even when the caller is cancelled: a server may keep half of an upload that is cut off."""
        kind = {"content-type": "application/octet-stream"}
        ask = Ask("PUT", path, {**kind, **headers}, content)
        task = asyncio.ensure_future(self.send(ask, credentials))
        self._uploads.add(task)
        task.add_done_callback(self._uploads.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

    async def look(self, path: str, credentials: Credentials, *, locks: bool = False) -> Resource:
        """What stands at a path. Raises: FileMissing, AccessDenied, Unavailable."""
        (resource, *_) = await self._propfind(path, "0", credentials, PROPFIND_LOCKS if locks else PROPFIND)
        return resource

    async def children(self, path: str, credentials: Credentials) -> tuple[Resource, Sequence[tuple[str, Resource]]]:
        """A folder, and what it has by name; a file has nothing. Names that are impossible here are left out."""
        found = await self._propfind(path, "1", credentials, PROPFIND, folder=True)
        own = min(found, key=lambda resource: len(resource.href))
        named = [(resource.href.rpartition("/")[2], resource) for resource in found if resource is not own]
        return own, [(name, resource) for name, resource in named if is_possible_name(name)]

    async def close(self) -> None:
        """End after the uploads that are under way."""
        if self._uploads:
            await asyncio.wait(tuple(self._uploads))
        await self._http.close()

    async def _propfind(
        self, path: str, depth: str, credentials: Credentials, content: bytes, *, folder: bool = False
    ) -> Sequence[Resource]:
        limit = self._settings.listing_size_bytes
        ask = Ask("PROPFIND", path, {"depth": depth, **XML}, content, folder or path == "", limit)
        answer = await self.send(ask, credentials)
        if answer.status in (301, 302, 307, 308) and not ask.folder:  # a folder, asked for as a file
            answer = await self.send(Ask("PROPFIND", path, ask.headers, content, True, limit), credentials)
        if answer.status == 400 and "/" in path:  # Apache, of what would lie in a file
            parent = await self.look(parent_of(path), credentials)
            raise refusal(answer, path) if parent.is_folder else FileMissing(path)
        if answer.status != 207:
            raise refusal(answer, path)
        found = parse_multistatus(answer.content)
        if not found:
            raise FileMissing(path)
        return found

    def _authorization(self, credentials: Credentials) -> dict[str, str]:
        token = credentials.secret or self._settings.token
        if token is not None:
            return {"authorization": f"Bearer {token}"}
        if self._settings.user is None:
            return {}
        pair = f"{self._settings.user}:{self._settings.password or ''}".encode()
        return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}


def refusal(answer: HttpAnswer, path: str) -> ConnectorError:
    """The error for an answer that is no success, where the operation has no better one."""
    text = f"{path!r}: status {answer.status}"
    match answer.status:
        case 401 | 403:
            return AccessDenied(text)
        case 404 | 410:
            return FileMissing(text)
        case 413:
            return TooLarge(text)
        case 423:
            return LockHeld(text)
        case 405 | 501:
            return Unsupported(text)
        case 507:
            return QuotaExceeded(text)
    return Unavailable(text)
