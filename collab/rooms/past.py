"""Owns what people do with a document's past: name points, read them, and hand over edits of a retired history.

Knows no HTTP; who may do what was decided before.
"""

from __future__ import annotations

from collab.document import Document
from collab.errors import CollabError, HistoryChanged, LimitExceeded, NotFound
from collab.protocol.roles import Identity
from collab.rooms.absorb import Absorption
from collab.rooms.handover import journal_handed_over
from collab.rooms.parts import Parts
from collab.rooms.rooms import SERVER, Rooms
from collab.rooms.storage_file import StorageFile
from collab.store.base import DocumentId, HistoryId, Point, PointName, Snapshot
from connectors.base import Credentials

NO_POINT = "This point is not kept any more."


class Past:
    """The past of the documents of one server."""

    def __init__(self, parts: Parts, rooms: Rooms) -> None:
        self.parts = parts
        self._rooms = rooms

    async def hand_over(
        self, document_id: DocumentId, history_id: HistoryId, update: bytes, author: Identity, credentials: Credentials
    ) -> Absorption | None:
        """Take edits that were made on a retired history: journalled first, then merged as text.

        None when all of them were here before. Raises: HistoryChanged (not one that this document had),
        MalformedMessage, FormatError, LimitExceeded, and as `Rooms.join`.
        """
        file = await self._file(document_id, credentials)
        record = await self.parts.store.document(document_id)
        if record is None:
            raise NotFound(f"no document {document_id}")
        is_new = await journal_handed_over(self.parts, record, file, history_id, update, author)
        room = await self._rooms.room_of(document_id, credentials)
        absorption = Absorption() if room.saver is None else await room.saver.absorb()
        return absorption if is_new else None

    async def name_now(self, document_id: DocumentId, text: str, author: Identity) -> Point:
        """Name the document as it is now. Raises: LimitExceeded, and as `Rooms.join`."""
        await self._check_name(document_id, text)
        room = await self._rooms.room_of(document_id, SERVER)
        captured = await room.capture(Document.diff)
        now_ms = self.parts.clock.wall_ms()
        snapshot = Snapshot(captured.seq, await self._compacted(captured.result), now_ms)
        return await self.parts.store.name_point(document_id, room.history_id, snapshot, self._name(text, author))

    async def name_point(
        self, document_id: DocumentId, history_id: HistoryId, seq: int, text: str, author: Identity
    ) -> Point:
        """Name a point that is listed. Raises: NotFound, LimitExceeded, JournalError."""
        await self._check_name(document_id, text)
        snapshot = await self._snapshot(document_id, history_id, seq)
        return await self.parts.store.name_point(document_id, history_id, snapshot, self._name(text, author))

    async def content_at(self, document_id: DocumentId, history_id: HistoryId, seq: int) -> bytes:
        """The file as it was at a point. Raises: NotFound, FormatError, JournalError."""
        file = await self._file(document_id, SERVER)
        snapshot = await self._snapshot(document_id, history_id, seq)
        record = await self.parts.store.document(document_id)
        base = None if record is None else record.save_base
        content = None if base is None else await self.parts.store.content(base.content_hash)
        return await self.parts.sandbox.encode(file.format.name, snapshot.state, content or b"")

    async def _snapshot(self, document_id: DocumentId, history_id: HistoryId, seq: int) -> Snapshot:
        history = await self.parts.store.load(document_id, history_id, upto_seq=seq)
        if history is None or history.snapshot is None or history.snapshot.seq != seq:
            raise NotFound(f"no point {seq} of {history_id}", public=NO_POINT)
        return history.snapshot

    async def _check_name(self, document_id: DocumentId, text: str) -> None:
        """Raises: LimitExceeded, JournalError."""
        limits = self.parts.limits
        if len(text) > limits.point_name_length:
            raise LimitExceeded("point_name_length")
        named = [point for point in await self.parts.store.points(document_id) if point.name is not None]
        if len(named) >= limits.points_per_document:
            raise LimitExceeded("points_per_document")

    def _name(self, text: str, author: Identity) -> PointName:
        return PointName(text, author.user_id, author.name, self.parts.clock.wall_ms())

    async def _compacted(self, state: bytes) -> bytes:
        """Without the content of what was deleted; as it is when that fails."""
        try:
            return await self.parts.sandbox.compact(state)
        except CollabError:
            return state

    async def _file(self, document_id: DocumentId, credentials: Credentials) -> StorageFile:
        file = await self._rooms.file_of(document_id, credentials)
        if file is None:
            raise HistoryChanged("a room without a file has one history and no points")
        return file
