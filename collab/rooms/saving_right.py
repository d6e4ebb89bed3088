"""Owns whether this node is the one that stores a document: the lease in the store; knows no file.

While another node has it there is nothing to do but to ask again when it runs out, or when that node is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeVar

import structlog

from collab.clock import Clock
from collab.errors import CollabError, JournalError
from collab.rooms.book import SaveBook
from collab.rooms.lock_keeper import LockKeeper
from collab.rooms.saving_room import Others
from collab.store.base import DocumentId, Lease, Store

_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)

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

    async def have(self, book: SaveBook, locks: LockKeeper, others: Others | None) -> Held:
        """Have it, or keep it. Where it is new, what is known of the saves is read again, and the document has all that
        was journalled: against an older one what others stored would look like a change outside. Raises: JournalError.
        """
        had = self.lease
        if not await self._hold():
            book.lease = None
            return Held.ELSEWHERE
        book.lease = self.lease
        if self.lease is had:
            return Held.HELD
        try:
            locks.take_over(await book.reload())
            if others is not None:
                await others.read_all()
        except CollabError:
            self.lost()  # what is known of the saves is not right, so it is not ours yet
            raise
        return Held.FRESH

    async def during(self, work: Awaitable[_Result]) -> _Result:
        """Wait for a write that may take longer than a lease lasts. Raises: what `work` raises."""
        failure: CollabError | None = None
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(self._keep(), name=f"lease {self.document_id}")
            try:
                result = await work
            except CollabError as error:  # a task group would wrap it
                failure = error
            finally:
                renewing.cancel()
        if failure is not None:
            raise failure
        return result

    async def _keep(self) -> None:
        while self.lease is not None:
            await asyncio.sleep(self.lease_s / 3)
            try:
                await self.store.renew_lease(self.lease, round(self.lease_s * 1000))
            except JournalError as error:
                _log.warning("lease_not_renewed", document_id=self.document_id, reason=str(error))

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

    async def give_back(self, locks: LockKeeper, others: Others | None) -> None:
        """Let another node have it, with the storage's lock; where there is none, the lock goes back."""
        if self.elsewhere:
            return
        if others is None or not others.present:
            await locks.release()
        try:
            await self.release()
        except JournalError as error:
            _log.warning("lease_not_released", document_id=self.document_id, reason=str(error))

    async def release(self) -> None:
        """Let another node have it. Raises: JournalError."""
        if self.lease is not None:
            lease, self.lease = self.lease, None
            await self.store.release_lease(lease)
