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
