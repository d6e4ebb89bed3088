"""Owns an operator's questions to all workers of this machine: what is live, close, unload. Knows no request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from collab.limits import Limits
from collab.node.frames import Frame
from collab.node.operator_calls import Kick, Kicked, ListConnections, ListRooms, OperatorCall, Unload, Unloaded
from collab.node.placement import FIRST
from collab.node.plain import from_plain
from collab.node.rooms import KICKED, NodeRooms
from collab.rooms.roll import ConnectionList, RoomList
from collab.store.base import DocumentId

_Answer = TypeVar("_Answer")


class NodeOperator:
    """Each answer says by the seat's name whose it is; None: that worker did not answer."""

    def __init__(self, rooms: NodeRooms, limits: Limits) -> None:
        self._rooms = rooms
        self._limits = limits

    @property
    def seat(self) -> str:
        """The name of this worker."""
        post = self._rooms.post
        return FIRST.name if post is None else post.seat.name

    async def rooms(self) -> Mapping[str, RoomList | None]:
        """The rooms in memory."""
        frames = await self._rooms.ask_others(ListRooms())
        theirs = {seat.name: _read(RoomList, frame) for seat, frame in frames.items()}
        return {self.seat: self._rooms.local.roll.rooms(self._limits.listed_entries), **theirs}

    async def connections(
        self, document_id: DocumentId | None = None, user_id: str | None = None
    ) -> Mapping[str, ConnectionList | None]:
        """The connections of a document and of a person; None: of all."""
        frames = await self._rooms.ask_others(ListConnections(document_id, user_id))
        theirs = {seat.name: _read(ConnectionList, frame) for seat, frame in frames.items()}
        most = self._limits.listed_entries
        return {self.seat: self._rooms.local.roll.connections(document_id, user_id, most), **theirs}

    async def kick_person(self, user_id: str) -> Mapping[str, int | None]:
        """Close all connections of a person, also at other machines; the counts are of this one."""
        self._rooms.tell_nodes(KICKED, user_id=user_id)
        return await self._kick(Kick(user_id, None, None))

    async def kick_connection(self, seat: str, number: int) -> Mapping[str, int | None]:
        """Close one connection."""
        return await self._kick(Kick(None, seat, number))

    async def unload(self, document_id: DocumentId) -> bool:
        """Save a document, tell its people to come back, and forget the room. Raises: StorageUnavailable."""
        here = self._rooms.local.roll.unload
        return await self._rooms.at_owner(document_id, lambda: here(document_id), Unload(document_id), _unloaded)

    async def answer(self, call: OperatorCall) -> object:
        """What this worker answers to another one."""
        roll, most = self._rooms.local.roll, self._limits.listed_entries
        match call:
            case ListRooms():
                return roll.rooms(most)
            case ListConnections():
                return roll.connections(call.document_id, call.user_id, most)
            case Kick():
                return Kicked(self._kick_here(call))
            case Unload():
                return Unloaded(await self.unload(call.document_id))

    async def _kick(self, call: Kick) -> Mapping[str, int | None]:
        frames = await self._rooms.ask_others(call)
        answers = {seat.name: _read(Kicked, frame) for seat, frame in frames.items()}
        theirs = {seat: None if answer is None else answer.connections for seat, answer in answers.items()}
        return {self.seat: self._kick_here(call), **theirs}

    def _kick_here(self, call: Kick) -> int:
        if call.seat not in (None, self.seat):
            return 0
        return self._rooms.local.roll.kick(call.user_id, call.number)


def _read(kind: type[_Answer], frame: Frame | None) -> _Answer | None:
    return None if frame is None else from_plain(kind, frame.head.get("answer"))


def _unloaded(frame: Frame) -> bool:
    return from_plain(Unloaded, frame.head.get("answer")).done
