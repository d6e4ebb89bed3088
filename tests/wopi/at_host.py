"""A WOPI connector at a host in memory, named by file names: what the conformance suite of connectors needs."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.base import Capabilities, Content, Credentials, Lock, LockId, Stat, Version, WriteResult
from connectors.clock import Clock
from connectors.errors import InvalidPath
from connectors.paths import split_path
from connectors.wopi import WopiConnector
from connectors.wopi_calls import WopiCalls
from connectors.wopi_proof import ProofKeys
from connectors.wopi_source import WopiToken, path_of
from tests.wopi.host import WopiHost

KEYS = ProofKeys.new()
"""Making them takes a moment: one pair for all tests of a process."""


def connector_at(host: WopiHost, clock: Clock) -> WopiConnector:
    """A connector that talks to a host without a network."""
    host.keys = KEYS.attributes()
    return WopiConnector(WopiCalls(host, clock, lambda: KEYS), clock)


def credentials_for(host: WopiHost, file_id: str, user: str = "anna", **more: object) -> Credentials:
    """A person with a token of the host."""
    token = host.grant(file_id, user, **more)  # type: ignore[arg-type]
    return Credentials(f"wopi:host|{user}", user.title(), WopiToken(host.source(file_id), token).pack())


@dataclass
class AtHost:
    """The connector's contract by file names; each person gets a token for each file."""

    host: WopiHost
    inner: WopiConnector

    @property
    def capabilities(self) -> Capabilities:
        return self.inner.capabilities

    def _of(self, path: str, credentials: Credentials) -> tuple[str, Credentials]:
        try:
            split_path(path)
            source = path_of(self.host.source(path))
        except InvalidPath:
            return path, credentials  # the connector's business
        token = WopiToken(self.host.source(path), self._token(path, credentials.user_id)).pack()
        return source, Credentials(credentials.user_id, credentials.user_name, token)

    def _token(self, path: str, user: str) -> str:
        for token, known in self.host.tokens.items():
            if (known.file_id, known.user_id) == (path, user):
                return token
        return self.host.grant(path, user)

    async def stat(self, path: str, credentials: Credentials) -> Stat:
        return await self.inner.stat(*self._of(path, credentials))

    async def read(self, path: str, credentials: Credentials, *, limit_bytes: int) -> Content:
        source, person = self._of(path, credentials)
        return await self.inner.read(source, person, limit_bytes=limit_bytes)

    async def write(
        self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
    ) -> WriteResult:
        source, person = self._of(path, credentials)
        return await self.inner.write(source, content, person, if_version=if_version)

    async def lock(self, path: str, lock_id: LockId, owner: str, credentials: Credentials) -> Lock:
        source, person = self._of(path, credentials)
        return await self.inner.lock(source, lock_id, owner, person)

    async def refresh_lock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        source, person = self._of(path, credentials)
        await self.inner.refresh_lock(source, lock_id, person)

    async def unlock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        source, person = self._of(path, credentials)
        await self.inner.unlock(source, lock_id, person)

    async def close(self) -> None:
        await self.inner.close()
