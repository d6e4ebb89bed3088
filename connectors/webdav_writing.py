"""Owns writing a file to a WebDAV server as a compare-and-swap, with what that server keeps to; knows no folder list.

The fence is, in this order: the server's If-Match where the probe saw it honoured and ETags tell contents apart; a real
lock for the time of compare and write; only a comparison right before, where the server has neither.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from connectors.base import Credentials, Version, WriteResult
from connectors.errors import (
    ConnectorError,
    FileExists,
    FileMissing,
    InvalidPath,
    LockHeld,
    LockLost,
    Unavailable,
    VersionMismatch,
)
from connectors.http import HttpAnswer
from connectors.paths import TEMPORARY_PREFIX, parent_of
from connectors.webdav_content import DavContents, hash_version
from connectors.webdav_locks import DavLocks, checked_file, lock_id_of, owner_of
from connectors.webdav_probe import Traits
from connectors.webdav_server import Ask, DavServer, refusal
from connectors.webdav_xml import Resource, plain_etag

TRIES = 12
PAUSE_S = 0.1
_CONDITION = frozenset({400, 404, 405, 409, 412, 423})
"""Statuses behind which a changed version, a lost lock or a missing file may stand."""


class DavWriter:
    """Writes files of one root."""

    def __init__(self, server: DavServer, contents: DavContents, locks: DavLocks) -> None:
        self._server = server
        self._contents = contents
        self._locks = locks

    async def create(self, path: str, content: bytes, traits: Traits, credentials: Credentials) -> WriteResult:
        """Raises: FileExists, FileMissing (the folder), …"""
        for attempt in range(TRIES):
            if await self._exists(path, credentials):
                raise FileExists(path)
            if traits.if_none_match:
                answer = await self._put(path, content, credentials, {"if-none-match": "*"})
            else:
                answer = await self._place(path, content, traits, credentials)
            if answer.ok:
                version = await self._version_after(path, content, answer, traits, credentials, locked=False)
                if traits.fine_etags and version == hash_version(content):
                    raise FileExists(path)  # somebody made it at the same moment: their content is there
                return WriteResult(version)
            if answer.status not in (412, 423) or attempt == TRIES - 1:
                raise await self._why_not_created(answer, path, credentials)
            await asyncio.sleep(PAUSE_S)
        raise AssertionError("unreachable")

    async def replace(
        self, path: str, content: bytes, if_version: Version, traits: Traits, credentials: Credentials
    ) -> WriteResult:
        """Raises: VersionMismatch, FileMissing, NotAFile, LockHeld, LockLost, …"""
        if traits.fine_etags and traits.if_match:
            result = await self._swap(path, content, if_version, traits, credentials)
            if result is not None:
                return result
        return await self._compare_and_put(path, content, if_version, traits, credentials)

    async def _swap(
        self, path: str, content: bytes, if_version: Version, traits: Traits, credentials: Credentials
    ) -> WriteResult | None:
        """The server compares; None when it refuses although the version is right."""
        if not traits.if_match_missing:
            checked_file(path, await self._server.look(path, credentials))
        held = self._locks.held(path)
        tokens = {} if held is None else {"if": f"(<{held.token}>)"}
        answer = await self._put(path, content, credentials, {"if-match": f'"{if_version}"', **tokens})
        if answer.ok:
            locked = held is not None and traits.fences
            return WriteResult(await self._version_after(path, content, answer, traits, credentials, locked=locked))
        if answer.status not in _CONDITION:
            raise refusal(answer, path)
        resource = await self._checked_locks(path, credentials)
        if resource.etag != if_version:
            raise VersionMismatch(path, current=resource.etag)
        return None

    async def _compare_and_put(
        self, path: str, content: bytes, if_version: Version, traits: Traits, credentials: Credentials
    ) -> WriteResult:
        async with self._fence(path, traits, credentials) as token:
            resource = await self._checked_locks(path, credentials, token)
            current = await self._contents.version(path, resource, traits, credentials)
            if current != if_version:
                raise VersionMismatch(path, current=current)
            headers = {} if token is None else {"if": f"(<{token}>)"}
            if traits.if_match and resource.etag is not None and not resource.weak:
                headers["if-match"] = f'"{resource.etag}"'
            answer = await self._put(path, content, credentials, headers)
            if answer.ok:
                locked = token is not None
                return WriteResult(await self._version_after(path, content, answer, traits, credentials, locked=locked))
            if answer.status == 412:
                await self._checked_locks(path, credentials, token)
                raise VersionMismatch(path)
            raise refusal(answer, path)

    @asynccontextmanager
    async def _fence(self, path: str, traits: Traits, credentials: Credentials) -> AsyncIterator[str | None]:
        """Nobody else writes through the server meanwhile, where its locks are real."""
        held = self._locks.held(path)
        if held is not None:
            yield held.token
            return
        if not traits.fences:
            yield None
            return
        token = await self._short_lock(path, credentials)
        try:
            yield token
        finally:
            with suppress(ConnectorError):
                await asyncio.shield(self._locks.drop_short(path, token, credentials))

    async def _short_lock(self, path: str, credentials: Credentials) -> str:
        checked_file(path, await self._server.look(path, credentials))  # a LOCK would make what is missing
        for attempt in range(TRIES):
            try:
                return await self._locks.take_short(path, credentials)
            except LockHeld:
                resource = await self._server.look(path, credentials, locks=True)
                lasting = [lock for lock in resource.locks if "for a moment" not in lock.owner]
                if lasting or attempt == TRIES - 1:
                    owner = owner_of(lasting[0]) if lasting else None
                    lock_id = lock_id_of(lasting[0]) if lasting else None
                    raise LockHeld(path, lock_id=lock_id, owner=owner) from None
                await asyncio.sleep(PAUSE_S)
        raise AssertionError("unreachable")

    async def _checked_locks(self, path: str, credentials: Credentials, token: str | None = None) -> Resource:
        """What stands there, when it is a file that only we may have locked. Raises: LockLost, LockHeld, NotAFile, …"""
        resource = checked_file(path, await self._server.look(path, credentials, locks=True))
        held = self._locks.held(path)
        tokens = {lock.token for lock in resource.locks}
        if held is not None and held.token not in tokens:
            raise LockLost(path)
        ours = {held.token if held is not None else token}
        foreign = [lock for lock in resource.locks if lock.token not in ours]
        if foreign:
            raise LockHeld(path, lock_id=lock_id_of(foreign[0]), owner=owner_of(foreign[0]))
        return resource

    async def _place(self, path: str, content: bytes, traits: Traits, credentials: Credentials) -> HttpAnswer:
        """Create without If-None-Match: upload beside, then move there, which refuses what stands there."""
        if not traits.move_refuses:
            return await self._put(path, content, credentials, {})
        folder = parent_of(path)
        beside = f"{folder}/" if folder else ""
        beside += f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
        try:
            answer = await self._put(beside, content, credentials, {})
            if not answer.ok:
                return answer
            headers = {"destination": self._server.url(path), "overwrite": "F"}
            answer = await self._server.send(Ask("MOVE", beside, headers), credentials)
            if answer.ok:
                return answer
        except BaseException:
            await asyncio.shield(self._remove(beside, credentials))
            raise
        await self._remove(beside, credentials)
        return answer

    async def _remove(self, path: str, credentials: Credentials) -> None:
        with suppress(ConnectorError):
            await self._server.send(Ask("DELETE", path, {}), credentials)

    async def _put(self, path: str, content: bytes, credentials: Credentials, headers: dict[str, str]) -> HttpAnswer:
        # ownCloud's family checks the checksum and refuses what was damaged on the way; others ignore it
        checksum = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        answer = await self._server.upload(path, content, credentials, {"oc-checksum": f"SHA1:{checksum}", **headers})
        if answer.status == 206:
            raise Unavailable(f"{path!r}: the upload was accepted in part")
        return answer

    async def _version_after(
        self, path: str, content: bytes, answer: HttpAnswer, traits: Traits, credentials: Credentials, *, locked: bool
    ) -> Version:
        """The version of what we wrote, never of what somebody else wrote since.

        Where that cannot be told apart the hash is given: it is no version there, so the next look reads the file.
        """
        if not traits.fine_etags:
            return hash_version(content)
        etag = plain_etag(answer.headers.get("etag") or answer.headers.get("oc-etag"))
        if traits.put_etag and etag is not None:
            return Version(etag)
        with suppress(ConnectorError):
            if locked:
                looked = (await self._server.look(path, credentials)).etag
                return hash_version(content) if looked is None else Version(looked)
            stored = await self._contents.read(path, traits, credentials, len(content))
            if stored.content == content:
                return stored.version
        return hash_version(content)

    async def _exists(self, path: str, credentials: Credentials) -> bool:
        try:
            await self._server.look(path, credentials)
        except FileMissing:
            return False
        return True

    async def _why_not_created(self, answer: HttpAnswer, path: str, credentials: Credentials) -> ConnectorError:
        if answer.status in _CONDITION:
            if await self._exists(path, credentials):
                return FileExists(path)
            folder = parent_of(path)
            try:
                parent = await self._server.look(folder, credentials)
            except FileMissing:
                return FileMissing(folder)
            if not parent.is_folder:
                return FileMissing(folder)
        return InvalidPath(path) if answer.status == 400 else refusal(answer, path)
