"""Owns when the whole document is written beside the journal, so that the next load is short; knows no connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

import structlog

from collab.document import Document
from collab.errors import CollabError
from collab.rooms.parts import Parts
from collab.rooms.requests import Captured
from collab.store.base import DocumentId, HistoryId, Snapshot

ADOPTED_RATIO = 1.5
"""A live document that is so many times as large as its compacted self goes on from that."""

_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)


class Capture(Protocol):
    """Makes something of a state that is journalled whole."""

    def __call__(self, look: Callable[[Document], bytes]) -> Awaitable[Captured[bytes]]: ...


class Snapshots:
    """The snapshots of one history. A snapshot that fails costs time at the next load, nothing else."""

    def __init__(self, parts: Parts, document_id: DocumentId, history_id: HistoryId, seq: int) -> None:
        self._parts = parts
        self._document_id = document_id
        self._history_id = history_id
        self._seq = seq
        self._running = False
        self.state_size_bytes = 0
        """Of the document at the last snapshot, 0 before the first."""

    def due(self, seq: int) -> bool:
        """True when enough was journalled since the last one and none is being made."""
        return not self._running and seq - self._seq >= self._parts.journal.snapshot_updates

    async def take(self, capture: Capture) -> None:
        """Make one while people go on editing."""
        self._running = True
        try:
            captured = await capture(Document.diff)
            self.state_size_bytes = len(captured.result)
            compacted = await self._compacted(captured.result)
            await self._store(compacted, captured.seq)
            if len(compacted) * ADOPTED_RATIO < len(captured.result):
                await capture(partial(_adopt, compacted))
        except CollabError as error:
            _log.warning("snapshot_failed", document_id=self._document_id, code=error.code, reason=str(error))
        finally:
            self._running = False

    async def write(self, state: bytes, seq: int) -> None:
        """Store the document as it was at `seq`. Raises: JournalError."""
        if seq > self._seq:
            await self._store(await self._compacted(state), seq)

    async def _store(self, state: bytes, seq: int) -> None:
        if seq > self._seq:
            snapshot = Snapshot(seq, state, self._parts.clock.wall_ms())
            await self._parts.store.write_snapshot(self._document_id, self._history_id, snapshot)
            self._seq = seq

    async def _compacted(self, state: bytes) -> bytes:
        """Without the content of what was deleted; as it is when that fails."""
        try:
            return await self._parts.sandbox.compact(state)
        except CollabError as error:
            _log.warning("compaction_failed", document_id=self._document_id, code=error.code, reason=str(error))
            return state


def _adopt(compacted: bytes, document: Document) -> bytes:
    document.adopt(compacted)
    return b""
