"""Owns which documents of a running server get a fresh history: the quiet ones by themselves, others when asked.

Knows no HTTP. A document that was looked at is not looked at again until somebody was connected to it.
"""

from __future__ import annotations

from collections.abc import Coroutine

import structlog

from collab.clock import Clock
from collab.config import StoreConfig
from collab.errors import FormatError, StorageError
from collab.rooms.parts import Parts
from collab.rooms.rebase import Outcome, Rebased, Rebasing
from collab.rooms.rooms import SERVER, Rooms
from collab.store.base import DocumentId, DocumentRecord
from collab.store.retention import DAY_MS

_log = structlog.get_logger(__name__)

LOOKED_AT_ONCE = 100
"""So many quiet documents are looked at in one run."""


class Rebaser:
    """The rebases of one server."""

    def __init__(self, parts: Parts, rooms: Rooms) -> None:
        self._rebasing = Rebasing.of(parts)
        self._config = parts.journal
        self._store = parts.store
        self._clock = parts.clock
        self._rooms = rooms
        self._owner = parts.saver
        self._lease_s = parts.save.lease_s
        self._is_home = parts.is_home
        self._looked_at: dict[DocumentId, int] = {}

    async def rebase(self, document_id: DocumentId, ratio: float | None = None) -> Rebased:
        """Rebase one document now if nobody has it open. Raises: NotFound, JournalError."""
        file = await self._rooms.file_of(document_id, SERVER)

        async def work() -> Rebased:
            record = await self._store.document(document_id)
            if record is None or file is None:
                return Rebased(Outcome.NO_HISTORY)
            return await self._alone(document_id, self._rebasing.rebase(record, file.format, ratio))

        return await self._rooms.without_room(document_id, work) or Rebased(Outcome.IN_USE)

    async def _alone(self, document_id: DocumentId, work: Coroutine[None, None, Rebased]) -> Rebased:
        """Do it while no other node may store the document: where one may, somebody has it open there."""
        if self._owner is None:
            return await work
        lease = await self._store.acquire_lease(document_id, self._owner, round(self._lease_s * 1000))
        if lease.owner != self._owner:
            work.close()
            return Rebased(Outcome.IN_USE)
        try:
            return await work
        finally:
            await self._store.release_lease(lease)

    async def rebase_quiet(self) -> int:
        """Rebase what nobody was connected to for long, where it pays; returns how many. Raises: JournalError."""
        await self._store.note_seen(self._rooms.connected, self._clock.wall_ms())
        before_ms = quiet_before_ms(self._config, self._clock)
        if before_ms is None:
            return 0
        quiet = [
            record
            for record in await self._store.documents()
            if is_quiet(record, before_ms) and self._is_home(record.document_id)
        ]
        self._looked_at = {
            record.document_id: record.seen_ms
            for record in quiet
            if self._looked_at.get(record.document_id) == record.seen_ms
        }
        due = [record for record in quiet if record.document_id not in self._looked_at]
        done = 0
        for record in due[:LOOKED_AT_ONCE]:
            done += await self._rebased(record)
            self._looked_at[record.document_id] = record.seen_ms
        return done

    async def _rebased(self, record: DocumentRecord) -> bool:
        """Raises: JournalError. A document whose file has no place or format here any more stays as it is."""
        try:
            rebased = await self.rebase(record.document_id, self._config.rebase_ratio)
        except (StorageError, FormatError) as error:
            _log.info("rebase_skipped", document_id=record.document_id, reason=str(error))
            return False
        return rebased.outcome is Outcome.REBASED


def quiet_before_ms(config: StoreConfig, clock: Clock) -> int | None:
    """Documents that were last seen before this are quiet; None when that is switched off."""
    return clock.wall_ms() - round(config.rebase_days * DAY_MS) if config.rebase_days > 0 else None


def is_quiet(record: DocumentRecord, before_ms: int) -> bool:
    """Whether nobody was connected to a document since."""
    return record.history_id is not None and record.save_base is not None and record.seen_ms < before_ms
