"""Owns the protocol state of one connection: bytes in, events out; roles, sizes and rates are checked per message.

Knows no socket, no clock and no document. It never raises on what a peer sends; after a fatal error it only discards.
"""

from __future__ import annotations

from collab.errors import CloseCode, LimitExceeded, MalformedMessage, PermissionDenied, ProtocolError
from collab.limits import Limits
from collab.protocol.events import (
    AwarenessReceived,
    AwarenessRequested,
    Event,
    Rejected,
    StatelessReceived,
    SyncRequested,
    UpdateReceived,
)
from collab.protocol.messages import (
    EMPTY_UPDATE,
    SYNC_STEP2,
    Message,
    QueryAwareness,
    Stateless,
    SyncStep1,
    SyncStep2,
    UnknownMessage,
    awareness_of,
    decode_message,
    update_of,
)
from collab.protocol.rate import TokenBucket
from collab.protocol.roles import Identity, Role
from collab.protocol.sending import CloseInfo, Sender

__all__ = ["CloseInfo", "Session"]

_AWARENESS = 1


class Session(Sender):
    """One connection that speaks the y-websocket dialect, with our extensions where it announced them."""

    __slots__ = (
        "_heard_at",
        "_limits",
        "_messages",
        "_opened_at",
        "_presence",
        "identity",
        "role",
    )

    def __init__(self, role: Role, identity: Identity, limits: Limits, extensions: bool) -> None:
        super().__init__(extensions)
        self.role = role
        self.identity = identity
        self._limits = limits
        self._messages = TokenBucket(limits.messages_per_second, limits.messages_burst)
        self._presence = TokenBucket(limits.messages_per_second, limits.messages_burst)
        self._opened_at: float | None = None
        self._heard_at: float | None = None

    @property
    def message_limit_bytes(self) -> int:
        """The largest message that would be taken now; the transport may cut a larger one while it arrives."""
        if self._questions and self.role.may_write:
            return max(self._limits.sync_size_bytes, self._limits.message_size_bytes)
        return self._limits.message_size_bytes

    def may_be_large(self, start: bytes) -> bool:
        """Whether a message that starts so may be above `message_size_bytes`: the answer to sync step 1, only."""
        return SYNC_STEP2.startswith(start[: len(SYNC_STEP2)])

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take one binary WebSocket message from the peer; never raises on bad input."""
        if self.close_info is not None:
            return []
        self._heard_at = now
        try:
            if len(data) > self._limits.message_size_bytes:
                self._check_size(data)
            if not self._within_rate(data, now):
                return []
            if (update := update_of(data)) is not None:
                return [self._on_update(update, in_sync=False)]
            if data and data[0] == _AWARENESS:
                entries = awareness_of(data)
                return [AwarenessReceived(entries)] if entries else []
            return self._on_message(decode_message(data, self._limits))
        except UnknownMessage as error:
            return [Rejected(error, fatal=False)]
        except ProtocolError as error:
            return [self._fail(error, error.close_code)]

    def receive_oversized(self, start: bytes) -> list[Event]:
        """A message above `message_limit_bytes` arrives; `start` is how it begins."""
        if self.close_info is not None:
            return []
        may_be_sync = self.message_limit_bytes > self._limits.message_size_bytes
        limit = "sync_size_bytes" if may_be_sync and self.may_be_large(start) else "message_size_bytes"
        return [self._fail(LimitExceeded(limit), LimitExceeded.close_code)]

    def heard(self, now: float) -> None:
        """The transport saw a sign of life that is no message (a pong)."""
        self._heard_at = now

    def expire(self, now: float) -> list[Event]:
        """Let time pass: ends a session that never spoke, or that fell silent."""
        if self.close_info is not None:
            return []
        if self._opened_at is None:
            self._opened_at = now
        if self._heard_at is None and now - self._opened_at > self._limits.handshake_timeout_s:
            return [self._fail(LimitExceeded("handshake_timeout_s"), CloseCode.TRY_AGAIN_LATER)]
        if self._heard_at is not None and now - self._heard_at > self._limits.idle_timeout_s:
            return [self._fail(LimitExceeded("idle_timeout_s"), CloseCode.TRY_AGAIN_LATER)]
        return []

    def change_role(self, role: Role) -> None:
        """The rights of this connection changed; the next message is judged by the new ones."""
        self.role = role

    def _check_size(self, data: bytes) -> None:
        """Of a message that is larger than an ordinary one."""
        if not self.may_be_large(data) or self.message_limit_bytes == self._limits.message_size_bytes:
            raise LimitExceeded("message_size_bytes")
        if len(data) > self.message_limit_bytes:
            raise LimitExceeded("sync_size_bytes")

    def _within_rate(self, data: bytes, now: float) -> bool:
        """Presence above the rate is dropped: stock providers echo everybody's. Anything else ends the session."""
        if data and data[0] == _AWARENESS:
            return self._presence.take(now)
        if self._messages.take(now):
            return True
        error = LimitExceeded("messages_per_second")
        error.close_code = CloseCode.TRY_AGAIN_LATER
        raise error

    def _on_message(self, message: Message) -> list[Event]:
        if isinstance(message, SyncStep2):
            self._questions = max(0, self._questions - 1)
            return [self._on_update(message.update, in_sync=True)]
        if isinstance(message, SyncStep1):
            return [SyncRequested(message.state_vector)]
        if isinstance(message, QueryAwareness):
            return [AwarenessRequested()]
        if isinstance(message, Stateless) and self.extensions:
            return [StatelessReceived(message.text)]
        return [Rejected(MalformedMessage(f"{type(message).__name__} from a client"), fatal=False)]

    def _on_update(self, update: bytes, in_sync: bool) -> Event:
        """Empty updates pass for everybody: each stock client answers sync step 1 with one."""
        if self.role.may_write or update == EMPTY_UPDATE:
            return UpdateReceived(update, in_sync)
        return Rejected(PermissionDenied(f"update from a {self.role}"), fatal=False, updates=1, in_sync=in_sync)

    def _fail(self, error: ProtocolError, code: CloseCode) -> Rejected:
        self.close(code, error.public)
        return Rejected(error, fatal=True)
