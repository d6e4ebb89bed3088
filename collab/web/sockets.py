"""Owns the live sockets with the grants they came in on, and closes those whose grant no longer stands."""

from __future__ import annotations

import asyncio

import structlog

from collab.auth.revocation import Revocations
from collab.auth.tokens import Grant
from collab.errors import JournalError, PermissionDenied
from collab.rooms.connection import Connection

log = structlog.get_logger(__name__)


class Sockets:
    """Looked through every `recheck_s`."""

    def __init__(self, revocations: Revocations, recheck_s: float) -> None:
        self._revocations = revocations
        self._recheck_s = recheck_s
        self._live: dict[Connection, Grant] = {}

    def __len__(self) -> int:
        return len(self._live)

    def add(self, connection: Connection, grant: Grant) -> None:
        """Keep an eye on a connection while it is open."""
        self._live[connection] = grant

    def remove(self, connection: Connection) -> None:
        """It is not open any more."""
        del self._live[connection]

    def grants(self) -> list[tuple[Connection, Grant]]:
        """Who is connected, and by which right."""
        return list(self._live.items())

    def document_of(self, connection: Connection) -> str | None:
        """The document that a connection's right is for; None when it has left."""
        grant = self._live.get(connection)
        return None if grant is None else grant.document_id

    async def recheck(self) -> None:
        """Close every connection whose grant was withdrawn."""
        for connection, grant in list(self._live.items()):
            try:
                await self._revocations.check(grant)
            except PermissionDenied as error:
                connection.fail(error)
            except JournalError:
                log.warning("revocations_unknown")
                return

    async def keep_checking(self) -> None:
        """Run for the life of the server."""
        while True:
            await asyncio.sleep(self._recheck_s)
            await self.recheck()
