"""Owns how many rooms without a file there may be, in all and new ones of each person; knows no room.

Any name makes such a room, and its journal stays on the disk. Rooms that exist are never refused here.
"""

from __future__ import annotations

from collab.clock import Clock
from collab.errors import CloseCode, LimitExceeded
from collab.limits import Limits
from collab.protocol.rate import TokenBucket
from collab.store.base import Store

SCRATCH = "scratch"
"""The door of their aliases."""
HOUR_S = 3600.0
FRESH_S = 60.0
"""What others made in the same store, or an operator purged, is noticed after so long."""
PEOPLE = 10_000
"""Of so many people it is known what they made lately; who made something longest ago is forgotten first."""


class ScratchNames:
    """The names of rooms without a file."""

    def __init__(self, store: Store, limits: Limits, clock: Clock) -> None:
        self._store = store
        self._limits = limits
        self._clock = clock
        self._names: set[str] = set()
        self._read_at = float("-inf")
        self._made: dict[str, TokenBucket] = {}

    async def admit(self, name: str, user_id: str) -> None:
        """Let somebody open a room, which may be new.

        Raises: JournalError, LimitExceeded (scratch_name_length, scratch_documents,
        scratch_documents_per_user_and_hour).
        """
        if len(name) > self._limits.scratch_name_length:
            raise LimitExceeded("scratch_name_length")
        if name in self._names:
            return
        now = self._clock.monotonic()
        if now - self._read_at >= FRESH_S:
            self._names = {record.alias.external_id for record in await self._store.documents(SCRATCH)}
            self._read_at = now
        if name in self._names:
            return
        if len(self._names) >= self._limits.scratch_documents:
            raise LimitExceeded("scratch_documents")
        if not self._bucket(user_id).take(now):
            error = LimitExceeded("scratch_documents_per_user_and_hour")
            error.close_code = CloseCode.TRY_AGAIN_LATER
            raise error
        self._names.add(name)

    def _bucket(self, user_id: str) -> TokenBucket:
        most = self._limits.scratch_documents_per_user_and_hour
        bucket = self._made.pop(user_id, None) or TokenBucket(most / HOUR_S, most)
        self._made[user_id] = bucket
        if len(self._made) > PEOPLE:
            del self._made[next(iter(self._made))]
        return bucket
