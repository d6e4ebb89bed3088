"""Owns whether this node is the one that stores a document: the lease in the store; knows no file.

While another node has it there is nothing to do but to ask again when it runs out, or when that node is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from collab.clock import Clock
from collab.rooms.book import SaveBook
from collab.rooms.lock_keeper import LockKeeper
from collab.store.base import DocumentId, Lease, Store

_FAILED_S = 1.0
"""So long after a question that the store did not answer."""
_AGAIN_S = 0.2
"""A lease that runs out is asked for a little later."""


class Held(Enum):
    """What became of the question whether we may save."""

    HELD = auto()
    FRESH = auto()
    """We may from now on."""
    ELSEWHERE = auto()


@dataclass(slots=True)
class SavingRight:
    """The right to store one document. Without an `owner` this is the only node, and always has it."""

    store: Store
    clock: Clock
    document_id: DocumentId
    owner: str | None
    lease_s: float
    lease: Lease | None = None
    _ask_at: float = float("-inf")

    @property
    def elsewhere(self) -> bool:
        """True while another node has it, or nobody has asked yet."""
        return self.owner is not None and self.lease is None

    @property
    def due(self) -> float | None:
        """When `hold` wants to be called (monotonic)."""
        return None if self.owner is None else self._ask_at

    async def have(self, book: SaveBook, locks: LockKeeper) -> Held:
        """Have it, or keep it; where it is new, what is known of the saves is read again. Raises: JournalError."""
        had = self.lease
        if not await self._hold():
            book.lease = None
            return Held.ELSEWHERE
        book.lease = self.lease
        if self.lease is had:
            return Held.HELD
        locks.lock_id = await book.reload()
        return Held.FRESH

    async def _hold(self) -> bool:
        """Raises: JournalError, NotFound."""
        now = self.clock.monotonic()
        if self.owner is None:
            return True
        if now < self._ask_at:
            return self.lease is not None
        ttl_ms = round(self.lease_s * 1000)
        self._ask_at = now + _FAILED_S
        if self.lease is not None and await self.store.renew_lease(self.lease, ttl_ms):
            self._ask_at = now + self.lease_s / 3
            return True
        self.lease = None
        lease = await self.store.acquire_lease(self.document_id, self.owner, ttl_ms)
        if lease.owner != self.owner:
            self._ask_at = now + lease.remaining_ms / 1000 + _AGAIN_S
            return False
        self.lease = lease
        self._ask_at = now + self.lease_s / 3
        return True

    def lost(self) -> None:
        """Somebody else got it: ask again at once."""
        self.lease = None
        self._ask_at = float("-inf")

    def ask_soon(self) -> None:
        """The one who had it may be gone."""
        if self.lease is None:
            self._ask_at = float("-inf")

    async def release(self) -> None:
        """Let another node have it. Raises: JournalError."""
        if self.lease is not None:
            lease, self.lease = self.lease, None
            await self.store.release_lease(lease)
