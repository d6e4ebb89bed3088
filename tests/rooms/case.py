"""One simulated server with one file and some clients, for the tests of rooms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from collab.clock import FakeClock
from collab.config import Config
from collab.protocol.roles import Role
from collab.rooms.rooms import OpenedDocument, Rooms
from connectors.base import Connector
from tests.simulation.client import Client
from tests.simulation.loop import simulate
from tests.simulation.world import CREDENTIALS, ROOT, Server, World, access

PATH = "a.md"
START = b"one\ntwo\n"


class Case:
    """One server with one file, open; clients join by name."""

    def __init__(
        self, clock: FakeClock, config: Config | None = None, wrap: Callable[[Connector], Connector] | None = None
    ) -> None:
        self.clock = clock
        self.world = World(clock, config=config)
        self.world.connector = self.world.storage if wrap is None else wrap(self.world.storage)
        self.world.storage.outside_write(PATH, START)
        self.server = Server(self.world)
        self.clients: list[Client] = []

    @property
    def rooms(self) -> Rooms:
        assert self.server.rooms is not None
        return self.server.rooms

    @property
    def stored(self) -> bytes:
        return self.world.storage.outside_content(PATH)

    async def open(self) -> OpenedDocument:
        return await self.rooms.open(ROOT, PATH, CREDENTIALS)

    async def join(self, name: str = "ada", role: Role = Role.EDITOR, *, extended: bool = True) -> Client:
        opened = await self.open()
        client = Client(name, access(name, role, extended=extended), 100 + len(self.clients))
        self.clients.append(client)
        await client.connect(self.rooms, opened.document_id)
        await asyncio.sleep(0.1)
        return client


def run(
    test: Callable[[Case], Awaitable[None]],
    config: Config | None = None,
    wrap: Callable[[Connector], Connector] | None = None,
) -> None:
    """Run a test with a started server; clients and server are gone at its end."""

    async def main(clock: FakeClock) -> None:
        case = Case(clock, config, wrap)
        await case.server.start()
        try:
            await test(case)
        finally:
            for client in case.clients:
                await client.disconnect()
            await case.server.stop()

    simulate(main)
