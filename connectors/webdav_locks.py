"""Owns the locks on a WebDAV server: which are ours, how they are found again after a crash, taken and given back.

The server makes its own tokens. Ours are recognised by the lock id in the owner's text, so any process of ours that
knows the id can use the lock.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import quote, unquote

from connectors.base import Credentials, Lock, LockId
from connectors.errors import LockHeld, LockLost, NotAFile, Unsupported
from connectors.paths import is_beneath, rebase_path
from connectors.webdav_server import XML, Ask, DavServer, refusal
from connectors.webdav_xml import ActiveLock, Resource, lock_body, parse_lock_token

_MARK = re.compile(r"\s*\[livefolder:([A-Za-z0-9._~%-]+)\]")
_GONE = frozenset({400, 404, 409, 412, 423})
"""How servers answer a refresh or an unlock of a lock that is not there."""


@dataclass(frozen=True, slots=True)
class Held:
    """A lock that we hold."""

    lock_id: LockId
    token: str
    owner: str


def lock_id_of(active: ActiveLock) -> LockId | None:
    """Our id of a lock that one of our servers took, None for a foreign one."""
    found = _MARK.search(active.owner)
    return LockId(unquote(found[1])) if found else None


def owner_of(active: ActiveLock) -> str:
    """Who holds a lock, for people."""
    return _MARK.sub("", active.owner).strip() or "somebody"


class DavLocks:
    """The locks that this process holds on one root."""

    def __init__(self, server: DavServer, timeout_s: int, capacity: int) -> None:
        self._server = server
        self._timeout = f"Second-{timeout_s}"
        self._capacity = capacity
        self._held: OrderedDict[str, Held] = OrderedDict()

    def held(self, path: str) -> Held | None:
        """What we hold on a path, as far as we know."""
        return self._held.get(path)

    async def take(self, path: str, lock_id: LockId, owner: str, credentials: Credentials) -> Lock:
        """Take or confirm. Raises: LockHeld, FileMissing, NotAFile, Unsupported, …"""
        active = await self._active(path, credentials)
        for lock in active:
            if lock_id_of(lock) != lock_id:
                raise _held_by(path, lock)
            held = Held(lock_id, lock.token, owner)
            if await self._refreshed(path, held, credentials):
                return self._note(path, held)
        return self._note(path, await self._new(path, lock_id, owner, credentials))

    async def refresh(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        """Raises: LockLost, LockHeld, …"""
        held = self._held.get(path)
        if held is not None and held.lock_id == lock_id and await self._refreshed(path, held, credentials):
            return
        active = await self._active(path, credentials)
        if not active:
            raise LockLost(path)
        if lock_id_of(active[0]) != lock_id:
            raise _held_by(path, active[0])
        found = Held(lock_id, active[0].token, owner_of(active[0]))
        if not await self._refreshed(path, found, credentials):
            raise LockLost(path)
        self._note(path, found)

    async def give_back(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        """Raises: LockHeld (somebody else's), …"""
        held = self._held.get(path)
        if held is not None and held.lock_id == lock_id:
            del self._held[path]
        active = await self._active(path, credentials)
        if not active:
            return
        if lock_id_of(active[0]) != lock_id:
            raise _held_by(path, active[0])
        await self._drop(path, active[0].token, credentials)

    async def take_short(self, path: str, credentials: Credentials) -> str:
        """A lock for the time of one write; returns its token. Raises: LockHeld, …"""
        return await self._request(path, "livefolder, for a moment", "Second-60", credentials)

    async def drop_short(self, path: str, token: str, credentials: Credentials) -> None:
        """Give it back; one that is gone is no error."""
        await self._drop(path, token, credentials)

    async def suspend(self, path: str, credentials: Credentials) -> dict[str, Held]:
        """Give back all that we hold at and beneath a path, to move or delete it; returns what that was."""
        suspended = {known: held for known, held in self._held.items() if is_beneath(known, path)}
        for known, held in suspended.items():
            await self._drop(known, held.token, credentials)
            del self._held[known]
        return suspended

    async def resume(self, suspended: dict[str, Held], path: str, new_path: str, credentials: Credentials) -> None:
        """Take again what was held beneath a path, where it is now. Raises: LockHeld, …"""
        for known, held in suspended.items():
            await self.take(rebase_path(known, path, new_path), held.lock_id, held.owner, credentials)

    async def _new(self, path: str, lock_id: LockId, owner: str, credentials: Credentials) -> Held:
        text = f"{owner} [livefolder:{quote(lock_id, safe='')}]"
        try:
            token = await self._request(path, text, self._timeout, credentials)
        except LockHeld:
            active = await self._active(path, credentials)
            if active:
                raise _held_by(path, active[0]) from None
            raise
        return Held(lock_id, token, owner)

    async def _request(self, path: str, owner: str, timeout: str, credentials: Credentials) -> str:
        headers = {"depth": "0", "timeout": timeout, **XML}
        answer = await self._server.send(Ask("LOCK", path, headers, lock_body(owner)), credentials)
        if not answer.ok:
            raise refusal(answer, path)
        token = answer.headers.get("lock-token", "").strip().strip("<>") or parse_lock_token(answer.content)
        if not token:
            raise Unsupported(f"{path!r}: a lock without a token")
        return token

    async def _refreshed(self, path: str, held: Held, credentials: Credentials) -> bool:
        headers = {"if": f"(<{held.token}>)", "timeout": self._timeout}
        answer = await self._server.send(Ask("LOCK", path, headers), credentials)
        if answer.ok:
            return True
        if answer.status in _GONE:
            return False
        raise refusal(answer, path)

    async def _drop(self, path: str, token: str, credentials: Credentials) -> None:
        answer = await self._server.send(Ask("UNLOCK", path, {"lock-token": f"<{token}>"}), credentials)
        if not answer.ok and answer.status not in _GONE:
            raise refusal(answer, path)

    async def _active(self, path: str, credentials: Credentials) -> tuple[ActiveLock, ...]:
        return checked_file(path, await self._server.look(path, credentials, locks=True)).locks

    def _note(self, path: str, held: Held) -> Lock:
        self._held.pop(path, None)
        self._held[path] = held
        if len(self._held) > self._capacity:
            self._held.popitem(last=False)
        return Lock(held.lock_id, held.owner, ours=True)


def checked_file(path: str, resource: Resource) -> Resource:
    """Raises: NotAFile."""
    if resource.is_folder:
        raise NotAFile(path)
    return resource


def _held_by(path: str, lock: ActiveLock) -> LockHeld:
    return LockHeld(path, lock_id=lock_id_of(lock), owner=owner_of(lock))
