"""R10: one of a hundred clients stops reading: it costs little, nobody else notices, and it is cut or catches up."""

from __future__ import annotations

import asyncio

from collab.clock import FakeClock
from collab.document import Splice
from collab.errors import CloseCode
from collab.limits import MIB
from tests.simulation.client import Client
from tests.simulation.loop import simulate
from tests.simulation.world import CREDENTIALS, ROOT, World, access

CLIENTS = 100
PASTE = "x" * 60_000
HELD_LIMIT = 2 * MIB


async def crowd(clock: FakeClock, *, reads_again: bool) -> tuple[Client, list[Client], int]:
    """One client stops reading while another pastes 3 MB; returns it, the others, and the most that it held."""
    world = World(clock)
    world.storage.outside_write("a.txt", b"")
    clients = [Client(f"c{number}", access(f"c{number}"), number + 1) for number in range(CLIENTS)]
    held = 0
    async with world.server() as rooms:
        opened = await rooms.open(ROOT, "a.txt", CREDENTIALS)
        for client in clients:
            await client.connect(rooms, opened.document_id)
        await asyncio.sleep(1)
        stalled, writer = clients[0], clients[1]
        connection = stalled.connection
        assert connection is not None
        stalled.reading.clear()
        for number in range(50):
            writer.edit(Splice(0, 0, PASTE))
            await asyncio.sleep(0.1)
            held = max(held, connection.outbox.held_bytes)
            behind = [client.name for client in clients[1:] if len(client.text) != (number + 1) * len(PASTE)]
            assert not behind, f"slowed down by the one that does not read: {behind}"
        if reads_again:
            stalled.reading.set()
        await asyncio.sleep(15)
        stalled.reading.set()
        await asyncio.sleep(1)
        for client in clients:
            await client.disconnect()
    return stalled, clients[1:], held


def test_a_client_that_stops_reading_holds_little_and_is_cut() -> None:
    stalled, others, held = simulate(lambda clock: crowd(clock, reads_again=False))

    assert 0 < held < HELD_LIMIT
    assert stalled.closed_with == [CloseCode.TRY_AGAIN_LATER]
    assert not any(client.closed_with for client in others)


def test_a_client_that_reads_again_in_time_gets_everything_by_a_resync() -> None:
    stalled, others, held = simulate(lambda clock: crowd(clock, reads_again=True))

    assert held < HELD_LIMIT
    assert stalled.closed_with == []
    assert stalled.text == others[0].text
    assert stalled.document.clocks() == others[0].document.clocks()
