"""Owns one client of one room: its session, outbox, counts, identity and role; knows no socket.

The transport attaches a wire, gives messages to `receive` and tells of its state by `blocked`, `writable`, `heard` and
`disconnected`; what is to be sent it gets by the wire's `write`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from collab.clock import Clock
from collab.errors import CloseCode, CollabError, LimitExceeded, MalformedMessage, Unauthenticated
from collab.limits import Limits
from collab.protocol.events import Event
from collab.protocol.frames import encode_frame
from collab.protocol.jupyter import JupyterSession
from collab.protocol.messages import encode_acknowledgement, encode_save_state
from collab.protocol.payloads import Notice, SaveState
from collab.protocol.roles import Identity, Role
from collab.protocol.session import CloseInfo, Session
from collab.rooms.large import LargeMessages
from collab.rooms.ledger import Ledger
from collab.rooms.outbox import Outbox, Slot
from collab.rooms.wire import Wire
from connectors.base import Credentials

if TYPE_CHECKING:
    from collab.rooms.requests import Received


@dataclass(frozen=True, slots=True)
class Access:
    """Who joins, with which right, and what may end it: the token's id, the share, the time."""

    identity: Identity
    role: Role
    credentials: Credentials
    extended: bool = True
    """The client announced our extensions (`?v=1`)."""
    history: str | None = None
    """The history that the client knows (`?history=`)."""
    token_id: str | None = None
    share_id: str | None = None
    expires_ms: int | None = None
    jupyter: bool = False
    """The client is a JupyterLab (`protocol.jupyter`)."""
    dialect: str = "y-websocket"
    since_ms: int = 0
    address: str | None = None
    """Where from, as a digest."""


def _session_of(access: Access, limits: Limits) -> Session:
    if access.jupyter:
        return JupyterSession(access.role, access.identity, limits)
    return Session(access.role, access.identity, limits, access.extended)


class ConnectionRoom(Protocol):
    """What a connection needs from its room."""

    @property
    def large(self) -> LargeMessages:
        """The budget for large messages of all connections."""
        ...

    def post_event(self, connection: Connection, event: Event, size_bytes: int) -> None:
        """Deal with this in its turn; may hold the connection's reading until the room has caught up."""
        ...

    def post_leave(self, connection: Connection) -> None: ...

    def post_drained(self, connection: Connection) -> None: ...

    def post_filled(self, connection: Connection) -> None:
        """Flush the connection's outbox at the end of the turn."""
        ...

    def note_written(self, size_bytes: int) -> None:
        """Bytes that went to this connection alone."""
        ...


class Connection:
    """One client in one room."""

    __slots__ = (
        "_arriving_bytes",
        "_clock",
        "_large_queued_bytes",
        "_queue_limit",
        "_queued_bytes",
        "_reading",
        "_room",
        "_room_is_full",
        "_wire",
        "access",
        "asked_at",
        "barren_answers",
        "checking",
        "close_info",
        "covers",
        "deferred",
        "edits",
        "holds_back",
        "ledger",
        "number",
        "on_first_edit",
        "outbox",
        "resync_due",
        "session",
    )

    def __init__(self, number: int, access: Access, room: ConnectionRoom, limits: Limits, clock: Clock) -> None:
        self.number = number
        self.access = access
        self.ledger = Ledger()
        self.outbox = Outbox(limits.outbox_size_bytes, self)
        self.session = _session_of(access, limits)
        self.close_info: CloseInfo | None = None
        self.edits = 0
        """So many messages of this connection changed the document and are journalled."""
        self.on_first_edit: Callable[[], None] | None = None
        self.covers = 0
        """So many update messages of this connection are in the stored file."""
        self.deferred: deque[Received] | None = None
        """What waits, in order, behind a large update of this connection that is being checked; None: never anything,
        as an empty queue would be a fifth of what a quiet connection costs."""
        self.checking = False
        self.barren_answers = 0
        """So many answers to sync step 1 in a row had gaps and brought nothing new."""
        self.holds_back = False
        """An edit of this client stands on something that we lack, and has not come again with it."""
        self.asked_at = float("-inf")
        """When this client was asked last for what we lack (monotonic)."""
        self.resync_due: float | None = None
        """When it is to be asked again; None: there is no need."""
        self._queue_limit = limits.message_size_bytes
        self._arriving_bytes = self._large_queued_bytes = 0
        """What this connection holds of the budget for large messages."""
        self._queued_bytes = 0
        self._room_is_full = False
        self._reading = True
        self._wire: Wire | None = None
        self._room = room
        self._clock = clock

    @property
    def role(self) -> Role:
        return self.session.role

    @property
    def identity(self) -> Identity:
        return self.access.identity

    # -- for the transport --

    @property
    def message_limit_bytes(self) -> int:
        """The largest message that would be taken now: a large one only while the budget of all lasts."""
        limit, ordinary = self.session.message_limit_bytes, self._queue_limit
        return (
            limit
            if limit <= ordinary
            else min(limit, max(ordinary, self._arriving_bytes + self._room.large.left_bytes))
        )

    def limit_of(self, start: bytes) -> int:
        """The same of a message that starts so: nothing but the answer to sync step 1 may be large."""
        limit = self.message_limit_bytes
        return limit if self.session.may_be_large(start) else min(limit, self._queue_limit)

    def arriving(self, size_bytes: int) -> None:
        """So much of a message has come that is not whole yet."""
        if size_bytes > self._queue_limit or self._arriving_bytes:
            self._arriving_bytes = self._hold_large(size_bytes, self._arriving_bytes)

    def attach(self, wire: Wire) -> None:
        """The client can be written to; what was said before goes out now."""
        self._wire = wire
        self.outbox.attach(wire)
        self._read_on()
        if self.close_info is not None:
            wire.close(self.close_info)

    def receive(self, data: bytes) -> None:
        """Take one message from the client; never raises on bad input. The wire is paused when it is too much."""
        if self.close_info is not None:
            return
        session, size_bytes = self.session, len(data)
        events = session.receive(data, self._clock.monotonic())
        if len(events) != 1 or size_bytes > self._queue_limit or session.unsent or session.close_info is not None:
            self._take(events, size_bytes)
            return
        self._queued_bytes += size_bytes
        self._room.post_event(self, events[0], size_bytes)
        if self._queued_bytes > self._queue_limit:
            self._read_on()

    def receive_oversized(self, start: bytes) -> None:
        """A message above the limit came; this is how it starts."""
        if self.session.may_be_large(start) and self.message_limit_bytes < self.session.message_limit_bytes:
            error = LimitExceeded("large_messages_size_bytes")
            error.close_code = CloseCode.TRY_AGAIN_LATER
            self.fail(error)
        if self.close_info is None:
            self._take(self.session.receive_oversized(start), 0)

    def receive_text(self, text: bytes) -> None:
        """No dialect of ours has text messages."""
        self.fail(MalformedMessage("text message"))

    def heard(self) -> None:
        """The client gave a sign of life that is no message."""
        self.session.heard(self._clock.monotonic())

    def blocked(self) -> None:
        """The client takes nothing more for now."""
        self.outbox.block()

    def writable(self) -> None:
        """The client takes frames again."""
        self.outbox.unblock()

    def disconnected(self) -> None:
        """The socket is gone; may be called twice."""
        self._wire = None
        self.arriving(0)
        self._large_queued_bytes = self._hold_large(0, self._large_queued_bytes)
        self.outbox.detach()
        self.close(CloseCode.NORMAL, "")
        self._room.post_leave(self)

    # -- for the outbox --

    def on_filled(self) -> None:
        self._room.post_filled(self)

    def on_drained(self) -> None:
        self._room.post_drained(self)

    def on_written(self, size_bytes: int) -> None:
        self._room.note_written(size_bytes)

    # -- for the room --

    def dealt_with(self, size_bytes: int) -> None:
        """The room took a message of so many bytes from its inbox."""
        self._queued_bytes -= size_bytes
        if size_bytes > self._queue_limit:
            self._large_queued_bytes = self._hold_large(self._large_queued_bytes - size_bytes, self._large_queued_bytes)
        if not self._reading:
            self._read_on()

    def hold_reading(self, room_is_full: bool) -> None:
        """Read nothing from this client while the room cannot take more."""
        self._room_is_full = room_is_full
        self._read_on()

    def pump(self) -> None:
        """Move what the session wants to send into the outbox."""
        if self.session.unsent:
            for message in self.session.data_to_send():
                if not self.outbox.put(encode_frame(message)):
                    self.close(CloseCode.TRY_AGAIN_LATER, "slow consumer")
        info = self.session.close_info
        if info is not None:
            self.close(info.code, info.reason)

    def close(self, code: IntEnum, reason: str = "") -> None:
        """End the connection; the first reason stands."""
        self.session.close(code, reason)
        if self.close_info is None:
            self.close_info = self.session.close_info
            self.outbox.close()
            if self._wire is not None and self.close_info is not None:
                self._wire.close(self.close_info)

    def fail(self, error: CollabError) -> None:
        """End the connection for an error, with its public text."""
        self.close(error.close_code, error.public)

    def ask(self, state_vector: bytes, now: float) -> None:
        """Ask for what we lack."""
        self.asked_at, self.resync_due = now, None
        self.session.send_sync_step1(state_vector)
        self.pump()

    def note_edit(self) -> None:
        """A message that changed the document is journalled."""
        self.edits += 1
        if self.edits == 1 and self.on_first_edit is not None:
            self.on_first_edit()

    def acknowledge(self) -> None:
        """Tell the client how many of its update messages are journalled. Called after an append, only."""
        if self.access.extended and self.close_info is None:
            frame = encode_frame(encode_acknowledgement(self.ledger.acknowledged))
            self.outbox.set_slot(Slot.ACKNOWLEDGEMENT, frame)

    def notice(self, notice: Notice) -> None:
        """Queue a notice."""
        self.session.send_notice(notice)
        self.pump()

    def expire(self, now: float, wall_ms: int) -> None:
        """Let time pass: silence, and the end of the token."""
        self.session.expire(now)
        if self.access.expires_ms is not None and wall_ms >= self.access.expires_ms:
            self.fail(Unauthenticated("token expired"))
        self.pump()

    def publish(self, state: SaveState) -> None:
        """Tell the client what the storage has and how many of its messages that covers."""
        if self.access.extended and self.close_info is None:
            self.outbox.set_slot(Slot.SAVE_STATE, encode_frame(encode_save_state(replace(state, covers=self.covers))))

    def _hold_large(self, size_bytes: int, before: int) -> int:
        """Hold so much of the budget instead of what was held before; returns what it is now."""
        held = size_bytes if size_bytes > self._queue_limit else 0
        if held != before:
            self._room.large.change(held - before)
        return held

    def _take(self, events: list[Event], size_bytes: int) -> None:
        self.pump()
        if events and size_bytes > self._queue_limit and self.close_info is None:
            self._large_queued_bytes = self._hold_large(self._large_queued_bytes + size_bytes, self._large_queued_bytes)
        for event in events:
            self._queued_bytes += size_bytes
            self._room.post_event(self, event, size_bytes)
        if self._queued_bytes > self._queue_limit:
            self._read_on()

    def _read_on(self) -> None:
        """Pause or resume the wire as what is queued asks for."""
        reading = self._queued_bytes <= self._queue_limit and not self._room_is_full
        if reading is not self._reading and self._wire is not None:
            self._reading = reading
            if reading:
                self._wire.resume_reading()
            else:
                self._wire.pause_reading()


class TakesEditors(Protocol):
    """What is told by whose right it may be stored."""

    def offer(self, credentials: Credentials, *, edited: bool) -> None: ...


def offer_editors(file: TakesEditors, connections: Iterable[Connection]) -> None:
    """These connections changed something: the file may be stored by their right."""
    for connection in connections:
        if connection.access.role.may_write:
            file.offer(connection.access.credentials, edited=True)
