"""What happens to a room and its clients at random, and what must hold in the end; one seed decides everything."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from collab.clock import FakeClock
from collab.document import CONFLICTS, Document, Splice
from collab.errors import JournalError
from collab.fanout.memory import MemoryNetwork
from collab.rooms.rooms import Rooms
from collab.store.base import DocumentId
from tests.simulation.client import MARKER, Client, join_again
from tests.simulation.loop import simulate
from tests.simulation.typed_client import TypedClient, content, deletions
from tests.simulation.world import CREDENTIALS, ROOT, Server, World, access

PATH = "a.txt"
STORED_S = 20.0
"""Everything that is to be saved and merged is, after so long."""

_Client = TypeVar("_Client", bound=Client)


class Scenario(Generic[_Client]):
    """2-8 clients on one document of one or more nodes; subclasses say what they edit and what must hold."""

    def __init__(self, seed: int, clock: FakeClock, operations: int) -> None:
        self.rng = random.Random(seed)
        self.world = World(clock, seed=seed)
        self.nodes = [Server(self.world)]
        self.operations = operations
        self.clients = self.make_clients([f"c{number}" for number in range(self.rng.randint(2, 8))])

    def make_clients(self, names: Sequence[str]) -> Sequence[_Client]:
        raise NotImplementedError

    async def open(self, rooms: Rooms) -> DocumentId:
        raise NotImplementedError

    async def edit(self, client: _Client, rooms: Rooms, document_id: DocumentId) -> None:
        """One edit of a client, or of somebody else."""
        raise NotImplementedError

    def check_replayed(self, replayed: Document) -> None:
        """Nothing acknowledged is missing from the journal of a server that was killed."""
        raise NotImplementedError

    async def check(self, replayed: Document, rooms: Rooms, document_id: DocumentId) -> None:
        """In the end all are equal, and nothing is lost or doubled."""
        raise NotImplementedError

    async def run(self) -> None:
        document_id = await self.open(await self._a_node())
        for client in self.clients:
            await client.connect(await self._a_node(), document_id)
        for _ in range(self.operations):
            await self._step(document_id)
        self.world.memory.faults.fail_appends = 0
        await self._heal(document_id)
        await self.check(await self._replayed(document_id), await self._a_node(), document_id)
        for client in self.clients:
            await client.disconnect()
        for node in self.nodes:
            await node.stop()

    async def _a_node(self) -> Rooms:
        node = self.rng.choice(self.nodes)
        return node.rooms or await node.start()

    async def _step(self, document_id: DocumentId) -> None:
        rooms = await self._a_node()
        client = self.rng.choice(self.clients)
        chance = self.rng.random()
        if chance < 0.52:
            await self.edit(client, rooms, document_id)
        elif chance < 0.54:
            await client.disconnect()
        elif chance < 0.56:
            await asyncio.sleep(self.rng.random() * 2)
        elif chance < 0.565:
            self.world.memory.faults.fail_appends = self.rng.randint(1, 3)
        elif chance < 0.57:
            await self._kill(document_id)
            return
        elif chance < 0.573:
            await self._restart()
            return
        if client.connection is None and self.rng.random() < 0.2:
            await join_again(client, rooms, document_id)
        for _ in range(self.rng.randint(0, 3)):
            self._deliver_one(self.rng.choice(self.clients))
        if self.rng.random() < 0.5:
            await asyncio.sleep(0)

    async def _kill(self, document_id: DocumentId) -> None:
        """What was acknowledged survives; what was not is with the clients. Server edits are retried by nobody."""
        for node in self.nodes:
            await node.kill()
        self.check_replayed(await self._replayed(document_id))
        for client in self.clients:
            await client.disconnect()

    async def _restart(self) -> None:
        """With grace: everybody is sent away and may come back."""
        for node in self.nodes:
            await node.stop()
        for client in self.clients:
            await client.disconnect()

    def _deliver_one(self, client: _Client) -> None:
        for _ in range(self.rng.randint(0, 4)):
            client.deliver_outgoing()
        for _ in range(self.rng.randint(0, 4)):
            client.deliver_incoming()

    async def _heal(self, document_id: DocumentId) -> None:
        for client in self.clients:
            if client.connection is None:
                assert await join_again(client, await self._a_node(), document_id)
        for _ in range(200):
            await asyncio.sleep(0.05)
            if self._is_quiet():
                return
            for client in self.clients:
                while client.incoming or client.outgoing:
                    client.deliver_incoming()
                    client.deliver_outgoing()
        raise AssertionError("no peace after 10 s")

    def _is_quiet(self) -> bool:
        """Everybody was asked what the server lacks, and everything said is acknowledged."""
        under_way = any(client.incoming or client.outgoing for client in self.clients)
        return not under_way and all(0 < client.sent == client.acknowledged for client in self.clients)

    async def settle(self, document_id: DocumentId) -> None:
        """Let the storage catch up, and the clients with what that brings."""
        await asyncio.sleep(STORED_S)
        await self._heal(document_id)

    async def _replayed(self, document_id: DocumentId) -> Document:
        history = await self.world.store.load(document_id)
        assert history is not None
        states = [] if history.snapshot is None else [history.snapshot.state]
        return Document.from_updates([*states, *(stored.entry.update for stored in history.updates)])


class NodesScenario(Scenario[_Client]):
    """The same on three nodes, over a network that loses, doubles, delays and splits."""

    def __init__(self, seed: int, clock: FakeClock, operations: int) -> None:
        super().__init__(seed, clock, operations)
        self.network = MemoryNetwork(seed)
        self.world.network = self.network
        self.nodes = [Server(self.world, f"n{number}") for number in range(3)]
        faults = self.network.faults
        faults.loss, faults.duplicates = self.rng.choice(((0.0, 0.0), (0.05, 0.05), (0.3, 0.2)))
        faults.delay_s = self.rng.choice(((0.0, 0.0), (0.0, 0.05), (0.2, 0.5)))
        faults.reorder = self.rng.random() < 0.5

    async def _step(self, document_id: DocumentId) -> None:
        chance = self.rng.random()
        if chance < 0.004:
            self.network.set_away(not self.network.faults.away)
        elif chance < 0.01:
            bus = self.rng.choice(self.nodes).bus
            if bus is not None:
                bus.set_cut(self.rng.random() < 0.7, noticed=self.rng.random() < 0.5)
        elif chance < 0.014:
            self.world.memory.faults.away = not self.world.memory.faults.away
        try:
            await super()._step(document_id)
        except JournalError:
            self.world.memory.faults.away = False

    async def _kill(self, document_id: DocumentId) -> None:
        """One node dies, and all clients lose their connections for simplicity's sake."""
        self.world.memory.faults.away = False
        await self.rng.choice(self.nodes).kill()
        self.check_replayed(await self._replayed(document_id))
        for client in self.clients:
            await client.disconnect()

    async def _restart(self) -> None:
        """One node is replaced while the others go on."""
        node = self.rng.choice(self.nodes)
        await node.stop()
        for client in self.clients:
            await client.disconnect()

    async def _heal(self, document_id: DocumentId) -> None:
        faults = self.network.faults
        self.world.memory.faults.away = False
        faults.loss, faults.duplicates, faults.delay_s, faults.reorder = 0.0, 0.0, (0.0, 0.0), False
        self.network.set_away(False)
        for node in self.nodes:
            if node.bus is not None:
                node.bus.set_cut(False)
        await super()._heal(document_id)

    async def settle(self, document_id: DocumentId) -> None:
        """Nodes that lost each other meet again, who was the saver is settled, and all is stored."""
        await asyncio.sleep(STORED_S)
        await super().settle(document_id)


class TextScenario(Scenario[Client]):
    """A text file: every marker that somebody typed stands there exactly once.

    With markers as lines other programs write the file, too. They may bring back a line that was deleted meanwhile, but
    only as one side of a conflict between which people can choose.
    """

    def make_clients(self, names: Sequence[str]) -> Sequence[Client]:
        self.server_markers: list[str] = []
        self.outside_markers: list[str] = []
        self.lines = self.rng.random() < 0.5
        return [
            Client(name, access(name), 1_000 + index, manual=True, lines=self.lines) for index, name in enumerate(names)
        ]

    async def open(self, rooms: Rooms) -> DocumentId:
        self.world.storage.outside_write(PATH, b"")
        return (await rooms.open(ROOT, PATH, CREDENTIALS)).document_id

    async def edit(self, client: Client, rooms: Rooms, document_id: DocumentId) -> None:
        chance = self.rng.random()
        if chance < 0.77:
            client.insert(self.rng)
        elif chance < 0.95:
            client.delete(self.rng)
        elif chance < 0.98 or not self.lines:
            await self._edit_by_server(rooms, document_id)
        else:
            self._write_outside()

    async def _edit_by_server(self, rooms: Rooms, document_id: DocumentId) -> None:
        marker = f"<server.{len(self.server_markers)}>" + "\n" * self.lines
        await rooms.content_now(document_id)
        room = rooms._live[document_id]
        try:
            await room.change(lambda document: document.edit_text([Splice(0, 0, marker)]), "storage:files", "files")
        except JournalError:
            return
        self.server_markers.append(marker)

    def _write_outside(self) -> None:
        """Another program reads the file, adds a line and writes it."""
        self.outside_markers.append(f"<outside.{len(self.outside_markers)}>\n")
        lines = self.world.storage.outside_content(PATH).decode().splitlines(keepends=True)
        lines.insert(self.rng.randint(0, len(lines)), self.outside_markers[-1])
        self.world.storage.outside_write(PATH, "".join(lines).encode())

    def _deleted(self) -> set[str]:
        return {marker for client in self.clients for marker in client.edits.deleted}

    def check_replayed(self, replayed: Document) -> None:
        text, deleted = replayed.text(), self._deleted()
        for client in self.clients:
            lost = {marker for marker in client.edits.acknowledged - deleted if marker not in text}
            assert not lost, f"acknowledged and lost: {sorted(lost)}"

    async def check(self, replayed: Document, rooms: Rooms, document_id: DocumentId) -> None:
        await self.settle(document_id)
        replayed = await self._replayed(document_id)
        for client in self.clients:
            assert client.text == replayed.text()
            assert client.document.clocks() == replayed.clocks()
        assert self.world.storage.outside_content(PATH).decode() == replayed.text()
        conflicts = replayed.map_values(CONFLICTS).values()
        offered = "".join(str(conflict["theirs"]) for conflict in conflicts if isinstance(conflict, dict))
        self._check_markers(Counter(MARKER.findall(replayed.text())), offered)

    def _check_markers(self, found: Counter[str], offered: str) -> None:
        deleted = self._deleted()
        made = {marker for client in self.clients for marker in client.edits.inserted}
        made |= {*self.server_markers, *self.outside_markers}
        assert all(count == 1 for count in found.values()), found
        assert made - deleted <= set(found) <= made
        brought_back = {marker for marker in set(found) & deleted if marker not in offered}
        assert not brought_back, f"brought back: {sorted(brought_back)}"
        for client in self.clients:
            assert client.edits.acknowledged == set(client.edits.inserted)


class TypedScenario(Scenario[TypedClient]):
    """A room without a file: formatted text, arrays, maps, XML, nested in each other, edited and taken back."""

    def make_clients(self, names: Sequence[str]) -> Sequence[TypedClient]:
        return [TypedClient(name, access(name), 1_000 + index) for index, name in enumerate(names)]

    async def open(self, rooms: Rooms) -> DocumentId:
        return (await rooms.open_scratch("typed")).document_id

    async def edit(self, client: TypedClient, rooms: Rooms, document_id: DocumentId) -> None:
        client.act(self.rng)

    def check_replayed(self, replayed: Document) -> None:
        clocks = replayed.clocks()
        for client in self.clients:
            known = clocks.get(client.document.client_id, 0)
            assert known >= client.safe_clock, f"{client.name}: acknowledged {client.safe_clock}, journalled {known}"

    async def check(self, replayed: Document, rooms: Rooms, document_id: DocumentId) -> None:
        seen, gone = content(replayed), deletions(replayed)
        for client in self.clients:
            assert client.document.clocks() == replayed.clocks()
            assert deletions(client.document) == gone
            assert content(client.document) == seen


class NodesText(NodesScenario[Client], TextScenario):
    """A text file on three nodes."""


class NodesTyped(NodesScenario[TypedClient], TypedScenario):
    """All types on three nodes."""

    async def check(self, replayed: Document, rooms: Rooms, document_id: DocumentId) -> None:
        await self.settle(document_id)
        await super().check(await self._replayed(document_id), rooms, document_id)


def run_scenario(seed: int, operations: int, replay: str, *, nodes: bool = False) -> None:
    """Even seeds edit a text file, odd ones every shared type; with `nodes` on three nodes."""
    if nodes:
        kind: type[Scenario[Any]] = NodesTyped if seed % 2 else NodesText
    else:
        kind = TypedScenario if seed % 2 else TextScenario
    try:
        simulate(lambda clock: kind(seed, clock, operations).run())
    except BaseException:
        print(f"\nfailed with seed {seed}; replay: {replay.format(seed)}")
        raise
