"""Owns the way to a document's past wherever the document lives on this machine. Knows no socket and no request."""

from __future__ import annotations

from collab.node.calls import Absorbed, HandOverEdits, NameNow, Rebase
from collab.node.frames import Frame
from collab.node.plain import from_plain
from collab.node.rooms import NodeRooms
from collab.protocol.roles import Identity
from collab.rooms.absorb import Absorption
from collab.rooms.past import Past
from collab.rooms.rebase import Rebased
from collab.rooms.rebaser import Rebaser
from collab.store.base import DocumentId, HistoryId, Point
from connectors.base import Credentials


class NodePast:
    """What changes the past of a document is done by the worker that has it; each raises as its namesake there."""

    def __init__(self, rooms: NodeRooms, past: Past, rebaser: Rebaser) -> None:
        self.local = past
        self.rebaser = rebaser
        self._rooms = rooms

    async def hand_over(
        self, document_id: DocumentId, history_id: HistoryId, update: bytes, author: Identity, credentials: Credentials
    ) -> Absorption | None:
        """Take edits that were made on a retired history."""
        return await self._rooms.at_owner(
            document_id,
            lambda: self.local.hand_over(document_id, history_id, update, author, credentials),
            HandOverEdits(document_id, history_id, author, credentials),
            _absorption,
            payload=update,
        )

    async def name_now(self, document_id: DocumentId, text: str, author: Identity) -> Point:
        """Name the document as it is now."""
        here = self.local.name_now
        call = NameNow(document_id, text, author)
        return await self._rooms.at_owner(document_id, lambda: here(document_id, text, author), call, _point)

    async def rebase(self, document_id: DocumentId) -> Rebased:
        """Rebase a document now if nobody has it open."""
        here = self.rebaser.rebase
        return await self._rooms.at_owner(document_id, lambda: here(document_id), Rebase(document_id), _rebased)


def _absorption(frame: Frame) -> Absorption | None:
    return from_plain(Absorbed, frame.head.get("answer")).absorption


def _point(frame: Frame) -> Point:
    return from_plain(Point, frame.head.get("answer"))


def _rebased(frame: Frame) -> Rebased:
    return from_plain(Rebased, frame.head.get("answer"))
