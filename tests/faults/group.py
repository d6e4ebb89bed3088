"""Owns three real servers over one folder, one PostgreSQL and one Redis, each with a way to Redis that can be cut."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.fanout.redis_process import RedisProcess, redis_process
from tests.ports import free_port
from tests.postgres import PASSWORD, PostgresServer, new_server
from tests.serving import Server

NODES = 3
PATH = "notes.md"


@dataclass
class Group:
    """The processes; they outlive a test, and each test has a file of its own."""

    folder: Path
    postgres: PostgresServer
    redis: RedisProcess
    servers: list[Server]
    ports: list[int] = field(default_factory=list)
    """Where each server looks for Redis: a `Way` of the test stands there."""

    def new_file(self, name: str, text: str = "") -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


@contextlib.contextmanager
def group(nodes: int = NODES, **environ: str) -> Iterator[Group]:
    """Start what a test needs; the servers wait for their ways to Redis."""
    with ExitStack() as stack:
        top = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(redis_process())
        postgres = new_server()
        stack.callback(postgres.remove)
        folder = top / "docs"
        folder.mkdir()
        ports = [free_port() for _ in range(nodes)]
        config = postgres.config()
        servers = []
        for number, port in enumerate(ports):
            own = {
                "COLLAB_STORE_DATABASE": postgres.address,
                "COLLAB_STORE_DATABASE_PASSWORD": PASSWORD,
                "COLLAB_STORE_DATABASE_SCHEMA": config.database_schema,
                "COLLAB_REDIS_URL": f"redis://127.0.0.1:{port}",
                "COLLAB_REDIS_NODE": f"node-{number}",
                "COLLAB_REDIS_TIMEOUT_S": "1.5",
                "COLLAB_SERVER_SPARE_WORKER": "no",
                "COLLAB_SERVER_HEAVY_WORKERS": "0",
            }
            data = top / f"data-{number}"
            server = Server(folder, data, environ=own | environ, log=top / f"server-{number}.log")
            stack.callback(_end, server)
            servers.append(server)
        with ThreadPoolExecutor(nodes) as starting:
            list(starting.map(Server.start, servers))
        yield Group(folder, postgres, redis, servers, ports)


def _end(server: Server) -> None:
    if server.process is not None:
        server.stop()


class Way:
    """The way of one server to Redis: it can be slow, or cut."""

    def __init__(self, port: int, target: int) -> None:
        self.delay_s = 0.0
        self._port = port
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Let the server through."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    async def cut(self) -> None:
        """End all connections and take no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            there_reader, there = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(there)
        with contextlib.suppress(asyncio.CancelledError):  # the test is over
            await asyncio.gather(self._pump(reader, there), self._pump(there_reader, writer))
        self._writers -= {writer, there}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Give on what comes, each piece late by the delay but not by the pieces before it."""
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def give_on() -> None:
            while True:
                due, piece = await pieces.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not piece:
                    return writer.transport.abort()
                writer.write(piece)

        giving = asyncio.create_task(give_on())
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                pieces.put_nowait((loop.time() + self.delay_s, piece))
        pieces.put_nowait((0.0, b""))
        await giving


@contextlib.asynccontextmanager
async def ways(group: Group) -> AsyncIterator[list[Way]]:
    """Open ways for all servers."""
    async with AsyncExitStack() as stack:
        made = [Way(port, group.redis.port) for port in group.ports]
        for way in made:
            await way.open()
            stack.push_async_callback(way.cut)
        yield made
