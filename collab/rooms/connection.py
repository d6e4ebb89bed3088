"""Owns one client of one room: its session, outbox, counts, identity and role; knows no socket.

The transport (a WebSocket loop) uses `receive`, `ready`, `next_frames`, `closed` and `disconnected`, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from collab.clock import Clock
from collab.errors import CloseCode, CollabError, Unauthenticated
from collab.limits import Limits
from collab.protocol.events import Event
from collab.protocol.messages import encode_acknowledgement, encode_save_state
from collab.protocol.payloads import Notice, SaveState
from collab.protocol.roles import Identity, Role
from collab.protocol.session import CloseInfo, Session
from collab.rooms.ledger import Ledger
from collab.rooms.outbox import Outbox, Slot
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


class ConnectionRoom(Protocol):
    """What a connection needs from its room."""

    def post_event(self, connection: Connection, event: Event, size_bytes: int) -> None: ...

    def post_leave(self, connection: Connection) -> None: ...

    def post_drained(self, connection: Connection) -> None: ...

    async def ready(self) -> None: ...


class Connection:
    """One client in one room."""

    def __init__(self, number: int, access: Access, room: ConnectionRoom, limits: Limits, clock: Clock) -> None:
        self.number = number
        self.access = access
        self.ledger = Ledger()
        self.outbox = Outbox(limits.outbox_size_bytes)
        self.session = Session(access.role, access.identity, limits, access.extended)
        self.close_info: CloseInfo | None = None
        self.covers = 0
        """So many update messages of this connection are in the stored file."""
        self.deferred: deque[Received] = deque()
        """What waits, in order, behind a large update of this connection that is being checked."""
        self.checking = False
        self.barren_answers = 0
        """So many answers to sync step 1 in a row had gaps and brought nothing new."""
        self.asked_at = float("-inf")
        """When this client was asked last for what we lack (monotonic)."""
        self.resync_due: float | None = None
        """When it is to be asked again; None: there is no need."""
        self._queue_limit = limits.message_size_bytes
        self._queued_bytes = 0
        self._may_receive = asyncio.Event()
        self._may_receive.set()
        self._ended = asyncio.Event()
        self._room = room
        self._clock = clock

    @property
    def role(self) -> Role:
        return self.session.role

    @property
    def identity(self) -> Identity:
        return self.access.identity

    # -- for the transport --

    def receive(self, data: bytes) -> None:
        """Take one message from the client; never raises on bad input. Await `ready()` before the next one."""
        if self.close_info is not None:
            return
        events = self.session.receive(data, self._clock.monotonic())
        self.pump()
        for event in events:
            self._queued_bytes += len(data)
            if self._queued_bytes > self._queue_limit:
                self._may_receive.clear()
            self._room.post_event(self, event, len(data))

    async def ready(self) -> None:
        """Return when the room can take another message of this connection: the backpressure of the socket."""
        await self._may_receive.wait()
        await self._room.ready()

    async def next_frames(self) -> list[bytes] | None:
        """The next messages to send, in order. None: close the socket with `close_info`."""
        while True:
            frames = self.outbox.take()
            if frames is None or frames:
                return frames
            if self.outbox.ready_for_resync:
                self._room.post_drained(self)
            await self.outbox.wait()

    async def closed(self) -> CloseInfo:
        """Return when this connection is over, so that a transport that is stuck in a send can cut it."""
        await self._ended.wait()
        return self.close_info or CloseInfo(CloseCode.NORMAL, "")

    def disconnected(self) -> None:
        """The socket is gone; may be called twice."""
        self.close(CloseCode.NORMAL, "")
        self._room.post_leave(self)

    # -- for the room --

    def dealt_with(self, size_bytes: int) -> None:
        """The room took a message of so many bytes from its inbox."""
        self._queued_bytes -= size_bytes
        if self._queued_bytes <= self._queue_limit:
            self._may_receive.set()

    def pump(self) -> None:
        """Move what the session wants to send into the outbox."""
        for frame in self.session.data_to_send():
            if not self.outbox.put(frame):
                self.close(CloseCode.TRY_AGAIN_LATER, "slow consumer")
        info = self.session.close_info
        if info is not None:
            self.close(info.code, info.reason)

    def close(self, code: CloseCode, reason: str = "") -> None:
        """End the connection; the first reason stands."""
        self.session.close(code, reason)
        if self.close_info is None:
            self.close_info = self.session.close_info
            self.outbox.close()
            self._ended.set()
            self._may_receive.set()

    def fail(self, error: CollabError) -> None:
        """End the connection for an error, with its public text."""
        self.close(error.close_code, error.public)

    def ask(self, state_vector: bytes, now: float) -> None:
        """Ask for what we lack."""
        self.asked_at, self.resync_due = now, None
        self.session.send_sync_step1(state_vector)
        self.pump()

    def acknowledge(self) -> None:
        """Tell the client how many of its update messages are journalled. Called after an append, only."""
        if self.access.extended and self.close_info is None:
            self.outbox.set_slot(Slot.ACKNOWLEDGEMENT, encode_acknowledgement(self.ledger.acknowledged))

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
            self.outbox.set_slot(Slot.SAVE_STATE, encode_save_state(replace(state, covers=self.covers)))
