"""Owns a client that speaks as jupyter-docprovider does: a notebook with nested types, save requests, awareness."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import pycrdt
from websockets.asyncio.client import ClientConnection

from collab.limits import Limits
from collab.protocol.codec import Reader, decode_json
from collab.protocol.events import AwarenessEntry
from collab.protocol.jupyter import encode_save_request
from collab.protocol.messages import encode_awareness, encode_sync_step1, encode_sync_step2, encode_update
from tests.patience import PATIENCE_S


class JupyterClient:
    """One tab. `run` reads until the socket is closed; every local edit goes out at once."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc()
        self.cells = self.doc.get("cells", type=pycrdt.Array)
        self.state = self.doc.get("state", type=pycrdt.Map)
        self.answers: dict[int, str] = {}
        self.people: dict[int, Any] = {}
        self.frames = 0
        self.synced = False
        self._news = asyncio.Event()
        self._remote = False
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self.doc.observe(self._edited)

    async def __aenter__(self) -> JupyterClient:
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        self._outgoing.put_nowait(encode_sync_step1(self.doc.get_state()))
        await self.until(lambda: self.synced)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
        await self.socket.close()

    async def until(self, reached: Callable[[], object]) -> None:
        """Wait for something that a message brings."""
        async with asyncio.timeout(PATIENCE_S):
            while not reached():
                self._news.clear()
                news = asyncio.create_task(self._news.wait())
                done, _ = await asyncio.wait([news, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()  # what ended the reading is told

    async def save(self, request_id: int) -> str:
        """Ctrl+S; the answer."""
        self._outgoing.put_nowait(encode_save_request(request_id))
        await self.until(lambda: request_id in self.answers)
        return self.answers[request_id]

    def send(self, message: bytes) -> None:
        self._outgoing.put_nowait(message)

    def show(self, state: object, clock: int = 1) -> None:
        """Presence."""
        entry = AwarenessEntry(self.doc.client_id, clock, json.dumps(state))
        self._outgoing.put_nowait(encode_awareness([entry]))

    def type(self, number: int, text: str) -> None:
        """Type at the end of a cell."""
        source = self.cells[number]["source"]
        source.insert(len(source), text)

    def sources(self) -> list[str]:
        return [cell["source"] for cell in json.loads(str(self.cells))]

    def _edited(self, event: Any) -> None:
        if not self._remote:
            self._outgoing.put_nowait(encode_update(event.update))

    async def _write(self) -> None:
        while True:
            await self.socket.send(await self._outgoing.get())

    async def _read(self) -> None:
        async for message in self.socket:
            assert isinstance(message, bytes)
            self.frames += 1
            self._take(message)
            self._news.set()

    def _take(self, message: bytes) -> None:
        reader = Reader(message)
        kind = reader.var_uint()
        if kind == 0:
            self._take_sync(reader)
        elif kind == 1:
            self._take_people(Reader(reader.var_bytes()))
        elif kind == 2:
            answer = json.loads(reader.var_string())
            self.answers[answer["responseTo"]] = answer["status"]

    def _take_sync(self, reader: Reader) -> None:
        step, content = reader.var_uint(), reader.var_bytes()
        if step == 0:
            self._outgoing.put_nowait(encode_sync_step2(self.doc.get_update(content)))
            return
        self._remote = True
        try:
            self.doc.apply_update(content)
        finally:
            self._remote = False
        self.synced = self.synced or step == 1

    def _take_people(self, reader: Reader) -> None:
        for _ in range(reader.var_uint()):
            client_id, _ = reader.var_uint(), reader.var_uint()
            self.people[client_id] = decode_json(reader.var_string(), Limits().awareness_depth)
