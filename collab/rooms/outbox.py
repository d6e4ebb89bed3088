"""Owns what waits to be sent to one client, and hands it to the wire as that takes it; knows no document.

A client that reads costs next to nothing: what all get goes straight to its wire. While the wire is blocked, frames
queue up to a limit. Over the limit the queued broadcasts are thrown away and the client is marked for a resync: once it
has read the rest, it gets the difference to the last state that it surely has. So a slow reader costs at most the
limit and delays nobody. Acknowledgement and save state are slots, not queue entries: only the newest of each is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from collab.rooms.wire import Wire

BATCH_FRACTION = 4
"""At most this part of the limit is handed to the wire at once, so that a stall shows early."""


class Slot(StrEnum):
    """Frames of which only the newest is kept."""

    SAVE_STATE = "save_state"
    ACKNOWLEDGEMENT = "acknowledgement"


@dataclass(frozen=True, slots=True)
class _Queued:
    frame: bytes
    droppable: bool
    vector: bytes | None = None


class OutboxEvents(Protocol):
    """What an outbox tells its connection."""

    def on_filled(self) -> None:
        """There is something to `flush`, when all is said that belongs to the same turn."""
        ...

    def on_drained(self) -> None:
        """A client that needs a resync has read everything else."""
        ...

    def on_written(self, size_bytes: int) -> None:
        """So much of what waited here was written."""
        ...


class Outbox:
    """WebSocket frames for one client; filled by the room, emptied into the wire."""

    __slots__ = (
        "_announced",
        "_blocked",
        "_closed",
        "_events",
        "_known_vector",
        "_limit",
        "_queue",
        "_queued_bytes",
        "_slots",
        "_stalled_since",
        "_wire",
        "direct",
        "resync_wanted",
        "write",
    )

    def __init__(self, limit_bytes: int, events: OutboxEvents) -> None:
        self._limit = limit_bytes
        self._events = events
        self._queue: list[_Queued] = []
        self._slots: dict[Slot, bytes] = {}
        self._queued_bytes = 0
        self._wire: Wire | None = None
        self._announced = False
        self._blocked = False
        self._closed = False
        self._stalled_since: float | None = None
        self._known_vector: bytes | None = None
        self.resync_wanted = False
        self.direct = False
        """True while nothing waits here: a frame may be given to `write` at once."""
        self.write: Callable[[bytes], object] = _nowhere
        """The wire's own, while it is there."""

    @property
    def held_bytes(self) -> int:
        """What this client costs now: queued, or written and not yet taken by the network."""
        return self._queued_bytes + (0 if self._wire is None else self._wire.waiting_bytes())

    @property
    def known_vector(self) -> bytes | None:
        """A state vector that the client has for sure; None: it never said."""
        return self._known_vector

    @property
    def ready_for_resync(self) -> bool:
        return self.resync_wanted and not self._queue and not self._blocked and not self._closed

    # -- for the room --

    def put(self, frame: bytes) -> bool:
        """Queue a frame that must arrive; False when the client is so far behind that it must be cut."""
        if self.held_bytes + len(frame) > self._limit:
            self._collapse()
        self._append(_Queued(frame, droppable=False))
        return self._queued_bytes <= self._limit

    def put_broadcast(self, frame: bytes, vector: bytes | None = None) -> None:
        """Send a frame that a resync can replace. `vector`: what a client has once it read all up to this frame."""
        if self.resync_wanted or self._closed:
            return
        if self.held_bytes + len(frame) > self._limit:
            self._collapse()
        elif self.direct:
            self.write(frame)
            self._note_vector(vector)
        else:
            self._append(_Queued(frame, True, vector))

    def put_sync(self, frame: bytes, vector: bytes) -> None:
        """Queue the answer to a sync request or a resync; may be larger than the limit, as documents are."""
        self.resync_wanted = False
        self._append(_Queued(frame, True, vector))

    def set_slot(self, slot: Slot, frame: bytes) -> None:
        """Replace the frame in a slot."""
        if not self._closed:
            self._slots[slot] = frame
            self._fill()

    def begin_sync(self, client_vector: bytes) -> bool:
        """The client said what it has; True when the answer may be queued now, else it follows as a resync."""
        self._known_vector = client_vector
        if not any(queued.droppable for queued in self._queue) and self.held_bytes < self._limit // BATCH_FRACTION:
            return True
        self._collapse()
        return False

    def stalled(self, now: float, stall_s: float) -> bool:
        """True when the client is over the limit and took nothing for `stall_s`; a large answer gets longer."""
        if not self.resync_wanted or self._wire is None:
            return False
        if self._stalled_since is None:
            self._stalled_since = now
        return now - self._stalled_since >= stall_s * max(1.0, self._wire.waiting_bytes() / self._limit)

    def flush(self) -> None:
        """Write what waits, as far as the wire takes it."""
        self._announced = False
        while self._wire is not None and not self._blocked and (frames := self._take()):
            self._write(frames)
        if self._wire is not None and not self._blocked and not self._closed:
            self.direct = not self.resync_wanted
            if self.resync_wanted:
                self._events.on_drained()

    def close(self) -> None:
        """Drop what a resync could replace, write what must arrive, take nothing any more."""
        self._closed, self.direct = True, False
        self._slots.clear()
        self._drop_broadcasts()
        self._write_rest()

    # -- for the transport --

    def attach(self, wire: Wire) -> None:
        """The wire is there."""
        self._wire, self.write = wire, wire.write
        if self._closed:
            self._write_rest()
        else:
            self.flush()

    def detach(self) -> None:
        """The wire is gone."""
        self._wire, self.write, self.direct = None, _nowhere, False
        self._queue.clear()
        self._queued_bytes = 0

    def block(self) -> None:
        """The wire takes nothing for now."""
        self._blocked, self.direct = True, False

    def unblock(self) -> None:
        """The wire takes frames again."""
        self._blocked, self._stalled_since = False, None
        self.flush()

    def _take(self) -> list[bytes]:
        """The next frames: a part of the queue; behind its end what is in the slots."""
        frames: list[bytes] = []
        size = 0
        for queued in self._queue:
            if frames and size >= self._limit // BATCH_FRACTION:
                break
            frames.append(queued.frame)
            size += len(queued.frame)
            self._note_vector(queued.vector)
        del self._queue[: len(frames)]
        self._queued_bytes -= size
        if not self._queue and self._slots:
            frames.extend(self._slots[slot] for slot in Slot if slot in self._slots)
            self._slots.clear()
        return frames

    def _note_vector(self, vector: bytes | None) -> None:
        """Who never said what it has does not have what came before, either."""
        if vector is not None and self._known_vector is not None:
            self._known_vector = vector

    def _append(self, queued: _Queued) -> None:
        if self._closed:
            return
        self._queue.append(queued)
        self._queued_bytes += len(queued.frame)
        self._fill()

    def _fill(self) -> None:
        self.direct = False
        if not self._announced and not self._blocked:
            self._announced = True
            self._events.on_filled()

    def _collapse(self) -> None:
        self._drop_broadcasts()
        self.resync_wanted = True
        self._fill()

    def _drop_broadcasts(self) -> None:
        self._queue = [queued for queued in self._queue if not queued.droppable]
        self._queued_bytes = sum(len(queued.frame) for queued in self._queue)

    def _write_rest(self) -> None:
        if self._wire is not None and (frames := [queued.frame for queued in self._queue]):
            self._queue.clear()
            self._queued_bytes = 0
            self._write(frames)

    def _write(self, frames: list[bytes]) -> None:
        together = b"".join(frames)
        self.write(together)
        self._events.on_written(len(together))


def _nowhere(frame: bytes) -> None:
    """What is written to a wire that is not there."""
