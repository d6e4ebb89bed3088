"""One file, one room, by whatever door it comes; and where nobody can know that, two rooms agree in the end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from collab.clock import FakeClock
from collab.document import Splice
from collab.protocol.payloads import StorageState
from collab.rooms.rooms import Rooms
from collab.rooms.storage_file import Root
from connectors.base import Credentials, Stat, Version, WriteResult
from connectors.memory import MEMORY_CAPABILITIES, MemoryConnector
from connectors.memory_storage import MemoryStorage
from tests.simulation.client import MARKER, Client
from tests.simulation.loop import simulate
from tests.simulation.world import CREDENTIALS, World, access


class Forgetful(MemoryConnector):
    """A door whose storage gives files no ids, and that counts what is written."""

    writes = 0

    async def stat(self, path: str, credentials: Credentials) -> Stat:
        return replace(await super().stat(path, credentials), stable_id=None)

    async def write(
        self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
    ) -> WriteResult:
        self.writes += 1
        return await super().write(path, content, credentials, if_version=if_version)


@asynccontextmanager
async def doors(world: World, first: MemoryConnector, second: MemoryConnector) -> AsyncIterator[Rooms]:
    await world.store.open()
    async with Rooms(world.parts(), [Root("first", first), Root("second", second)], 5.0) as rooms:
        yield rooms


def test_a_file_with_an_id_is_one_document_at_every_door() -> None:
    async def test(clock: FakeClock) -> None:
        storage = MemoryStorage(clock=clock)
        first, second = MemoryConnector(storage), MemoryConnector(storage)
        first.outside_write("a.txt", b"one\n")
        async with doors(World(clock), first, second) as rooms:
            documents = [await rooms.open(root, "a.txt", CREDENTIALS) for root in ("first", "second", "first")]
            ada, bob = Client("ada", access("ada"), 1), Client("bob", access("bob"), 2)
            for client, opened in zip((ada, bob), documents, strict=False):
                await client.connect(rooms, opened.document_id)
            await asyncio.sleep(0.1)
            ada.edit(Splice(0, 0, "live "))
            await asyncio.sleep(0.1)

            assert len({opened.document_id for opened in documents}) == 1
            assert bob.text == "live one\n"
            for client in (ada, bob):
                await client.disconnect()

    simulate(test)


def test_a_file_that_was_moved_while_nobody_looked_keeps_its_document() -> None:
    async def test(clock: FakeClock) -> None:
        connector = MemoryConnector(clock=clock)
        connector.outside_write("a.txt", b"one\n")
        world = World(clock)
        async with doors(world, connector, connector) as rooms:
            before = await rooms.open("first", "a.txt", CREDENTIALS)
            await asyncio.sleep(60)
        connector.storage.move("a.txt", "b.txt")
        async with doors(world, replaced := MemoryConnector(connector.storage), replaced) as rooms:
            after = await rooms.open("first", "b.txt", CREDENTIALS)

        assert after.document_id == before.document_id

    simulate(test)


def test_an_id_that_stays_with_a_backup_does_not_take_the_document_along() -> None:
    async def test(clock: FakeClock) -> None:
        connector = MemoryConnector(clock=clock)
        connector.outside_write("a.txt", b"one\n")
        async with doors(World(clock), connector, connector) as rooms:
            before = await rooms.open("first", "a.txt", CREDENTIALS)
            connector.storage.move("a.txt", "a.txt~")
            connector.outside_write("a.txt", b"new\n")
            again = await rooms.open("first", "a.txt", CREDENTIALS)
            backup = await rooms.open("first", "a.txt~", CREDENTIALS)

            assert backup.document_id != again.document_id
            assert before.path == "a.txt"

    simulate(test)


def test_two_rooms_on_one_file_that_nobody_can_tell_apart_agree_and_then_rest() -> None:
    async def test(clock: FakeClock) -> None:
        storage = MemoryStorage(clock=clock)
        abilities = replace(MEMORY_CAPABILITIES, locks=False, stable_ids=False)
        first, second = (Forgetful(storage, capabilities=abilities) for _ in range(2))
        first.outside_write("a.txt", b"<start>\n")
        rng = random.Random(4)
        async with doors(World(clock), first, second) as rooms:
            clients = []
            for number, root in enumerate(("first", "second")):
                opened = await rooms.open(root, "a.txt", CREDENTIALS)
                client = Client(root, access(root), 10 + number, lines=True)
                await client.connect(rooms, opened.document_id)
                clients.append(client)
            await asyncio.sleep(0.5)
            for _ in range(30):
                rng.choice(clients).insert(rng)
                await asyncio.sleep(rng.random() * 2)
            await asyncio.sleep(60)
            wanted = {"<start>\n", *(line for client in clients for line in client.edits.inserted)}
            texts = {client.text for client in clients} | {first.outside_content("a.txt").decode()}
            assert len(texts) == 1
            assert sorted(MARKER.findall(texts.pop())) == sorted(wanted)

            writes = first.writes + second.writes
            await asyncio.sleep(600)

            assert first.writes + second.writes == writes
            for client in clients:
                await client.disconnect()

    simulate(test)


def test_where_the_storage_locks_the_second_room_is_told_and_stores_when_the_first_is_gone() -> None:
    async def test(clock: FakeClock) -> None:
        storage = MemoryStorage(clock=clock)
        first, second = Forgetful(storage), Forgetful(storage)
        first.outside_write("a.txt", b"one\n")
        async with doors(World(clock), first, second) as rooms:
            clients = []
            for number, root in enumerate(("first", "second")):
                opened = await rooms.open(root, "a.txt", CREDENTIALS)
                client = Client(root, access(root), 10 + number)
                await client.connect(rooms, opened.document_id)
                await asyncio.sleep(0.1)
                client.edit(Splice(0, 0, f"{root}\n"))
                await asyncio.sleep(5)
                clients.append(client)
            told = clients[1].save_states[-1]
            await clients[0].disconnect()
            await asyncio.sleep(200)

            assert (told.state, told.code) == (StorageState.REFUSED, "lock_conflict")
            lines = sorted(first.outside_content("a.txt").decode().split())
            assert lines == ["first", "one", "second"]
            await clients[1].disconnect()

    simulate(test)
