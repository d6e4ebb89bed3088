"""Owns a connector that hides what begins with a dot, over any other; knows nothing of the one inside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from connectors.base import (
    Capabilities,
    Change,
    Connector,
    Content,
    Credentials,
    Folders,
    Lock,
    LockId,
    Stat,
    Version,
    WriteResult,
)
from connectors.errors import InvalidPath, Unsupported


class VisibleOnly:
    """Both contracts over another connector; hidden names are neither listed nor opened nor made."""

    def __init__(self, inner: Connector) -> None:
        self.inner = inner

    @property
    def capabilities(self) -> Capabilities:
        return self.inner.capabilities

    async def stat(self, path: str, credentials: Credentials) -> Stat:
        return await self.inner.stat(_visible(path), credentials)

    async def read(self, path: str, credentials: Credentials, *, limit_bytes: int) -> Content:
        return await self.inner.read(_visible(path), credentials, limit_bytes=limit_bytes)

    async def write(
        self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
    ) -> WriteResult:
        return await self.inner.write(_visible(path), content, credentials, if_version=if_version)

    async def lock(self, path: str, lock_id: LockId, owner: str, credentials: Credentials) -> Lock:
        return await self.inner.lock(_visible(path), lock_id, owner, credentials)

    async def refresh_lock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        await self.inner.refresh_lock(_visible(path), lock_id, credentials)

    async def unlock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        await self.inner.unlock(_visible(path), lock_id, credentials)

    async def close(self) -> None:
        await self.inner.close()

    async def list(self, path: str, credentials: Credentials, *, limit: int) -> Sequence[Stat]:
        found = await self._folders().list(_visible(path), credentials, limit=limit)
        return [stat for stat in found if not _is_hidden(stat.path)]

    async def create_folder(self, path: str, credentials: Credentials) -> Stat:
        return await self._folders().create_folder(_visible(path), credentials)

    async def rename(self, path: str, new_path: str, credentials: Credentials) -> Stat:
        return await self._folders().rename(_visible(path), _visible(new_path), credentials)

    async def delete(self, path: str, credentials: Credentials) -> None:
        await self._folders().delete(_visible(path), credentials)

    def watch(self) -> AsyncIterator[Sequence[Change]]:
        return self._folders().watch()

    def _folders(self) -> Folders:
        if not isinstance(self.inner, Folders):
            raise Unsupported("folders")
        return self.inner


def _visible(path: str) -> str:
    if _is_hidden(path):
        raise InvalidPath(f"{path!r} is hidden")
    return path


def _is_hidden(path: str) -> bool:
    return any(name.startswith(".") for name in path.split("/"))
