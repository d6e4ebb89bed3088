"""Owns what the storage changed in a room of late: tells it, and takes one such change back when a person asks.

Taking back is an edit like any other, made from the journal: what the change wrote goes, what it deleted returns, and
what people did since stays. Knows no connection and no storage.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from collab.document import Document
from collab.errors import CollabError, NotFound, VersionConflict
from collab.formats.base import ChangedPlace
from collab.protocol.roles import Identity
from collab.rooms.notices import NoticeCode
from collab.rooms.parts import Parts
from collab.rooms.requests import Changed
from collab.store.base import DocumentId, HistoryId

_Result = TypeVar("_Result")

GONE = "This change can no longer be taken back by itself. Use undo or edit the text."
DONE = "Somebody has taken this change back already."


@dataclass(frozen=True, slots=True)
class OutsideChange:
    """A merge from the storage: its place in the journal, who did it (empty: unknown), how much and where."""

    seq: int
    who: str
    places: int
    marks: tuple[ChangedPlace, ...]

    def details(self) -> Mapping[str, object]:
        """The notice's fields."""
        marks = [[_text(mark.start), _text(mark.end)] for mark in self.marks]
        return {"change": self.seq, "who": self.who, "places": self.places, "marks": marks}


class UndoingRoom(Protocol):
    """What taking back needs of the room."""

    async def look(self, look: Callable[[Document], _Result]) -> _Result: ...

    async def change(
        self, change: Callable[[Document], _Result], author_id: str, author_name: str
    ) -> Changed[_Result]: ...

    def notice(self, code: NoticeCode, details: Mapping[str, object] | None = None) -> None: ...


class OutsideChanges:
    """The last changes that came through the storage, at most `outside_changes`."""

    def __init__(self, parts: Parts, room: UndoingRoom, document_id: DocumentId, history_id: HistoryId) -> None:
        self._parts = parts
        self._room = room
        self._document_id = document_id
        self._history_id = history_id
        self._taken: dict[int, bool] = {}
        """Journal position -> whether somebody has taken it back or is about to; oldest first."""

    def note(self, change: OutsideChange) -> None:
        """Tell all of a change, and remember that it can be taken back."""
        self._taken[change.seq] = False
        while len(self._taken) > self._parts.limits.outside_changes:
            del self._taken[next(iter(self._taken))]
        self._room.notice(NoticeCode.OUTSIDE_CHANGE, change.details())

    async def undo(self, seq: int, person: Identity) -> None:
        """Take a change back as one edit of that person; only the first who asks does.

        Raises: NotFound (too long ago), VersionConflict (done already), JournalError, LimitExceeded, DocumentPoisoned.
        """
        if seq not in self._taken:
            raise NotFound(f"outside change {seq}", public=GONE)
        if self._taken[seq]:
            raise VersionConflict(f"outside change {seq}", public=DONE)
        self._taken[seq] = True
        try:
            await self._take_back(seq, person)
        except CollabError:
            self._taken[seq] = False
            raise
        self._room.notice(NoticeCode.OUTSIDE_UNDONE, {"change": seq, "who": person.name, "user_id": person.user_id})

    async def _take_back(self, seq: int, person: Identity) -> None:
        store, document_id, history_id = self._parts.store, self._document_id, self._history_id
        earlier = await store.load(document_id, history_id, upto_seq=seq - 1)
        stored = await store.updates(document_id, history_id, after_seq=seq - 1, limit=1)
        if earlier is None or not stored or stored[0].seq != seq:
            raise NotFound(f"journal of {seq}", public=GONE)
        snapshot = [] if earlier.snapshot is None else [earlier.snapshot.state]
        before = [*snapshot, *(update.entry.update for update in earlier.updates)]
        now = await self._room.look(lambda document: document.diff())
        client_id = self._parts.new_client_id()
        update = await self._parts.sandbox.take_back(before, stored[0].entry.update, now, client_id)
        await self._room.change(lambda document: document.apply(update), person.user_id, person.name)


def _text(position: bytes) -> str:
    return base64.b64encode(position).decode()
