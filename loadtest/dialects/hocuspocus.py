"""Owns the dialect of Hocuspocus 2 to 4: one URL for all, the document's name in each message, a word to be let in."""

from __future__ import annotations

from collections.abc import Sequence

from collab.errors import MalformedMessage
from collab.protocol.codec import Reader, encode_var_bytes, encode_var_string
from loadtest.dialects.base import Incoming, Kind
from loadtest.dialects.ywebsocket import decode_sync

_SYNC, _PRESENCE, _AUTH, _SYNC_REPLY, _CLOSE, _SYNC_STATUS = 0, 1, 2, 4, 7, 8
_PING, _PONG = b"\x09", b"\x0a"
"""Of the connection, without a document's name."""
_AUTH_DENIED, _AUTHENTICATED = 1, 2
_PROVIDER_VERSION = "4.0.0"
"""Servers from 4 on want to know; older ones do not read so far."""


class Hocuspocus:
    """A document of a Hocuspocus server, on a connection of its own."""

    def __init__(self, base: str, room: str, token: str | None) -> None:
        self.url = base
        self._name = encode_var_string(room)
        self.greeting: bytes | None = b"".join(
            (self._name, b"\x02\x00", encode_var_string(token or ""), encode_var_string(_PROVIDER_VERSION))
        )

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        return ()

    async def prepare(self) -> None:
        return

    def encode_step1(self, state_vector: bytes) -> bytes:
        return self._name + b"\x00\x00" + encode_var_bytes(state_vector)

    def encode_step2(self, update: bytes) -> bytes:
        return self._name + b"\x00\x01" + encode_var_bytes(update)

    def encode_update(self, update: bytes) -> bytes:
        return self._name + b"\x00\x02" + encode_var_bytes(update)

    def encode_presence(self, presence: bytes) -> bytes:
        return self._name + b"\x01" + encode_var_bytes(presence)

    def encode_pong(self) -> bytes:
        return _PONG

    def decode(self, message: bytes) -> Incoming:
        """Raises: MalformedMessage."""
        if message == _PING:
            return Incoming(Kind.PINGED)
        reader = Reader(message)
        reader.var_bytes()
        number = reader.var_uint()
        if number in (_SYNC, _SYNC_REPLY):
            return decode_sync(reader)
        if number == _PRESENCE:
            return Incoming(Kind.PRESENCE, reader.var_bytes())
        if number == _SYNC_STATUS:
            return Incoming(Kind.ACKNOWLEDGED, count=1) if reader.var_uint() else Incoming(Kind.OTHER)
        if number == _AUTH:
            return self._decode_auth(reader)
        if number == _CLOSE:
            return Incoming(Kind.DENIED, reason=reader.var_string())
        return Incoming(Kind.OTHER)

    def _decode_auth(self, reader: Reader) -> Incoming:
        answer = reader.var_uint()
        if answer == _AUTHENTICATED:
            return Incoming(Kind.ADMITTED)
        if answer == _AUTH_DENIED:
            return Incoming(Kind.DENIED, reason=reader.var_string())
        raise MalformedMessage(f"unknown authentication message {answer}")
