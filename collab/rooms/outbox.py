"""Owns what waits to be sent to one client: a queue with a byte limit; knows no socket and no document.

Over the limit the queued broadcasts are thrown away and the client is marked for a resync: once it has read the rest,
it gets the difference to the last state that it surely has. So a slow reader costs at most the limit and delays nobody.
Acknowledgement and save state are slots, not queue entries: only the newest of each is worth sending.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

BATCH_FRACTION = 4
"""At most this part of the limit is handed to the transport at once, so that a stall shows early."""


class Slot(StrEnum):
    """Frames of which only the newest is kept."""

    SAVE_STATE = "save_state"
    ACKNOWLEDGEMENT = "acknowledgement"


@dataclass(frozen=True, slots=True)
class _Queued:
    frame: bytes
    droppable: bool
    vector: bytes | None = None


class Outbox:
    """Frames for one client; filled by the room, emptied by the transport."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._queue: deque[_Queued] = deque()
        self._slots: dict[Slot, bytes] = {}
        self._queued_bytes = 0
        self._in_flight_bytes = 0
        self._sent_since_mark = 0
        self._mark_queued = False
        self._wake = asyncio.Event()
        self._closed = False
        self._stalled_since: float | None = None
        self._known_vector: bytes | None = None
        self.resync_wanted = False

    @property
    def held_bytes(self) -> int:
        """What this client costs now: queued, or handed to the transport and not yet taken by the socket."""
        return self._queued_bytes + self._in_flight_bytes

    @property
    def known_vector(self) -> bytes | None:
        """A state vector that the client has for sure; None: it never said."""
        return self._known_vector

    @property
    def wants_vector(self) -> bool:
        """True when the next broadcast should carry the document's state vector, so that a resync stays small."""
        return not self._mark_queued and self._sent_since_mark >= self._limit // BATCH_FRACTION

    @property
    def ready_for_resync(self) -> bool:
        return self.resync_wanted and not self._queue and not self._in_flight_bytes and not self._closed

    def put(self, frame: bytes) -> bool:
        """Queue a frame that must arrive; False when the client is so far behind that it must be cut."""
        if self.held_bytes + len(frame) > self._limit:
            self._collapse()
        self._append(_Queued(frame, droppable=False))
        return self._queued_bytes <= self._limit

    def put_broadcast(self, frame: bytes, vector: bytes | None = None) -> None:
        """Queue a frame that a resync can replace. `vector`: what the client has once it read it."""
        if self.resync_wanted or self._closed:
            return
        if self.held_bytes + len(frame) > self._limit:
            self._collapse()
            return
        self._append(_Queued(frame, True, vector))

    def put_sync(self, frame: bytes, vector: bytes) -> None:
        """Queue the answer to a sync request or a resync; may be larger than the limit, as documents are."""
        self.resync_wanted = False
        self._append(_Queued(frame, True, vector))

    def set_slot(self, slot: Slot, frame: bytes) -> None:
        """Replace the frame in a slot."""
        if not self._closed:
            self._slots[slot] = frame
            self._wake.set()

    def begin_sync(self, client_vector: bytes) -> bool:
        """The client said what it has; True when the answer may be queued now, else it follows as a resync."""
        self._known_vector = client_vector
        if not any(queued.droppable for queued in self._queue) and self.held_bytes < self._limit // BATCH_FRACTION:
            return True
        self._collapse()
        return False

    def stalled(self, now: float, stall_s: float) -> bool:
        """True when the client is over the limit and took nothing for `stall_s`; a large answer gets longer."""
        if not self.resync_wanted:
            return False
        if self._stalled_since is None:
            self._stalled_since = now
        return now - self._stalled_since >= stall_s * max(1.0, self._in_flight_bytes / self._limit)

    async def wait(self) -> None:
        """Return when there is something to take, or the outbox is closed."""
        await self._wake.wait()

    def take(self) -> list[bytes] | None:
        """The next frames, maybe none; those taken before count as sent. None: closed and empty."""
        self._in_flight_bytes = 0
        self._stalled_since = None
        frames: list[bytes] = []
        while self._queue and (not frames or self._in_flight_bytes < self._limit // BATCH_FRACTION):
            frames.append(self._take_first())
        if not self._queue:
            frames.extend(self._slots.pop(slot) for slot in Slot if slot in self._slots)
        if not self._queue and not self._closed:
            self._wake.clear()
        return frames if frames or not self._closed else None

    def close(self) -> None:
        """Drop what a resync could replace; what must arrive can still be taken."""
        self._closed = True
        self._drop_broadcasts()
        self._wake.set()

    def _take_first(self) -> bytes:
        queued = self._queue.popleft()
        size = len(queued.frame)
        self._queued_bytes -= size
        self._in_flight_bytes += size
        self._sent_since_mark += size
        if queued.vector is not None:
            self._known_vector, self._sent_since_mark, self._mark_queued = queued.vector, 0, False
        return queued.frame

    def _append(self, queued: _Queued) -> None:
        if self._closed:
            return
        self._queue.append(queued)
        self._queued_bytes += len(queued.frame)
        self._mark_queued = self._mark_queued or queued.vector is not None
        self._wake.set()

    def _collapse(self) -> None:
        self._drop_broadcasts()
        self.resync_wanted = True

    def _drop_broadcasts(self) -> None:
        self._queue = deque(queued for queued in self._queue if not queued.droppable)
        self._queued_bytes = sum(len(queued.frame) for queued in self._queue)
        self._mark_queued = False
