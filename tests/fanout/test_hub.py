"""One node's end of the fan-out: nodes meet, rooms hear each other, and whatever else comes has no effect."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from collab.clock import FakeClock
from collab.config import RedisConfig
from collab.fanout.base import Arrived, Journal, Met, Missed, NodeId, Parted, Reach, RoomEvent, Updates
from collab.fanout.hub import Hub
from collab.fanout.memory import MemoryBus, MemoryNetwork
from collab.fanout.messages import Message, Seal, encode
from collab.limits import Limits
from tests.simulation.loop import simulate
from tests.simulation.world import CountedMetrics

KEY = b"k" * 32
CONFIG = RedisConfig(namespace="test")
TEXT = Updates((b"text",))


@dataclass
class Node:
    """A hub with its end of the network."""

    hub: Hub
    bus: MemoryBus
    metrics: CountedMetrics
    told: list[tuple[str, object]] = field(default_factory=list)


@asynccontextmanager
async def node(network: MemoryNetwork, clock: FakeClock, name: str, key: bytes = KEY) -> AsyncIterator[Node]:
    bus, metrics = network.bus(), CountedMetrics()
    epoch = random.Random(name).getrandbits(64)
    hub = Hub(bus, NodeId(name, epoch), key, CONFIG, Limits(), clock, metrics)
    made = Node(hub, bus, metrics)
    hub.told = lambda subject, fields: made.told.append((subject, dict(fields)))
    async with hub:
        yield made


async def _two(clock: FakeClock, then: Callable[[MemoryNetwork, Node, Node], object]) -> None:
    network = MemoryNetwork()
    async with node(network, clock, "a") as one, node(network, clock, "b") as two:
        await asyncio.sleep(1)
        result = then(network, one, two)
        assert asyncio.iscoroutine(result)
        await result


def with_two(then: Callable[[MemoryNetwork, Node, Node], object]) -> None:
    simulate(lambda clock: _two(clock, then))


def arrived(events: list[RoomEvent]) -> list[object]:
    return [part for event in events if isinstance(event, Arrived) for part in event.parts]


def test_nodes_meet_within_a_moment() -> None:
    async def then(network: MemoryNetwork, one: Node, two: Node) -> None:
        assert one.hub.nodes == {two.hub.me}
        assert two.hub.nodes == {one.hub.me}

    with_two(then)


def test_rooms_of_a_document_hear_each_other_and_not_themselves() -> None:
    async def then(network: MemoryNetwork, one: Node, two: Node) -> None:
        mine: list[RoomEvent] = []
        theirs: list[RoomEvent] = []
        link = await one.hub.join("d", "h", mine.append)
        await two.hub.join("d", "h", theirs.append)

        assert await link.listeners() == 1
        assert link.publish([TEXT, Journal(1, 1)])
        await asyncio.sleep(0.1)

        assert arrived(theirs) == [TEXT, Journal(1, 1)]
        assert arrived(mine) == []

    with_two(then)


def test_another_history_is_not_heard() -> None:
    async def then(network: MemoryNetwork, one: Node, two: Node) -> None:
        theirs: list[RoomEvent] = []
        link = await one.hub.join("d", "h1", lambda event: None)
        await two.hub.join("d", "h2", theirs.append)

        link.publish([TEXT])
        await asyncio.sleep(0.1)

        assert arrived(theirs) == []
        assert two.metrics.counts["fanout_dropped_history_total"] == 1

    with_two(then)


def test_a_lost_message_is_noticed_by_the_next_one() -> None:
    async def then(network: MemoryNetwork, one: Node, two: Node) -> None:
        theirs: list[RoomEvent] = []
        link = await one.hub.join("d", "h", lambda event: None)
        await two.hub.join("d", "h", theirs.append)
        link.publish([TEXT])
        await asyncio.sleep(0.1)

        network.faults.loss = 1.0
        link.publish([TEXT])
        network.faults.loss = 0.0
        link.publish([Journal(1, 1)])
        await asyncio.sleep(0.1)

        assert theirs[-2:] == [Missed(one.hub.me), Arrived(one.hub.me, (Journal(1, 1),))]

    with_two(then)


def test_a_lost_last_message_is_noticed_by_the_next_sign_of_life() -> None:
    async def then(network: MemoryNetwork, one: Node, two: Node) -> None:
        theirs: list[RoomEvent] = []
        link = await one.hub.join("d", "h", lambda event: None)
        await two.hub.join("d", "h", theirs.append)

        network.faults.loss = 1.0
        link.publish([TEXT])
        network.faults.loss = 0.0
        await asyncio.sleep(2 * CONFIG.beat_s)

        assert theirs == [Missed(one.hub.me)]

    with_two(then)


def test_a_doubled_message_has_one_effect() -> None:
    async def then(network: MemoryNetwork, one: Node, two: Node) -> None:
        theirs: list[RoomEvent] = []
        link = await one.hub.join("d", "h", lambda event: None)
        await two.hub.join("d", "h", theirs.append)

        network.faults.duplicates = 1.0
        link.publish([TEXT])
        await asyncio.sleep(0.1)

        assert arrived(theirs) == [TEXT]

    with_two(then)


def test_a_message_that_is_too_large_is_not_sent() -> None:
    async def then(network: MemoryNetwork, one: Node, two: Node) -> None:
        theirs: list[RoomEvent] = []
        link = await one.hub.join("d", "h", lambda event: None)
        await two.hub.join("d", "h", theirs.append)

        assert not link.publish([Updates((bytes(Limits().fanout_message_size_bytes),))])
        assert link.publish([TEXT])
        await asyncio.sleep(2 * CONFIG.beat_s)

        assert theirs == [Arrived(one.hub.me, (TEXT,))]

    with_two(then)


def test_a_node_that_falls_silent_is_gone_and_the_store_is_to_be_watched() -> None:
    async def then(network: MemoryNetwork, one: Node, two: Node) -> None:
        theirs: list[RoomEvent] = []
        link = await one.hub.join("d", "h", lambda event: None)
        await two.hub.join("d", "h", theirs.append)
        link.publish([TEXT])
        await asyncio.sleep(0.1)
        theirs.clear()

        one.bus.set_cut(True, noticed=False)
        await asyncio.sleep(CONFIG.silent_s + 2 * CONFIG.beat_s)
        assert theirs == [Parted(one.hub.me)]
        assert two.hub.troubled

        one.bus.set_cut(False, noticed=False)
        await asyncio.sleep(2 * CONFIG.beat_s)
        assert theirs == [Parted(one.hub.me), Met(one.hub.me)]
        assert not two.hub.troubled

    with_two(then)


def test_a_node_that_ends_in_good_order_is_gone_at_once_and_no_trouble() -> None:
    async def main(clock: FakeClock) -> None:
        network = MemoryNetwork()
        async with node(network, clock, "a") as one:
            async with node(network, clock, "b"):
                await asyncio.sleep(1)
                assert len(one.hub.nodes) == 1
            await asyncio.sleep(0.1)

            assert not one.hub.nodes
            assert not one.hub.troubled

    simulate(main)


def test_a_room_that_closes_is_told_and_may_open_again() -> None:
    async def then(network: MemoryNetwork, one: Node, two: Node) -> None:
        theirs: list[RoomEvent] = []
        await two.hub.join("d", "h", theirs.append)
        link = await one.hub.join("d", "h", lambda event: None)
        link.publish([TEXT])
        link.publish([TEXT])

        await link.close()
        again = await one.hub.join("d", "h", lambda event: None)
        again.publish([TEXT])
        await asyncio.sleep(0.1)

        sent = Arrived(one.hub.me, (TEXT,))
        assert theirs == [sent, sent, Parted(one.hub.me), sent]

    with_two(then)


def test_rooms_are_told_when_nobody_can_be_reached_and_when_that_is_over() -> None:
    async def then(network: MemoryNetwork, one: Node, two: Node) -> None:
        mine: list[RoomEvent] = []
        link = await one.hub.join("d", "h", mine.append)

        network.set_away(True)
        assert link.publish([TEXT])
        assert await link.listeners() is None
        network.set_away(False)

        assert mine == [Reach(False), Reach(True)]

    with_two(then)


def test_what_a_node_says_reaches_all_others_once() -> None:
    async def then(network: MemoryNetwork, one: Node, two: Node) -> None:
        network.faults.duplicates = 1.0

        one.hub.tell("revoked", {"subject": "sub:u1"})
        await asyncio.sleep(0.1)

        assert two.told == [("revoked", {"subject": "sub:u1"})]
        assert one.told == []

    with_two(then)


def test_groups_with_other_keys_on_the_same_channels_do_not_hear_each_other() -> None:
    async def main(clock: FakeClock) -> None:
        network = MemoryNetwork()
        async with node(network, clock, "a") as one, node(network, clock, "b", b"x" * 32) as stranger:
            await asyncio.sleep(5)

            assert not one.hub.nodes
            assert not stranger.hub.nodes
            assert one.metrics.counts["fanout_dropped_forged_total"] > 0

    simulate(main)


def test_messages_that_were_recorded_and_are_played_again_to_a_new_life_have_no_effect() -> None:
    """Who can read the shared server cannot bring back an earlier day: not a right, not a person."""

    async def main(clock: FakeClock) -> None:
        network = MemoryNetwork()
        recorded: list[tuple[str, bytes]] = []
        async with node(network, clock, "a") as one, node(network, clock, "b") as two:
            await two.hub.join("d", "h", lambda event: None)
            sent, two.hub.on_bytes = two.hub.on_bytes, lambda *given: recorded.append(given)  # type: ignore[method-assign]
            link = await one.hub.join("d", "h", lambda event: None)
            for _ in range(3):
                await asyncio.sleep(CONFIG.beat_s)
                link.publish([TEXT])
                one.hub.tell("role", {"role": "owner"})
            del sent
        async with node(network, clock, "b2") as later:
            events: list[RoomEvent] = []
            await later.hub.join("d", "h", events.append)

            for channel, payload in recorded * 2:
                later.hub.on_bytes(channel, payload)

            assert len(recorded) >= 9
            assert not later.hub.nodes
            assert events == []
            assert later.told == []

    simulate(main)


def test_a_hundred_thousand_random_messages_have_no_effect() -> None:
    """S18: strangers publish on our channels, some of them with the layout of ours, or ours with changes."""

    async def then(network: MemoryNetwork, one: Node, two: Node) -> None:
        events: list[RoomEvent] = []
        await one.hub.join("d", "h", events.append)
        rng = random.Random(18)
        forger = Seal(b"guess", CONFIG.namespace)
        genuine = Seal(KEY, CONFIG.namespace).seal(encode(Message(two.hub.me, "d", "h", 9, 9, (TEXT,))))
        message = encode(Message(two.hub.me, "d", "h", 9, 9, (TEXT,)))
        channels = ("test:room:d", "test:nodes", "test:room:e", "other")

        for number in range(100_000):
            kind = number % 4
            if kind == 0:
                payload = rng.randbytes(rng.randint(0, 64))
            elif kind == 1:
                payload = forger.seal(message)
            elif kind == 2:
                payload = genuine[:17] + rng.randbytes(rng.randint(0, 40))
            else:
                at = rng.randrange(len(genuine))
                payload = genuine[:at] + bytes((genuine[at] ^ 1 << rng.randrange(8),)) + genuine[at + 1 :]
            one.hub.on_bytes(channels[number % 3], payload)
        one.hub.on_bytes("test:room:d", bytes(Limits().fanout_message_size_bytes + 1))
        one.hub.on_bytes("test:room:e", genuine)

        assert events == []
        assert one.told == []
        assert one.hub.nodes == {two.hub.me}
        assert one.metrics.counts["fanout_dropped_total"] == 100_002
        assert one.metrics.counts["fanout_dropped_oversize_total"] == 1
        assert one.metrics.counts["fanout_dropped_misplaced_total"] == 1

    with_two(then)
