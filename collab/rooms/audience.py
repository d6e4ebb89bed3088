"""Owns the connections of one room and what is sent to all of them; knows no document, no journal and no storage.

Nothing here waits: a client that does not read costs its own outbox and nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from collab.document import merge_updates
from collab.errors import CloseCode, DocumentPoisoned
from collab.limits import Limits
from collab.protocol.frames import encode_frame
from collab.protocol.messages import encode_update
from collab.protocol.payloads import SaveState
from collab.rooms.connection import Connection
from collab.rooms.notices import NoticeCode, notice
from collab.rooms.outbox import BATCH_FRACTION

MERGED_UPDATES = 64
"""At most so many updates are sent as one: merging takes longer for each the more there are."""

Update = tuple[Connection | None, bytes]
"""An applied update and where it came from; None: the server itself."""


class Audience:
    """The connections of one room."""

    def __init__(self, limits: Limits, count: Callable[[str, int], None]) -> None:
        """`count` is told what was sent."""
        self._connections: dict[int, Connection] = {}
        self._filled: list[Connection] = []
        """Connections with something in their outbox that is to be written at the end of the turn."""
        self._count = count
        self._direct_bytes = limits.outbox_size_bytes - limits.outbox_size_bytes // BATCH_FRACTION
        """A frame up to this size keeps a client that takes frames within its limit."""
        self._mark_bytes = limits.outbox_size_bytes // BATCH_FRACTION
        self._unmarked_bytes = 0
        """What was sent to all since they were last known to have a certain state."""

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._connections.values()))

    def __contains__(self, connection: Connection) -> bool:
        return connection.number in self._connections

    def add(self, connection: Connection) -> None:
        self._connections[connection.number] = connection

    def remove(self, connection: Connection) -> bool:
        """False when it was not there."""
        return self._connections.pop(connection.number, None) is not None

    def send_turn(self, updates: Sequence[Update], presence: bytes, vector: Callable[[], bytes]) -> None:
        """Send what happened in one turn: one write for each connection, the same bytes for all.

        Updates are not sent to the only one who made them. When several did, each gets its own back too: a no-op there,
        and cheaper than a frame for each. `presence` is a frame for all, empty when nobody moved. `vector` is asked now
        and then, so that a resync stays small.
        """
        if not self._connections:
            return
        if not updates:
            if presence:
                self.send_broadcast(presence)
            return
        if len(updates) == 1:
            only, update = updates[0]
            frame = _encoded(update) + presence
        else:
            first = updates[0][0]
            only = first if all(origin is first for origin, _ in updates) else None
            frame = b"".join([*map(_encoded, _merged([update for _, update in updates])), presence])
        self._unmarked_bytes += len(frame)
        mark = self._unmarked_bytes >= self._mark_bytes
        if mark:
            self._unmarked_bytes = 0
        self.send_broadcast(frame, but=only, vector=vector() if mark else None)
        if only is not None and presence:
            only.outbox.put_broadcast(presence)

    def send_broadcast(self, frame: bytes, *, but: Connection | None = None, vector: bytes | None = None) -> None:
        """Send the same bytes to all. `vector`: what a client has that read all up to these."""
        direct = vector is None and len(frame) <= self._direct_bytes
        for connection in self._connections.values():
            outbox = connection.outbox
            if connection is but:
                continue
            if direct and outbox.direct:
                outbox.write(frame)
            else:
                outbox.put_broadcast(frame, vector)
        self._count("sent_bytes_total", len(frame) * len(self._connections))

    def fill(self, connection: Connection) -> None:
        """Write what waits for this connection with the next `flush`."""
        self._filled.append(connection)

    @property
    def filled(self) -> bool:
        """Whether there is something to flush."""
        return bool(self._filled)

    def flush(self) -> None:
        """Write what was said to single connections, together with what waits before it."""
        filled, self._filled = self._filled, []
        for connection in filled:
            connection.outbox.flush()

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


def _merged(updates: Sequence[bytes]) -> Iterator[bytes]:
    for start in range(0, len(updates), MERGED_UPDATES):
        together = updates[start : start + MERGED_UPDATES]
        try:
            yield together[0] if len(together) == 1 else merge_updates(together)
        except DocumentPoisoned:
            yield from together


def _encoded(update: bytes) -> bytes:
    return encode_frame(encode_update(update))
