"""Owns when the whole document is written beside the journal, so that the next load is short; knows no connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import structlog

from collab.clock import Clock
from collab.document import Document
from collab.errors import CollabError
from collab.rooms.requests import Captured
from collab.store.base import DocumentId, HistoryId, Snapshot, Store

_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)


class Capture(Protocol):
    """Makes something of a state that is journalled whole."""

    def __call__(self, look: Callable[[Document], bytes]) -> Awaitable[Captured[bytes]]: ...


class Snapshots:
    """The snapshots of one history. A snapshot that fails costs time at the next load, nothing else."""

    def __init__(
        self, store: Store, clock: Clock, document_id: DocumentId, history_id: HistoryId, seq: int, every: int
    ) -> None:
        self._store = store
        self._clock = clock
        self._document_id = document_id
        self._history_id = history_id
        self._seq = seq
        self._every = every
        self._running = False

    def due(self, seq: int) -> bool:
        """True when enough was journalled since the last one and none is being made."""
        return not self._running and seq - self._seq >= self._every

    async def take(self, capture: Capture) -> None:
        """Make one while people go on editing."""
        self._running = True
        try:
            captured = await capture(Document.diff)
            await self.write(captured.result, captured.seq)
        except CollabError as error:
            _log.warning("snapshot_failed", document_id=self._document_id, code=error.code, reason=str(error))
        finally:
            self._running = False

    async def write(self, state: bytes, seq: int) -> None:
        """Store the document as it was at `seq`. Raises: JournalError."""
        if seq > self._seq:
            snapshot = Snapshot(seq, state, self._clock.wall_ms())
            await self._store.write_snapshot(self._document_id, self._history_id, snapshot)
            self._seq = seq
