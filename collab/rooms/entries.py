"""Owns what `Rooms` writes down of documents that are on their way in or out; plain values, no behaviour of rooms."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from collab.rooms.room import Room
from collab.rooms.storage_file import StorageFile
from collab.store.base import DocumentId, DocumentRecord
from connectors.base import Credentials

RESTARTING = "The server restarts. Please try again in a moment."
TOO_SLOW = "Opening this document takes too long just now. Nothing is lost; please try again in a moment."
SERVER = Credentials(user_id="server", user_name="livefolder")
"""Whose right is used where nobody has opened the document in this process yet."""


@dataclass(frozen=True, slots=True)
class Found:
    """The document of a file, not yet live."""

    record: DocumentRecord
    file: StorageFile
    writable: bool
    size_bytes: int
    """Of the file; 0 when it is gone."""


def _loaded() -> asyncio.Future[Room | None]:
    loaded: asyncio.Future[Room | None] = asyncio.get_running_loop().create_future()
    loaded.add_done_callback(_mark_seen)
    return loaded


def _mark_seen(loaded: asyncio.Future[Room | None]) -> None:
    """A failed load that nobody waits for any more is no unseen error."""
    if not loaded.cancelled():
        loaded.exception()


@dataclass(slots=True)
class Entry:
    """A document that is live, or on its way."""

    loaded: asyncio.Future[Room | None] = field(default_factory=_loaded)
    """None: the document was held without a room; look again."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when nothing of the room is left, not even its claim."""


class Outgrown:
    """Documents that became too large for this worker; the oldest are forgotten first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._documents: dict[DocumentId, None] = {}

    def __contains__(self, document_id: DocumentId) -> bool:
        return document_id in self._documents

    def note(self, room: Room) -> None:
        """Remember how a room ended."""
        self._documents.pop(room.document_id, None)
        if room.outgrown:
            self._documents[room.document_id] = None
            if len(self._documents) > self._most:
                del self._documents[next(iter(self._documents))]
