"""Owns finding out what a WebDAV server really does, by trying it on a scratch file once; trusts no header.

Servers that claim a lock class and grant every lock, or that take an If-Match and overwrite all the same, are common.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise

from connectors.base import Credentials
from connectors.clock import Clock
from connectors.errors import ConnectorError
from connectors.paths import TEMPORARY_PREFIX
from connectors.webdav_server import XML, Ask, DavServer
from connectors.webdav_xml import Resource, lock_body, parse_lock_token, plain_etag

RETRY_S = 300.0
_ROUNDS = 4
_WRONG = '"livefolder-never-stored"'


@dataclass(frozen=True, slots=True)
class Traits:
    """What a server keeps to."""

    if_match: bool = False
    """A PUT with a wrong If-Match is refused, one with the right one is not."""
    if_match_missing: bool = False
    """A PUT with an If-Match to a path where nothing stands is refused."""
    if_none_match: bool = False
    fine_etags: bool = False
    """Two contents of the same length within one second have different ETags."""
    put_etag: bool = False
    """The answer to a PUT has the ETag that the file has."""
    fences: bool = False
    """A locked file cannot be written without the token."""
    locks: bool = False
    """The same, and the server tells of its locks, so that ours are found again after a crash."""
    move_refuses: bool = False
    """A MOVE with Overwrite: F onto something is refused."""


UNKNOWN = Traits()
"""The worst: nothing is kept to."""


class Probe:
    """The traits of one root, found out at the first use."""

    def __init__(self, server: DavServer, clock: Clock, known: Traits | None = None) -> None:
        self._server = server
        self._clock = clock
        self._known = known
        self._retry_at = 0.0
        self._guard = asyncio.Lock()

    @property
    def known(self) -> Traits:
        """What is known by now."""
        return self._known or UNKNOWN

    async def traits(self, folder: str, credentials: Credentials) -> Traits:
        """Found out in that folder if need be; where nothing can be written, the worst is assumed for a while."""
        async with self._guard:
            if self._known is None and self._clock.monotonic() >= self._retry_at:
                try:
                    self._known = await examine(self._server, folder, credentials)
                except ConnectorError:
                    self._retry_at = self._clock.monotonic() + RETRY_S
            return self.known


async def examine(server: DavServer, folder: str, credentials: Credentials) -> Traits:
    """Try everything on scratch files in a folder, which are removed. Raises: ConnectorError (cannot write there)."""
    attempt = _Attempt(server, folder, credentials)
    try:
        return await attempt.run()
    finally:
        await asyncio.shield(attempt.clean())


class _Attempt:
    def __init__(self, server: DavServer, folder: str, credentials: Credentials) -> None:
        self._server = server
        self._credentials = credentials
        place = f"{folder}/" if folder else ""
        self._path = f"{place}{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
        self._other = f"{place}{TEMPORARY_PREFIX}{secrets.token_hex(8)}"

    async def run(self) -> Traits:
        refuses_missing = not await self._put(b"0" * 8, {"if-match": _WRONG})
        if refuses_missing and not await self._put(b"0" * 8, {"if-none-match": "*"}):
            await self._put(b"0" * 8)
        await self._look()  # raises when nothing could be written
        traits = Traits(
            if_match_missing=refuses_missing,
            if_none_match=not await self._put(b"1" * 8, {"if-none-match": "*"}),
            if_match=not await self._put(b"2" * 8, {"if-match": _WRONG}),
        )
        traits = await self._try_etags(traits)
        fences, tells = await self._try_lock()
        traits = replace(traits, fences=fences, locks=fences and tells)
        if not traits.if_none_match:
            traits = replace(traits, move_refuses=await self._try_move())
        return traits

    async def clean(self) -> None:
        for path in (self._path, self._other):
            with suppress(ConnectorError):
                await self._server.send(Ask("DELETE", path, {}), self._credentials)

    async def _try_etags(self, traits: Traits) -> Traits:
        seen = [await self._look()]
        answered: list[str | None] = []
        accepted = True
        for number in range(_ROUNDS):
            matches = traits.if_match and seen[-1].etag is not None and not seen[-1].weak
            headers = {"if-match": f'"{seen[-1].etag}"'} if matches else {}
            answer = await self._server.upload(self._path, b"%08d" % number, self._credentials, headers)
            if not answer.ok:
                accepted = False
                break
            answered.append(plain_etag(answer.headers.get("etag")))
            seen.append(await self._look())
        etags = [one.etag for one in seen]
        same_second = any(a.modified_ms == b.modified_ms for a, b in pairwise(seen))
        return replace(
            traits,
            if_match=traits.if_match and accepted and None not in etags,
            fine_etags=same_second and None not in etags and len(set(etags)) == len(etags),
            put_etag=bool(answered) and answered == etags[1:],
        )

    async def _try_lock(self) -> tuple[bool, bool]:
        """Whether a lock keeps others out, and whether its token can be found again."""
        headers = {"depth": "0", "timeout": "Second-60", **XML}
        answer = await self._server.send(
            Ask("LOCK", self._path, headers, lock_body("livefolder looks whether locks are real")), self._credentials
        )
        token = answer.headers.get("lock-token", "").strip().strip("<>") or parse_lock_token(answer.content)
        if not answer.ok or not token:
            return False, False
        try:
            found = await self._server.look(self._path, self._credentials, locks=True)
            bare = await self._server.upload(self._path, b"unlocked", self._credentials, {})
            owned = await self._server.upload(self._path, b"unlocked", self._credentials, {"if": f"(<{token}>)"})
        finally:
            await self._server.send(Ask("UNLOCK", self._path, {"lock-token": f"<{token}>"}), self._credentials)
        return bare.status == 423 and owned.ok, token in {lock.token for lock in found.locks}

    async def _try_move(self) -> bool:
        await self._server.upload(self._other, b"other", self._credentials, {})
        headers = {"destination": self._server.url(self._other), "overwrite": "F"}
        answer = await self._server.send(Ask("MOVE", self._path, headers), self._credentials)
        return answer.status == 412

    async def _put(self, content: bytes, headers: dict[str, str] | None = None) -> bool:
        return (await self._server.upload(self._path, content, self._credentials, headers or {})).ok

    async def _look(self) -> Resource:
        return await self._server.look(self._path, self._credentials)
