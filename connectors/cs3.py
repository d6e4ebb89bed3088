"""Owns the connector to a CS3 gateway: both contracts over gRPC, with contents through the data gateway.

Locks are the storage's own; their id is made from ours, so any process of ours that knows it can use them. The version
is the ETag exactly as the gateway gives it. If-Match is checked when a transfer begins; between that and its end some
drivers check nothing, so a window remains where no lock is held.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from cs3.storage.provider.v1beta1 import provider_api_pb2, resources_pb2
from cs3.types.v1beta1 import types_pb2

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
from connectors.cs3_data import Transfers
from connectors.cs3_gateway import Gateway
from connectors.cs3_settings import Cs3Settings
from connectors.errors import (
    ConnectorError,
    FileExists,
    FileMissing,
    InvalidPath,
    LockHeld,
    LockLost,
    NotAFile,
    TooLarge,
    Unavailable,
    Unsupported,
    VersionMismatch,
)
from connectors.paths import is_beneath, is_possible_name, parent_of, rebase_path, split_path
from connectors.polling import Polling, Seen

ROOT = Credentials("livefolder", "livefolder")
ATTEMPTS = 4
_LOCK_NAMES = uuid.UUID("a1b50c2e-41c1-4c79-9d5e-2f6a8a3c0c52")


class Cs3Connector:
    """Both contracts over a folder behind a gateway."""

    def __init__(self, settings: Cs3Settings) -> None:
        """Asks nobody: the gateway may be away."""
        self._settings = settings
        self._gateway = Gateway(settings)
        self._transfers = Transfers(settings, self._gateway)
        self._polling = Polling(self._signatures, settings.poll_s, settings.remembered_paths)
        self._held: OrderedDict[str, LockId] = OrderedDict()
        self._has_locks = True
        self._closed = False
        self._uploads: set[asyncio.Future[None]] = set()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            atomic_compare_and_swap=False, locks=self._has_locks, folders=True, watches=True, stable_ids=True
        )

    # contents

    async def stat(self, path: str, credentials: Credentials) -> Stat:
        self._begin(path)
        stat = _described(path, await self._gateway.stat(path, credentials))
        if stat.kind is EntryKind.FILE:
            self._polling.note(path)
        return stat

    async def read(self, path: str, credentials: Credentials, *, limit_bytes: int) -> Content:
        self._begin(path)
        self._polling.note(path)
        for _ in range(ATTEMPTS):
            before = _file(path, await self._gateway.stat(path, credentials))
            if before.size > limit_bytes:
                raise TooLarge(f"{path!r}: {before.size} > {limit_bytes} bytes")
            content = await self._transfers.download(path, credentials, limit_bytes)
            after = _file(path, await self._gateway.stat(path, credentials))
            if after.etag == before.etag and len(content) == before.size:
                return Content(content, Version(after.etag))
        raise Unavailable(f"{path!r} keeps changing")

    async def write(
        self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
    ) -> WriteResult:
        self._begin(path)
        self._polling.note(path)
        if if_version is None:
            await self._check_free(path, credentials)
        else:
            info = _file(path, await self._gateway.stat(path, credentials))
            self._check_lock(path, info)
            if info.etag != if_version:
                raise VersionMismatch(path, current=info.etag)
        held = self._held.get(path)
        try:
            await self._upload(path, content, credentials, if_version, None if held is None else _lock_name(held))
        except (VersionMismatch, FileExists, LockHeld):
            raise await self._why_refused(path, if_version, credentials) from None
        return WriteResult(await self._version_after(path, content, credentials, locked=held is not None))

    async def lock(self, path: str, lock_id: LockId, owner: str, credentials: Credentials) -> Lock:
        self._begin(path)
        held = await self._lock_at(path, credentials)
        if held is not None and held.lock_id != _lock_name(lock_id):
            raise _held_by(path, held)
        if held is not None:
            await self._refresh(path, lock_id, credentials)
        else:
            await self._set_lock(path, lock_id, credentials)
        self._held[path] = lock_id
        self._held.move_to_end(path)
        if len(self._held) > self._settings.remembered_paths:
            self._held.popitem(last=False)
        return Lock(lock_id, owner, ours=True)

    async def refresh_lock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        self._begin(path)
        self._polling.note(path)
        held = await self._lock_at(path, credentials)
        if held is None:
            raise LockLost(path)
        if held.lock_id != _lock_name(lock_id):
            raise _held_by(path, held)
        await self._refresh(path, lock_id, credentials)

    async def unlock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        self._begin(path)
        if self._held.get(path) == lock_id:
            del self._held[path]
        held = await self._lock_at(path, credentials)
        if held is None:
            return
        if held.lock_id != _lock_name(lock_id):
            raise _held_by(path, held)
        request = provider_api_pb2.UnlockRequest(ref=self._gateway.reference(path), lock=self._lock(lock_id))
        await self._gateway.call(lambda stub: stub.Unlock, request, path, credentials)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._polling.close()
        if self._uploads:
            await asyncio.wait(tuple(self._uploads))
        await self._transfers.close()
        await self._gateway.close()

    # folders

    async def list(self, path: str, credentials: Credentials, *, limit: int) -> Sequence[Stat]:
        self._begin(path)
        if _described(path, await self._gateway.stat(path, credentials)).kind is EntryKind.FILE:
            raise NotAFile(path)
        stats = await self._entries(path, credentials)
        if len(stats) > limit:
            raise TooLarge(f"{path!r}: more than {limit} entries")
        return stats

    async def create_folder(self, path: str, credentials: Credentials) -> Stat:
        self._begin(path)
        await self._check_free(path, credentials)
        request = provider_api_pb2.CreateContainerRequest(ref=self._gateway.reference(path))
        await self._gateway.call(lambda stub: stub.CreateContainer, request, path, credentials)
        return await self.stat(path, credentials)

    async def rename(self, path: str, new_path: str, credentials: Credentials) -> Stat:
        self._begin(path)
        split_path(new_path)
        if path == "" or new_path == "" or (path != new_path and is_beneath(new_path, path)):
            raise InvalidPath(f"{path!r} cannot become {new_path!r}")
        await self._gateway.stat(path, credentials)
        await self._check_free(new_path, credentials)
        held = self._held.get(path)
        request = provider_api_pb2.MoveRequest(
            source=self._gateway.reference(path),
            destination=self._gateway.reference(new_path),
            lock_id="" if held is None else _lock_name(held),
        )
        await self._gateway.call(lambda stub: stub.Move, request, path, credentials)
        for known in [known for known in self._held if is_beneath(known, path)]:
            self._held[rebase_path(known, path, new_path)] = self._held.pop(known)
        self._polling.moved(path, new_path)
        return await self.stat(new_path, credentials)

    async def delete(self, path: str, credentials: Credentials) -> None:
        self._begin(path)
        if path == "":
            raise InvalidPath("the root cannot be deleted")
        await self._gateway.stat(path, credentials)
        held = self._held.get(path)
        lock_id = "" if held is None else _lock_name(held)
        request = provider_api_pb2.DeleteRequest(ref=self._gateway.reference(path), lock_id=lock_id)
        await self._gateway.call(lambda stub: stub.Delete, request, path, credentials)
        for known in [known for known in self._held if is_beneath(known, path)]:
            del self._held[known]
        self._polling.forget(path)

    def watch(self) -> AsyncIterator[Sequence[Change]]:
        return self._polling.watch()

    # parts

    def _begin(self, path: str) -> None:
        split_path(path)
        if self._closed:
            raise Unavailable("closed")

    async def _upload(
        self, path: str, content: bytes, credentials: Credentials, if_version: Version | None, lock_id: str | None
    ) -> None:
        """To its end even when the caller is cancelled: a store may keep half of what is cut off."""
        upload = asyncio.ensure_future(self._transfers.upload(path, content, credentials, if_version, lock_id))
        self._uploads.add(upload)
        upload.add_done_callback(self._uploads.discard)
        upload.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(upload)

    async def _version_after(self, path: str, content: bytes, credentials: Credentials, *, locked: bool) -> Version:
        """The version of what we wrote, never of what somebody else wrote since: then it is one that nothing has."""
        try:
            if locked:
                info = await self._gateway.stat(path, credentials)
                if info.size == len(content):
                    return Version(info.etag)
            else:
                stored = await self.read(path, credentials, limit_bytes=len(content))
                if stored.content == content:
                    return stored.version
        except ConnectorError:
            pass
        return Version(f"sha256-{hashlib.sha256(content).hexdigest()}")

    async def _why_refused(self, path: str, if_version: Version | None, credentials: Credentials) -> ConnectorError:
        """A gateway says the same for a changed version and for a lock: look which one it was."""
        info = await self._gateway.stat(path, credentials)
        if if_version is None:
            return FileExists(path)
        try:
            self._check_lock(path, info)
        except ConnectorError as error:
            return error
        if info.etag != if_version:
            return VersionMismatch(path, current=info.etag)
        return Unavailable(f"{path!r} was changed or locked at the same time")

    def _check_lock(self, path: str, info: Any) -> None:
        held = self._held.get(path)
        there = info.lock if info.HasField("lock") and info.lock.lock_id else None
        if held is not None and (there is None or there.lock_id != _lock_name(held)):
            raise LockLost(path)
        if held is None and there is not None:
            raise _held_by(path, there)

    async def _check_free(self, path: str, credentials: Credentials) -> None:
        """Nothing stands at a path, and its folder is there. Raises: FileExists, FileMissing."""
        if path == "":
            raise FileExists("the root")
        try:
            await self._gateway.stat(path, credentials)
        except FileMissing:
            folder = _described(parent_of(path), await self._gateway.stat(parent_of(path), credentials))
            if folder.kind is EntryKind.FILE:
                raise FileMissing(path) from None
            return
        raise FileExists(path)

    async def _lock_at(self, path: str, credentials: Credentials) -> Any:
        _file(path, await self._gateway.stat(path, credentials))
        request = provider_api_pb2.GetLockRequest(ref=self._gateway.reference(path))
        try:
            found = await self._gateway.call(lambda stub: stub.GetLock, request, path, credentials)
        except FileMissing:
            return None
        except Unsupported:
            self._has_locks = False
            raise
        return found.lock if found.lock.lock_id else None

    async def _set_lock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        request = provider_api_pb2.SetLockRequest(ref=self._gateway.reference(path), lock=self._lock(lock_id))
        try:
            await self._gateway.call(lambda stub: stub.SetLock, request, path, credentials)
        except (VersionMismatch, LockHeld, FileExists):
            held = await self._lock_at(path, credentials)
            if held is None or held.lock_id != _lock_name(lock_id):
                raise LockHeld(path) if held is None else _held_by(path, held) from None
        except Unsupported:
            self._has_locks = False
            raise

    async def _refresh(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        request = provider_api_pb2.RefreshLockRequest(
            ref=self._gateway.reference(path), lock=self._lock(lock_id), existing_lock_id=_lock_name(lock_id)
        )
        try:
            await self._gateway.call(lambda stub: stub.RefreshLock, request, path, credentials)
        except (VersionMismatch, LockHeld):
            raise LockLost(path) from None

    def _lock(self, lock_id: LockId) -> Any:
        return resources_pb2.Lock(
            lock_id=_lock_name(lock_id),
            type=resources_pb2.LOCK_TYPE_WRITE,
            app_name=self._settings.app_name,
            expiration=types_pb2.Timestamp(seconds=int(time.time()) + self._settings.lock_timeout_s),
        )

    async def _entries(self, path: str, credentials: Credentials) -> Sequence[Stat]:
        request = provider_api_pb2.ListContainerRequest(ref=self._gateway.reference(path))
        found = await self._gateway.call(lambda stub: stub.ListContainer, request, path, credentials)
        place = f"{path}/" if path else ""
        named = [(info.name or info.path.rstrip("/").rpartition("/")[2], info) for info in found.infos]
        return [_described(place + name, info) for name, info in named if is_possible_name(name)]

    async def _signatures(self, folder: str) -> Mapping[str, Seen]:
        stats = await self._entries(folder, ROOT)
        return {stat.path: Seen(stat.version, stat.stable_id) for stat in stats if stat.kind is EntryKind.FILE}


def open_cs3(settings: Cs3Settings) -> Cs3Connector:
    """The connector to a folder behind a gateway; asks it nothing yet."""
    return Cs3Connector(settings)


def _lock_name(lock_id: LockId) -> str:
    """Our id as a lock id that WebDAV can carry too."""
    return f"opaquelocktoken:{uuid.uuid5(_LOCK_NAMES, lock_id)}"


def _held_by(path: str, lock: Any) -> LockHeld:
    return LockHeld(path, lock_id=lock.lock_id, owner=lock.app_name or lock.user.opaque_id or "somebody")


def _file(path: str, info: Any) -> Any:
    if info.type == resources_pb2.RESOURCE_TYPE_CONTAINER:
        raise NotAFile(path)
    return info


def _described(path: str, info: Any) -> Stat:
    is_folder = info.type == resources_pb2.RESOURCE_TYPE_CONTAINER
    known = info.HasField("permission_set")
    identity = info.id
    return Stat(
        path=path,
        kind=EntryKind.FOLDER if is_folder else EntryKind.FILE,
        size_bytes=0 if is_folder else info.size,
        modified_ms=info.mtime.seconds * 1000 + info.mtime.nanos // 1_000_000,
        version=None if is_folder else Version(info.etag),
        writable=is_folder or not known or info.permission_set.initiate_file_upload,
        stable_id=f"{identity.storage_id}${identity.space_id}!{identity.opaque_id}" if identity.opaque_id else None,
    )
