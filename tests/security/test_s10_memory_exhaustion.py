"""S10: whatever a client pushes against a bound of a room, it is told which one, and the others go on working.

In virtual time, without sockets; `test_s10_edge.py` has the bounds in front of the rooms and the memory of a process.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from collab.clock import FakeClock
from collab.config import Config
from collab.document import Splice
from collab.errors import CloseCode, LimitExceeded
from collab.limits import Limits
from collab.protocol.events import AwarenessEntry
from collab.protocol.messages import (
    Awareness,
    decode_message,
    encode_awareness,
    encode_query_awareness,
    encode_sync_step1,
    encode_sync_step2,
    encode_update,
)
from collab.rooms.connection import Connection
from collab.rooms.rooms import Rooms
from collab.store.base import DocumentId, Store
from tests.protocol.updates import numbers, text, update
from tests.simulation.client import Client
from tests.simulation.loop import simulate
from tests.simulation.wire import SimulatedWire, join
from tests.simulation.world import CREDENTIALS, ROOT, World, access

PATH = "a.md"
HOSTILE = 666
SETTLE_S = 0.2


@dataclass
class Flooded:
    """A room with an honest client, and one that is not."""

    rooms: Rooms
    store: Store
    document_id: DocumentId
    honest: Client
    wire: SimulatedWire
    """Of the one that is not."""

    @property
    def hostile(self) -> Connection:
        return self.wire.connection

    async def join(self, name: str) -> SimulatedWire:
        return await join(self.rooms, self.document_id, access(name))

    async def check_others_work(self) -> None:
        """The honest client is connected, and what it types is acknowledged and reaches a newcomer."""
        before = self.honest.acknowledged
        self.honest.edit(Splice(0, 0, "honest "))
        await asyncio.sleep(SETTLE_S)
        newcomer = Client("newcomer", access("Newcomer"), 99)
        await newcomer.connect(self.rooms, self.document_id)
        await asyncio.sleep(SETTLE_S)
        assert not self.honest.closed_with
        assert self.honest.acknowledged == before + 1
        assert newcomer.text == self.honest.text
        assert newcomer.text.startswith("honest ")
        await newcomer.disconnect()

    def check_refused(self, limit: str, code: CloseCode = CloseCode.LIMIT_EXCEEDED) -> None:
        """The hostile connection ends with the documented code and the name of the limit."""
        info = self.hostile.close_info
        assert info is not None, f"{limit} is not enforced"
        assert (info.code, f"({limit})" in info.reason) == (code, True), info


@asynccontextmanager
async def flooded(clock: FakeClock, **limits: float) -> AsyncIterator[Flooded]:
    config = Config(limits=replace(Limits(), **limits))  # type: ignore[arg-type]  # tests only
    world = World(clock, config=config)
    world.storage.outside_write(PATH, b"start\n")
    async with world.server() as rooms:
        opened = await rooms.open(ROOT, PATH, CREDENTIALS)
        honest = Client("honest", access("Honest"), 77)
        await honest.connect(rooms, opened.document_id)
        high_bytes = config.limits.outbox_size_bytes // 4
        hostile = await join(rooms, opened.document_id, access("Hostile"), high_bytes)
        await asyncio.sleep(SETTLE_S)
        yield Flooded(rooms, world.store, opened.document_id, honest, hostile)
        await honest.disconnect()


def in_a_room(**limits: float) -> Callable[[Callable[[Flooded], Coroutine[Any, Any, None]]], Callable[[], None]]:
    """Run a test in a room with these limits, in virtual time; afterwards the others must still work."""

    def wrap(test: Callable[[Flooded], Coroutine[Any, Any, None]]) -> Callable[[], None]:
        async def main(clock: FakeClock) -> None:
            async with flooded(clock, **limits) as room:
                await test(room)
                await asyncio.sleep(SETTLE_S)
                await room.check_others_work()

        def run() -> None:
            simulate(main)

        run.__name__, run.__doc__ = test.__name__, test.__doc__
        return run

    return wrap


def presence(client_id: int, clock: int, padding: int = 0) -> bytes:
    return encode_awareness([AwarenessEntry(client_id, clock, json.dumps({"padding": "x" * padding}))])


def shown(client: Client, frames: list[bytes]) -> set[int]:
    """The client ids that these frames present."""
    messages = [decode_message(frame, Limits()) for frame in frames]
    return {entry.client_id for one in messages if isinstance(one, Awareness) for entry in one.entries if entry.state}


# -- one message --


@in_a_room(message_size_bytes=4096)
async def test_a_message_above_the_size_ends_its_sender(room: Flooded) -> None:
    room.hostile.receive(encode_update(b"x" * 5000))

    room.check_refused("message_size_bytes")


@in_a_room(message_size_bytes=4096, sync_size_bytes=16_384)
async def test_an_answer_to_sync_step_1_above_its_size_ends_its_sender(room: Flooded) -> None:
    room.hostile.receive(encode_sync_step2(b"x" * 20_000))

    room.check_refused("sync_size_bytes")


@in_a_room(message_size_bytes=4096, sync_size_bytes=16_384)
async def test_a_large_answer_that_nobody_asked_for_ends_its_sender(room: Flooded) -> None:
    room.hostile.receive(encode_sync_step2(b"\x00\x00"))
    room.hostile.receive(encode_sync_step2(b"x" * 8_000))

    room.check_refused("message_size_bytes")


@in_a_room(update_structs=50)
async def test_an_update_of_too_many_structs_ends_its_sender(room: Flooded) -> None:
    room.hostile.receive(encode_update(update((HOSTILE, 0, [text("a")] * 51))))
    await asyncio.sleep(SETTLE_S)

    room.check_refused("update_structs")


@in_a_room(update_structs=50)
async def test_a_few_bytes_that_claim_a_billion_structs_end_their_sender(room: Flooded) -> None:
    room.hostile.receive(encode_update(numbers(1, 10**9, HOSTILE, 0)))
    await asyncio.sleep(SETTLE_S)

    assert room.hostile.close_info is not None
    assert room.hostile.close_info.code in (CloseCode.LIMIT_EXCEEDED, CloseCode.MALFORMED)


@in_a_room(string_size_bytes=1000)
async def test_a_string_above_the_size_ends_its_sender(room: Flooded) -> None:
    room.hostile.receive(encode_update(update((HOSTILE, 0, [text("x" * 1001)]))))
    await asyncio.sleep(SETTLE_S)

    room.check_refused("string_size_bytes")


@in_a_room(update_depth=8)
async def test_a_value_nested_too_deep_ends_its_sender(room: Flooded) -> None:
    nested = b"\x75\x01" * 20 + b"\x7e"
    room.hostile.receive(encode_update(update((HOSTILE, 0, [b"\x08\x01\x01t" + numbers(1) + nested]))))
    await asyncio.sleep(SETTLE_S)

    room.check_refused("update_depth")


@in_a_room(state_vector_clients=20)
async def test_a_state_vector_of_too_many_clients_ends_its_sender(room: Flooded) -> None:
    pairs = [number for client in range(21) for number in (client, 1)]
    room.hostile.receive(encode_sync_step1(numbers(21, *pairs)))

    room.check_refused("state_vector_clients")


# -- large messages of all connections together --


@in_a_room(message_size_bytes=4_096, sync_size_bytes=16_384, large_messages_size_bytes=20_000)
async def test_large_messages_that_arrive_share_a_budget_and_who_is_above_it_may_come_back(room: Flooded) -> None:
    other = (await room.join("Other")).connection
    await asyncio.sleep(SETTLE_S)
    alone = room.hostile.message_limit_bytes
    other.arriving(15_000)
    beside = room.hostile.message_limit_bytes
    room.hostile.receive_oversized(encode_sync_step2(b"x" * 12_000)[:16])

    assert (alone, beside) == (16_384, 5_000)
    room.check_refused("large_messages_size_bytes", CloseCode.TRY_AGAIN_LATER)
    other.disconnected()
    newcomer = (await room.join("Hostile")).connection
    await asyncio.sleep(SETTLE_S)
    assert newcomer.message_limit_bytes == 16_384


@in_a_room(message_size_bytes=4_096, sync_size_bytes=16_384, large_messages_size_bytes=20_000)
async def test_a_large_message_is_held_until_its_room_has_dealt_with_it(room: Flooded) -> None:
    large = room.rooms._parts.large
    before = large.held_bytes
    room.hostile.receive(encode_sync_step2(update((HOSTILE, 0, [text("x" * 12_000)]))))
    waiting = large.held_bytes
    await asyncio.sleep(SETTLE_S)

    assert (before, large.held_bytes) == (0, 0)
    assert waiting > 12_000
    assert (room.hostile.close_info, room.hostile.ledger.acknowledged) == (None, 1)


@in_a_room(message_size_bytes=4_096, sync_size_bytes=16_384, large_messages_size_bytes=20_000)
async def test_who_leaves_holds_nothing_of_the_budget_any_more(room: Flooded) -> None:
    large = room.rooms._parts.large
    room.hostile.receive(encode_sync_step2(update((HOSTILE, 0, [text("x" * 12_000)]))))
    room.hostile.arriving(6_000)
    held = large.held_bytes
    room.hostile.disconnected()
    gone = large.held_bytes
    await asyncio.sleep(SETTLE_S)

    assert held > 18_000
    assert (gone, large.held_bytes) == (0, 0)


# -- presence --


@in_a_room(awareness_clients_per_connection=3)
async def test_a_connection_presents_so_many_clients_and_no_more(room: Flooded) -> None:
    for client_id in range(100, 120):
        room.hostile.receive(presence(client_id, 1))
    await asyncio.sleep(SETTLE_S)
    witness = await room.join("Witness")
    witness.connection.receive(encode_query_awareness())
    await asyncio.sleep(SETTLE_S)

    assert shown(room.honest, witness.read()) == {100, 101, 102}
    assert room.hostile.close_info is None


@in_a_room(awareness_state_size_bytes=500)
async def test_a_presence_above_the_size_is_shown_to_nobody(room: Flooded) -> None:
    room.hostile.receive(presence(100, 1, padding=501))
    room.hostile.receive(presence(101, 1, padding=10))
    await asyncio.sleep(SETTLE_S)
    witness = await room.join("Witness")
    witness.connection.receive(encode_query_awareness())
    await asyncio.sleep(SETTLE_S)

    assert shown(room.honest, witness.read()) == {101}


@in_a_room(awareness_messages_per_second=5.0)
async def test_presence_above_the_rate_is_passed_on_to_nobody(room: Flooded) -> None:
    witness = await room.join("Witness")
    await asyncio.sleep(SETTLE_S)
    witness.read()
    for clock in range(1, 101):
        room.hostile.receive(presence(100, clock))
    await asyncio.sleep(SETTLE_S)

    messages = [decode_message(frame, Limits()) for frame in witness.read()]
    passed = [entry.clock for one in messages if isinstance(one, Awareness) for entry in one.entries]
    assert 1 <= len(passed) <= 6
    assert room.hostile.close_info is None


@in_a_room(connections_per_room=4, awareness_clients_per_connection=2, awareness_timeout_s=30.0)
async def test_client_ids_of_those_who_left_are_forgotten(room: Flooded) -> None:
    for number in range(50):
        guest = await room.join(f"guest{number}")
        guest.connection.receive(presence(1000 + number, 1))
        await asyncio.sleep(0.01)
        guest.connection.disconnected()
        await asyncio.sleep(0.01)

    table = room.rooms._live[room.document_id]._turns._intake.presence._table
    assert len(table._presences) <= 4 * 2
    assert len(table._rates) <= 1


# -- one connection --


@in_a_room(messages_per_second=50.0, messages_burst=100)
async def test_messages_above_the_burst_end_their_sender_who_may_come_back(room: Flooded) -> None:
    for _ in range(101):
        room.hostile.receive(encode_sync_step1(b"\x00"))

    room.check_refused("messages_per_second", CloseCode.TRY_AGAIN_LATER)


@in_a_room(messages_per_second=50.0, messages_burst=100)
async def test_messages_below_the_rate_end_nobody(room: Flooded) -> None:
    for _ in range(300):
        room.hostile.receive(encode_sync_step1(b"\x00"))
        room.wire.read()
        await asyncio.sleep(1 / 40)

    assert room.hostile.close_info is None


@in_a_room(outbox_size_bytes=10_000, outbox_stall_s=5.0)
async def test_a_reader_that_stops_costs_its_outbox_and_is_cut(room: Flooded) -> None:
    most = 0
    for _ in range(100):
        room.honest.edit(Splice(0, 0, "x" * 1000))
        await asyncio.sleep(0.1)
        most = max(most, room.hostile.outbox.held_bytes)

    assert most <= 10_000
    info = room.hostile.close_info
    assert info is not None and (info.code, info.reason) == (CloseCode.TRY_AGAIN_LATER, "slow consumer")


@in_a_room(outbox_size_bytes=10_000, messages_burst=100_000)
async def test_who_asks_for_the_document_without_reading_costs_one_answer(room: Flooded) -> None:
    room.honest.edit(Splice(0, 0, "x" * 50_000))
    await asyncio.sleep(SETTLE_S)
    for _ in range(1_000):
        room.hostile.receive(encode_sync_step1(b"\x00"))
        await asyncio.sleep(0)
    await asyncio.sleep(SETTLE_S)

    assert room.hostile.outbox.held_bytes < 2 * 50_000


# -- one room, one server --


@in_a_room(document_size_bytes=5_000)
async def test_a_document_at_its_size_takes_nothing_more(room: Flooded) -> None:
    for clock in range(0, 10_000, 500):
        left = (HOSTILE, clock - 1) if clock else None
        room.hostile.receive(encode_update(update((HOSTILE, clock, [text("x" * 500, left)]))))
        await asyncio.sleep(0.01)

    room.check_refused("document_size_bytes")
    assert len(room.honest.text) < 5_000


@in_a_room(room_inbox_messages=50, messages_burst=10_000)
async def test_who_does_not_wait_for_a_full_room_is_told_to_come_back(room: Flooded) -> None:
    for _ in range(101):
        room.hostile.receive(encode_sync_step1(b"\x00"))

    info = room.hostile.close_info
    assert info is not None and (info.code, info.reason) == (CloseCode.TRY_AGAIN_LATER, "overload")


@in_a_room(room_inbox_messages=50, messages_burst=10_000)
async def test_a_full_room_keeps_the_transport_from_reading_on(room: Flooded) -> None:
    for _ in range(50):
        room.hostile.receive(encode_sync_step1(b"\x00"))

    before = room.wire.reading
    await asyncio.sleep(SETTLE_S)

    assert (before, room.wire.reading) == (False, True)


@in_a_room(connections_per_room=4)
async def test_a_room_holds_so_many_connections_and_no_more(room: Flooded) -> None:
    guests = [await room.join("Guest") for _ in range(2)]

    with pytest.raises(LimitExceeded) as caught:
        await room.join("Guest")

    assert caught.value.limit == "connections_per_room"
    guests[0].connection.disconnected()
    await asyncio.sleep(SETTLE_S)
    (await room.join("Guest")).connection.disconnected()


@in_a_room(rooms=3)
async def test_a_server_holds_so_many_rooms_and_no_more(room: Flooded) -> None:
    await room.rooms.open_scratch("one")
    await room.rooms.open_scratch("two")

    with pytest.raises(LimitExceeded) as caught:
        await room.rooms.open_scratch("three")

    assert caught.value.limit == "rooms"


@in_a_room(rooms_per_user=2)
async def test_a_person_holds_so_many_rooms_and_no_more(room: Flooded) -> None:
    second, third = [(await room.rooms.open_scratch(name)).document_id for name in ("two", "three")]
    await room.rooms.join(second, access("Hostile"))

    with pytest.raises(LimitExceeded) as caught:
        await room.rooms.join(third, access("Hostile"))

    assert caught.value.limit == "rooms_per_user"
    (await room.rooms.join(third, access("Honest"))).disconnected()


@in_a_room(scratch_documents=3)
async def test_a_store_holds_so_many_rooms_without_a_file_and_those_that_exist_stay_open(room: Flooded) -> None:
    for name in ("one", "two", "three"):
        await room.rooms.open_scratch(name, "hostile")

    with pytest.raises(LimitExceeded) as caught:
        await room.rooms.open_scratch("four", "honest")

    assert caught.value.limit == "scratch_documents"
    assert (await room.rooms.open_scratch("two", "honest")).document_id


@in_a_room(scratch_documents=3)
async def test_rooms_without_a_file_that_were_purged_make_room_for_others(room: Flooded) -> None:
    opened = [await room.rooms.open_scratch(name, "hostile") for name in ("one", "two", "three")]
    await asyncio.sleep(35)
    await room.store.purge(opened[0].document_id)
    await asyncio.sleep(30)

    assert (await room.rooms.open_scratch("four", "honest")).document_id


@in_a_room(scratch_documents_per_user_and_hour=60)
async def test_a_person_makes_so_many_rooms_without_a_file_in_an_hour_and_others_still_may(room: Flooded) -> None:
    for number in range(60):
        await room.rooms.open_scratch(f"room{number}", "hostile")

    with pytest.raises(LimitExceeded) as caught:
        await room.rooms.open_scratch("three", "hostile")

    assert caught.value.limit == "scratch_documents_per_user_and_hour"
    assert caught.value.close_code is CloseCode.TRY_AGAIN_LATER
    assert (await room.rooms.open_scratch("room1", "hostile")).document_id
    assert (await room.rooms.open_scratch("three", "honest")).document_id
    await asyncio.sleep(61)
    assert (await room.rooms.open_scratch("four", "hostile")).document_id


@in_a_room(scratch_name_length=20)
async def test_the_name_of_a_room_has_a_length(room: Flooded) -> None:
    with pytest.raises(LimitExceeded) as caught:
        await room.rooms.open_scratch("x" * 21)

    assert caught.value.limit == "scratch_name_length"
