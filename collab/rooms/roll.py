"""Owns what an operator is told of the rooms of this process and their connections, and what an operator does to them.

Knows no socket and no token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collab.errors import CloseCode
from collab.rooms.connection import Connection
from collab.rooms.room import Room
from collab.store.base import DocumentId

KICKED = "closed by an operator"


@dataclass(frozen=True, slots=True)
class RoomStatus:
    """A room in memory."""

    document_id: DocumentId
    root: str | None
    """None: a room without a file."""
    path: str
    kind: str
    state: str
    storage: str
    """What the storage has, as the save state says it."""
    people: int
    connections: int
    dirty: bool
    """The storage lacks something."""
    unjournalled: int
    """Messages that are applied and not journalled yet."""
    size_bytes: int
    """An upper estimate of the encoded document."""


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """A client in a room."""

    number: int
    """Its number at this worker."""
    document_id: DocumentId
    root: str | None
    path: str
    user_id: str
    name: str
    role: str
    dialect: str
    since_ms: int
    address: str | None
    """A digest: the same for the same address, and no address. None: not known."""


@dataclass(frozen=True, slots=True)
class RoomList:
    """Rooms of one worker; `truncated`: it has more."""

    rooms: tuple[RoomStatus, ...]
    truncated: bool


@dataclass(frozen=True, slots=True)
class ConnectionList:
    """Connections of one worker; `truncated`: it has more."""

    connections: tuple[ConnectionStatus, ...]
    truncated: bool


class Roll:
    """Looks through the live rooms of one process."""

    def __init__(self, live: Mapping[DocumentId, Room]) -> None:
        self._live = live

    def rooms(self, most: int) -> RoomList:
        """The rooms in memory, at most so many."""
        rooms = list(self._live.values())
        return RoomList(tuple(map(_room_status, rooms[:most])), len(rooms) > most)

    def connections(self, document_id: DocumentId | None, user_id: str | None, most: int) -> ConnectionList:
        """The connections of a document and of a person, None: of all; at most so many."""
        found = [
            (room, connection)
            for room, connection in self._connections()
            if document_id in (None, room.document_id) and user_id in (None, connection.identity.user_id)
        ]
        shown = tuple(_connection_status(room, connection) for room, connection in found[:most])
        return ConnectionList(shown, len(found) > most)

    def kick(self, user_id: str | None, number: int | None) -> int:
        """Close the connections of a person, or the one of a number (4403); returns how many."""
        found = [
            connection
            for _, connection in self._connections()
            if (user_id is not None and connection.identity.user_id == user_id)
            or (number is not None and connection.number == number)
        ]
        for connection in found:
            connection.close(CloseCode.FORBIDDEN, KICKED)
        return len(found)

    def place_of(self, document_id: DocumentId) -> tuple[str | None, str | None]:
        """Root and path of a document that is live here."""
        room = self._live.get(document_id)
        return (None, None) if room is None else _place(room)

    async def unload(self, document_id: DocumentId) -> bool:
        """Save a document, tell its people to come back (1012), and forget the room. False: it was not in memory."""
        room = self._live.get(document_id)
        if room is None:
            return False
        await room.stop()
        return True

    def _connections(self) -> Iterator[tuple[Room, Connection]]:
        for room in tuple(self._live.values()):
            for connection in room.connections:
                if connection.close_info is None:
                    yield room, connection


def _room_status(room: Room) -> RoomStatus:
    root, path = _place(room)
    return RoomStatus(
        document_id=room.document_id,
        root=root,
        path=path,
        kind=str(room.kind),
        state=room.state.name.lower(),
        storage=room.save_state.state.value,
        people=len({connection.identity.user_id for connection in room.connections}),
        connections=len(room.connections),
        dirty=room.dirty,
        unjournalled=room.load.unjournalled,
        size_bytes=room.load.size_bytes,
    )


def _connection_status(room: Room, connection: Connection) -> ConnectionStatus:
    root, path = _place(room)
    access = connection.access
    return ConnectionStatus(
        number=connection.number,
        document_id=room.document_id,
        root=root,
        path=path,
        user_id=access.identity.user_id,
        name=access.identity.name,
        role=connection.role.value,
        dialect=access.dialect,
        since_ms=access.since_ms,
        address=access.address,
    )


def _place(room: Room) -> tuple[str | None, str]:
    """Root and path; of a room without a file its name."""
    return (None, room.name) if room.saver is None else (room.saver.file.root.name, room.saver.file.shown_path)
