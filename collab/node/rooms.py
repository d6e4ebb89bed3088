"""Owns the way to a room wherever it lives on this machine: here, at another worker, or where large documents are.

The questions of `Rooms`, answered by the worker whose room it is. Knows no socket and no request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from collab.errors import CollabError, InternalError, RoomElsewhere
from collab.fanout.base import Fanout
from collab.limits import Limits
from collab.node.calls import (
    AskReady,
    Call,
    Changed,
    ContentNow,
    Drain,
    Families,
    Family,
    Live,
    LiveDocuments,
    Measure,
    Moved,
    Open,
    OpenScratch,
    Ready,
    Renamed,
    Restore,
    Revoked,
    SaveNow,
    UndoOutside,
)
from collab.node.frames import Frame
from collab.node.peers import Peers
from collab.node.placement import Post, Seat
from collab.node.plain import from_plain
from collab.node.presence import is_present
from collab.protocol.payloads import SaveState
from collab.protocol.roles import Identity, Role
from collab.rooms.opened import LiveDocument, OpenedDocument
from collab.rooms.rooms import Rooms
from collab.store.base import DocumentId, Store
from connectors.base import Credentials

_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)


MOVED, CHANGED, REVOKED, ROLE, KICKED = "moved", "changed", "revoked", "role", "kicked"
"""What machines tell each other that is about no room."""


class NodeRooms:
    """All rooms of one machine, as one of its workers sees them."""

    def __init__(
        self, local: Rooms, store: Store, limits: Limits, peers: Peers | None = None, fanout: Fanout | None = None
    ) -> None:
        """Without `peers` this process is the whole server; without `fanout` there are no other machines."""
        self._fanout = fanout
        self.local = local
        self._store = store
        self._limits = limits
        self._peers = peers

    @property
    def post(self) -> Post | None:
        """Where this worker sits; None when it is the whole server."""
        return None if self._peers is None else self._peers.post

    # -- where a room is --

    async def seat_of(self, document_id: DocumentId, size_bytes: int = 0) -> Seat | None:
        """Who has a document, or is to have it; None: this worker. Raises: JournalError."""
        post = self.post
        if post is None or post.seat.heavy:
            return None
        home = post.placement.home(document_id)
        if home != post.seat:
            return home
        if not post.placement.heavies or self.local.holds(document_id):
            return None
        if not await self._is_heavy(document_id, size_bytes):
            return None
        await self.local.left(document_id)
        return post.placement.heavy(document_id)

    def seat_instead(self, refused: RoomElsewhere, document_id: DocumentId) -> Seat:
        """Who must have a document that is ours and could not be claimed. Raises: RoomElsewhere (nobody could)."""
        post = self.post
        if post is None or post.seat.heavy or not post.placement.heavies:
            raise refused
        return post.placement.heavy(document_id)

    async def _is_heavy(self, document_id: DocumentId, size_bytes: int) -> bool:
        most = self._limits.heavy_document_size_bytes
        if size_bytes > most or document_id in self.local.outgrown:
            return True
        return await self._store.size_bytes(document_id) > most

    # -- one document; each raises as its namesake of `Rooms`, and StorageUnavailable --

    async def open(self, root: str, path: str, credentials: Credentials) -> OpenedDocument:
        """Make the document of a file live."""
        found = await self.local.find(root, path, credentials)
        return await self.at_owner(
            found.record.document_id,
            lambda: self.local.open_found(found),
            Open(root, path, credentials),
            _opened,
            found.size_bytes,
        )

    async def open_scratch(self, name: str, user_id: str) -> OpenedDocument:
        """Make a room without a file live."""
        document_id = (await self.local.find_scratch(name, user_id)).document_id
        here = self.local.open_scratch
        return await self.at_owner(document_id, lambda: here(name, user_id), OpenScratch(name, user_id), _opened)

    async def save_now(self, document_id: DocumentId) -> SaveState:
        """Store a document at once."""
        here = self.local.save_now
        return await self.at_owner(document_id, lambda: here(document_id), SaveNow(document_id), _save_state)

    async def restore(self, document_id: DocumentId) -> SaveState:
        """Write the file of a document again although it was deleted."""
        here = self.local.restore
        return await self.at_owner(document_id, lambda: here(document_id), Restore(document_id), _save_state)

    async def undo_outside(self, document_id: DocumentId, seq: int, person: Identity) -> None:
        """Take an outside change of a live document back."""
        here = self.local.undo_outside
        asked = UndoOutside(document_id, seq, person)
        await self.at_owner(document_id, lambda: here(document_id, seq, person), asked, _nothing)

    async def renamed(self, document_id: DocumentId, name: str) -> None:
        """Tell who is in a document that its file has another name."""

        async def here() -> None:
            self.local.renamed(document_id, name)

        await self.at_owner(document_id, here, Renamed(document_id, name), _nothing)

    async def content_now(self, document_id: DocumentId, *, converted: bool = False) -> bytes:
        """The live content as the file would be."""
        here = self.local.content_now
        asked = ContentNow(document_id, converted)
        return await self.at_owner(document_id, lambda: here(document_id, converted=converted), asked, _payload)

    async def at_owner(
        self,
        document_id: DocumentId,
        here: Callable[[], Awaitable[_Result]],
        there: Call,
        read: Callable[[Frame], _Result],
        size_bytes: int = 0,
        payload: bytes = b"",
    ) -> _Result:
        """Do something `here` when the document is ours, else ask who has it."""
        seat = await self.seat_of(document_id, size_bytes)
        if seat is None:
            try:
                return await here()
            except RoomElsewhere as refused:
                seat = self.seat_instead(refused, document_id)
        if self._peers is None:
            raise InternalError("a room is elsewhere, and there is no elsewhere")
        return read(await self._peers.ask(seat, there, payload=payload))

    # -- all workers --

    async def live(self) -> Sequence[LiveDocument]:
        """The documents that somebody has open; a worker that does not answer is left out."""
        frames = await self.ask_others(Live())
        theirs = [_answer(LiveDocuments, frame).documents for frame in frames.values() if frame is not None]
        return [*self.local.live(), *(document for documents in theirs for document in documents)]

    async def moved(self, root: str, old_path: str, new_path: str) -> None:
        """A file or folder was renamed: its documents follow. Raises: JournalError."""
        await self.local.following.moved(root, old_path, new_path)
        await self.ask_others(Moved(root, old_path, new_path))
        self.tell_nodes(MOVED, root=root, old_path=old_path, new_path=new_path)

    async def changed(self, root: str, path: str) -> None:
        """A file, or something in a folder, was changed or deleted: look at it soon."""
        self.local.following.changed(root, path)
        await self.ask_others(Changed(root, path))
        self.tell_nodes(CHANGED, root=root, path=path)

    async def revoked(self, subject: str) -> None:
        """Tell all others that a right is gone; who does not hear it sees it in the store a little later."""
        await self.ask_others(Revoked(subject))
        self.tell_nodes(REVOKED, subject=subject)

    def role_given(self, document_id: DocumentId, user_id: str, role: Role) -> None:
        """Tell the other machines that a person's connections are judged by another role."""
        self.tell_nodes(ROLE, document_id=document_id, user_id=user_id, role=role.value)

    def tell_nodes(self, about: str, /, **fields: str) -> None:
        """Tell the other machines something that is about no room."""
        if self._fanout is not None:
            self._fanout.tell(about, fields)

    async def drain_others(self) -> None:
        """Have the other workers send everybody away."""
        await self.ask_others(Drain(), self._limits.room_channel_timeout_s)

    async def measures(self) -> list[Sequence[Family]]:
        """The metrics of the other workers that answer."""
        frames = await self.ask_others(Measure())
        return [_answer(Families, frame).families for frame in frames.values() if frame is not None]

    async def ready(self) -> dict[str, Ready | None]:
        """What the other workers say of themselves; None: no answer."""
        frames = await self.ask_others(AskReady())
        return {seat.name: None if frame is None else _answer(Ready, frame) for seat, frame in frames.items()}

    async def ask_others(self, call: Call, timeout_s: float | None = None) -> dict[Seat, Frame | None]:
        """Ask every other worker that is there; seats for large documents may be empty, and stay so."""
        peers = self._peers
        if peers is None:
            return {}
        wait_s = timeout_s or self._limits.room_channel_question_s
        seats = [
            seat
            for seat in peers.post.placement.seats
            if seat != peers.post.seat and (not seat.heavy or is_present(peers.post, seat))
        ]
        results = await asyncio.gather(*(peers.ask(seat, call, wait_s) for seat in seats), return_exceptions=True)
        return {seat: _answered(seat, call, result) for seat, result in zip(seats, results, strict=True)}


def _answered(seat: Seat, call: Call, result: Frame | BaseException) -> Frame | None:
    if isinstance(result, Frame):
        return result
    if not isinstance(result, CollabError):
        raise result
    say = _log.debug if isinstance(call, AskReady) else _log.warning  # that answer says it itself
    say("worker_silent", seat=seat.name, question=type(call).__name__, error=str(result))
    return None


def _answer(kind: type[_Result], frame: Frame) -> _Result:
    return from_plain(kind, frame.head.get("answer"))


def _opened(frame: Frame) -> OpenedDocument:
    return _answer(OpenedDocument, frame)


def _save_state(frame: Frame) -> SaveState:
    return _answer(SaveState, frame)


def _nothing(_frame: Frame) -> None:
    return None


def _payload(frame: Frame) -> bytes:
    return frame.payload
