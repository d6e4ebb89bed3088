"""Owns what the clients of one room in this process share: each message of the server is read once for all of them.

A server sends the same bytes to everybody in a room. So they are kept once, and what they mean is worked out once;
a client keeps references only. That is what lets one core receive for hundreds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from collab.errors import MalformedMessage
from collab.protocol.codec import Reader
from loadtest.board import Board
from loadtest.dialects.base import Dialect, Incoming, Kind
from loadtest.reading import Range, read_update

if TYPE_CHECKING:
    from loadtest.client import Client

INSERT, DELETE, PRESENCE = 0, 1, 2
"""Numberings of the board."""
_READ_AT_ONCE_BYTES = 64 * 1024
"""Longer answers to a join are read when there is time."""
_SHOWN_KEPT = 200_000


class Edit:
    """One edit on its way: who waits for it."""

    __slots__ = ("author", "clock", "due_s", "remaining", "writer")

    def __init__(self, author: int, clock: int, due_s: float, writer: Client | None, remaining: int) -> None:
        self.author = author
        self.clock = clock
        self.due_s = due_s
        self.writer = writer
        """None: of another process."""
        self.remaining = remaining
        """Clients of this process that do not have it yet."""


Inserted = tuple[int, int, int, Sequence[Edit]]
"""Client id, first clock, the one behind the last, and the edits whose last unit is in between."""


class Message:
    """One message of the server and what it means."""

    __slots__ = ("deleted", "incoming", "inserted", "presence", "read")

    def __init__(self, incoming: Incoming) -> None:
        self.incoming = incoming
        self.read = False
        self.inserted: Sequence[Inserted] = ()
        self.deleted: Sequence[Edit] = ()
        self.presence: Sequence[tuple[int, float]] = ()
        """Client id and when it was due; only what was sent in this run."""


class Room:
    """One room, as far as this process has clients in it."""

    def __init__(self, name: str, dialect: Dialect, board: Board | None) -> None:
        self.name = name
        self.dialect = dialect
        self.base: bytes | None = None
        """What the first client found."""
        self.messages: dict[bytes, Message] = {}
        self.joined = 0
        """Clients of this process that were in once."""
        self._board = board
        self._in_flight: dict[tuple[int, int, int], Edit] = {}
        self._shown: dict[tuple[int, int], float] = {}
        self._fleeting: list[bytes] = []
        """Presence among the messages: of no use a moment later."""

    # -- sent from here --

    def note_edit(self, edit: Edit, deletes: bool) -> None:
        kind = DELETE if deletes else INSERT
        if edit.remaining > 0:
            self._in_flight[kind, edit.author, edit.clock] = edit
        if self._board is not None:
            self._board.note(kind, edit.author, edit.clock, edit.due_s)

    def note_presence(self, client: int, clock: int, due_s: float) -> None:
        self._shown[client, clock] = due_s
        if self._board is not None:
            self._board.note(PRESENCE, client, clock, due_s)

    def arrived_everywhere(self, edit: Edit) -> None:
        """All clients of this process have it."""
        self._in_flight.pop((INSERT, edit.author, edit.clock), None)
        self._in_flight.pop((DELETE, edit.author, edit.clock), None)

    def forget_presence(self) -> None:
        """Once a second: what was shown long ago and what was received a moment ago."""
        for payload in self._fleeting:
            self.messages.pop(payload, None)
        self._fleeting.clear()
        while len(self._shown) > _SHOWN_KEPT:
            del self._shown[next(iter(self._shown))]

    # -- received --

    def take(self, payload: bytes) -> Message:
        """A message that was not seen before. Raises: MalformedMessage, LimitExceeded."""
        message = Message(self.dialect.decode(payload))
        kind = message.incoming.kind
        if kind is Kind.UPDATE or (kind is Kind.SYNCED and len(payload) <= _READ_AT_ONCE_BYTES):
            self.read(message)
        elif kind is Kind.PRESENCE:
            message.presence = self._read_presence(message.incoming.body)
            self._fleeting.append(payload)
        if kind in (Kind.UPDATE, Kind.SYNCED, Kind.PRESENCE):
            self.messages[payload] = message
        return message

    def read(self, message: Message) -> None:
        """Work out what it brings, once. Raises: MalformedMessage, LimitExceeded."""
        if message.read:
            return
        contents = read_update(message.incoming.body)
        message.inserted = [(*bounds, self._edits(INSERT, bounds)) for bounds in contents.inserted]
        message.deleted = [edit for bounds in contents.deleted for edit in self._edits(DELETE, bounds)]
        message.read = True

    def _edits(self, kind: int, bounds: Range) -> list[Edit]:
        author, start, end = bounds
        found = []
        for clock in range(start, end):
            edit = self._in_flight.get((kind, author, clock)) or self._of_others(kind, author, clock)
            if edit is not None:
                found.append(edit)
        return found

    def _of_others(self, kind: int, author: int, clock: int) -> Edit | None:
        due_s = self._board.due(kind, author, clock) if self._board is not None else None
        return Edit(author, clock, due_s, None, -1) if due_s is not None else None

    def _read_presence(self, presence: bytes) -> list[tuple[int, float]]:
        reader = Reader(presence)
        found = []
        for _ in range(reader.count(3)):
            client, clock = reader.var_uint(), reader.var_uint()
            reader.var_bytes()
            due_s = self._shown.get((client, clock))
            if due_s is None and self._board is not None:
                due_s = self._board.due(PRESENCE, client, clock)
            if due_s is not None:
                found.append((client, due_s))
        if reader.remaining:
            raise MalformedMessage("trailing bytes behind presence")
        return found
