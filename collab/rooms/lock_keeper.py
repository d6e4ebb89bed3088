"""Owns the storage's lock of one document: taken before the first write, refreshed, given back; knows no room.

The lock id is kept in the registry, so that after a crash the lock is still ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from collab.clock import Clock
from collab.errors import JournalError, LockConflict, StorageError
from collab.rooms.spread import Spread
from collab.rooms.storage_file import StorageFile
from collab.store.base import DocumentId, Store
from connectors.base import LockId

_log = structlog.get_logger(__name__)

LOCK_OWNER = "livefolder"
TAKE_AGAIN_S = 10.0
"""So long after somebody else had it a lock that is wanted is tried again."""


@dataclass(slots=True)
class LockKeeper:
    """Holds the lock of one file while it is edited; does nothing where the storage has no locks."""

    store: Store
    clock: Clock
    document_id: DocumentId
    file: StorageFile
    refresh_s: float
    new_id: Callable[[], str]
    lock_id: str | None = None
    _refresh_due: float | None = None
    _take_at: float | None = None
    """When a lock that is wanted and not held is to be taken."""
    _spread: Spread = field(init=False)
    wanted: bool = False
    """It is held while people are here, and not only for a write."""

    def __post_init__(self) -> None:
        self._spread = Spread(self.document_id)

    @property
    def refresh_due(self) -> float | None:
        """When `refresh` wants to be called (monotonic); None while the lock is neither held nor wanted."""
        return self._take_at if self._refresh_due is None else self._refresh_due

    @property
    def held(self) -> bool:
        return self._refresh_due is not None

    def want(self) -> None:
        """Somebody who may write is here; a storage that likes it so is locked from now on."""
        if self.file.capabilities.locks_on_join:
            self.wanted = True
            if not self.held:
                self._take_at = self.clock.monotonic()

    def take_over(self, lock_id: str | None) -> None:
        """Another node may have taken the lock or given it back: go on with the id in the registry."""
        self.lock_id, self._refresh_due = lock_id, None

    async def acquire(self) -> None:
        """Take the lock if it is not held. Raises: StorageError, JournalError."""
        if not self.file.capabilities.locks or self._refresh_due is not None:
            return
        if self.lock_id is None:
            lock_id = self.new_id()
            await self.store.set_lock_id(self.document_id, lock_id)
            self.lock_id = lock_id
        await self.file.lock(LockId(self.lock_id), LOCK_OWNER)
        self._take_at = None
        self._refresh_due = self.clock.monotonic() + self._spread.of(self.refresh_s)

    async def refresh(self) -> None:
        """Keep the lock alive, or take it where it is wanted. One that was lost is taken again before the next write.

        Raises: StorageError, JournalError.
        """
        if self._refresh_due is None and self._take_at is not None:
            self._take_at = self.clock.monotonic() + TAKE_AGAIN_S
            return await self.acquire()
        if self.lock_id is None or self._refresh_due is None:
            return
        try:
            await self.file.refresh_lock(LockId(self.lock_id))
        except LockConflict:
            self.lost()
            raise
        except StorageError:
            self._refresh_due = self.clock.monotonic() + self.refresh_s / 10
            raise
        self._refresh_due = self.clock.monotonic() + self._spread.of(self.refresh_s)

    def lost(self) -> None:
        """A write was refused for the lock's sake: take it again before the next one."""
        self._refresh_due = None
        if self.wanted:
            self._take_at = self.clock.monotonic()

    async def release(self) -> None:
        """Give the lock back; where that fails the storage lets it expire."""
        if self.lock_id is None or not self.file.capabilities.locks:
            return
        self._refresh_due = self._take_at = None
        self.wanted = False
        try:
            await self.file.unlock(LockId(self.lock_id))
            await self.store.set_lock_id(self.document_id, None)
        except (StorageError, JournalError) as error:
            _log.warning("unlock_failed", document_id=self.document_id, reason=error.code)
        else:
            self.lock_id = None
