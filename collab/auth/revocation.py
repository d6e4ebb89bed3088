"""Owns the memory of what was revoked, read again from the store at most every `recheck_s`; knows no sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from collab.auth.tokens import Grant
from collab.clock import Clock
from collab.errors import JournalError, PermissionDenied
from collab.store.base import Store


class Revocations:
    """Tells whether a grant still stands. A store that does not answer leaves the last known list in force."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        recheck_s: float,
        announce: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        """`announce` tells the other workers of the machine at once."""
        self._store = store
        self._announce = announce
        self._clock = clock
        self._recheck_s = recheck_s
        self._subjects: frozenset[str] = frozenset()
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def check(self, grant: Grant) -> None:
        """Raises: PermissionDenied when the grant was revoked; JournalError when this was never read."""
        await self._refresh()
        if self._subjects & grant.subjects:
            raise PermissionDenied("revoked", public="This access was withdrawn.")

    async def revoke(self, subject: str, expires_ms: int) -> None:
        """Refuse a subject from now on. Raises: JournalError."""
        await self._store.revoke(subject, expires_ms, self._clock.wall_ms())
        self.note(subject)
        if self._announce is not None:
            await self._announce(subject)

    def note(self, subject: str) -> None:
        """Another worker refused a subject, and has stored that."""
        self._subjects |= {subject}

    async def _refresh(self) -> None:
        async with self._reading:
            if self._read_at is not None and self._clock.monotonic() - self._read_at < self._recheck_s:
                return
            try:
                self._subjects = frozenset(await self._store.revocations(self._clock.wall_ms()))
            except JournalError:
                if self._read_at is None:
                    raise
            self._read_at = self._clock.monotonic()
