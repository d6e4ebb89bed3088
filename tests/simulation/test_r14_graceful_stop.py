"""R14: a graceful stop under load stores or journals everything, tells the clients, and ends in time."""

from __future__ import annotations

import asyncio
import random

from collab.clock import FakeClock
from collab.config import Config, ServerConfig
from collab.document import Document
from collab.errors import CloseCode
from connectors.faults import Fault, Operation, ScriptedPlan, Step
from connectors.faulty import FaultyConnector
from connectors.memory import MemoryConnector
from tests.simulation.client import Client
from tests.simulation.loop import simulate
from tests.simulation.world import CREDENTIALS, ROOT, Server, World, access

ROOMS = 20
CONFIG = Config(server=ServerConfig(shutdown_s=10.0))


async def stop_under_load(clock: FakeClock, plan: ScriptedPlan) -> tuple[World, list[Client], float]:
    storage = MemoryConnector(clock=clock)
    world = World(clock, config=CONFIG, storage=storage, connector=FaultyConnector(storage, plan))
    server = Server(world)
    rooms = await server.start()
    rng = random.Random(1)
    clients = []
    for number in range(ROOMS):
        storage.outside_write(f"{number}.txt", b"")
        opened = await rooms.open(ROOT, f"{number}.txt", CREDENTIALS)
        clients.append(Client(f"c{number}", access(), number + 1))
        await clients[-1].connect(rooms, opened.document_id)
    await asyncio.sleep(1)
    for client in clients:
        client.insert(rng)
    started = clock.monotonic()
    await server.stop()
    took_s = clock.monotonic() - started
    await asyncio.sleep(0.1)
    return world, clients, took_s


def test_a_graceful_stop_stores_everything_and_sends_the_clients_away() -> None:
    world, clients, took_s = simulate(lambda clock: stop_under_load(clock, ScriptedPlan()))

    for number, client in enumerate(clients):
        assert world.storage.outside_content(f"{number}.txt").decode() == client.text != ""
        assert client.closed_with == [CloseCode.SERVICE_RESTART]
        assert "server_restarting" in [notice.code for notice in client.notices]
    assert took_s < CONFIG.server.shutdown_s


def test_a_graceful_stop_with_a_hanging_storage_ends_in_time_with_everything_journalled() -> None:
    plan = ScriptedPlan().always(Operation.WRITE, Step(Fault.TIMEOUT))

    world, clients, took_s = simulate(lambda clock: stop_under_load(clock, plan))

    assert took_s <= CONFIG.server.shutdown_s + 0.1
    for client in clients:
        assert client.closed_with == [CloseCode.SERVICE_RESTART]
        assert client.text in journalled_texts(world)


def journalled_texts(world: World) -> set[str]:
    async def read(clock: FakeClock) -> set[str]:
        await world.store.open()
        texts = set()
        for record in await world.store.documents():
            history = await world.store.load(record.document_id)
            assert history is not None
            states = [] if history.snapshot is None else [history.snapshot.state]
            texts.add(Document.from_updates([*states, *(item.entry.update for item in history.updates)]).text())
        return texts

    return simulate(read)
