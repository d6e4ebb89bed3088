"""Owns how a command finds a document's past: a time or a point, in whichever history it lies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from collab.errors import ConfigError
from collab.store.base import DocumentId, HistoryId, Store, StoredHistory

_PAGE = 500
TOO_FAR = "That far back is not kept."


@dataclass(frozen=True, slots=True)
class When:
    """A moment, a point (its name, or HISTORY.SEQ), or now when both are None."""

    at: datetime | None = None
    point: str | None = None

    @classmethod
    def of(cls, text: str | None) -> When:
        """What an operator wrote: a time in ISO form, else a point."""
        if text is None:
            return cls()
        try:
            return cls(at=datetime.fromisoformat(text))
        except ValueError:
            return cls(point=text)


async def past(store: Store, document_id: DocumentId, when: When) -> StoredHistory:
    """The history that gives the document of that moment. Raises: ConfigError (not kept, no such point)."""
    if when.point is not None:
        found = await _at_point(store, document_id, when.point)
    elif when.at is not None:
        found = await _at_time(store, document_id, round(when.at.timestamp() * 1000))
    else:
        found = await store.load(document_id)
    if found is None:
        raise ConfigError(TOO_FAR)
    return found


async def _at_point(store: Store, document_id: DocumentId, text: str) -> StoredHistory | None:
    for point in await store.points(document_id):
        named = point.name is not None and point.name.text == text
        if named or text == f"{point.history_id}.{point.seq}":
            return await store.load(document_id, point.history_id, upto_seq=point.seq)
    raise ConfigError(f"{text!r} is neither a time nor a point; `collab replay DOCUMENT --points` lists them.")


async def _at_time(store: Store, document_id: DocumentId, at_ms: int) -> StoredHistory | None:
    """From the history that was current then: the newest whose first point is not later, else the oldest."""
    points = await store.points(document_id)
    histories = list(dict.fromkeys(point.history_id for point in points))
    for history_id in histories:
        starts = min(point.at_ms for point in points if point.history_id == history_id)
        if starts <= at_ms:
            return await _in_history(store, document_id, history_id, at_ms)
    if histories:
        return await _in_history(store, document_id, histories[-1], at_ms)
    current = await store.load(document_id)
    return None if current is None else await _in_history(store, document_id, current.history_id, at_ms)


async def _in_history(store: Store, document_id: DocumentId, history_id: HistoryId, at_ms: int) -> StoredHistory | None:
    """Up to the last update or point at or before that time; the beginning of the history when there is none."""
    points = [point for point in await store.points(document_id) if point.history_id == history_id]
    seq = max((point.seq for point in points if point.at_ms <= at_ms), default=0)
    after = seq
    while page := await store.updates(document_id, history_id, after_seq=after, limit=_PAGE):
        seq = max([seq, *(update.seq for update in page if update.entry.at_ms <= at_ms)])
        after = page[-1].seq
    return await store.load(document_id, history_id, upto_seq=seq)
