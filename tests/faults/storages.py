"""Owns real storages for the fault tests: started on loopback, written to from outside while people edit."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.base import (
    Capabilities,
    Connector,
    Content,
    Credentials,
    Lock,
    LockId,
    Stat,
    Version,
    WriteResult,
)
from connectors.local import LocalConnector
from connectors.local_settings import LocalSettings
from connectors.webdav import WebDavConnector
from connectors.webdav_settings import WebDavSettings
from tests.connectors.dav_servers import DISCOVERY, Outside, serving

NAMES = ("local", "webdav", "s3", "cs3")


@dataclass
class Storage:
    """A storage, and what another program does in it: `change` replaces a content by what a function makes of it."""

    connector: Connector
    read: Callable[[str], bytes]
    put: Callable[[str, bytes], None]

    def change(self, path: str, edit: Callable[[bytes], bytes]) -> None:
        self.put(path, edit(self.read(path)))


class Recording:
    """A connector that remembers what was written through it, and whose changes nobody is told of."""

    def __init__(self, inner: Connector) -> None:
        self.inner = inner
        self.written: list[bytes] = []

    @property
    def capabilities(self) -> Capabilities:
        return replace(self.inner.capabilities, watches=False)

    async def stat(self, path: str, credentials: Credentials) -> Stat:
        return await self.inner.stat(path, credentials)

    async def read(self, path: str, credentials: Credentials, *, limit_bytes: int) -> Content:
        return await self.inner.read(path, credentials, limit_bytes=limit_bytes)

    async def write(
        self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
    ) -> WriteResult:
        self.written.append(content)
        return await self.inner.write(path, content, credentials, if_version=if_version)

    async def lock(self, path: str, lock_id: LockId, owner: str, credentials: Credentials) -> Lock:
        return await self.inner.lock(path, lock_id, owner, credentials)

    async def refresh_lock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        await self.inner.refresh_lock(path, lock_id, credentials)

    async def unlock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        await self.inner.unlock(path, lock_id, credentials)

    async def close(self) -> None: ...


@contextlib.asynccontextmanager
async def storage(name: str, folder: Path) -> AsyncIterator[Storage]:
    """An empty storage of a kind."""
    async with _OPENERS[name](folder) as opened:
        yield opened


@contextlib.asynccontextmanager
async def _local(folder: Path) -> AsyncIterator[Storage]:
    connector = LocalConnector(LocalSettings(folder))
    yield Storage(
        connector,
        read=lambda path: (folder / path).read_bytes(),
        put=lambda path, content: void((folder / path).write_bytes(content)),
    )
    await connector.close()


@contextlib.asynccontextmanager
async def _webdav(folder: Path) -> AsyncIterator[Storage]:
    with serving("wsgidav") as site:
        outside = site.new_folder()
        connector = WebDavConnector(WebDavSettings(outside.address))
        yield Storage(connector, outside.read, lambda path, content: put_with_lock(outside, path, content))
        await connector.close()


def put_with_lock(outside: Outside, path: str, content: bytes) -> None:
    """As a program that shares the lock does; tries again when it changed hands meanwhile."""
    for _ in range(20):
        _, _, body = outside.ask("PROPFIND", path, DISCOVERY, {"Depth": "0"})
        found = re.search(rb"locktoken>\s*<[^>]*href[^>]*>([^<]+)<", body)
        headers = {} if found is None else {"If": f"(<{found[1].decode().strip()}>)"}
        if outside.ask("PUT", path, content, headers)[0] in (200, 201, 204):
            return
    raise AssertionError(f"nobody lets us write {path}")


@contextlib.asynccontextmanager
async def _s3(folder: Path) -> AsyncIterator[Storage]:
    from connectors.s3 import S3Connector
    from tests.connectors.test_s3 import moto

    with moto(folder) as site:
        settings, client = site.settings(), site.client()
        connector = S3Connector(settings)
        yield Storage(
            connector,
            read=lambda path: client.get_object(Bucket="shared", Key=settings.prefix + path)["Body"].read(),  # type: ignore[attr-defined]
            put=lambda path, content: client.put_object(Bucket="shared", Key=settings.prefix + path, Body=content),  # type: ignore[attr-defined]
        )
        await connector.close()


@contextlib.asynccontextmanager
async def _cs3(folder: Path) -> AsyncIterator[Storage]:
    from connectors.cs3 import Cs3Connector
    from connectors.cs3_settings import Cs3Settings
    from tests.connectors.cs3_fixture import SECRET, cs3_site

    with cs3_site() as site:
        site.tree.make_folders("/home/x")
        connector = Cs3Connector(Cs3Settings(site.address("/home"), client_secret=SECRET, tls=False))

        def put(path: str, content: bytes) -> None:
            with site.tree.guard:
                site.tree.put(f"/home/{path}", content)

        yield Storage(connector, lambda path: site.tree.nodes[f"/home/{path}"].content or b"", put)
        await connector.close()


_OPENERS = {"local": _local, "webdav": _webdav, "s3": _s3, "cs3": _cs3}


def void(_: object) -> None:
    """Forget a result."""
