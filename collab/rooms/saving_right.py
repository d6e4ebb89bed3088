"""Owns whether this node is the one that stores a document: the lease in the store; knows no file.

While another node has it there is nothing to do but to ask again when it runs out, or when that node is gone.
"""

from __future__ import annotations

from dataclasses import dataclass

from collab.clock import Clock
from collab.store.base import DocumentId, Lease, Store

_FAILED_S = 1.0
"""So long after a question that the store did not answer."""
_AGAIN_S = 0.2
"""A lease that runs out is asked for a little later."""


@dataclass(slots=True)
class SavingRight:
    """The right to store one document. Without an `owner` this is the only node, and always has it."""

    store: Store
    clock: Clock
    document_id: DocumentId
    owner: str | None
    lease_s: float
    lease: Lease | None = None
    fresh: bool = False
    """Set when it was just got: what is known of the saves is to be read again."""
    _ask_at: float = float("-inf")

    @property
    def elsewhere(self) -> bool:
        """True while another node has it, or nobody has asked yet."""
        return self.owner is not None and self.lease is None

    @property
    def due(self) -> float | None:
        """When `hold` wants to be called (monotonic)."""
        return None if self.owner is None else self._ask_at

    async def hold(self) -> bool:
        """Have it, or keep it. False: another node has it. Raises: JournalError, NotFound."""
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
        self.lease, self.fresh = lease, True
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
