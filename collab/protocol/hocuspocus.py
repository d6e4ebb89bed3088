"""Owns the Hocuspocus dialect (`@hocuspocus/provider` 2 to 4): many documents on one socket, each message with a name.

What it says about a document is what the y-websocket dialect says, behind an address: so a document's channel here is a
translation to and from that dialect and its extensions, and the rooms know nothing of it. Knows no socket and no room.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum

from collab.errors import LimitExceeded, MalformedMessage, ProtocolError
from collab.limits import Limits
from collab.protocol.codec import Reader, encode_var_string, encode_var_uint
from collab.protocol.messages import (
    EMPTY_UPDATE,
    SYNC_STEP2,
    MessageType,
    SyncStep2,
    Update,
    decode_message,
    encode_query_awareness,
    encode_stateless,
)
from collab.protocol.roles import Role

PING = b"\x09"
PONG = b"\x0a"
"""Of the socket, without an address; since provider version 4."""
_SESSION = "\0"
_SYNC = b"\x00"
_AWARENESS = b"\x01"
_UPDATES = (SYNC_STEP2, b"\x00\x02")


class HocuspocusType(IntEnum):
    """First number behind the address."""

    SYNC = 0
    AWARENESS = 1
    AUTH = 2
    QUERY_AWARENESS = 3
    SYNC_REPLY = 4
    STATELESS = 5
    CLOSE = 7
    SYNC_STATUS = 8


class _Auth(IntEnum):
    TOKEN = 0
    DENIED = 1
    AUTHENTICATED = 2


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message of a client: for which document, of which type, and the rest."""

    address: str
    """The document's name; with `sessionAwareness` a NUL and the provider's own id behind it."""
    kind: int
    body: bytes

    @property
    def document(self) -> str:
        """The document's name alone."""
        return self.address.partition(_SESSION)[0]


@dataclass(frozen=True, slots=True)
class Token:
    """The client wants to be let in."""

    token: str
    pings: bool
    """It understands pings of the dialect: providers since version 4, which say their version."""


def open_envelope(message: bytes, limits: Limits) -> Envelope:
    """Raises: MalformedMessage, LimitExceeded (scratch_name_length)."""
    reader = Reader(message)
    address = reader.var_string()
    if len(address) > 2 * limits.scratch_name_length:
        raise LimitExceeded("scratch_name_length")
    return Envelope(address, reader.var_uint(), message[len(message) - reader.remaining :])


def token_of(envelope: Envelope) -> Token:
    """What an AUTH message says. Raises: MalformedMessage."""
    reader = Reader(envelope.body)
    if reader.var_uint() != _Auth.TOKEN:
        raise MalformedMessage("an answer to a question that was not asked")
    token = reader.var_string()
    return Token(token, pings=reader.remaining > 0)


class Translation:
    """One document of one socket: messages of one dialect in, of the other out. Never raises on what a peer sends."""

    def __init__(self, address: str, limits: Limits, extensions: bool = False) -> None:
        """`extensions`: the client announced (`?v=1`) that it wants what we tell beside the document."""
        self.address = address
        self._prefix = encode_var_string(address)
        self._limits = limits
        self._extensions = extensions
        self._settled = 0
        self._updates: deque[bool] = deque()
        """Of each update that is not acknowledged yet: whether the role allowed it."""

    # -- from the client --

    def inward(self, envelope: Envelope, role: Role) -> bytes | None:
        """The message as the y-websocket dialect has it; None for what means nothing there."""
        match envelope.kind:
            case HocuspocusType.SYNC | HocuspocusType.SYNC_REPLY:
                message = _SYNC + envelope.body
                if message.startswith(_UPDATES):
                    self._updates.append(role.may_write or self._is_empty(message))
                return message
            case HocuspocusType.AWARENESS:
                return _AWARENESS + envelope.body
            case HocuspocusType.QUERY_AWARENESS:
                return encode_query_awareness()
            case HocuspocusType.STATELESS:
                return encode_stateless(envelope.body)
        return None

    def _is_empty(self, message: bytes) -> bool:
        try:
            decoded = decode_message(message, self._limits)
        except ProtocolError:
            return False
        return isinstance(decoded, SyncStep2 | Update) and decoded.update == EMPTY_UPDATE

    # -- to the client --

    def outward(self, message: bytes) -> list[bytes]:
        """A message of the y-websocket dialect as this dialect has it: none, one, or for acknowledgements several."""
        if message[:1] in (_SYNC, _AWARENESS):
            return [self._prefix + message]
        reader = Reader(message)
        number = reader.var_uint()
        if number == MessageType.ACKNOWLEDGEMENT:
            return self._settle(reader.var_uint())
        if number == MessageType.STATELESS:
            return [self._say(HocuspocusType.STATELESS, message[len(message) - reader.remaining :])]
        if self._extensions and number in (MessageType.SAVE_STATE, MessageType.NOTICE):
            told = f'{{"livefolder":"{MessageType(number).name.lower()}","is":{reader.var_string()}}}'
            return [self._say(HocuspocusType.STATELESS, encode_var_string(told))]
        return []

    def _settle(self, count: int) -> list[bytes]:
        """A sync status for each update that is journalled, or was refused."""
        said = []
        while self._settled < count:
            self._settled += 1
            allowed = self._updates.popleft() if self._updates else True
            said.append(self._say(HocuspocusType.SYNC_STATUS, encode_var_uint(int(allowed))))
        return said

    def admitted(self, role: Role) -> bytes:
        """The client is in, with this role."""
        scope = "read-write" if role.may_write else "readonly"
        return self._say(HocuspocusType.AUTH, encode_var_uint(_Auth.AUTHENTICATED) + encode_var_string(scope))

    def denied(self, reason: str) -> bytes:
        """The client is not let in."""
        return self._say(HocuspocusType.AUTH, encode_var_uint(_Auth.DENIED) + encode_var_string(reason))

    def closed(self, reason: str) -> bytes:
        """Nothing more will come of this document."""
        return self._say(HocuspocusType.CLOSE, encode_var_string(reason))

    def _say(self, kind: HocuspocusType, body: bytes) -> bytes:
        return self._prefix + encode_var_uint(kind) + body
