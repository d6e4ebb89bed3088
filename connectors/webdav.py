"""Owns the connector to a folder of a WebDAV server: both contracts, put together from its parts.

What the server really keeps to is found out at the first use of a file (`webdav_probe`), never read from its headers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from weakref import WeakValueDictionary

from connectors.base import (
    Capabilities,
    Change,
    Content,
    Credentials,
    EntryKind,
    Lock,
    LockId,
    Stat,
    Version,
    WriteResult,
)
from connectors.clock import Clock, SystemClock
from connectors.errors import (
    AccessDenied,
    FileExists,
    FileMissing,
    InvalidPath,
    LockHeld,
    NotAFile,
    TooLarge,
    Unavailable,
    Unsupported,
)
from connectors.http import HttpAnswer
from connectors.paths import is_beneath, parent_of, split_path
from connectors.polling import Polling, Seen
from connectors.webdav_content import DavContents
from connectors.webdav_locks import DavLocks, checked_file
from connectors.webdav_probe import UNKNOWN, Probe, Traits
from connectors.webdav_server import Ask, DavServer, refusal
from connectors.webdav_settings import WebDavSettings
from connectors.webdav_writing import DavWriter
from connectors.webdav_xml import Resource, failed_statuses

ROOT = Credentials("livefolder", "livefolder")
"""For what nobody asked for: the watch uses the configured account."""
_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


class WebDavConnector:
    """Both contracts over a folder of a WebDAV server."""

    def __init__(self, settings: WebDavSettings, *, clock: Clock | None = None, traits: Traits | None = None) -> None:
        """Asks nobody: the server may be away. With `traits` it is not tried out again. Raises: CertificateRefused."""
        self._server = DavServer(settings)
        self._contents = DavContents(self._server, settings.version_size_bytes, settings.remembered_paths)
        self._locks = DavLocks(self._server, settings.lock_timeout_s, settings.remembered_paths)
        self._writer = DavWriter(self._server, self._contents, self._locks)
        self._probe = Probe(self._server, clock or SystemClock(), traits)
        self._polling = Polling(self._signatures, settings.poll_s, settings.remembered_paths)
        self._has_ids = False
        self._closed = False

    @property
    def capabilities(self) -> Capabilities:
        traits = self._probe.known
        return Capabilities(
            atomic_compare_and_swap=traits.if_match and traits.fine_etags,
            locks=traits.locks,
            folders=True,
            watches=True,
            stable_ids=self._has_ids,
        )

    @property
    def traits(self) -> Traits:
        """What the server keeps to, as far as that was tried out."""
        return self._probe.known

    # contents

    async def stat(self, path: str, credentials: Credentials) -> Stat:
        self._begin(path)
        resource = await self._server.look(path, credentials)
        if resource.is_folder:
            return self._described(path, resource, None)
        traits = await self._traits(path, credentials)
        self._polling.note(path)
        return self._described(path, resource, await self._contents.version(path, resource, traits, credentials))

    async def read(self, path: str, credentials: Credentials, *, limit_bytes: int) -> Content:
        self._begin(path)
        if self._probe.known == UNKNOWN:
            checked_file(path, await self._server.look(path, credentials))  # before anything is tried out beside it
        traits = await self._traits(path, credentials)
        self._polling.note(path)
        return await self._contents.read(path, traits, credentials, limit_bytes)

    async def write(
        self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
    ) -> WriteResult:
        self._begin(path)
        self._polling.note(path)
        if path == "":
            raise NotAFile("the root") if if_version is not None else FileExists("the root")
        async with self._turn(path):
            if if_version is None:
                if not await self._is_folder(parent_of(path), credentials):
                    raise FileMissing(parent_of(path))
                traits = await self._traits(path, credentials)
                return await self._writer.create(path, content, traits, credentials)
            if not self._probe.known.if_match:
                checked_file(path, await self._server.look(path, credentials))
            traits = await self._traits(path, credentials)
            return await self._writer.replace(path, content, if_version, traits, credentials)

    async def lock(self, path: str, lock_id: LockId, owner: str, credentials: Credentials) -> Lock:
        await self._begin_lock(path, credentials)
        return await self._locks.take(path, lock_id, owner, credentials)

    async def refresh_lock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        await self._begin_lock(path, credentials)
        self._polling.note(path)
        await self._locks.refresh(path, lock_id, credentials)

    async def unlock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        await self._begin_lock(path, credentials)
        await self._locks.give_back(path, lock_id, credentials)

    async def close(self) -> None:
        self._closed = True
        self._polling.close()
        await self._server.close()

    # folders

    async def list(self, path: str, credentials: Credentials, *, limit: int) -> Sequence[Stat]:
        self._begin(path)
        if not (await self._server.look(path, credentials)).is_folder:
            raise NotAFile(path)
        _, children = await self._server.children(path, credentials)
        if len(children) > limit:
            raise TooLarge(f"{path!r}: more than {limit} entries")
        fine = self._probe.known.fine_etags
        place = f"{path}/" if path else ""
        return [
            self._described(
                place + name,
                found,
                Version(found.etag) if fine and found.etag is not None and not found.is_folder else None,
            )
            for name, found in children
        ]

    async def create_folder(self, path: str, credentials: Credentials) -> Stat:
        self._begin(path)
        if path == "" or await self._exists(path, credentials):
            raise FileExists(path or "the root")
        if not await self._is_folder(parent_of(path), credentials):
            raise FileMissing(parent_of(path))
        answer = await self._server.send(Ask("MKCOL", path, {}, folder=True), credentials)
        if answer.status == 405:
            raise FileExists(path)
        if not answer.ok:
            raise FileMissing(path) if answer.status == 409 else refusal(answer, path)
        return self._described(path, await self._server.look(path, credentials), None)

    async def rename(self, path: str, new_path: str, credentials: Credentials) -> Stat:
        self._begin(path)
        split_path(new_path)
        if path == "" or new_path == "" or (path != new_path and is_beneath(new_path, path)):
            raise InvalidPath(f"{path!r} cannot become {new_path!r}")
        resource = await self._server.look(path, credentials)
        if await self._exists(new_path, credentials):
            raise FileExists(new_path)
        if not await self._is_folder(parent_of(new_path), credentials):
            raise FileMissing(parent_of(new_path))
        suspended = await self._locks.suspend(path, credentials)
        where = path
        try:
            await self._move(path, new_path, resource, credentials)
            where = new_path
        finally:
            await self._locks.resume(suspended, path, where, credentials)
        self._polling.moved(path, new_path)
        return await self.stat(new_path, credentials)

    async def delete(self, path: str, credentials: Credentials) -> None:
        self._begin(path)
        if path == "":
            raise InvalidPath("the root cannot be deleted")
        resource = await self._server.look(path, credentials)
        suspended = await self._locks.suspend(path, credentials)
        answer = await self._server.send(Ask("DELETE", path, {}, folder=resource.is_folder), credentials)
        if answer.status == 207 or not answer.ok:
            await self._locks.resume(suspended, path, path, credentials)
            raise _folder_refusal(answer, path)
        self._polling.forget(path)

    def watch(self) -> AsyncIterator[Sequence[Change]]:
        return self._polling.watch()

    # parts

    async def _move(self, path: str, new_path: str, resource: Resource, credentials: Credentials) -> None:
        target = self._server.url(new_path, folder=resource.is_folder)
        headers = {"destination": target, "overwrite": "F"}
        answer = await self._server.send(Ask("MOVE", path, headers, folder=resource.is_folder), credentials)
        if answer.status == 412:
            raise FileExists(new_path)
        if answer.status == 409:
            raise FileMissing(parent_of(new_path))
        if answer.status == 207 or not answer.ok:
            raise _folder_refusal(answer, path)

    def _begin(self, path: str) -> None:
        split_path(path)
        if self._closed:
            raise Unavailable("closed")

    async def _begin_lock(self, path: str, credentials: Credentials) -> None:
        self._begin(path)
        checked_file(path, await self._server.look(path, credentials))
        if not (await self._traits(path, credentials)).locks:
            raise Unsupported("locks")

    async def _traits(self, path: str, credentials: Credentials) -> Traits:
        return await self._probe.traits(parent_of(path), credentials)

    def _turn(self, path: str) -> asyncio.Lock:
        """One write at a time for each file in this process: ours need not refuse each other at the server."""
        return _turns.setdefault(self._server.url(path), asyncio.Lock())

    async def _exists(self, path: str, credentials: Credentials) -> bool:
        try:
            await self._server.look(path, credentials)
        except FileMissing:
            return False
        return True

    async def _is_folder(self, path: str, credentials: Credentials) -> bool:
        try:
            return (await self._server.look(path, credentials)).is_folder
        except FileMissing:
            return False

    def _described(self, path: str, resource: Resource, version: Version | None) -> Stat:
        self._has_ids = self._has_ids or resource.file_id is not None
        return Stat(
            path=path,
            kind=EntryKind.FOLDER if resource.is_folder else EntryKind.FILE,
            size_bytes=0 if resource.is_folder else resource.size_bytes,
            modified_ms=resource.modified_ms,
            version=version,
            writable=resource.writable or resource.is_folder,
            stable_id=self._stable_id(resource),
        )

    def _stable_id(self, resource: Resource) -> str | None:
        """oCIS' ids are the triples of CS3 and unique by themselves; the numbers of others are within their server."""
        if resource.file_id is None or "!" in resource.file_id:
            return resource.file_id
        return f"oc:{self._server.host}:{resource.file_id}"

    async def _signatures(self, folder: str) -> Mapping[str, Seen]:
        _, children = await self._server.children(folder, ROOT)
        place = f"{folder}/" if folder else ""
        return {place + name: Seen(found.signature, found.file_id) for name, found in children if not found.is_folder}


def open_webdav(settings: WebDavSettings) -> WebDavConnector:
    """The connector to a folder of a server; asks it nothing yet."""
    return WebDavConnector(settings)


def _folder_refusal(answer: HttpAnswer, path: str) -> Exception:
    if answer.status == 207:
        statuses = failed_statuses(answer.content)
        return LockHeld(path) if 423 in statuses else AccessDenied(f"{path!r}: {sorted(statuses)} for a part of it")
    return refusal(answer, path)
