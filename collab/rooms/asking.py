"""Owns how a reader asks those in the room to be allowed to edit, and hears the answer; knows no token and no route.

Done by the worker that has the room: who may decide is connected there, and so is who asked.
"""

from __future__ import annotations

from collections.abc import Mapping

from collab.clock import Clock
from collab.limits import Limits
from collab.protocol.roles import Identity, Role
from collab.rooms.access_requests import AccessRequest, AccessRequests
from collab.rooms.connection import Connection
from collab.rooms.notices import NoticeCode, notice
from collab.rooms.rooms import Rooms
from collab.store.base import DocumentId


class Asking:
    """The requests that wait in the rooms of this worker."""

    def __init__(self, rooms: Rooms, limits: Limits, clock: Clock) -> None:
        self._rooms = rooms
        self._requests = AccessRequests(limits, clock)

    async def ask(self, document_id: DocumentId, person: Identity, right: str) -> int:
        """Ask the owners who are there; how many people that are. Raises: TooManyRequests."""
        deciders = self._deciders(document_id, person.user_id)
        if not deciders:
            return 0
        request = self._requests.ask(document_id, person, right)
        if request is not None:
            asked = notice(NoticeCode.ACCESS_ASKED, {"request_id": request.request_id, "user": person.to_json()})
            for connection in deciders:
                connection.notice(asked)
        return len({connection.identity.user_id for connection in deciders})

    async def take(self, document_id: DocumentId, request_id: str) -> AccessRequest | None:
        """The request, which is answered with this; the other owners hear so. None: it was answered, or is too old."""
        request = self._requests.take(document_id, request_id)
        if request is not None:
            answered = notice(NoticeCode.ACCESS_ANSWERED, {"request_id": request_id})
            for connection in self._deciders(document_id, request.person.user_id):
                connection.notice(answered)
        return request

    async def give(self, document_id: DocumentId, user_id: str, role: Role, details: Mapping[str, object]) -> None:
        """Judge a person's connections by that role from now on; `details` go to them and to nobody else."""
        self._rooms.change_role(lambda access: access.identity.user_id == user_id, role, document_id, details)

    async def deny(self, document_id: DocumentId, user_id: str) -> None:
        """Tell the one who asked."""
        for connection in self._rooms.connections(document_id):
            if connection.identity.user_id == user_id:
                connection.notice(notice(NoticeCode.ACCESS_DENIED))

    def _deciders(self, document_id: DocumentId, asking: str) -> list[Connection]:
        """Who is in the room and may share the document."""
        connections = self._rooms.connections(document_id)
        return [item for item in connections if item.role.may_manage and item.identity.user_id != asking]
