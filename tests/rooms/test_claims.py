"""Two processes over one store: a document is live in one of them, and free as soon as its room is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from collab.clock import FakeClock
from collab.config import Config, RoomConfig
from collab.errors import RoomElsewhere
from collab.rooms.rooms import Rooms
from collab.rooms.storage_file import Root
from collab.store.base import DocumentId
from tests.simulation.loop import simulate
from tests.simulation.world import CREDENTIALS, ROOT, World, access

PATH = "a.md"
IDLE_S = 5.0


@dataclass
class TableClaims:
    """Claims in a table that several processes of a simulation share."""

    table: dict[DocumentId, str]
    owner: str

    def claim(self, document_id: DocumentId) -> None:
        if self.table.setdefault(document_id, self.owner) != self.owner:
            raise RoomElsewhere(document_id)

    def release(self, document_id: DocumentId) -> None:
        assert self.table.pop(document_id) == self.owner


@asynccontextmanager
async def two_processes(clock: FakeClock) -> AsyncIterator[tuple[Rooms, Rooms, dict[DocumentId, str]]]:
    world = World(clock, config=Config(room=RoomConfig(idle_unload_s=IDLE_S)))
    world.storage.outside_write(PATH, b"one\n")
    await world.store.open()
    table: dict[DocumentId, str] = {}
    first, second = (
        Rooms(replace(world.parts(), claims=TableClaims(table, name)), [Root(ROOT, world.connector)], 10.0)
        for name in ("first", "second")
    )
    async with first, second:
        yield first, second, table


def test_a_document_is_live_in_one_process_only_and_moves_when_its_room_is_gone() -> None:
    async def test(clock: FakeClock) -> None:
        async with two_processes(clock) as (first, second, table):
            opened = await first.open(ROOT, PATH, CREDENTIALS)

            with pytest.raises(RoomElsewhere):
                await second.open(ROOT, PATH, CREDENTIALS)
            with pytest.raises(RoomElsewhere):
                await second.join(opened.document_id, access())
            await asyncio.sleep(IDLE_S + 5)
            assert not table
            again = await second.open(ROOT, PATH, CREDENTIALS)

            assert again.history_id == opened.history_id
            assert table == {opened.document_id: "second"}

    simulate(test)


def test_a_load_that_fails_leaves_no_claim() -> None:
    async def test(clock: FakeClock) -> None:
        async with two_processes(clock) as (first, _, table):
            await first.open(ROOT, PATH, CREDENTIALS)
            record = await first.find_scratch("room")
            table[record.document_id] = "second"

            with pytest.raises(RoomElsewhere):
                await first.open_scratch("room")
            assert table[record.document_id] == "second"
            del table[record.document_id]
            assert (await first.open_scratch("room")).document_id == record.document_id

    simulate(test)


def test_a_document_that_comes_back_while_it_leaves_has_one_claim_at_a_time() -> None:
    async def test(clock: FakeClock) -> None:
        async with two_processes(clock) as (first, _, table):
            opened = await first.open(ROOT, PATH, CREDENTIALS)

            for _ in range(20):
                await asyncio.sleep(IDLE_S)
                await first.open(ROOT, PATH, CREDENTIALS)

            assert table == {opened.document_id: "first"}

    simulate(test)
