"""A document that several nodes have: what is typed, saved and told at one of them reaches the others, once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest

from collab.clock import FakeClock
from collab.config import Config, RoomConfig
from collab.document import Splice
from collab.errors import VersionConflict
from collab.fanout.memory import MemoryNetwork
from collab.protocol.events import AwarenessEntry
from collab.protocol.messages import encode_awareness
from collab.protocol.payloads import StorageState
from collab.rooms.notices import NoticeCode
from collab.rooms.rooms import Rooms
from collab.store.base import DocumentId
from tests.simulation.client import Client
from tests.simulation.loop import simulate
from tests.simulation.notebook_client import NotebookClient
from tests.simulation.world import CREDENTIALS, ROOT, Server, World, access

PATH = "a.txt"
TEXT = "one\ntwo\n"


NOTEBOOK = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@dataclass
class Two:
    """Two nodes with a client each on the same document."""

    world: World
    network: MemoryNetwork
    servers: list[Server]
    rooms: list[Rooms]
    clients: list[Client]
    document_id: DocumentId

    @property
    def texts(self) -> list[str]:
        return [client.text for client in self.clients]

    def room(self, index: int) -> Any:
        return self.rooms[index]._live[self.document_id]


Then = Callable[[Two], Coroutine[Any, Any, None]]


async def _two(clock: FakeClock, then: Then, path: str, content: bytes, person: type[Client]) -> None:
    network = MemoryNetwork()
    world = World(clock, network=network, config=Config(room=RoomConfig(idle_unload_s=5.0)))
    world.storage.outside_write(path, content)
    servers = [Server(world, name) for name in ("a", "b")]
    rooms = [await server.start() for server in servers]
    await asyncio.sleep(1)
    document_id = (await rooms[0].open(ROOT, path, CREDENTIALS)).document_id
    clients = [person(name, access(name), number) for number, name in enumerate(("ada", "bob"), 11)]
    for client, node in zip(clients, rooms, strict=True):
        await client.connect(node, document_id)
    await asyncio.sleep(1)
    await then(Two(world, network, servers, rooms, clients, document_id))
    for client in clients:
        await client.disconnect()
    for server in servers:
        await server.stop()


def with_two(then: Then, path: str = PATH, content: bytes = TEXT.encode(), person: type[Client] = Client) -> None:
    simulate(lambda clock: _two(clock, then, path, content, person))


def test_what_is_typed_at_one_node_is_seen_at_the_other_at_once() -> None:
    async def then(two: Two) -> None:
        two.clients[0].edit(Splice(0, 0, "zero\n"))
        await asyncio.sleep(0.05)

        assert two.texts == ["zero\n" + TEXT] * 2

    with_two(then)


def test_an_edit_is_journalled_by_one_node_and_acknowledged_there_only() -> None:
    async def then(two: Two) -> None:
        before = two.room(0).seq
        sent = two.clients[1].acknowledged
        two.clients[0].edit(Splice(0, 0, "zero\n"))
        await asyncio.sleep(2)

        assert two.room(0).seq == two.room(1).seq == before + 1
        assert two.clients[0].acknowledged == two.clients[0].sent
        assert two.clients[1].acknowledged == sent

    with_two(then)


def test_what_a_node_journals_for_another_keeps_its_author() -> None:
    async def then(two: Two) -> None:
        two.world.memory.faults.fail_appends = 1
        two.clients[0].edit(Splice(0, 0, "zero\n"))
        await asyncio.sleep(5)

        room, counts = two.room(1), two.world.metrics.counts
        stored = await two.world.store.updates(two.document_id, room.history_id, after_seq=0, limit=100)
        typed = [update.entry for update in stored if update.entry.author_id == "ada"]
        assert counts["node_updates_adopted_total"] == 1
        assert {entry.node for entry in typed} == {"a", "b"}
        assert {entry.author_name for entry in typed} == {"ada"}
        assert all(update.entry.author_id != "node:" for update in stored)

    with_two(then)


def test_an_update_that_the_server_altered_is_confirmed_by_the_number_that_it_was_sent_with() -> None:
    async def then(two: Two) -> None:
        writer = two.clients[0]
        assert isinstance(writer, NotebookClient)
        writer._add(random.Random(1))
        writer._trust(random.Random(1))  # the server takes the trust out again
        await asyncio.sleep(5)

        assert writer.acknowledged == writer.sent
        fellows = two.room(0).company._fellows
        assert fellows._sent == fellows._confirmed == 2

    with_two(then, "a.ipynb", NOTEBOOK, NotebookClient)


def test_what_was_heard_is_never_published_again() -> None:
    async def then(two: Two) -> None:
        await asyncio.sleep(5)
        published = two.world.metrics.counts["fanout_published_total"]
        updates = two.world.metrics.counts["node_updates_total"]
        two.clients[0].edit(Splice(0, 0, "zero\n"))
        await asyncio.sleep(0.2)

        assert two.world.metrics.counts["node_updates_total"] == updates + 1
        assert two.world.metrics.counts["fanout_published_total"] <= published + 2

    with_two(then)


def test_one_node_stores_and_the_people_of_both_are_told() -> None:
    async def then(two: Two) -> None:
        writes: list[bytes] = []
        write = two.world.storage.write

        async def counted(path: str, content: bytes, *rest: Any, **named: Any) -> Any:
            writes.append(content)
            return await write(path, content, *rest, **named)

        two.world.storage.write = counted  # type: ignore[method-assign]
        for client in two.clients:
            client.edit(Splice(0, 0, f"{client.name}\n"))
        await asyncio.sleep(10)

        assert two.world.storage.outside_content(PATH).decode() == two.texts[0] == two.texts[1]
        assert len(writes) <= 2
        for client in two.clients:
            assert client.save_states[-1].state is StorageState.STORED
            assert client.save_states[-1].covers == client.sent

    with_two(then)


def test_stored_is_never_said_of_an_edit_that_is_not_stored() -> None:
    async def then(two: Two) -> None:
        client = two.clients[1]
        client.edit(Splice(0, 0, "new\n"))
        for _ in range(200):
            await asyncio.sleep(0.05)
            state = client.save_states[-1]
            if state.state is StorageState.STORED and state.covers == client.sent:
                assert b"new\n" in two.world.storage.outside_content(PATH)

        assert b"new\n" in two.world.storage.outside_content(PATH)

    with_two(then)


def test_a_save_asked_for_at_the_node_that_does_not_store_is_done() -> None:
    async def then(two: Two) -> None:
        two.clients[1].edit(Splice(0, 0, "new\n"))
        await asyncio.sleep(0.05)

        state = await two.rooms[1].save_now(two.document_id)

        assert state.state is StorageState.STORED
        assert b"new\n" in two.world.storage.outside_content(PATH)

    with_two(then)


def test_a_change_outside_is_merged_once_and_told_to_all() -> None:
    async def then(two: Two) -> None:
        two.world.storage.outside_write(PATH, (TEXT + "three\n").encode())
        await asyncio.sleep(10)

        assert two.texts == [TEXT + "three\n"] * 2
        for client in two.clients:
            codes = [notice.code for notice in client.notices]
            assert codes.count(NoticeCode.OUTSIDE_CHANGE) == 1

    with_two(then)


def test_a_change_outside_is_taken_back_at_the_node_that_does_not_store() -> None:
    async def then(two: Two) -> None:
        two.world.storage.outside_write(PATH, (TEXT + "three\n").encode())
        await asyncio.sleep(10)
        told = [notice for notice in two.clients[1].notices if notice.code == NoticeCode.OUTSIDE_CHANGE]
        seq = told[0].details["change"]
        assert isinstance(seq, int)

        await two.rooms[1].undo_outside(two.document_id, seq, two.clients[1].access.identity)
        with pytest.raises(VersionConflict):
            await two.rooms[1].undo_outside(two.document_id, seq, two.clients[1].access.identity)
        await asyncio.sleep(1)

        assert two.texts == [TEXT] * 2
        for client in two.clients:
            codes = [notice.code for notice in client.notices]
            assert codes.count(NoticeCode.OUTSIDE_UNDONE) == 1

    with_two(then)


def test_when_the_storing_node_dies_the_other_one_stores() -> None:
    async def then(two: Two) -> None:
        await two.servers[0].kill()
        two.clients[1].edit(Splice(0, 0, "after\n"))
        await asyncio.sleep(40)

        assert two.world.storage.outside_content(PATH).decode() == "after\n" + TEXT
        assert two.clients[1].save_states[-1].state is StorageState.STORED

    with_two(then)


def test_when_the_storing_node_leaves_the_other_one_stores_at_once() -> None:
    async def then(two: Two) -> None:
        await two.clients[0].disconnect()
        await two.servers[0].stop()
        two.clients[1].edit(Splice(0, 0, "after\n"))
        await asyncio.sleep(8)

        assert two.world.storage.outside_content(PATH).decode() == "after\n" + TEXT

    with_two(then)


def test_when_nodes_cannot_hear_each_other_people_are_told_and_meet_through_the_store() -> None:
    async def then(two: Two) -> None:
        two.network.set_away(True)
        for client in two.clients:
            client.edit(Splice(0, 0, f"{client.name}\n"))
        await asyncio.sleep(4)

        assert two.texts[0] == two.texts[1]
        assert two.texts[0].count("ada\n") == two.texts[0].count("bob\n") == 1
        for client in two.clients:
            assert client.acknowledged == client.sent
            assert [notice.code for notice in client.notices][-1] == NoticeCode.NODES_APART
        two.network.set_away(False)
        await asyncio.sleep(1)
        for client in two.clients:
            assert [notice.code for notice in client.notices][-1] == NoticeCode.NODES_TOGETHER

    with_two(then)


def test_what_was_typed_while_redis_was_away_is_there_at_once_when_it_returns() -> None:
    async def then(two: Two) -> None:
        two.network.set_away(True)
        await asyncio.sleep(0.05)
        two.clients[0].edit(Splice(0, 0, "meanwhile\n"))
        await asyncio.sleep(0.05)
        assert two.texts[1] == TEXT

        two.network.set_away(False)
        await asyncio.sleep(0.05)

        assert two.texts == ["meanwhile\n" + TEXT] * 2

    with_two(then)


def test_a_node_that_is_cut_off_alone_meets_the_others_through_the_store() -> None:
    async def then(two: Two) -> None:
        bus = two.servers[1].bus
        assert bus is not None
        bus.set_cut(True)
        await asyncio.sleep(15)
        for client in two.clients:
            client.edit(Splice(0, 0, f"{client.name}\n"))
        await asyncio.sleep(4)

        assert two.texts[0] == two.texts[1]

    with_two(then)


def test_people_are_seen_at_all_nodes_and_go_with_their_node() -> None:
    async def then(two: Two) -> None:
        for number, client in enumerate(two.clients, 11):
            client._send(encode_awareness([AwarenessEntry(number, 1, '{"cursor":1}')]))
        await asyncio.sleep(0.5)
        tables = [two.room(index)._turns._intake.presence._table for index in range(2)]
        assert [sorted(table.present()) for table in tables] == [[11, 12]] * 2
        assert '"name":"ada"' in str(tables[1].entry(11).state)

        await two.servers[0].kill()
        await asyncio.sleep(15)

        assert tables[1].present() == (12,)

    with_two(then)


def test_a_node_that_opens_a_live_document_has_what_the_store_has_not_before_anybody_joins() -> None:
    async def main(clock: FakeClock) -> None:
        network = MemoryNetwork()
        world = World(clock, network=network)
        world.storage.outside_write(PATH, TEXT.encode())
        servers = [Server(world, name) for name in ("a", "b")]
        rooms = [await server.start() for server in servers]
        await asyncio.sleep(1)
        document_id = (await rooms[0].open(ROOT, PATH, CREDENTIALS)).document_id
        ada = Client("ada", access("ada"), 11)
        await ada.connect(rooms[0], document_id)
        await asyncio.sleep(1)
        gate = world.memory.faults.append_gate = asyncio.Event()
        ada.edit(Splice(0, 0, "not journalled\n"))
        await asyncio.sleep(0.1)

        await rooms[1].content_now(document_id)

        assert (await rooms[1].content_now(document_id)).decode() == "not journalled\n" + TEXT
        gate.set()
        world.memory.faults.append_gate = None
        await ada.disconnect()
        for server in servers:
            await server.stop()

    simulate(main)


def test_typed_here_reopened_there_and_a_stale_tab_comes_back_nothing_is_doubled() -> None:
    async def main(clock: FakeClock) -> None:
        world = World(clock, network=MemoryNetwork(), config=Config(room=RoomConfig(idle_unload_s=1.0)))
        world.storage.outside_write(PATH, TEXT.encode())
        servers = [Server(world, name) for name in ("a", "b")]
        rooms = [await server.start() for server in servers]
        await asyncio.sleep(1)
        document_id = (await rooms[0].open(ROOT, PATH, CREDENTIALS)).document_id
        tab = Client("ada", access("ada"), 11)
        await tab.connect(rooms[0], document_id)
        await asyncio.sleep(0.5)
        tab.edit(Splice(0, 0, "typed\n"))
        await asyncio.sleep(0.5)
        await tab.disconnect()
        tab.edit(Splice(0, 0, "offline\n"))
        await asyncio.sleep(20)
        assert not rooms[0]._live

        other = Client("bob", access("bob"), 12)
        await other.connect(rooms[1], (await rooms[1].open(ROOT, PATH, CREDENTIALS)).document_id)
        await asyncio.sleep(0.5)
        other.edit(Splice(0, 0, "there\n"))
        await tab.connect(rooms[0], document_id)
        await asyncio.sleep(10)

        lines = sorted(tab.text.splitlines())
        assert tab.text == other.text == world.storage.outside_content(PATH).decode()
        assert lines == sorted(["typed", "offline", "there", "one", "two"])
        for client in (tab, other):
            await client.disconnect()
        for server in servers:
            await server.stop()

    simulate(main)
