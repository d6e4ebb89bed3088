"""Owns the price of one edit inside the server, without sockets: `python -m benchmarks.hot_path`.

One writer types into a scratch room with silent readers; everything is on (frame reader, session, checker, slot,
document, outboxes, journal on disk, metrics), only the readers' sockets are missing. Processor time, so a busy machine
disturbs it less than times would; the least of some rounds.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Annotated

import typer

from collab.clock import SystemClock
from collab.config import Config
from collab.limits import Limits
from collab.protocol.frames import FrameReader
from collab.protocol.messages import encode_update
from collab.protocol.roles import Identity, Role
from collab.protocol.sending import CloseInfo
from collab.rooms.connection import Access, Connection
from collab.rooms.parts import Parts
from collab.rooms.rooms import Rooms
from collab.slot import Slot
from collab.store.base import Store
from collab.store.sqlite import SqliteStore
from collab.web.metrics import Metrics
from collab.web.server import event_loop
from connectors.base import Credentials
from loadtest.author import Author
from loadtest.typist import Typist
from tests.simulation.world import InlineSandbox

_LIMITS = Limits(messages_per_second=10**6, messages_burst=10**6, awareness_messages_per_second=10**6)
_MASK = b"\x01\x02\x03\x04"
_SLOT_BYTES = 2**20
_PAUSE_S = 0.002
"""About as long as the writes to a hundred sockets take."""


class SilentWire:
    """Takes everything and keeps the last."""

    def __init__(self) -> None:
        self.write: Callable[[bytes], object] = deque[bytes](maxlen=1).append

    def waiting_bytes(self) -> int:
        return 0

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self, info: CloseInfo) -> None: ...


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor microseconds for each update."""

    loop: float
    """Of the thread that has the event loop."""
    others: float
    """Of the journal's threads."""

    @property
    def both(self) -> float:
        return self.loop + self.others


def masked(message: bytes) -> bytes:
    """A client's frame."""
    size = len(message)
    head = bytes((0x82, 0x80 | size)) if size < 126 else bytes((0x82, 0x80 | 126, size >> 8, size & 0xFF))
    return head + _MASK + bytes(byte ^ _MASK[index % 4] for index, byte in enumerate(message))


def keystrokes(count: int, seed: int) -> list[bytes]:
    """What a person types, as frames."""
    author = Author(seed + 1000)
    typist = Typist(Random(seed))  # noqa: S311  # no secret
    return [
        masked(encode_update(author.write(typist.next_edit(author.length, author.cursor)).update)) for _ in range(count)
    ]


async def measure(store: Store, slot: Slot, readers: int, frames: list[list[bytes]]) -> Spent:
    """The writers send a frame each in every turn of the loop, and the next ones a moment later."""
    config = Config(limits=_LIMITS)
    parts = Parts.of(config, store, InlineSandbox(_LIMITS), slot, Metrics(), SystemClock(), "bench")
    await store.open()
    try:
        async with Rooms(parts, [], 1.0) as rooms:
            opened = await rooms.open_scratch("bench")
            connections = [await _join(rooms, opened.document_id, index) for index in range(readers + len(frames))]
            await asyncio.sleep(0.2)
            spent = await _type(connections, frames)
            await asyncio.sleep(0.2)
            return spent
    finally:
        await store.close()


async def _join(rooms: Rooms, document_id: str, number: int) -> Connection:
    identity = Identity(f"u{number}", f"Person {number}", "#336699")
    credentials = Credentials(identity.user_id, identity.name)
    connection = await rooms.join(document_id, Access(identity, Role.EDITOR, credentials, False))  # type: ignore[arg-type]
    connection.attach(SilentWire())
    return connection


async def _type(connections: list[Connection], frames: list[list[bytes]]) -> Spent:
    readers = [FrameReader() for _ in frames]
    began, own = time.process_time_ns(), time.thread_time_ns()
    for turn in zip(*frames, strict=True):
        for reader, connection, frame in zip(readers, connections, turn, strict=False):
            reader.receive(frame)
            message = reader.short() or reader.next(10**6)
            if isinstance(message, bytes):
                connection.receive(message)
        await asyncio.sleep(0)
        await asyncio.sleep(_PAUSE_S)
    count = sum(map(len, frames)) * 1000
    loop = time.thread_time_ns() - own
    return Spent(loop / count, (time.process_time_ns() - began - loop) / count)


def run(readers: int, frames: list[list[bytes]], rounds: int) -> Spent:
    """The least of some rounds."""
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            store, slot = SqliteStore(Path(name) / "store"), Slot(Path(name) / "slot", _SLOT_BYTES)
            loop = event_loop()
            try:
                found.append(loop.run_until_complete(measure(store, slot, readers, frames)))
            finally:
                loop.close()
    return min(found, key=lambda spent: spent.both)


def main(
    updates: Annotated[int, typer.Option(min=10, help="Of each writer.")] = 1000,
    readers: Annotated[int, typer.Option(min=0)] = 99,
    writers: Annotated[int, typer.Option(min=1)] = 1,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
) -> None:
    """Print what an edit costs."""
    whole = run(readers, [keystrokes(updates, number) for number in range(writers)], rounds)
    print(f"{whole.both:.1f} µs an update, of these {whole.others:.1f} in the journal's threads")


if __name__ == "__main__":
    typer.run(main)
