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
from collab.fanout.base import Author
from collab.rooms.confirming import Confirming, Unconfirmed
from collab.rooms.connection import Connection
from collab.rooms.parts import Parts
from collab.rooms.positions import Positions
from collab.rooms.requests import Settled
from collab.rooms.signal import Signal
from collab.store.base import DocumentId, HistoryId, JournalEntry

_log = structlog.get_logger(__name__)

ADOPTED = Author("node:", "")
"""The author of what was journalled for another node which did not say whose it is: an answer of many edits in one."""


@dataclass(slots=True)  # not frozen: one is made for each update, and that takes half the time
class Applied:
    """An update message that was dealt with; `entry` is None when there is nothing to journal."""

    connection: Connection | None
    number: int
    entry: JournalEntry | None
    whole_sync: bool = False
    journalled: Callable[[int], None] | None = None
    """Called once it and all before it is journalled, with the position. Raises nothing but DocumentPoisoned."""
    note: Settled | None = None
    """What is settled by it, in the same commit."""
    adopted: bool = False
    """It is another node's, which did not confirm it."""
    heard: Unconfirmed | None = None
    """What another node journals: what stands behind it waits for that."""


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
        self._wake = Signal()
        self.confirming = Confirming()
        """What other nodes sent and have not confirmed."""
        self.positions = Positions(last_seq)
        """What the document has of the journal, to which other nodes may write, too."""
        self.seq = last_seq
        """The last position that we journalled ourselves."""
        self.available = True

    @property
    def idle(self) -> bool:
        """True when all that was applied is journalled."""
        return not self._pending

    @property
    def pending_updates(self) -> list[bytes]:
        """What is on its way into the journal, in order."""
        updates: list[bytes] = []
        for applied in self._pending:
            if applied.entry is not None:
                updates.append(applied.entry.update)
            elif applied.heard is not None:
                updates += applied.heard.part.updates
        return updates

    @property
    def pending_count(self) -> int:
        return len(self._pending)

    def add(self, applied: Applied) -> None:
        """Queue what was applied."""
        self._pending.append(applied)
        self._wake.set()

    def wait_for(self, heard: Unconfirmed) -> None:
        """What is added from now on stands on this, which another node journals."""
        self._pending.append(Applied(None, 0, None, heard=heard))
        self._wake.set()

    def look_again(self) -> None:
        """Something was confirmed."""
        self._wake.set()

    async def run(self, events: JournalEvents, at_most: int) -> None:
        """Append for ever, `at_most` entries at a time. Raises: HistoryChanged, LeaseLost."""
        while True:
            await self._wake.wait()
            group = self._next_group(at_most)
            if not group:
                await self._wait()
            elif await self._append(group, events):
                for _ in group:
                    self._pending.popleft()
                events.on_settled(group)
            else:
                await asyncio.sleep(self._parts.room.journal_retry_s)

    def _next_group(self, at_most: int) -> list[Applied]:
        """What may be journalled now, up to what waits for another node."""
        now = self._parts.clock.monotonic()
        while self._pending and (heard := self._pending[0].heard) is not None:
            if not heard.done and self.confirming.due(heard) > now:
                return []
            self._pending.popleft()
            if not heard.done:
                self._adopt(heard)
        group: list[Applied] = []
        for applied in self._pending:
            if len(group) >= at_most or (applied.heard is not None and not applied.heard.done):
                break
            group.append(applied)
        return group

    def _adopt(self, heard: Unconfirmed) -> None:
        """Journal what another node sent and did not confirm, in its place: that node may be gone."""
        self.confirming.close(heard)
        self._parts.metrics.count("node_updates_adopted_total", len(heard.part.updates))
        node, at_ms = self._parts.node, self._parts.clock.wall_ms()
        authors = [heard.part.by(index) or ADOPTED for index in range(len(heard.part.updates))]
        entries = [
            JournalEntry(update, author.user_id, author.name, at_ms, node, 0)
            for update, author in zip(heard.part.updates, authors, strict=True)
        ]
        self._pending.extendleft(Applied(None, 0, entry, adopted=True) for entry in reversed(entries))

    async def _wait(self) -> None:
        """Until there is something to do: until what is first in the queue is confirmed, or is to be adopted."""
        self._wake.clear()
        heard = self._pending[0].heard if self._pending else None
        if heard is None:
            return
        try:
            async with asyncio.timeout(max(0.0, self.confirming.due(heard) - self._parts.clock.monotonic())):
                await self._wake.wait()
        except TimeoutError:
            self._wake.set()

    async def _append(self, group: Sequence[Applied], events: JournalEvents) -> bool:
        entries = [applied.entry for applied in group if applied.entry is not None]
        settled = [applied.note for applied in group if applied.note is not None]
        notes, lease = [one.note for one in settled], settled[-1].lease if settled else None
        began = self._parts.clock.monotonic()
        try:
            if entries or notes:
                self.seq = await self._parts.store.append(self._document_id, self._history_id, entries, notes, lease)
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
