"""Owns the HTTP side of a WebSocket: the request that asks for it, and the bytes that let it in or refuse it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import unquote

from starlette.requests import HTTPConnection

from collab.auth.peer import peer_uid

VERSION = "13"
_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES = 16


class ImpossibleUpgrade(ValueError):
    """The request cannot become a WebSocket; `status` is what it is answered with."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(slots=True)
class PeerSocket:
    """The other end of one connection; its user is looked up once."""

    client: tuple[str, int] | None
    server: tuple[str, int | None] | None
    _uid: int | None = field(default=None, init=False)

    def uid(self) -> int | None:
        """The uid that owns the other end on this machine, None when unknown."""
        if self._uid is None and self.client is not None and self.server is not None and self.server[1] is not None:
            self._uid = peer_uid(self.client, (self.server[0], self.server[1]))
        return self._uid


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A request that asks for a WebSocket."""

    asked: HTTPConnection
    path: str
    key: str

    @property
    def subprotocols(self) -> list[str]:
        """What the client offers, in its order."""
        offered = ",".join(self.asked.headers.getlist("sec-websocket-protocol")).split(",")
        return [name.strip() for name in offered if name.strip()]

    @property
    def address(self) -> str:
        """Where it comes from, for counting."""
        return self.asked.client.host if self.asked.client else "unknown"


def read_upgrade(head: bytes, peer: PeerSocket, *, secure: bool) -> Upgrade:
    """The request in a complete head. Raises: ImpossibleUpgrade."""
    first, *lines = head.split(b"\r\n\r\n", 1)[0].split(b"\r\n")
    try:
        method, target, _ = first.decode("ascii").split(" ")
    except ValueError:
        raise ImpossibleUpgrade(HTTPStatus.BAD_REQUEST, "no request") from None
    raw_path, _, query = target.partition("?")
    headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    asked = HTTPConnection(
        {
            "type": "websocket",
            "scheme": "wss" if secure else "ws",
            "path": unquote(raw_path),
            "raw_path": raw_path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": headers,
            "client": peer.client,
            "server": peer.server,
            "state": {"peer": peer},
        }
    )
    if method != "GET":
        raise ImpossibleUpgrade(HTTPStatus.METHOD_NOT_ALLOWED, "A WebSocket is asked for by GET.")
    return Upgrade(asked, unquote(raw_path), _key(asked))


def _key(asked: HTTPConnection) -> str:
    """The client's nonce. Raises: ImpossibleUpgrade."""
    versions, keys = asked.headers.getlist("sec-websocket-version"), asked.headers.getlist("sec-websocket-key")
    if versions != [VERSION]:
        raise ImpossibleUpgrade(HTTPStatus.UPGRADE_REQUIRED, "This server speaks WebSocket version 13.")
    try:
        size = len(base64.b64decode(keys[0], validate=True)) if len(keys) == 1 else 0
    except (binascii.Error, ValueError):
        size = 0
    if size != _KEY_BYTES:
        raise ImpossibleUpgrade(HTTPStatus.BAD_REQUEST, "The WebSocket key is missing or malformed.")
    return keys[0]


def accepting(key: str, subprotocol: str | None) -> bytes:
    """The answer that opens the WebSocket."""
    digest = base64.b64encode(hashlib.sha1(key.encode() + _ACCEPT, usedforsecurity=False).digest())
    chosen = b"" if subprotocol is None else b"Sec-WebSocket-Protocol: " + subprotocol.encode("ascii") + b"\r\n"
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + digest + b"\r\n" + chosen + b"\r\n"
    )


def refusing(status: int, text: str, headers: Mapping[str, str]) -> bytes:
    """The answer that does not; the connection is closed behind it."""
    body = text.encode()
    fields = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": "close",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{head}\r\n".encode("latin-1") + body
