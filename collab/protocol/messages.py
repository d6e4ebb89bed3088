"""Owns the layout of every message of the y-websocket dialect and of our extensions (docs/protocol.md).

Knows no role, no document and no connection. Encoding is by module functions, so that a frame for all is encoded once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from collab.errors import MalformedMessage
from collab.limits import Limits
from collab.protocol.codec import (
    Reader,
    decode_json,
    decode_state_vector,
    decode_utf8,
    encode_json,
    encode_var_bytes,
    encode_var_string,
    encode_var_uint,
    var_uint_at,
)
from collab.protocol.events import AwarenessEntry
from collab.protocol.payloads import Hello as Hello
from collab.protocol.payloads import Notice as Notice
from collab.protocol.payloads import SaveState as SaveState
from collab.protocol.payloads import StorageState as StorageState

EMPTY_UPDATE = b"\x00\x00"
"""An update that changes nothing: no structs, no deletions."""
MAX_AWARENESS_CLOCK = 2**32 - 1
_JSON_DEPTH = 16
SYNC_STEP2 = b"\x00\x01"
"""How the answer to sync step 1 begins, the only message that may be as large as a document."""
_UPDATE = b"\x00\x02"
_AWARENESS = b"\x01"
_AWARENESS_ENTRY_BYTES = 3
"""No entry takes less: client id, clock, length of the state."""


class UnknownMessage(MalformedMessage):
    """A well-formed type number that means nothing here; stock clients may send such, so it ends no session."""


class MessageType(IntEnum):
    """First number of a message."""

    SYNC = 0
    AWARENESS = 1
    AUTH = 2
    QUERY_AWARENESS = 3
    HELLO = 112
    ACKNOWLEDGEMENT = 113
    SAVE_STATE = 114
    NOTICE = 115
    STATELESS = 116


class SyncType(IntEnum):
    """Second number of a sync message."""

    STEP1 = 0
    STEP2 = 1
    UPDATE = 2


@dataclass(frozen=True, slots=True)
class SyncStep1:
    """What the sender has."""

    state_vector: bytes


@dataclass(frozen=True, slots=True)
class SyncStep2:
    """What the receiver lacked, as an answer to step 1."""

    update: bytes


@dataclass(frozen=True, slots=True)
class Update:
    """A change that was just made."""

    update: bytes


@dataclass(frozen=True, slots=True)
class Awareness:
    """Presence of some clients."""

    entries: tuple[AwarenessEntry, ...]


@dataclass(frozen=True, slots=True)
class AuthDenied:
    """Why a stock client was refused."""

    reason: str


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    """The sender wants all presence states."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """So many update messages of this connection are journalled."""

    count: int


@dataclass(frozen=True, slots=True)
class Stateless:
    """A text for the others who are there now, which nobody keeps."""

    text: str


Message = (
    SyncStep1
    | SyncStep2
    | Update
    | Awareness
    | AuthDenied
    | QueryAwareness
    | Hello
    | Acknowledgement
    | SaveState
    | Notice
    | Stateless
)


# -- encoding --


def encode_sync_step1(state_vector: bytes) -> bytes:
    """The message around a state vector."""
    return b"\x00\x00" + encode_var_bytes(state_vector)


def encode_sync_step2(update: bytes) -> bytes:
    """The message around the answer to a sync step 1."""
    return b"\x00\x01" + encode_var_bytes(update)


def encode_update(update: bytes) -> bytes:
    """The message around an update."""
    return _UPDATE + encode_var_bytes(update)


def encode_awareness(entries: Sequence[AwarenessEntry]) -> bytes:
    """The message around some clients' presence."""
    return join_awareness([encode_awareness_entry(entry) for entry in entries])


def encode_awareness_entry(entry: AwarenessEntry) -> bytes:
    """One client's presence, to be joined with others'."""
    state = "null" if entry.state is None else entry.state
    return encode_var_uint(entry.client_id) + encode_var_uint(entry.clock) + encode_var_string(state)


def join_awareness(encoded: Sequence[bytes]) -> bytes:
    """The message around encoded entries."""
    return b"\x01" + encode_var_bytes(encode_var_uint(len(encoded)) + b"".join(encoded))


def encode_auth_denied(reason: str) -> bytes:
    """Tells a stock client why it is refused."""
    return b"\x02\x00" + encode_var_string(reason)


def encode_query_awareness() -> bytes:
    """Asks for all presence states."""
    return b"\x03"


def encode_hello(hello: Hello) -> bytes:
    """Our first message to a client of ours."""
    return _encode_json_message(MessageType.HELLO, hello.to_json())


def encode_acknowledgement(count: int) -> bytes:
    """So many of the connection's update messages are journalled."""
    return encode_var_uint(MessageType.ACKNOWLEDGEMENT) + encode_var_uint(count)


def encode_save_state(save_state: SaveState) -> bytes:
    """What the storage has."""
    return _encode_json_message(MessageType.SAVE_STATE, save_state.to_json())


def encode_notice(notice: Notice) -> bytes:
    """Something a person should know."""
    return _encode_json_message(MessageType.NOTICE, notice.to_json())


def encode_stateless(text: bytes) -> bytes:
    """A text for those who are there, given as an encoded string."""
    return encode_var_uint(MessageType.STATELESS) + text


def _encode_json_message(message_type: MessageType, payload: dict[str, object]) -> bytes:
    return encode_var_uint(message_type) + encode_var_string(encode_json(payload))


# -- decoding --


def decode_message(message: bytes, limits: Limits) -> Message:
    """Decode one whole message of either direction.

    Awareness states are taken as text: `AwarenessTable` parses those that count. Updates are not looked into.

    Raises: MalformedMessage, LimitExceeded (state_vector_clients), UnknownMessage.
    """
    update = update_of(message)
    if update is not None:
        return Update(update)
    if message.startswith(_AWARENESS):
        return Awareness(awareness_of(message))
    reader = Reader(message)
    number = reader.var_uint()
    decode = _DECODERS.get(number)
    if decode is None:
        raise UnknownMessage(f"unknown message type {number}")
    decoded = decode(reader, limits)
    reader.finish()
    return decoded


def update_of(message: bytes) -> bytes | None:
    """The short way for what is sent most: the update of a message that is one; None for all else, and for faults."""
    if not message.startswith(_UPDATE):
        return None
    try:
        size, at = var_uint_at(message, len(_UPDATE))
    except IndexError:
        return None
    return message[at:] if at + size == len(message) else None


def _decode_sync(reader: Reader, limits: Limits) -> Message:
    sync_type = reader.var_uint()
    content = reader.var_bytes()
    if sync_type == SyncType.STEP2:
        return SyncStep2(content)
    if sync_type == SyncType.STEP1:
        decode_state_vector(content, limits)
        return SyncStep1(content)
    raise MalformedMessage(f"unknown sync message {sync_type}")


def awareness_of(message: bytes) -> tuple[AwarenessEntry, ...]:
    """The entries of an awareness message. Raises: MalformedMessage."""
    try:
        size, at = var_uint_at(message, 1)
        end = at + size
        count, at = var_uint_at(message, at)
        if end != len(message) or count * _AWARENESS_ENTRY_BYTES > end - at:
            raise MalformedMessage("count or length that does not fit the message")
        entries, at = _awareness_entries_at(message, at, count)
    except IndexError:
        raise MalformedMessage("truncated message") from None
    if at != end:
        raise MalformedMessage("trailing bytes" if at < end else "truncated message")
    return tuple(entries)


def _awareness_entries_at(content: bytes, at: int, count: int) -> tuple[list[AwarenessEntry], int]:
    """So many entries; stock providers echo everybody's, so this is short. Raises: IndexError, MalformedMessage."""
    entries = []
    for _ in range(count):
        client_id, at = var_uint_at(content, at)
        clock, at = var_uint_at(content, at)
        size, at = var_uint_at(content, at)
        if clock > MAX_AWARENESS_CLOCK:
            raise MalformedMessage("awareness clock out of range")
        state = decode_utf8(content[at : at + size])
        at += size
        entries.append(AwarenessEntry(client_id, clock, None if state == "null" else state))
    return entries, at


def _decode_auth(reader: Reader, limits: Limits) -> Message:
    if reader.var_uint() != 0:
        raise MalformedMessage("unknown auth message")
    return AuthDenied(reader.var_string())


def _decode_query_awareness(reader: Reader, limits: Limits) -> Message:
    return QueryAwareness()


def _decode_hello(reader: Reader, limits: Limits) -> Message:
    return Hello.from_json(_json(reader))


def _decode_acknowledgement(reader: Reader, limits: Limits) -> Message:
    return Acknowledgement(reader.var_uint())


def _decode_save_state(reader: Reader, limits: Limits) -> Message:
    return SaveState.from_json(_json(reader))


def _decode_notice(reader: Reader, limits: Limits) -> Message:
    return Notice.from_json(_json(reader))


def _decode_stateless(reader: Reader, limits: Limits) -> Message:
    return Stateless(reader.var_string())


def _json(reader: Reader) -> object:
    return decode_json(reader.var_string(), _JSON_DEPTH)


_DECODERS: Mapping[int, Callable[[Reader, Limits], Message]] = {
    MessageType.SYNC: _decode_sync,
    MessageType.AUTH: _decode_auth,
    MessageType.QUERY_AWARENESS: _decode_query_awareness,
    MessageType.HELLO: _decode_hello,
    MessageType.ACKNOWLEDGEMENT: _decode_acknowledgement,
    MessageType.SAVE_STATE: _decode_save_state,
    MessageType.NOTICE: _decode_notice,
    MessageType.STATELESS: _decode_stateless,
}
