"""Owns one typing client: a replica, a WebSocket, and the record of which of its edits the server acknowledged."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import httpx
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from collab.document import Document, Splice
from collab.limits import Limits
from collab.protocol.messages import (
    Acknowledgement,
    Message,
    SyncStep1,
    SyncStep2,
    Update,
    decode_message,
    encode_sync_step1,
    encode_sync_step2,
    encode_update,
)
from tests.clients import connect, http_client
from tests.patience import PATIENCE_S

LIMITS = Limits()
EMPTY_VECTOR = b"\x00"
FAILURES = (OSError, ConnectionClosed, InvalidHandshake, httpx.HTTPError, KeyError, ValueError, TimeoutError, EOFError)


class Typist:
    """Types marks like `[3:17]`. An edit counts as acknowledged when the message that carried it was."""

    def __init__(self, number: int, url: str, path: str, seed: int) -> None:
        self.number = number
        self.acknowledged: set[str] = set()
        self.made: set[str] = set()
        self.replica = Document(client_id=1000 + number)
        self.joined = asyncio.Event()
        self._lives = 0
        self._url = url
        self._path = path
        self._random = random.Random(seed)
        self._carried: list[set[str]] = []
        """For each update message of this connection the marks that it made safe."""
        self.socket: ClientConnection | None = None
        self._count = 0
        self.typing = True

    @property
    def pending(self) -> set[str]:
        """Marks of this replica that no acknowledgement covers yet."""
        return {mark for mark in self.made if mark not in self.acknowledged}

    def forget(self) -> None:
        """Lose the replica, as a browser that is closed; what was not acknowledged is gone."""
        self._lives += 1
        self.replica = Document(client_id=1000 + self.number + 100 * self._lives)
        self.made &= self.acknowledged

    async def run(self) -> None:
        """Connect, type, and connect again, until cancelled."""
        async with http_client() as client:
            while True:
                try:
                    await self._live_once(client)
                except* FAILURES:
                    self.joined.clear()
                await asyncio.sleep(0.05)

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait for something that this client's own messages bring about."""
        async with asyncio.timeout(PATIENCE_S):
            while not done():  # noqa: ASYNC110  # what it looks at is this loop's own work
                await asyncio.sleep(0.02)

    async def read(self) -> Document:
        """What a newcomer gets from the server."""
        async with http_client() as client:
            opened = await self._open(client)
        async with self._connect(opened) as socket:
            await socket.send(encode_sync_step1(EMPTY_VECTOR))
            async with asyncio.timeout(PATIENCE_S):
                async for data in socket:
                    assert isinstance(data, bytes)
                    message = decode_message(data, LIMITS)
                    if isinstance(message, SyncStep2):
                        return Document.from_updates([message.update])
        raise AssertionError("no sync step 2")

    async def _open(self, client: httpx.AsyncClient) -> dict[str, str]:
        response = await client.post(f"{self._url}/api/v1/documents/open", json={"path": self._path})
        opened: dict[str, str] = response.json()
        return opened

    def _connect(self, opened: dict[str, str]) -> connect:
        offered = [Subprotocol("collab.v1"), Subprotocol(f"token.{opened['token']}")]
        address = opened["websocket_url"].partition("?")[0] + "?v=1"
        return connect(address, subprotocols=offered, compression=None)

    async def _live_once(self, client: httpx.AsyncClient) -> None:
        async with self._connect(await self._open(client)) as socket:
            self.socket, self._carried, life = socket, [], self._lives
            await socket.send(encode_sync_step1(self.replica.state_vector()))
            async with asyncio.TaskGroup() as group:
                group.create_task(self._type(), name=f"typist {self.number}")
                async for data in socket:
                    assert isinstance(data, bytes)
                    if self._lives != life:
                        raise EOFError  # that browser is closed: what was on its way to it reaches nobody
                    await self._take(decode_message(data, LIMITS))
                raise EOFError

    async def _take(self, message: Message) -> None:
        if isinstance(message, SyncStep1):
            await self._send(encode_sync_step2, self.replica.diff(message.state_vector), set(self.pending))
            self.joined.set()
        elif isinstance(message, SyncStep2 | Update):
            if message.update != b"\x00\x00":
                self.replica.apply(message.update)
        elif isinstance(message, Acknowledgement):
            for marks in self._carried[: message.count]:
                self.acknowledged |= marks

    async def _type(self) -> None:
        await self.joined.wait()
        while True:
            if self.typing:
                await self._type_mark()
            await asyncio.sleep(self._random.uniform(0.005, 0.05))

    async def _type_mark(self) -> None:
        self._count += 1
        mark = f"[{self.number}:{self._count}]"
        text = self.replica.text()
        ends = [index + 1 for index, char in enumerate(text) if char == "]"] or [0]
        place = self._random.choice(ends[-20:])
        update = self.replica.changed_by(lambda: self.replica.edit_text([Splice(place, 0, mark)]))
        self.made.add(mark)
        await self._send(encode_update, update, {mark})

    async def _send(self, encode: Callable[[bytes], bytes], update: bytes, marks: set[str]) -> None:
        if self.socket is None:
            return
        self._carried.append(marks)
        await self.socket.send(encode(update))
