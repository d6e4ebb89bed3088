"""Owns the y-websocket dialect: y-protocols' messages, a room per URL; opens nothing."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from collab.errors import MalformedMessage
from collab.protocol.codec import Reader, encode_var_bytes
from loadtest.dialects.base import Incoming, Kind

_SYNC, _PRESENCE, _AUTH, _ACKNOWLEDGEMENT = 0, 1, 2, 113
_SYNC_KINDS = (Kind.ASKED, Kind.SYNCED, Kind.UPDATE)


class YWebsocket:
    """A room of a y-websocket server."""

    greeting: bytes | None = None

    def __init__(self, base: str, room: str, token: str | None, extensions: bool = False) -> None:
        address, _, query = base.partition("?")
        added = {"token": token} if token else {}
        if extensions:
            added["v"] = "1"
        query = "&".join(part for part in (query, urlencode(added)) if part)
        self.url = f"{address.rstrip('/')}/{quote(room)}" + (f"?{query}" if query else "")

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        return ()

    async def prepare(self) -> None:
        return

    def encode_step1(self, state_vector: bytes) -> bytes:
        return b"\x00\x00" + encode_var_bytes(state_vector)

    def encode_step2(self, update: bytes) -> bytes:
        return b"\x00\x01" + encode_var_bytes(update)

    def encode_update(self, update: bytes) -> bytes:
        return b"\x00\x02" + encode_var_bytes(update)

    def encode_presence(self, presence: bytes) -> bytes:
        return b"\x01" + encode_var_bytes(presence)

    def encode_pong(self) -> bytes:
        raise NotImplementedError("y-websocket has no pings of its own")

    def decode(self, message: bytes) -> Incoming:
        """Raises: MalformedMessage."""
        reader = Reader(message)
        number = reader.var_uint()
        if number == _SYNC:
            return decode_sync(reader)
        if number == _PRESENCE:
            return Incoming(Kind.PRESENCE, reader.var_bytes())
        if number == _ACKNOWLEDGEMENT:
            return Incoming(Kind.ACKNOWLEDGED, count=reader.var_uint(), cumulative=True)
        if number == _AUTH:
            return self._decode_auth(reader)
        return Incoming(Kind.OTHER)

    def _decode_auth(self, reader: Reader) -> Incoming:
        if reader.var_uint() != 0:
            return Incoming(Kind.OTHER)
        return Incoming(Kind.DENIED, reason=reader.var_string())


def decode_sync(reader: Reader) -> Incoming:
    """What stands behind the number of a sync message. Raises: MalformedMessage."""
    number = reader.var_uint()
    if number >= len(_SYNC_KINDS):
        raise MalformedMessage(f"unknown sync message {number}")
    return Incoming(_SYNC_KINDS[number], reader.var_bytes())
