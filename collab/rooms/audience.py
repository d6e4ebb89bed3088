"""Owns the connections of one room and what is sent to all of them; knows no document, no journal and no storage.

Nothing here waits: a client that does not read costs its own outbox and nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from collab.document import merge_updates
from collab.errors import CloseCode, DocumentPoisoned
from collab.protocol.messages import encode_update
from collab.protocol.payloads import SaveState
from collab.rooms.connection import Connection
from collab.rooms.notices import NoticeCode, notice

Update = tuple[Connection | None, bytes]
"""An applied update and where it came from; None: the server itself."""


class Audience:
    """The connections of one room."""

    def __init__(self) -> None:
        self._connections: dict[int, Connection] = {}

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._connections.values()))

    def __contains__(self, connection: Connection) -> bool:
        return connection.number in self._connections

    def has_user(self, user_id: str) -> bool:
        return any(connection.identity.user_id == user_id for connection in self._connections.values())

    def add(self, connection: Connection) -> None:
        self._connections[connection.number] = connection

    def remove(self, connection: Connection) -> bool:
        """False when it was not there."""
        return self._connections.pop(connection.number, None) is not None

    def send_updates(self, updates: Sequence[Update], vector: Callable[[], bytes]) -> None:
        """Send the updates of one turn: one frame for all, and none to the only one who made them.

        When several made them, each gets its own back too: a no-op there, and cheaper than a frame for each.
        `vector` is asked at most once, for those whose resync point is old.
        """
        if not updates or not self._connections:
            return
        origins = {origin for origin, _ in updates}
        only = next(iter(origins)) if len(origins) == 1 else None
        frames = [encode_update(update) for update in _merged([update for _, update in updates])]
        known: bytes | None = None
        for connection in self:
            if connection is only:
                continue
            if connection.outbox.wants_vector:
                known = known or vector()
            mark = known if connection.outbox.wants_vector else None
            for frame in frames[:-1]:
                connection.outbox.put_broadcast(frame)
            connection.outbox.put_broadcast(frames[-1], mark)

    def send_broadcast(self, frame: bytes, *, but: Connection | None = None) -> None:
        """Send a frame that a resync replaces (presence)."""
        for connection in self:
            if connection is not but:
                connection.outbox.put_broadcast(frame)

    def notice(self, code: NoticeCode, details: Mapping[str, object] | None = None) -> None:
        """Tell all that announced our extensions."""
        told = notice(code, details)
        for connection in self:
            connection.notice(told)

    def publish(self, state: SaveState) -> None:
        """Tell each what the storage has, with the number of its own messages that this covers."""
        for connection in self:
            connection.publish(state)

    def sweep(self, now: float, wall_ms: int, stall_s: float) -> int:
        """Let time pass: end the silent, the expired and those that do not read; returns how many did not."""
        slow = 0
        for connection in self:
            connection.expire(now, wall_ms)
            if connection.close_info is None and connection.outbox.stalled(now, stall_s):
                connection.close(CloseCode.TRY_AGAIN_LATER, "slow consumer")
                slow += 1
        return slow

    def close(self, code: CloseCode, reason: str) -> None:
        """End all connections."""
        for connection in self:
            connection.close(code, reason)


def _merged(updates: Sequence[bytes]) -> Sequence[bytes]:
    if len(updates) == 1:
        return updates
    try:
        return [merge_updates(updates)]
    except DocumentPoisoned:
        return updates
