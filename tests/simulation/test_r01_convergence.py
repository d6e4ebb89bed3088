"""R1: random edits, delivery and disconnects; every acknowledged edit is there exactly once, on all replicas.

One seed decides everything. Replay one with
`COLLAB_TEST_SEED=<seed> pytest 'tests/simulation/test_r01_convergence.py::test_r01_convergence[0]'`.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter

import pytest

from collab.clock import FakeClock
from collab.document import Document, Splice
from collab.errors import JournalError
from collab.rooms.rooms import Rooms
from collab.store.base import DocumentId
from tests.simulation.client import MARKER, Client, join_again
from tests.simulation.loop import simulate
from tests.simulation.world import CREDENTIALS, ROOT, Server, World, access

BLOCKS, SCENARIOS = 20, 50
OPERATIONS = 200
REPLAY = "COLLAB_TEST_SEED={} python -m pytest 'tests/simulation/test_r01_convergence.py::test_r01_convergence[0]'"


class Scenario:
    """2-8 clients on one document; what happens when is the seed's choice."""

    def __init__(self, seed: int, clock: FakeClock, operations: int) -> None:
        self.rng = random.Random(seed)
        self.world = World(clock, seed=seed)
        self.server = Server(self.world)
        self.operations = operations
        names = [f"c{number}" for number in range(self.rng.randint(2, 8))]
        self.clients = [Client(name, access(name), 1_000 + index, manual=True) for index, name in enumerate(names)]
        self.server_markers: list[str] = []

    async def run(self) -> None:
        self.world.storage.outside_write("a.txt", b"")
        rooms = await self.server.start()
        opened = await rooms.open(ROOT, "a.txt", CREDENTIALS)
        for client in self.clients:
            await client.connect(rooms, opened.document_id)
        for _ in range(self.operations):
            await self._step(self.server.rooms or await self.server.start(), opened.document_id)
        self.world.memory.faults.fail_appends = 0
        await self._heal(self.server.rooms or await self.server.start(), opened.document_id)
        await self._check(opened.document_id)
        for client in self.clients:
            await client.disconnect()
        await self.server.stop()

    async def _step(self, rooms: Rooms, document_id: DocumentId) -> None:
        client = self.rng.choice(self.clients)
        chance = self.rng.random()
        if chance < 0.4:
            client.insert(self.rng)
        elif chance < 0.5:
            client.delete(self.rng)
        elif chance < 0.52:
            await self._server_edit(rooms, document_id)
        elif chance < 0.54:
            await client.disconnect()
        elif chance < 0.56:
            await asyncio.sleep(self.rng.random() * 2)
        elif chance < 0.565:
            self.world.memory.faults.fail_appends = self.rng.randint(1, 3)
        elif chance < 0.57:
            await self._kill_server(document_id)
            return
        if client.connection is None and self.rng.random() < 0.2:
            await join_again(client, rooms, document_id)
        for _ in range(self.rng.randint(0, 3)):
            self._deliver_one(self.rng.choice(self.clients))
        if self.rng.random() < 0.5:
            await asyncio.sleep(0)

    async def _kill_server(self, document_id: DocumentId) -> None:
        """What was acknowledged survives; what was not is with the clients. Server edits are retried by nobody."""
        await self.server.kill()
        replayed = (await self._replayed(document_id)).text()
        deleted = {marker for client in self.clients for marker in client.edits.deleted}
        for client in self.clients:
            lost = {marker for marker in client.edits.acknowledged - deleted if marker not in replayed}
            assert not lost, f"acknowledged and lost: {sorted(lost)}"
            await client.disconnect()

    def _deliver_one(self, client: Client) -> None:
        for _ in range(self.rng.randint(0, 4)):
            client.deliver_outgoing()
        for _ in range(self.rng.randint(0, 4)):
            client.deliver_incoming()

    async def _server_edit(self, rooms: Rooms, document_id: DocumentId) -> None:
        marker = f"<server.{len(self.server_markers)}>"
        await rooms.content_now(document_id)
        room = rooms._live[document_id]

        def insert(document: Document) -> None:
            document.edit_text([Splice(0, 0, marker)])

        try:
            await room.change(insert, "storage:files", "files")
        except JournalError:
            return
        self.server_markers.append(marker)

    async def _heal(self, rooms: Rooms, document_id: DocumentId) -> None:
        for client in self.clients:
            if client.connection is None:
                assert await join_again(client, rooms, document_id)
        for _ in range(200):
            await asyncio.sleep(0.05)
            if not any(client.incoming or client.outgoing for client in self.clients) and self._all_acknowledged():
                return
            for client in self.clients:
                while client.incoming or client.outgoing:
                    client.deliver_incoming()
                    client.deliver_outgoing()
        raise AssertionError("no peace after 10 s")

    def _all_acknowledged(self) -> bool:
        """Everybody was asked once the journal takes entries, and what they sent is safe."""
        return all(client.acknowledged == client.sent > 0 for client in self.clients)

    async def _check(self, document_id: DocumentId) -> None:
        replayed = await self._replayed(document_id)
        for client in self.clients:
            assert client.text == replayed.text()
            assert client.document.clocks() == replayed.clocks()
        self._check_markers(Counter(MARKER.findall(replayed.text())))

    async def _replayed(self, document_id: DocumentId) -> Document:
        history = await self.world.store.load(document_id)
        assert history is not None
        states = [] if history.snapshot is None else [history.snapshot.state]
        return Document.from_updates([*states, *(stored.entry.update for stored in history.updates)])

    def _check_markers(self, found: Counter[str]) -> None:
        deleted = {marker for client in self.clients for marker in client.edits.deleted}
        made = {marker for client in self.clients for marker in client.edits.inserted} | set(self.server_markers)
        assert set(found) <= made
        assert all(count == 1 for count in found.values())
        for client in self.clients:
            assert client.edits.acknowledged == set(client.edits.inserted)
        assert set(found) == made - deleted


def run_scenario(seed: int, operations: int = OPERATIONS) -> None:
    try:
        simulate(lambda clock: Scenario(seed, clock, operations).run())
    except BaseException:
        print(f"\nfailed with seed {seed}; replay: {REPLAY.format(seed)}")
        raise


def seeds(first: int, count: int) -> range:
    given = os.environ.get("COLLAB_TEST_SEED")
    return range(first, first + count) if given is None else range(int(given), int(given) + 1)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_r01_convergence(block: int) -> None:
    for seed in seeds(block * SCENARIOS, SCENARIOS):
        run_scenario(seed)


@pytest.mark.soak
def test_r01_convergence_soak() -> None:
    for seed in seeds(0, 100_000):
        run_scenario(seed)
