"""What every bus has to do; a bus passes by fixtures `network` (makes buses, goes and comes) and an empty subclass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from collab.fanout.base import Bus
from tests.patience import PATIENCE_S


class Network(Protocol):
    """Where the buses of a test meet."""

    def bus(self) -> Bus: ...

    async def go(self) -> None: ...

    async def come(self) -> None: ...


class Events:
    """What a bus told."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.reach: list[bool] = []
        self._news = asyncio.Event()

    def on_bytes(self, channel: str, payload: bytes) -> None:
        self.got.append((channel, payload))
        self._news.set()

    def on_reach(self, there: bool) -> None:
        self.reach.append(there)
        self._news.set()

    async def until(self, holds: Callable[[Events], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds(self):
                self._news.clear()
                await self._news.wait()


async def opened(network: Network) -> tuple[Bus, Events]:
    bus, events = network.bus(), Events()
    await bus.open(events)
    await events.until(lambda seen: seen.reach == [True])
    return bus, events


class BusContract:
    """The contract."""

    async def test_what_is_published_reaches_every_subscriber_in_order(self, network: Network) -> None:
        (one, mine), (two, theirs) = await opened(network), await opened(network)
        for bus in (one, two):
            await bus.subscribe("c")

        for number in range(100):
            one.publish("c", b"%d" % number)

        expected = [("c", b"%d" % number) for number in range(100)]
        for events in (mine, theirs):
            await events.until(lambda seen: len(seen.got) == 100)
            assert events.got == expected
        await one.close()
        await two.close()

    async def test_other_channels_are_not_heard(self, network: Network) -> None:
        bus, events = await opened(network)
        await bus.subscribe("a")
        await bus.subscribe("b")
        await bus.unsubscribe("b")

        bus.publish("b", b"no")
        bus.publish("c", b"no")
        bus.publish("a", b"yes")

        await events.until(lambda seen: bool(seen.got))
        assert events.got == [("a", b"yes")]
        await bus.close()

    async def test_any_bytes_go_through(self, network: Network) -> None:
        bus, events = await opened(network)
        await bus.subscribe("a b\r\nä")
        payload = bytes(range(256)) * 2000

        bus.publish("a b\r\nä", payload)

        await events.until(lambda seen: bool(seen.got))
        assert events.got == [("a b\r\nä", payload)]
        await bus.close()

    async def test_who_listens_is_counted(self, network: Network) -> None:
        (one, _), (two, _) = await opened(network), await opened(network)
        await one.subscribe("c")

        assert await one.listeners("c") == 1
        await two.subscribe("c")
        assert await one.listeners("c") == 2
        assert await one.listeners("d") == 0
        await one.close()
        await two.close()

    async def test_when_the_network_goes_it_is_told_and_nothing_waits(self, network: Network) -> None:
        bus, events = await opened(network)
        await bus.subscribe("c")

        await network.go()

        await events.until(lambda seen: seen.reach == [True, False])
        assert not bus.available
        bus.publish("c", b"lost")
        assert await bus.listeners("c") is None
        await bus.subscribe("later")
        await bus.close()

    async def test_when_it_comes_back_all_subscriptions_stand(self, network: Network) -> None:
        bus, events = await opened(network)
        await bus.subscribe("before")
        await network.go()
        await events.until(lambda seen: seen.reach == [True, False])
        await bus.subscribe("meanwhile")

        await network.come()

        await events.until(lambda seen: seen.reach == [True, False, True])
        bus.publish("before", b"1")
        bus.publish("meanwhile", b"2")
        await events.until(lambda seen: len(seen.got) == 2)
        assert events.got == [("before", b"1"), ("meanwhile", b"2")]
        await bus.close()

    async def test_closing_twice_is_no_mistake(self, network: Network) -> None:
        bus, _ = await opened(network)

        await bus.close()
        await bus.close()
