"""Owns the way from a stored history to a live document, and what happens to an update that does not survive it.

Updates are applied one after another: merging tens of thousands of them first is quadratic. While one is applied it
is held in the worker's slot with its seq, so that an update that kills the process is known by the next one; an
update that the document merely refuses is set aside at once and the document is built again without it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

import structlog

from collab.document import Document
from collab.errors import DocumentPoisoned
from collab.slot import Held
from collab.store.base import DocumentId, Store, StoredHistory, StoredUpdate

NO_CONNECTION = 0
MOST_REFUSED = 100
"""So many updates of one document are set aside in one recovery; more means that something else is wrong."""
_PAGE = 1000
_log = structlog.get_logger(__name__)


class ApplySlot(Protocol):
    """Where a worker writes down what it is applying (`collab.slot.Slot`)."""

    def hold(self, document_id: str, connection: int, seq: int | None, update: bytes) -> None: ...

    def clear(self) -> None: ...


class ReplayRefused(DocumentPoisoned):
    """The document refused what is stored at `seq` (`is_snapshot`: the snapshot there); it must not be used."""

    def __init__(self, seq: int, update: bytes, detail: str, *, is_snapshot: bool) -> None:
        super().__init__(detail)
        self.seq = seq
        self.update = update
        self.is_snapshot = is_snapshot


@dataclass(frozen=True, slots=True)
class Recovered:
    """A live document and the history that it was built from."""

    document: Document
    history: StoredHistory


def rebuild(
    document_id: DocumentId, history: StoredHistory, slot: ApplySlot, *, client_id: int | None = None
) -> Document:
    """The document of a stored history. Raises: ReplayRefused."""
    document = Document(client_id)
    if history.snapshot is not None:
        _apply(document, document_id, slot, history.snapshot.seq, history.snapshot.state, is_snapshot=True)
    for stored in history.updates:
        _apply(document, document_id, slot, stored.seq, stored.entry.update, is_snapshot=False)
    return document


async def recover(
    store: Store, document_id: DocumentId, slot: ApplySlot, at_ms: int, *, client_id: int | None = None
) -> Recovered | None:
    """Load and rebuild; what the document refuses is quarantined and left out. None when there is no history.

    Raises: JournalError, ReplayRefused (more than can be set aside, or the only snapshot).
    """
    history = await _load(store, document_id)
    for _ in range(MOST_REFUSED):
        if history is None:
            return None
        try:
            return Recovered(rebuild(document_id, history, slot, client_id=client_id), history)
        except ReplayRefused as refused:
            _log.error("replay_refused", document=document_id, seq=refused.seq, snapshot=refused.is_snapshot)
            history = await _without(store, document_id, history, refused, at_ms)
    raise DocumentPoisoned(f"{document_id}: more than {MOST_REFUSED} stored updates were refused")


async def quarantine_left(store: Store, held: Held, at_ms: int) -> None:
    """Set aside what a dead worker was applying. Raises: JournalError."""
    await store.quarantine(
        DocumentId(held.document_id),
        seq=held.seq,
        connection=held.connection,
        update=held.update,
        reason=f"the worker died while applying it (sha256 {held.digest})",
        at_ms=at_ms,
    )


async def _load(store: Store, document_id: DocumentId) -> StoredHistory | None:
    """The history, from an older snapshot on when the newest one was being applied as a worker died."""
    history = await store.load(document_id)
    if history is None or history.snapshot is None:
        return history
    state = history.snapshot.state
    if all(item.seq is not None or item.update != state for item in await store.quarantined(document_id)):
        return history
    refused = ReplayRefused(history.snapshot.seq, state, "a worker died while applying it", is_snapshot=True)
    return await _before_snapshot(store, document_id, history, refused)


def _apply(
    document: Document, document_id: DocumentId, slot: ApplySlot, seq: int, update: bytes, *, is_snapshot: bool
) -> None:
    slot.hold(document_id, NO_CONNECTION, None if is_snapshot else seq, update)
    try:
        document.apply(update)
    except DocumentPoisoned as error:
        raise ReplayRefused(seq, update, str(error), is_snapshot=is_snapshot) from error
    finally:
        slot.clear()


async def _without(
    store: Store, document_id: DocumentId, history: StoredHistory, refused: ReplayRefused, at_ms: int
) -> StoredHistory | None:
    if refused.is_snapshot:
        return await _before_snapshot(store, document_id, history, refused)
    await store.quarantine(
        document_id,
        seq=refused.seq,
        connection=NO_CONNECTION,
        update=refused.update,
        reason=f"the document refused it: {refused}",
        at_ms=at_ms,
    )
    kept = [stored for stored in history.updates if stored.seq != refused.seq]
    return StoredHistory(history.history_id, history.snapshot, kept, history.last_seq, history.complete)


async def _before_snapshot(
    store: Store, document_id: DocumentId, history: StoredHistory, refused: ReplayRefused
) -> StoredHistory:
    """The same history from an older snapshot on."""
    older = None
    if refused.seq > 0:
        older = await store.load(document_id, history.history_id, upto_seq=refused.seq - 1)
    if older is None:
        raise refused
    start = older.snapshot.seq if older.snapshot else 0
    updates = [stored async for stored in kept_updates(store, document_id, history, start)]
    return StoredHistory(history.history_id, older.snapshot, updates, history.last_seq, older.complete)


async def kept_updates(
    store: Store, document_id: DocumentId, history: StoredHistory, after_seq: int
) -> AsyncIterator[StoredUpdate]:
    """The kept log of a history up to its `last_seq`, read a page at a time."""
    while page := await store.updates(document_id, history.history_id, after_seq=after_seq, limit=_PAGE):
        for stored in page:
            if stored.seq <= history.last_seq:
                yield stored
        after_seq = page[-1].seq
