"""Many documents of one WOPI host open at once, for hours: no lock runs out, and the host is not asked too much."""

from __future__ import annotations

import asyncio

import pytest

from collab.clock import FakeClock
from collab.config import Config
from collab.document import Splice
from collab.protocol.messages import encode_query_awareness
from collab.protocol.roles import Identity, Role
from collab.rooms.connection import Access
from connectors.wopi import WopiConnector
from connectors.wopi_calls import WopiCalls
from connectors.wopi_source import path_of
from tests.simulation.client import Client
from tests.simulation.loop import simulate
from tests.simulation.world import ROOT, Server, World
from tests.wopi.at_host import KEYS, credentials_for
from tests.wopi.host import LOCK_S, WopiHost
from tests.wopi.profiles import WOPISERVER

HOURS = 1
WARM_UP_S = 300
SIGN_OF_LIFE_S = 20
"""A page asks for the others' presence when it heard nothing for so long, and is closed when it says nothing."""
REQUESTS_PER_DOCUMENT_AND_MINUTE = 2.0
"""A look at the version and, every few minutes, a refresh of the lock."""
BUSIEST_SECOND = 0.25
"""Of all documents, so many may be asked about in one second although all began at once: the rounds are spread."""


async def keep_open(clock: FakeClock, documents: int) -> tuple[float, int]:
    """Requests for each document and minute, and in the busiest second, once all are open for a while."""
    host = WopiHost(clock, WOPISERVER)
    host.keys = KEYS.attributes()
    world = World(clock, config=Config())
    world.connector = WopiConnector(WopiCalls(host, clock, lambda: KEYS), clock, poll_s=Config().wopi.poll_s)
    server = Server(world)
    rooms = await server.start()
    clients = []
    for number in range(documents):
        name = host.put(f"{number}.txt", b"one\n")
        credentials = credentials_for(host, name)
        opened = await rooms.open(ROOT, path_of(host.source(name)), credentials)
        person = Identity(f"u{number}", f"Person {number}", "#336699")
        client = Client(person.user_id, Access(person, Role.EDITOR, credentials), 100 + number)
        await client.connect(rooms, opened.document_id)
        client.edit(Splice(0, 0, "edited\n"))
        clients.append(client)
    asked: list[int] = []
    for second in range(HOURS * 3600 + WARM_UP_S):
        for client in clients[second % SIGN_OF_LIFE_S :: SIGN_OF_LIFE_S]:
            client._send(encode_query_awareness())
        host.asked.clear()
        await asyncio.sleep(1)
        if second >= WARM_UP_S:
            asked.append(len(host.asked))
        assert all(file.lock_id is not None and file.lock_until > clock.monotonic() for file in host.files.values())
    for client in clients:
        await client.disconnect()
    await server.stop()
    assert all(host.lock_of(name) is None and file.content == b"edited\none\n" for name, file in host.files.items())
    return sum(asked) / documents / (HOURS * 60), max(asked)


def check_load(documents: int) -> None:
    """Simulate, tell the figures, and hold them against what a host has to bear."""
    mean, busiest = simulate(lambda clock: keep_open(clock, documents), limit_s=1e6)
    print(f"\n{documents} documents: {mean:.2f} requests for each and minute, {busiest} in the busiest second")
    assert HOURS * 3600 >= 2 * LOCK_S
    assert mean < REQUESTS_PER_DOCUMENT_AND_MINUTE
    assert busiest < documents * BUSIEST_SECOND


def test_the_locks_of_twenty_documents_never_run_out() -> None:
    check_load(20)


@pytest.mark.soak
def test_the_locks_of_a_thousand_documents_never_run_out() -> None:
    check_load(1_000)
