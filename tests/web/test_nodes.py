"""What one machine does to files and rights reaches the rooms of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from collab.clock import FakeClock
from collab.config import Config, RedisConfig, StoreConfig
from collab.errors import ConfigError
from collab.fanout.memory import MemoryNetwork
from collab.node.rooms import NodeRooms
from collab.protocol.roles import Role
from collab.rooms.notices import NoticeCode
from collab.rooms.rooms import Rooms
from collab.startup import check
from collab.store.base import DocumentId
from collab.web.nodes import Hearing
from tests.simulation.client import Client
from tests.simulation.loop import simulate
from tests.simulation.world import CREDENTIALS, ROOT, Server, World, access

PATH = "a.txt"
Then = Callable[[NodeRooms, Rooms, Client, DocumentId, list[str]], Coroutine[Any, Any, None]]


async def _two(clock: FakeClock, then: Then) -> None:
    """The first machine acts, the second one has a reader."""
    world = World(clock, network=MemoryNetwork())
    world.storage.outside_write(PATH, b"text\n")
    servers = [Server(world, name) for name in ("a", "b")]
    rooms = [await server.start() for server in servers]
    acting, hearing = servers[0].hub, servers[1].hub
    assert acting is not None and hearing is not None
    withdrawn: list[str] = []

    async def revoked(subject: str) -> None:
        withdrawn.append(subject)

    ears = Hearing(rooms[1], revoked)
    hearing.told = ears.take
    listening = asyncio.create_task(ears.run())
    await asyncio.sleep(1)
    document_id = (await rooms[1].open(ROOT, PATH, CREDENTIALS)).document_id
    reader = Client("bob", access("bob", Role.VIEWER), 11)
    await reader.connect(rooms[1], document_id)
    await then(
        NodeRooms(rooms[0], world.store, world.config.limits, None, acting), rooms[1], reader, document_id, withdrawn
    )
    listening.cancel()
    await reader.disconnect()
    for server in servers:
        await server.stop()


def with_two(then: Then) -> None:
    simulate(lambda clock: _two(clock, then))


def test_a_rename_at_one_machine_is_told_at_the_other_and_its_room_follows() -> None:
    async def then(acting: NodeRooms, other: Rooms, reader: Client, document_id: DocumentId, _: list[str]) -> None:
        await acting.moved(ROOT, PATH, "b.txt")
        await asyncio.sleep(1)

        saver = other._live[document_id].saver
        assert saver is not None
        assert saver.file.path == "b.txt"
        assert NoticeCode.RENAMED in [notice.code for notice in reader.notices]

    with_two(then)


def test_a_right_that_is_withdrawn_at_one_machine_is_withdrawn_at_the_other() -> None:
    async def then(acting: NodeRooms, _: Rooms, __: Client, ___: DocumentId, withdrawn: list[str]) -> None:
        await acting.revoked("sub:bob")
        await asyncio.sleep(1)

        assert withdrawn == ["sub:bob"]

    with_two(then)


def test_a_role_that_is_given_at_one_machine_counts_at_the_other() -> None:
    async def then(acting: NodeRooms, _: Rooms, reader: Client, document_id: DocumentId, __: list[str]) -> None:
        acting.role_given(document_id, "bob", Role.EDITOR)
        await asyncio.sleep(1)

        assert reader.connection is not None
        assert reader.connection.role is Role.EDITOR
        assert NoticeCode.ROLE_CHANGED in [notice.code for notice in reader.notices]

    with_two(then)


def test_a_document_that_is_purged_sends_everybody_away() -> None:
    async def then(acting: NodeRooms, _: Rooms, reader: Client, document_id: DocumentId, __: list[str]) -> None:
        await acting._store.purge(document_id)
        await asyncio.sleep(12)

        assert reader.connection is None

    with_two(then)


def test_redis_without_a_shared_database_is_refused_with_the_reason() -> None:
    with pytest.raises(ConfigError, match="--database"):
        check(Config(redis=RedisConfig(url="redis://127.0.0.1")))


def test_a_password_of_redis_is_never_shown() -> None:
    config = Config(redis=RedisConfig(url="redis://:hunter2@127.0.0.1", password="geheim"), store=StoreConfig())

    assert "hunter2" not in str(config.masked()) + repr(config)
    assert "geheim" not in str(config.masked()) + repr(config)
