"""Owns the watch over people whom a WOPI host let in: their rights are asked for again, and end when the host says so.

Also stores what is unsaved before a token ends. Runs in the process that has the sockets.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from collab.errors import CollabError, JournalError, PermissionDenied, Unauthenticated
from collab.protocol.roles import Role
from collab.rooms.connection import Connection
from collab.store.base import DocumentId
from collab.web.edge import Edge
from connectors.errors import ConnectorError

log = structlog.get_logger(__name__)

CHECKS_AT_ONCE = 16
SAVE_BEFORE_END_MS = 5 * 60 * 1000


@dataclass(slots=True)
class _Seen:
    """When a connection was checked last, and what it may do."""

    at: float
    role: Role
    saved_for_end: bool = False


class WopiRights:
    """Of the sockets of one process."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._seen: dict[Connection, _Seen] = {}
        self._slots = asyncio.Semaphore(CHECKS_AT_ONCE)

    async def keep_checking(self) -> None:
        """Run for the life of the server."""
        period_s = min(5.0, self._edge.config.wopi.recheck_s / 4)
        while True:
            await asyncio.sleep(period_s)
            await self.check_due()

    async def check_due(self) -> None:
        """Check those whose last check will be too long ago before the next round; take over new proof keys."""
        try:
            await self._edge.wopi.keys.refresh()
        except JournalError as error:
            log.warning("proof_keys_unknown", detail=str(error))
        now, config = self._edge.clock.monotonic(), self._edge.config.wopi
        live = {connection: grant for connection, grant in self._edge.sockets.grants() if grant.sealed is not None}
        self._seen = {
            connection: self._seen.get(connection) or _Seen(now, grant.role) for connection, grant in live.items()
        }
        due_s = config.recheck_s * 3 / 4
        due = [connection for connection, seen in self._seen.items() if now - seen.at >= due_s]
        await asyncio.gather(*(self._check(connection, live[connection].role) for connection in due))
        await self._save_before_end()

    async def _check(self, connection: Connection, granted: Role) -> None:
        seen = self._seen[connection]
        async with self._slots:
            try:
                may_write = await self._edge.wopi.may_write(connection.access.credentials)
            except (Unauthenticated, PermissionDenied) as error:
                return connection.fail(error)
            except ConnectorError as error:
                log.info("wopi_rights_unknown", connection=connection.number, detail=str(error))
                return
        seen.at = self._edge.clock.monotonic()
        role = granted if may_write else Role.VIEWER
        if role is not seen.role:
            seen.role = role
            log.info("wopi_role_changed", connection=connection.number, role=role.value)
            self._edge.rooms.local.change_role(lambda access: access is connection.access, role)

    async def _save_before_end(self) -> None:
        """What is unsaved goes to the storage while the token is still good."""
        soon = self._edge.clock.wall_ms() + SAVE_BEFORE_END_MS
        for connection, seen in list(self._seen.items()):
            expires_ms = connection.access.credentials.expires_ms
            if expires_ms is None or expires_ms > soon or seen.saved_for_end:
                continue
            seen.saved_for_end = True
            document_id = self._edge.sockets.document_of(connection)
            if document_id is not None:
                await self._save(DocumentId(document_id))

    async def _save(self, document_id: DocumentId) -> None:
        try:
            await self._edge.rooms.save_now(document_id)
        except CollabError as error:
            log.warning("save_before_end_failed", document_id=document_id, code=error.code)
