"""Owns what the store that forgets does for nodes that share it, and the faults that tests plan for it.

The leases run by one clock, the store's, whatever the clocks of the nodes say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collab.clock import Clock, SystemClock
from collab.errors import JournalError, LeaseLost, NotFound
from collab.store.base import DocumentId, HistoryId, Lease, Position, Since
from collab.store.memory_state import Stored, skipped_seqs


@dataclass(slots=True)
class FaultPlan:
    """What goes wrong next; a test sets and clears the fields as it likes."""

    fail_appends: int = 0
    """So many of the next appends raise JournalError."""
    fail_calls: int = 0
    """So many of the next calls of any kind raise JournalError."""
    full: bool = False
    """Every call that writes raises JournalError until this is cleared."""
    away: bool = False
    """Every call raises JournalError until this is cleared."""
    append_gate: asyncio.Event | None = None
    """While set to an event that is not set, appends wait: committed only when it is."""


@dataclass(slots=True)
class _Held:
    owner: str
    epoch: int
    until_s: float


class MemoryCluster:
    """The half of `MemoryStore` that nodes share; they share the object itself."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.faults = FaultPlan()
        self._clock = clock or SystemClock()
        self._stored = Stored()
        self._is_open = False
        self._leases: dict[DocumentId, _Held] = {}

    # -- where the journals stand --

    async def positions(self, document_ids: Sequence[DocumentId]) -> Mapping[DocumentId, Position]:
        stored = self._reading()
        found = {}
        for document_id in document_ids:
            record = stored.documents.get(document_id)
            if record is not None and record.history_id is not None:
                found[document_id] = Position(record.history_id, stored.histories[record.history_id].last_seq)
        return found

    async def since(
        self, document_id: DocumentId, history_id: HistoryId, *, after_seq: int, limit: int
    ) -> Since | None:
        stored = self._reading()
        record = stored.documents.get(document_id)
        if record is None or record.history_id != history_id:
            return None
        history = stored.histories[history_id]
        if after_seq < history.dropped:
            return None
        seq = min(history.last_seq, after_seq + limit)
        return Since(history.updates(after_seq, seq, skipped_seqs(stored, history_id)), seq, history.last_seq)

    # -- who saves --

    async def acquire_lease(self, document_id: DocumentId, owner: str, ttl_ms: int) -> Lease:
        if document_id not in self._reading().documents:
            raise NotFound(f"no document {document_id}")
        held = self._leases.setdefault(document_id, _Held("", 0, 0.0))
        if held.owner == owner or held.until_s <= self._now_s:
            held.owner, held.epoch, held.until_s = owner, held.epoch + 1, self._now_s + ttl_ms / 1000
        remaining_ms = max(0, round((held.until_s - self._now_s) * 1000))
        return Lease(document_id, held.owner, held.epoch, remaining_ms)

    async def renew_lease(self, lease: Lease, ttl_ms: int) -> bool:
        self._reading()
        held = self._standing(lease)
        if held is not None:
            held.until_s = self._now_s + ttl_ms / 1000
        return held is not None

    async def release_lease(self, lease: Lease) -> None:
        self._reading()
        held = self._standing(lease)
        if held is not None:
            held.owner, held.until_s = "", 0.0

    async def holds_lease(self, lease: Lease) -> bool:
        self._reading()
        held = self._standing(lease)
        return held is not None and held.until_s > self._now_s

    def _check_lease(self, lease: Lease | None, *, in_time: bool = False) -> None:
        """Raises: LeaseLost (somebody else got it; with `in_time` also when it is over)."""
        held = None if lease is None else self._standing(lease)
        if lease is not None and (held is None or (in_time and held.until_s <= self._now_s)):
            raise LeaseLost(f"{lease.document_id}: {lease.owner} has not epoch {lease.epoch}")

    def _standing(self, lease: Lease) -> _Held | None:
        held = self._leases.get(lease.document_id)
        same = held is not None and (held.owner, held.epoch) == (lease.owner, lease.epoch)
        return held if same else None

    @property
    def _now_s(self) -> float:
        return self._clock.monotonic()

    # -- both halves --

    def _reading(self) -> Stored:
        if not self._is_open:
            raise JournalError("the store is not open")
        if self.faults.away:
            raise JournalError("away by the fault plan")
        if self.faults.fail_calls > 0:
            self.faults.fail_calls -= 1
            raise JournalError("call refused by the fault plan")
        return self._stored

    def _writing(self) -> Stored:
        if self.faults.full:
            raise JournalError("full by the fault plan")
        return self._reading()
