"""Owns the layout of messages between nodes, and the seal that tells them from a stranger's; pure, knows no network.

A sealed message is one byte of version, the seal (keyed BLAKE2b over version and body), and the body: who sent it, for
which room and history, its place in the sender's sequence, and parts. Everything of a room's turn is one message.
Whoever has the key may say anything here; whoever has it not can neither make a message nor change one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from collab.errors import MalformedMessage
from collab.protocol.codec import (
    Reader,
    decode_json,
    encode_json,
    encode_var_bytes,
    encode_var_string,
    encode_var_uint,
)

VERSION = 1
SEAL_BYTES = 16
NODES = ""
"""The room of messages that are about no room but about the nodes themselves."""
_KEY_BYTES = 64
_EPOCH_BYTES = 8
_HEAD_BYTES = 1 + SEAL_BYTES
_JSON_DEPTH = 16
_BEATEN_BYTES = 10
_ROOM_BYTES = 3


class Unsealed(MalformedMessage):
    """A stranger's message, or one of another namespace."""


class OtherVersion(MalformedMessage):
    """A message of our own group in a version that we do not speak."""


@dataclass(frozen=True, slots=True)
class NodeId:
    """One life of one node: `epoch` is drawn at its start."""

    name: str
    epoch: int

    def __str__(self) -> str:
        return f"{self.name}#{self.epoch:016x}"


@dataclass(frozen=True, slots=True)
class Author:
    """Whose update it is."""

    user_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Updates:
    """What the sender's own clients and savers changed in one turn.

    `number` counts the updates of its clients that the sender has sent in this room until now. `authors`: of each
    update, None where a server made it; so long as `updates`, or empty when nothing is known.
    """

    updates: tuple[bytes, ...]
    number: int = 0
    authors: tuple[Author | None, ...] = ()

    def by(self, index: int) -> Author | None:
        """Who made an update, as far as it is known."""
        return self.authors[index] if self.authors else None


@dataclass(frozen=True, slots=True)
class Presence:
    """Awareness entries of the sender's own people, as their clients would be told them."""

    entries: bytes


@dataclass(frozen=True, slots=True)
class Ask:
    """Tell me what I lack; `of` one node, or of all who have the room."""

    state_vector: bytes
    of: NodeId | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What `to` lacked; `number`: what the sender must have confirmed for it. `settled`: all of it is journalled."""

    update: bytes
    to: NodeId
    number: int = 0
    settled: bool = True


@dataclass(frozen=True, slots=True)
class Journal:
    """The entries `first` to `seq` of the history are journalled, and in the sender's messages up to this one.

    With `first` 0 they are not: what stands up to `seq` is to be looked up in the store. `confirmed`: the updates of
    the sender's clients up to this number are journalled.
    """

    first: int
    seq: int
    confirmed: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """The sender has the room no more."""


@dataclass(frozen=True, slots=True)
class Said:
    """Something that people or servers are to know: its subject, and fields as JSON has them."""

    subject: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RoomBeat:
    """The last message that was sent in a room."""

    room: str
    stream: int
    seq: int


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life: its number, whom the sender hears and their last number, and rooms that spoke of late."""

    number: int
    hears: tuple[tuple[NodeId, int], ...]
    rooms: tuple[RoomBeat, ...] = ()


@dataclass(frozen=True, slots=True)
class Gone:
    """The sender ends in good order."""


Part = Updates | Presence | Ask | State | Journal | Left | Said | Beat | Gone


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `stream` numbers the times that the sender had the room open, `seq` its messages since."""

    sender: NodeId
    room: str
    history: str
    stream: int
    seq: int
    parts: tuple[Part, ...]


class Seal:
    """Makes and checks the seals of one group of nodes: by its key, and by the namespace on the shared server."""

    def __init__(self, key: bytes, namespace: str) -> None:
        digest = hashlib.blake2b(namespace.encode(), key=key[:_KEY_BYTES], person=b"collab-fan-out").digest()
        self._keyed = hashlib.blake2b(key=digest, digest_size=SEAL_BYTES)

    def seal(self, body: bytes) -> bytes:
        """The body as it travels."""
        return bytes((VERSION,)) + self._digest(VERSION, body) + body

    def open(self, sealed: bytes) -> bytes:
        """The body. Raises: Unsealed, OtherVersion."""
        if len(sealed) < _HEAD_BYTES:
            raise Unsealed("too short")
        version, body = sealed[0], sealed[_HEAD_BYTES:]
        if not hmac.compare_digest(sealed[1:_HEAD_BYTES], self._digest(version, body)):
            raise Unsealed("no seal of ours")
        if version != VERSION:
            raise OtherVersion(f"version {version}, not {VERSION}")
        return body

    def _digest(self, version: int, body: bytes) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(bytes((version,)))
        keyed.update(body)
        return keyed.digest()


def encode(message: Message) -> bytes:
    """A message as the body of a sealed one."""
    out = [
        _node(message.sender),
        encode_var_string(message.room),
        encode_var_string(message.history),
        encode_var_uint(message.stream),
        encode_var_uint(message.seq),
    ]
    for part in message.parts:
        kind, write = _WRITERS[type(part)]
        out += (bytes((kind,)), encode_var_bytes(write(part)))
    return b"".join(out)


def decode(body: bytes) -> Message:
    """The opposite of `encode`; parts of unknown kinds are left out. Raises: MalformedMessage."""
    reader = Reader(body)
    sender = _read_node(reader)
    room, history = reader.var_string(), reader.var_string()
    stream, seq = reader.var_uint(), reader.var_uint()
    parts: list[Part] = []
    while reader.remaining:
        kind, content = reader.var_uint(), reader.var_bytes()
        read = _READERS.get(kind)
        if read is not None:
            inner = Reader(content)
            parts.append(read(inner))
            inner.finish()
    return Message(sender, room, history, stream, seq, tuple(parts))


class _Kind(IntEnum):
    UPDATES = 1
    PRESENCE = 2
    ASK = 3
    STATE = 4
    JOURNAL = 5
    LEFT = 6
    SAID = 7
    BEAT = 8
    GONE = 9


def _node(node: NodeId) -> bytes:
    return encode_var_string(node.name) + node.epoch.to_bytes(_EPOCH_BYTES, "big")


def _read_node(reader: Reader) -> NodeId:
    return NodeId(reader.var_string(), int.from_bytes(reader.fixed(_EPOCH_BYTES), "big"))


def _write_ask(part: Ask) -> bytes:
    return encode_var_bytes(part.state_vector) + (b"\x00" if part.of is None else b"\x01" + _node(part.of))


def _read_ask(reader: Reader) -> Ask:
    return Ask(reader.var_bytes(), _read_node(reader) if reader.var_uint() else None)


def _write_journal(part: Journal) -> bytes:
    return encode_var_uint(part.first) + encode_var_uint(part.seq) + encode_var_uint(part.confirmed)


def _write_said(part: Said) -> bytes:
    return encode_var_string(part.subject) + encode_var_string(encode_json(dict(part.fields)))


def _read_said(reader: Reader) -> Said:
    subject, fields = reader.var_string(), decode_json(reader.var_string(), _JSON_DEPTH)
    if not isinstance(fields, dict):
        raise MalformedMessage("fields are not an object")
    return Said(subject, fields)


def _write_beat(part: Beat) -> bytes:
    out = [encode_var_uint(part.number), encode_var_uint(len(part.hears))]
    for node, number in part.hears:
        out += (_node(node), encode_var_uint(number))
    out.append(encode_var_uint(len(part.rooms)))
    for room in part.rooms:
        out += (encode_var_string(room.room), encode_var_uint(room.stream), encode_var_uint(room.seq))
    return b"".join(out)


def _read_beat(reader: Reader) -> Beat:
    number = reader.var_uint()
    hears = tuple((_read_node(reader), reader.var_uint()) for _ in range(reader.count(_BEATEN_BYTES)))
    count = reader.count(_ROOM_BYTES)
    rooms = tuple(RoomBeat(reader.var_string(), reader.var_uint(), reader.var_uint()) for _ in range(count))
    return Beat(number, hears, rooms)


def _write_updates(part: Updates) -> bytes:
    """Each author once; an update names its author by the place in that list from 1 on, 0 for none."""
    people = list(dict.fromkeys(author for author in part.authors if author is not None))
    places = {author: place for place, author in enumerate(people, 1)}
    out = [encode_var_uint(part.number), encode_var_uint(len(people))]
    for author in people:
        out += (encode_var_string(author.user_id), encode_var_string(author.name))
    out.append(encode_var_uint(len(part.updates)))
    for index, update in enumerate(part.updates):
        maker = part.by(index)
        out += (encode_var_uint(0 if maker is None else places[maker]), encode_var_bytes(update))
    return b"".join(out)


def _read_updates(reader: Reader) -> Updates:
    number = reader.var_uint()
    people: list[Author | None] = [None]
    people += [Author(reader.var_string(), reader.var_string()) for _ in range(reader.count(2))]
    updates, authors = [], []
    for _ in range(reader.count(2)):
        place = reader.var_uint()
        if place >= len(people):
            raise MalformedMessage("an author who is not there")
        authors.append(people[place])
        updates.append(reader.var_bytes())
    return Updates(tuple(updates), number, tuple(authors) if len(people) > 1 else ())


def _write_state(part: State) -> bytes:
    head = _node(part.to) + encode_var_uint(part.number) + encode_var_uint(part.settled)
    return head + encode_var_bytes(part.update)


def _read_state(reader: Reader) -> State:
    to, number, settled = _read_node(reader), reader.var_uint(), bool(reader.var_uint())
    return State(reader.var_bytes(), to, number, settled)


_WRITERS: Mapping[type, tuple[_Kind, Callable[..., bytes]]] = {
    Updates: (_Kind.UPDATES, _write_updates),
    Presence: (_Kind.PRESENCE, lambda part: encode_var_bytes(part.entries)),
    Ask: (_Kind.ASK, _write_ask),
    State: (_Kind.STATE, _write_state),
    Journal: (_Kind.JOURNAL, _write_journal),
    Left: (_Kind.LEFT, lambda part: b""),
    Said: (_Kind.SAID, _write_said),
    Beat: (_Kind.BEAT, _write_beat),
    Gone: (_Kind.GONE, lambda part: b""),
}
_READERS: Mapping[int, Callable[[Reader], Part]] = {
    _Kind.UPDATES: _read_updates,
    _Kind.PRESENCE: lambda reader: Presence(reader.var_bytes()),
    _Kind.ASK: _read_ask,
    _Kind.STATE: _read_state,
    _Kind.JOURNAL: lambda reader: Journal(reader.var_uint(), reader.var_uint(), reader.var_uint()),
    _Kind.LEFT: lambda reader: Left(),
    _Kind.SAID: _read_said,
    _Kind.BEAT: _read_beat,
    _Kind.GONE: lambda reader: Gone(),
}
