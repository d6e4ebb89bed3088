"""The bus in memory: the contract, and its faults."""

from __future__ import annotations

import asyncio

import pytest

from collab.fanout.base import Bus
from collab.fanout.memory import MemoryNetwork
from tests.fanout.contract import BusContract, Events, opened
from tests.simulation.loop import simulate


class _Network:
    def __init__(self) -> None:
        self.memory = MemoryNetwork()

    def bus(self) -> Bus:
        return self.memory.bus()

    async def go(self) -> None:
        self.memory.set_away(True)

    async def come(self) -> None:
        self.memory.set_away(False)


@pytest.fixture
def network() -> _Network:
    return _Network()


class TestMemoryBus(BusContract):
    """The whole contract."""


async def _numbers_received(network: _Network, count: int, wait_s: float) -> list[int]:
    bus, events = await opened(network)
    await bus.subscribe("c")
    for number in range(count):
        bus.publish("c", b"%d" % number)
    await asyncio.sleep(wait_s)
    await bus.close()
    return [int(payload) for _, payload in events.got]


def test_a_lossy_network_loses_some_by_its_seed() -> None:
    network = _Network()
    network.memory.faults.loss = 0.3

    received = simulate(lambda clock: _numbers_received(network, 1000, 1.0))

    assert 600 < len(received) < 800
    assert received == sorted(received)


def test_a_network_that_doubles_and_reorders_loses_nothing() -> None:
    network = _Network()
    network.memory.faults.duplicates = 0.2
    network.memory.faults.reorder = True
    network.memory.faults.delay_s = (0.0, 0.5)

    received = simulate(lambda clock: _numbers_received(network, 1000, 1.0))

    assert set(received) == set(range(1000))
    assert len(received) > 1100
    assert received != sorted(received)


def test_delay_alone_keeps_the_order() -> None:
    network = _Network()
    network.memory.faults.delay_s = (0.0, 0.5)

    assert simulate(lambda clock: _numbers_received(network, 1000, 1.0)) == list(range(1000))


async def test_an_end_that_is_cut_off_hears_nothing_while_others_go_on() -> None:
    network = MemoryNetwork()
    buses = [network.bus() for _ in range(3)]
    events = [Events() for _ in range(3)]
    for bus, told in zip(buses, events, strict=True):
        await bus.open(told)
        await bus.subscribe("c")

    buses[2].set_cut(True)
    buses[0].publish("c", b"1")
    await events[1].until(lambda seen: bool(seen.got))

    assert events[2].got == []
    assert events[2].reach == [True, False]
    for bus in buses:
        await bus.close()
