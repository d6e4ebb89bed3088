"""Owns a small y-websocket server for tests, whole or broken on purpose in one of the ways that servers break."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from pycrdt import Doc, Text
from websockets.asyncio.server import Request, Response, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

from collab.protocol.codec import Reader, encode_var_bytes


class SmallServer:
    """Keeps a document for each room, applies and relays. Subclasses break one thing."""

    def __init__(self) -> None:
        self.documents: defaultdict[str, Doc[Any]] = defaultdict(Doc)
        self.connections: defaultdict[str, list[ServerConnection]] = defaultdict(list)
        self.updates = 0
        self.requests: list[Request] = []

    async def serve(self, connection: ServerConnection) -> None:
        room = connection.request.path.partition("?")[0]
        document, peers = self.documents[room], self.connections[room]
        peers.append(connection)
        try:
            await connection.send(b"\x00\x00" + encode_var_bytes(document.get_state()))
            async for message in connection:
                await self.receive(room, connection, message)
        except ConnectionClosed:
            pass
        finally:
            peers.remove(connection)

    async def receive(self, room: str, connection: ServerConnection, message: bytes) -> None:
        if message[0] != 0:
            self.relay(room, connection, message)
            return
        content = Reader(message[2:]).var_bytes()
        if message[1] == 0:
            update = self.documents[room].get_update(content)
            await connection.send(b"\x00\x01" + encode_var_bytes(update))
        elif content != b"\x00\x00":
            self.updates += 1
            self.take(room, connection, content)

    def take(self, room: str, connection: ServerConnection, update: bytes) -> None:
        self.documents[room].apply_update(update)
        self.relay(room, connection, b"\x00\x02" + encode_var_bytes(update))

    def relay(self, room: str, connection: ServerConnection, message: bytes) -> None:
        broadcast([peer for peer in self.connections[room] if peer is not connection], message)

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """What the handshake gets; None: it succeeds."""
        self.requests.append(request)
        return None


class Lossy(SmallServer):
    """Every tenth update is nowhere."""

    def take(self, room: str, connection: ServerConnection, update: bytes) -> None:
        if self.updates % 10:
            super().take(room, connection, update)


class Forgetful(SmallServer):
    """Relays everything, and keeps nothing of it after a while."""

    def take(self, room: str, connection: ServerConnection, update: bytes) -> None:
        if self.updates < 5:
            super().take(room, connection, update)
        else:
            self.relay(room, connection, b"\x00\x02" + encode_var_bytes(update))


class Unfair(SmallServer):
    """The last one who came is not told everything."""

    def take(self, room: str, connection: ServerConnection, update: bytes) -> None:
        self.documents[room].apply_update(update)
        peers = self.connections[room][: -1 if self.updates % 5 == 0 else None]
        broadcast([peer for peer in peers if peer is not connection], b"\x00\x02" + encode_var_bytes(update))


class Doubling(SmallServer):
    """Once it puts the text that is there into the document again, as servers do that rebuild rooms from files."""

    def take(self, room: str, connection: ServerConnection, update: bytes) -> None:
        super().take(room, connection, update)
        document = self.documents[room]
        text = document.get("source", type=Text)
        if self.updates == 10:
            before = document.get_state()
            text.insert(0, f"{text} ")
            broadcast(self.connections[room], b"\x00\x02" + encode_var_bytes(document.get_update(before)))


class Dropping(SmallServer):
    """Throws half of the clients out in the middle, and lets nobody in again."""

    dropped = False

    async def receive(self, room: str, connection: ServerConnection, message: bytes) -> None:
        if self.updates == 10 and not self.dropped:
            self.dropped = True
            for peer in self.connections[room][::2]:
                await peer.close(1011, "out of memory")
        await super().receive(room, connection, message)

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "full\n") if self.dropped else None


class Stuck(SmallServer):
    """After a while it takes everything and gives nothing."""

    def take(self, room: str, connection: ServerConnection, update: bytes) -> None:
        if self.updates < 5:
            super().take(room, connection, update)


class Silent(SmallServer):
    """Accepts, and never says anything."""

    async def serve(self, connection: ServerConnection) -> None:
        await connection.wait_closed()


class Babbling(SmallServer):
    """Sends bytes that mean nothing."""

    async def serve(self, connection: ServerConnection) -> None:
        await connection.send(b"\x00\x01\xff\xff\xff\xff")
        await connection.wait_closed()


class Chatting(SmallServer):
    """A WebSocket server of another kind: text messages."""

    async def serve(self, connection: ServerConnection) -> None:
        await connection.send('{"type": "welcome"}')
        await connection.wait_closed()


class Elsewhere(SmallServer):
    """A web server that has no WebSockets there."""

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        return connection.respond(HTTPStatus.NOT_FOUND, "nothing here\n")


@asynccontextmanager
async def running(kind: Callable[[], SmallServer]) -> AsyncIterator[tuple[SmallServer, str]]:
    """The server and its address."""
    server = kind()
    async with serve(
        server.serve, "127.0.0.1", 0, process_request=server.answer, compression=None, max_size=None, ping_interval=None
    ) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        yield server, f"ws://127.0.0.1:{port}"
