"""Owns the way of a request to edit, and of its answer, to the worker that has the room. Knows no socket, no token."""

from __future__ import annotations

from collections.abc import Mapping

from collab.node.calls import AskToEdit, Denied, GiveRole, Taken, TakeRequest, Told
from collab.node.frames import Frame
from collab.node.plain import from_plain
from collab.node.rooms import NodeRooms
from collab.protocol.roles import Identity, Role
from collab.rooms.access_requests import AccessRequest
from collab.rooms.asking import Asking
from collab.store.base import DocumentId


class NodeAsking:
    """The questions of `Asking`, answered by the worker whose room it is; each raises as its namesake there."""

    def __init__(self, rooms: NodeRooms, asking: Asking) -> None:
        self.local = asking
        self._rooms = rooms

    async def ask(self, document_id: DocumentId, person: Identity, right: str) -> int:
        """Ask the owners who are there; how many people that are."""
        here = self.local.ask
        call = AskToEdit(document_id, person, right)
        return await self._rooms.at_owner(document_id, lambda: here(document_id, person, right), call, _told)

    async def take(self, document_id: DocumentId, request_id: str) -> AccessRequest | None:
        """The request, which is answered with this."""
        here = self.local.take
        call = TakeRequest(document_id, request_id)
        return await self._rooms.at_owner(document_id, lambda: here(document_id, request_id), call, _taken)

    async def give(self, document_id: DocumentId, user_id: str, role: Role, details: Mapping[str, object]) -> None:
        """Judge a person's connections by that role from now on."""
        here = self.local.give
        call = GiveRole(document_id, user_id, role, details)
        await self._rooms.at_owner(document_id, lambda: here(document_id, user_id, role, details), call, _nothing)
        self._rooms.role_given(document_id, user_id, role)

    async def deny(self, document_id: DocumentId, user_id: str) -> None:
        """Tell the one who asked."""
        here = self.local.deny
        await self._rooms.at_owner(
            document_id, lambda: here(document_id, user_id), Denied(document_id, user_id), _nothing
        )


def _told(frame: Frame) -> int:
    return from_plain(Told, frame.head.get("answer")).people


def _taken(frame: Frame) -> AccessRequest | None:
    return from_plain(Taken, frame.head.get("answer")).request


def _nothing(_frame: Frame) -> None:
    return None
