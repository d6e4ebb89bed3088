"""Owns the connector to files behind WOPI hosts: contents and locks by the contract, whatever the host makes of WOPI.

What a host is like is learnt from its answers and never from its name. There is no conditional write in WOPI: the lock,
a look right before, and what the host itself notices take its place. Knows no room and no page.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from connectors.base import Capabilities, Content, Credentials, EntryKind, Lock, LockId, Stat, Version, WriteResult
from connectors.clock import Clock
from connectors.errors import (
    AccessDenied,
    ConnectorError,
    FileExists,
    FileMissing,
    LockHeld,
    LockLost,
    NoCredentials,
    TooLarge,
    Unavailable,
    Unsupported,
    VersionMismatch,
)
from connectors.http import HttpAnswer
from connectors.wopi_calls import ChangedInStorage, Operation, TokenRefused, WopiCalls, with_lock
from connectors.wopi_info import FileInfo, item_version, time_version
from connectors.wopi_source import WopiToken, source_of
from connectors.wopi_wallet import Wallet

_Result = TypeVar("_Result")

CAPABILITIES = Capabilities(
    atomic_compare_and_swap=False,
    locks=True,
    folders=False,
    watches=False,
    stable_ids=False,
    locks_on_join=True,
)
READ_ATTEMPTS = 3


class WopiConnector:
    """The contract over WOPI; a path is an escaped WOPISrc (`wopi_source`)."""

    def __init__(self, calls: WopiCalls, clock: Clock, *, poll_s: float | None = None) -> None:
        self.calls = calls
        self.wallet = Wallet(clock)
        self._capabilities = replace(CAPABILITIES, poll_s=poll_s)
        self._closed = False

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def offer(self, path: str, credentials: Credentials, *, edited: bool) -> None:
        """Remember a person's token for the time when others are asked for it."""
        self.wallet.offer(path, credentials, edited=edited)

    async def check(self, credentials: Credentials) -> FileInfo:
        """What one person may do now, asked by their own token. Raises: NoCredentials, TokenRefused, …"""
        token = WopiToken.of(credentials)
        if token is None:
            raise NoCredentials("no token")
        self._begin(token.path)
        info = await self.calls.info(token)
        self._learn(token.path, info)
        return info

    # -- contents --

    async def stat(self, path: str, credentials: Credentials) -> Stat:
        info = await self._info(path, credentials)
        version = info.version or _content_version((await self._get(path, credentials, None)).content)
        return Stat(
            path=path,
            kind=EntryKind.FILE,
            size_bytes=info.size_bytes or 0,
            modified_ms=info.modified_ms,
            version=version,
            writable=info.may_write,
            name=info.name,
        )

    async def read(self, path: str, credentials: Credentials, *, limit_bytes: int) -> Content:
        for _ in range(READ_ATTEMPTS):
            info = await self._info(path, credentials)
            if info.size_bytes is not None and info.size_bytes > limit_bytes:
                raise TooLarge(f"{info.size_bytes} > {limit_bytes}")
            answer = await self._content(path, credentials, info, limit_bytes)
            version = await self._version_read(path, credentials, info, answer)
            if version is not None and (answer.content or not info.size_bytes):
                self.wallet.file(path).known_version = version
                return Content(answer.content, version, modified_by=info.text("LastModifiedBy") or None)
        raise Unavailable("the file changes faster than it can be read, or is not what the host says")

    async def write(
        self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
    ) -> WriteResult:
        self._begin(path)
        async with self.wallet.file(path).writing:
            return await self._locked(path, credentials, lambda: self._put(path, content, credentials, if_version))

    # -- locks --

    async def lock(self, path: str, lock_id: LockId, owner: str, credentials: Credentials) -> Lock:
        known = self.wallet.file(path)
        if known.locks is None:
            await self._info(path, credentials)
        if known.locks is not False:
            try:
                await self._command(path, credentials, _lock_operation("LOCK", lock_id))
            except Unsupported:
                known.locks = False
        if known.locks is not False and known.lock_id != lock_id:
            known.lock_id = lock_id
            await self._extend(path, lock_id, credentials)
        return Lock(lock_id, owner, ours=True)

    async def refresh_lock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        if self.wallet.file(path).locks is False:
            return await self._present(path, credentials)
        try:
            await self._command(path, credentials, _lock_operation("REFRESH_LOCK", lock_id))
        except Unsupported:
            await self._command(path, credentials, _lock_operation("LOCK", lock_id))

    async def unlock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        known = self.wallet.file(path)
        if known.locks is False:
            return await self._present(path, credentials)
        try:
            await self._command(path, credentials, _lock_operation("UNLOCK", lock_id))
        except (LockLost, Unsupported):
            pass  # it expired, or there never was one
        if known.lock_id == lock_id:
            known.lock_id = None

    async def close(self) -> None:
        self._closed = True

    # -- by somebody's right --

    async def by_right(
        self, path: str, credentials: Credentials, act: Callable[[WopiToken], Awaitable[_Result]]
    ) -> _Result:
        """Do something by the asker's token, else by that of somebody else who is at the file.

        Raises: NoCredentials (nobody's is taken), FileMissing (all say so), what `act` raises.
        """
        self._begin(path)
        refused: list[ConnectorError] = []
        for token in self.wallet.candidates(path, credentials):
            if token.path != path:
                raise AccessDenied("a token of another file")
            try:
                return await act(token)
            except (TokenRefused, AccessDenied, FileMissing) as error:
                self.wallet.refused(path, token, for_good=isinstance(error, TokenRefused))
                refused.append(error)
        if not refused or all(isinstance(error, TokenRefused) for error in refused):
            raise NoCredentials("no token that the host takes")
        missing = [error for error in refused if isinstance(error, FileMissing)]
        denied = [error for error in refused if not isinstance(error, TokenRefused | FileMissing)]
        raise (denied or missing)[0]

    async def _command(self, path: str, credentials: Credentials, operation: Operation) -> HttpAnswer:
        return await self.by_right(path, credentials, lambda token: self.calls.send(token, operation))

    async def _info(self, path: str, credentials: Credentials) -> FileInfo:
        info = await self.by_right(path, credentials, self.calls.info)
        self._learn(path, info)
        return info

    async def _present(self, path: str, credentials: Credentials) -> None:
        """Where there are no locks: at least the file is there. Raises: FileMissing, …"""
        await self._info(path, credentials)

    def _begin(self, path: str) -> None:
        source_of(path)
        if self._closed:
            raise Unavailable("closed")

    def _learn(self, path: str, info: FileInfo) -> None:
        known, version = self.wallet.file(path), info.version
        if not info.supports_locks:
            known.locks = False
        elif known.locks is None:
            known.locks = True
        if known.known_version is not None and version is not None and version != known.known_version:
            known.relock = True
        known.known_version = version or known.known_version

    # -- reading --

    async def _get(self, path: str, credentials: Credentials, limit_bytes: int | None) -> HttpAnswer:
        limit = limit_bytes if limit_bytes is not None else 1 << 30
        headers = {} if limit_bytes is None else {"X-WOPI-MaxExpectedSize": str(limit_bytes)}
        operation = Operation("GetFile", method="GET", below="/contents", headers=headers, limit_bytes=limit)
        return await self._command(path, credentials, operation)

    async def _content(self, path: str, credentials: Credentials, info: FileInfo, limit_bytes: int) -> HttpAnswer:
        """The content from where the host wants it taken: its own addresses are used as they are, where we may."""
        template = "" if info.size_bytes else info.text("TemplateSource")
        for address in filter(None, (template, info.text("FileUrl"))):
            try:
                return HttpAnswer(200, {}, await self.calls.fetch(address, limit_bytes))
            except TooLarge:
                raise
            except ConnectorError:
                continue  # every host has the other way
        return await self._get(path, credentials, limit_bytes)

    async def _version_read(
        self, path: str, credentials: Credentials, info: FileInfo, answer: HttpAnswer
    ) -> Version | None:
        """The version of what was just read; None when it changed meanwhile."""
        if info.version is None:
            return _content_version(answer.content)
        told = answer.headers.get("x-wopi-itemversion")
        if told and info.counts_versions and item_version(told) == info.version:
            return info.version
        again = await self._info(path, credentials)
        return info.version if again.version == info.version else None

    # -- writing --

    async def _locked(
        self, path: str, credentials: Credentials, put: Callable[[], Awaitable[WriteResult]]
    ) -> WriteResult:
        """Write under the lock that we hold, or under one for this write alone."""
        known = self.wallet.file(path)
        if known.lock_id is not None or known.locks is False:
            return await put()
        borrowed = LockId(f"livefolder-{secrets.token_hex(16)}")
        await self.lock(path, borrowed, "livefolder", credentials)
        try:
            return await put()
        finally:
            await self._return(path, borrowed, credentials)

    async def _return(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        try:
            await self.unlock(path, lock_id, credentials)
        except ConnectorError:
            pass  # the host lets it expire
        self.wallet.file(path).lock_id = None

    async def _put(
        self, path: str, content: bytes, credentials: Credentials, if_version: Version | None
    ) -> WriteResult:
        known = self.wallet.file(path)
        info = await self._info(path, credentials)
        if known.relock and known.lock_id is not None:
            await self._relock(path, LockId(known.lock_id), credentials)
            info = await self._info(path, credentials)
        await self._compare(path, credentials, info, if_version)
        editors = list(known.editors)
        try:
            answer = await self._put_once(path, content, credentials, info, timestamp=info.modified)
        except ChangedInStorage as changed:
            answer = await self._after_refusal(path, content, credentials, changed)
        version = await self._version_written(path, content, credentials, info, answer)
        known.written_hash, known.known_version = _hash(content), version
        for editor in editors:
            known.editors.pop(editor, None)
        return WriteResult(version)

    async def _compare(self, path: str, credentials: Credentials, info: FileInfo, if_version: Version | None) -> None:
        """The look right before a write. Raises: VersionMismatch, FileExists."""
        if if_version is None:
            if info.size_bytes:
                raise FileExists("the file has content")
            return
        current = info.version or _content_version((await self._get(path, credentials, None)).content)
        if current != if_version:
            raise VersionMismatch("the file is another one", current=current)

    async def _put_once(
        self, path: str, content: bytes, credentials: Credentials, info: FileInfo, *, timestamp: str
    ) -> HttpAnswer:
        known = self.wallet.file(path)
        headers = {"X-COOL-WOPI-IsModifiedByUser": "true", "X-COOL-WOPI-IsAutosave": "true"}
        if known.editors:
            headers["X-WOPI-Editors"] = ",".join(filter(_is_header_text, known.editors))
        if timestamp and _is_header_text(timestamp):
            headers["X-COOL-WOPI-Timestamp"] = timestamp
        operation = Operation("PutFile", below="/contents", override="PUT", headers=headers, body=content)
        return await self._command(path, credentials, with_lock(operation, known.lock_id))

    async def _after_refusal(
        self, path: str, content: bytes, credentials: Credentials, changed: ChangedInStorage
    ) -> HttpAnswer:
        """The host says that somebody changed the file. Where that is not so, write again; else the change goes first.

        Raises: ChangedInStorage; LockHeld when the host insists, so that nobody tries again at once.
        """
        known = self.wallet.file(path)
        known.relock = known.lock_id is not None
        current = (await self._get(path, credentials, None)).content
        if known.written_hash is None or _hash(current) != known.written_hash:
            raise changed
        info = await self._info(path, credentials)
        if known.lock_id is not None:
            await self._relock(path, LockId(known.lock_id), credentials)
        try:
            return await self._put_once(path, content, credentials, info, timestamp="")
        except ChangedInStorage as again:
            raise LockHeld(str(again), owner="a desktop application") from None

    async def _relock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        """A fresh lock: what changed outside before is no conflict any more. Raises: LockHeld, …"""
        known = self.wallet.file(path)
        await self.unlock(path, lock_id, credentials)
        await self.lock(path, lock_id, "livefolder", credentials)
        known.relock = False

    async def _version_written(
        self, path: str, content: bytes, credentials: Credentials, info: FileInfo, answer: HttpAnswer
    ) -> Version:
        """The version of what was just written. Raises: Unavailable when it cannot be known that it is ours."""
        told = answer.headers.get("x-wopi-itemversion")
        if told and info.counts_versions:
            return item_version(told)
        modified = _modified(answer)
        if modified and not info.counts_versions and info.modified:
            return time_version(modified, len(content), _sha256_text(content) if info.text("SHA256") else "")
        after = await self._info(path, credentials)
        stored = (await self._get(path, credentials, None)).content
        again = await self._info(path, credentials) if after.version is not None else after
        if stored != content or again.version != after.version:
            raise Unavailable("somebody else wrote at the same moment, or the host stored something else")
        return after.version or _content_version(content)

    async def _extend(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        """A lock that was ours before a restart is not extended by every host when it is taken again."""
        try:
            await self._command(path, credentials, _lock_operation("REFRESH_LOCK", lock_id))
        except ConnectorError:
            return


def _lock_operation(override: str, lock_id: LockId) -> Operation:
    return with_lock(Operation(override.replace("_", " ").title(), override=override), lock_id)


def _hash(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _sha256_text(content: bytes) -> str:
    return base64.b64encode(_hash(content)).decode()


def _content_version(content: bytes) -> Version:
    """For hosts that tell nothing that changes with the content."""
    return Version(f"h:{_hash(content).hex()}")


def _modified(answer: HttpAnswer) -> str:
    """The time that some hosts tell after a write; empty when there is none."""
    try:
        told = json.loads(answer.content)
    except ValueError:
        return ""
    modified = told.get("LastModifiedTime") if isinstance(told, dict) else None
    return modified.strip() if isinstance(modified, str) else ""


def _is_header_text(text: str) -> bool:
    return text.isascii() and text.isprintable() and "," not in text
