"""Owns the rebase: a document goes on with a fresh history of the same content, and its old one is retired.

Live state grows with what was deleted and by how many people; a fresh document of the same content is the smallest
there is. Everything happens beside the document: nobody may be connected, and the compare-and-set in the registry
decides. Before it only a snapshot was added, after it the old history is kept as it was. Knows no room.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import structlog

from collab.clock import Clock
from collab.errors import CollabError, FormatError, LimitExceeded
from collab.formats.base import Format, Renewed
from collab.rooms.parts import Parts
from collab.rooms.ports import Sandbox
from collab.store.base import DocumentRecord, FreshHistory, HistoryId, SaveBase, Snapshot, Store, StoredHistory

_log = structlog.get_logger(__name__)

LEAST_GAIN_BYTES = 16 * 1024
"""A rebase by itself has to save as much: every one leaves a retired history behind."""


class Outcome(StrEnum):
    """What came of it."""

    REBASED = "rebased"
    SMALL = "small"
    """It would gain too little."""
    IN_USE = "in_use"
    """Somebody has it open."""
    UNSAVED = "unsaved"
    """The storage lacks something of it."""
    WAITING = "waiting"
    """Edits on an older history wait to be merged: that happens when somebody opens it."""
    NO_HISTORY = "no_history"
    INCOMPLETE = "incomplete"
    """Part of its journal is damaged; what is left of the old history stays as it is."""
    REFUSED = "refused"
    """The format cannot carry everything over; the reason is told."""
    CHANGED = "changed"
    """Somebody edited or opened it meanwhile."""


@dataclass(frozen=True, slots=True)
class Rebased:
    """The outcome for one document, with the live state's size before and after where it was looked at."""

    outcome: Outcome
    before_bytes: int = 0
    after_bytes: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rebasing:
    """What a rebase works with."""

    store: Store
    sandbox: Sandbox
    clock: Clock
    new_client_id: Callable[[], int]
    new_id: Callable[[], str]

    @classmethod
    def of(cls, parts: Parts) -> Rebasing:
        """The same that rooms work with."""
        return cls(parts.store, parts.sandbox, parts.clock, parts.new_client_id, parts.new_id)

    async def rebase(self, record: DocumentRecord, file_format: Format, ratio: float | None) -> Rebased:
        """Give a document that nobody has open a fresh history. `ratio`: only where it pays; None: in any case.

        Raises: JournalError; every other failure is an outcome, and the document is then as it was.
        """
        history = await self.store.load(record.document_id)
        obstacle = Outcome.NO_HISTORY if history is None else await self._obstacle(record, history)
        if history is None or obstacle is not None:
            return Rebased(obstacle or Outcome.NO_HISTORY)
        try:
            renewed = await self._renew(file_format, history)
        except (FormatError, LimitExceeded) as error:
            _log.info("rebase_refused", document_id=record.document_id, reason=str(error))
            return Rebased(Outcome.REFUSED, reason=error.public)
        before, after = len(renewed.state), len(renewed.fresh)
        if ratio is not None and (before <= after * ratio or before - after < LEAST_GAIN_BYTES):
            return Rebased(Outcome.SMALL, before, after)
        done = await self._replace(record, history, renewed)
        _log.info("rebased", document_id=record.document_id, done=done, before_bytes=before, after_bytes=after)
        return Rebased(Outcome.REBASED if done else Outcome.CHANGED, before, after)

    async def _obstacle(self, record: DocumentRecord, history: StoredHistory) -> Outcome | None:
        """Why this history may not go now."""
        if not history.complete:
            return Outcome.INCOMPLETE
        covered = record.save_base is not None and record.save_base.seq >= history.last_seq
        if not covered or await self.store.intents(record.document_id):
            return Outcome.UNSAVED
        retired = await self.store.retired(record.document_id)
        return Outcome.WAITING if any(one.last_seq > one.absorbed_seq for one in retired) else None

    async def _renew(self, file_format: Format, history: StoredHistory) -> Renewed:
        """Raises: FormatError, LimitExceeded."""
        states = [] if history.snapshot is None else [history.snapshot.state]
        updates = [*states, *(stored.entry.update for stored in history.updates)]
        renewed = await self.sandbox.renew(file_format.name, updates, self.new_client_id())
        try:
            return replace(renewed, state=await self.sandbox.compact(renewed.state))
        except CollabError as error:  # the old history is kept as it is then
            _log.warning("compaction_failed", code=error.code, reason=str(error))
            return renewed

    async def _replace(self, record: DocumentRecord, history: StoredHistory, renewed: Renewed) -> bool:
        now_ms, seq = self.clock.wall_ms(), history.last_seq
        if history.snapshot is None or history.snapshot.seq < seq:
            snapshot = Snapshot(seq, renewed.state, now_ms)
            await self.store.write_snapshot(record.document_id, history.history_id, snapshot)
        fresh = FreshHistory(
            HistoryId(self.new_id()), renewed.fresh, _base(record.save_base, renewed), renewed.state_vector
        )
        return await self.store.rebase(record.document_id, history.history_id, seq, fresh, now_ms)


def _base(old: SaveBase | None, renewed: Renewed) -> SaveBase | None:
    """The storage holds all of the old history, so it holds all of the fresh one."""
    return None if old is None else replace(old, seq=0, state_vector=renewed.fresh_vector)
