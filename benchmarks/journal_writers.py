"""How several workers best share the journal: one file fought for, one file in turns, a file each, one owner process,
and a PostgreSQL server.

    python -m benchmarks.journal_writers [--writers 4] [--rooms 25] [--seconds 8] [--data DIR]
    python -m benchmarks.journal_writers --way postgresql --database postgresql://USER@HOST/NAME [--server-pid PID]

The password comes from PGPASSWORD; every run makes a schema of its own and leaves it there. With the pid of a
server on this machine its CPU time is told, too.

Two loads: *steady*, every room appends 5 times a second whatever happens (waits are counted from when an append was
due); *flat out*, every room appends again as soon as the last append is durable.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import pickle
import resource
import struct
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from collab.config import StoreConfig
from collab.store.base import Alias, DocumentId, HistoryId, JournalEntry, Store
from collab.store.choice import database_of
from collab.store.sqlite import SqliteStore

WAYS = ("fought for", "in turns", "a file each", "one owner", "postgresql")
UPDATE = bytes(range(24))
PER_SECOND = 5
_LENGTH = struct.Struct(">I")
Append = Callable[[DocumentId, HistoryId, list[JournalEntry]], Awaitable[object]]


def entries(count: int) -> list[JournalEntry]:
    return [JournalEntry(UPDATE, "anna", "Anna", 0, "node", 1) for _ in range(count)]


async def make_rooms(store: Store, writer: int, rooms: int) -> list[tuple[DocumentId, HistoryId]]:
    made = []
    for number in range(rooms):
        record = await store.resolve(Alias("root:x", f"{writer}-{number}"), 0)
        history = HistoryId(f"{record.document_id}-h")
        await store.create_history(record.document_id, None, history, "text", None, None, 0)
        made.append((record.document_id, history))
    return made


async def type_in(
    append: Append, rooms: list[tuple[DocumentId, HistoryId]], seconds: float, steady: bool
) -> list[float]:
    """Seconds that each append took."""
    waits: list[float] = []

    async def room(number: int, document: DocumentId, history: HistoryId) -> None:
        start = time.monotonic()
        due = start + number / len(rooms) / PER_SECOND
        while time.monotonic() < start + seconds:
            if steady:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            begun = due if steady else time.monotonic()
            await append(document, history, entries(1))
            waits.append(time.monotonic() - begun)
            due += 1 / PER_SECOND

    await asyncio.gather(*(room(number, *one) for number, one in enumerate(rooms)))
    return waits


class Owned:
    """The journal behind a Unix socket of the process that owns it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._count = 0

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_unix_connection(str(self._path))
        self._task = asyncio.create_task(self._read(), name="answers")

    async def append(self, document: DocumentId, history: HistoryId, items: list[JournalEntry]) -> None:
        self._count += 1
        self._waiting[self._count] = future = asyncio.get_running_loop().create_future()
        body = pickle.dumps((self._count, document, history, items))
        self._writer.write(_LENGTH.pack(len(body)) + body)
        await future

    async def _read(self) -> None:
        while True:
            (number,) = _LENGTH.unpack(await self._reader.readexactly(4))
            self._waiting.pop(number).set_result(None)


async def own(store: SqliteStore, path: Path, stop: asyncio.Event) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def one(body: bytes) -> None:
            number, document, history, items = pickle.loads(body)  # noqa: S301  # a benchmark's own process
            await store.append(document, history, items)
            writer.write(_LENGTH.pack(number))

        async with asyncio.TaskGroup() as group:
            try:
                while True:
                    (length,) = _LENGTH.unpack(await reader.readexactly(4))
                    group.create_task(one(await reader.readexactly(length)))
            except asyncio.IncompleteReadError:
                pass

    server = await asyncio.start_unix_server(answer, str(path))
    await stop.wait()
    server.close()


def store_for(way: str, data: Path, number: int, options: argparse.Namespace) -> Store:
    if way == "postgresql":
        return database_of(StoreConfig(database=options.database, database_schema=f"bench_{data.name}"))
    folder = data / str(number) if way == "a file each" else data
    folder.mkdir(exist_ok=True)
    store = SqliteStore(folder, StoreConfig(), shared=True)
    if way == "fought for":
        store._settings = replace(store._settings, turn=nullcontext)
    return store


async def writer(way: str, data: Path, number: int, options: argparse.Namespace, pipe: Connection) -> None:
    store = store_for(way, data, number, options)
    await store.open()
    rooms = await make_rooms(store, number, options.rooms)
    append: Append = store.append
    if way == "one owner":
        owned = Owned(data / "owner")
        await owned.open()
        append = owned.append
    for steady in (True, False):
        pipe.send("ready")
        await asyncio.to_thread(pipe.recv)
        used, begun = _cpu(), time.monotonic()
        waits = await type_in(append, rooms, options.seconds, steady)
        pipe.send((waits, _cpu() - used, time.monotonic() - begun))
    await store.close()


def run_writer(way: str, data: Path, number: int, options: argparse.Namespace, pipe: Connection) -> None:
    asyncio.run(writer(way, data, number, options, pipe))


def run_owner(data: Path, pipe: Connection) -> None:
    async def serve() -> None:
        store = SqliteStore(data, StoreConfig(), shared=True)
        await store.open()
        stop = asyncio.Event()
        task = asyncio.create_task(own(store, data / "owner", stop), name="owner")
        await asyncio.sleep(0)
        pipe.send("ready")
        while await asyncio.to_thread(pipe.recv) != "stop":
            pipe.send(_cpu())
        stop.set()
        await task
        await store.close()

    asyncio.run(serve())


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(way: str, options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(dir=options.data) as name:
        data = Path(name)
        owner_pipe = None
        if way == "one owner":
            owner_pipe, theirs = multiprocessing.Pipe()
            multiprocessing.Process(target=run_owner, args=(data, theirs), daemon=True).start()
            owner_pipe.recv()
        pipes = []
        for number in range(options.writers):
            ours, theirs = multiprocessing.Pipe()
            multiprocessing.Process(target=run_writer, args=(way, data, number, options, theirs), daemon=True).start()
            pipes.append(ours)
        for load in ("steady", "flat out"):
            for pipe in pipes:
                pipe.recv()
            owner_cpu, server_cpu = _owner_cpu(owner_pipe), _family_cpu(options.server_pid)
            for pipe in pipes:
                pipe.send("go")
            results = [pipe.recv() for pipe in pipes]
            cpu = sum(result[1] for result in results) + _owner_cpu(owner_pipe) - owner_cpu
            server_cpu = _family_cpu(options.server_pid) - server_cpu
            waits = sorted(wait for result in results for wait in result[0])
            report(way, load, waits, (cpu, server_cpu), results[0][2])
        if owner_pipe is not None:
            owner_pipe.send("stop")


def _owner_cpu(pipe: Connection | None) -> float:
    if pipe is None:
        return 0.0
    pipe.send("cpu")
    return float(pipe.recv())


def _family_cpu(pid: int | None) -> float:
    """Of a process and its children, those that ended included."""
    if pid is None:
        return 0.0
    parent = psutil.Process(pid)
    total = parent.cpu_times().children_user + parent.cpu_times().children_system
    for process in (parent, *parent.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += process.cpu_times().user + process.cpu_times().system
    return total


def report(way: str, load: str, waits: list[float], cpu: tuple[float, float], seconds: float) -> None:
    def at(part: float) -> float:
        return round(waits[min(len(waits) - 1, int(part * len(waits)))] * 1000, 1)

    found = {
        "way": way,
        "load": load,
        "appends_per_s": round(len(waits) / seconds),
        "p50_ms": at(0.5),
        "p99_ms": at(0.99),
        "max_ms": at(1.0),
        "cpu_s_per_100k": round(cpu[0] / len(waits) * 100_000, 1),
        "share_of_a_core": round(cpu[0] / seconds, 2),
        "server_cpu_s_per_100k": round(cpu[1] / len(waits) * 100_000, 1),
        "server_share_of_a_core": round(cpu[1] / seconds, 2),
    }
    print(json.dumps(found), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--rooms", type=int, default=25, help="of each writer")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--data", type=Path, default=None, help="a folder on the disk to measure")
    parser.add_argument("--database", default=None, help="postgresql://…, for the way of that name")
    parser.add_argument("--server-pid", type=int, default=None, help="of that server, when it runs here")
    parser.add_argument("--way", choices=WAYS, action="append")
    options = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    for way in options.way or [way for way in WAYS if way != "postgresql" or options.database]:
        measure(way, options)


if __name__ == "__main__":
    main()
