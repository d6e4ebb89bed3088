"""Owns what a room has applied but not yet journalled, and the one place where edits become safe.

Knows no socket: it tells the room what was settled, and whether the journal takes entries. Acknowledgements follow
from `on_settled` and from nothing else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from collab.errors import JournalError
from collab.rooms.connection import Connection
from collab.rooms.parts import Parts
from collab.store.base import DocumentId, HistoryId, JournalEntry, Note

_log = structlog.get_logger(__name__)


@dataclass(slots=True)  # not frozen: one is made for each update, and that takes half the time
class Applied:
    """An update message that was dealt with; `entry` is None when there is nothing to journal."""

    connection: Connection | None
    number: int
    entry: JournalEntry | None
    whole_sync: bool = False
    journalled: Callable[[int], None] | None = None
    """Called once it and all before it is journalled, with the position. Raises nothing but DocumentPoisoned."""
    note: Note | None = None
    """What is settled by it, in the same commit."""


class JournalEvents(Protocol):
    """What the writer tells its room."""

    def on_settled(self, settled: Sequence[Applied]) -> None: ...

    def on_journal_away(self, error: JournalError) -> None: ...

    def on_journal_back(self) -> None: ...


class JournalWriter:
    """Appends what was applied, in order; keeps and retries what the journal did not take."""

    def __init__(self, parts: Parts, document_id: DocumentId, history_id: HistoryId, last_seq: int) -> None:
        self._parts = parts
        self._document_id = document_id
        self._history_id = history_id
        self._pending: deque[Applied] = deque()
        self._wake = asyncio.Event()
        self.seq = last_seq
        """The last journalled position."""
        self.available = True

    @property
    def idle(self) -> bool:
        """True when all that was applied is journalled."""
        return not self._pending

    @property
    def pending_updates(self) -> list[bytes]:
        """What is on its way into the journal, in order."""
        return [applied.entry.update for applied in self._pending if applied.entry is not None]

    @property
    def pending_count(self) -> int:
        return len(self._pending)

    def add(self, applied: Applied) -> None:
        """Queue what was applied."""
        self._pending.append(applied)
        self._wake.set()

    async def run(self, events: JournalEvents, at_most: int) -> None:
        """Append for ever, `at_most` entries at a time. Raises: HistoryChanged."""
        while True:
            await self._wake.wait()
            group = [self._pending[index] for index in range(min(len(self._pending), at_most))]
            if not group:
                self._wake.clear()
            elif await self._append(group, events):
                for _ in group:
                    self._pending.popleft()
                events.on_settled(group)
            else:
                await asyncio.sleep(self._parts.room.journal_retry_s)

    async def _append(self, group: Sequence[Applied], events: JournalEvents) -> bool:
        entries = [applied.entry for applied in group if applied.entry is not None]
        notes = [applied.note for applied in group if applied.note is not None]
        began = self._parts.clock.monotonic()
        try:
            if entries or notes:
                self.seq = await self._parts.store.append(self._document_id, self._history_id, entries, notes)
                self._parts.metrics.observe("journal_append_seconds", self._parts.clock.monotonic() - began)
        except JournalError as error:
            self._note_away(error, events)
            return False
        if (entries or notes) and not self.available:
            self.available = True
            _log.info("journal_available", document_id=self._document_id, seq=self.seq)
            events.on_journal_back()
        return True

    def _note_away(self, error: JournalError, events: JournalEvents) -> None:
        if self.available:
            self.available = False
            _log.warning("journal_unavailable", document_id=self._document_id, reason=str(error))
            events.on_journal_away(error)
