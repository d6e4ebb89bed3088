"""R10: one of a hundred clients stops reading: it costs little, nobody else notices, and it is cut or catches up.

Time is virtual, and every turn of the event loop takes equally long; so how late the others get something is counted in
turns, and the work of server and clients in calls.
"""

from __future__ import annotations

import asyncio
import cProfile
import math
import pstats
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from collab.clock import FakeClock
from collab.document import Splice
from collab.errors import CloseCode
from collab.limits import MIB
from collab.protocol.messages import encode_update
from tests.simulation.client import Client
from tests.simulation.loop import simulate
from tests.simulation.world import CREDENTIALS, ROOT, World, access

CLIENTS = 100
PASTES = 50
PASTE = "x" * 60_000
UPDATE = encode_update(b"")[:2]
HELD_LIMIT = 2 * MIB
MOST_MORE = 1.1
"""The others' p99 and the server's work may rise by less than a tenth."""


class Watcher(Client):
    """Notes when each update arrived."""

    def __init__(self, name: str, client_id: int, clock: FakeClock) -> None:
        super().__init__(name, access(name), client_id)
        self.arrivals: list[float] = []
        self._clock = clock

    def _on_message(self, frame: bytes) -> None:
        super()._on_message(frame)
        if frame.startswith(UPDATE):
            self.arrivals.append(self._clock.monotonic())


@dataclass
class Outcome:
    """What became of the one that does not read, and what the others saw."""

    stalled: Client
    others: list[Watcher]
    held: int = 0
    sent_at: list[float] = field(default_factory=list)
    calls: int = 0

    @property
    def p99_s(self) -> float:
        """How late the others got what was pasted."""
        late = sorted(
            at - sent for watcher in self.others[1:] for sent, at in zip(self.sent_at, watcher.arrivals, strict=True)
        )
        return late[math.ceil(len(late) * 0.99) - 1]


@contextmanager
def counted_calls(outcome: Outcome) -> Iterator[None]:
    """Count the calls of everything in this process."""
    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        outcome.calls = pstats.Stats(profile).total_calls  # type: ignore[attr-defined]  # not in the type stubs


async def crowd(clock: FakeClock, *, stalls: bool, reads_again: bool = False) -> Outcome:
    """One of a hundred clients may stop reading while another pastes 3 MB."""
    world = World(clock)
    world.storage.outside_write("a.txt", b"")
    clients = [Watcher(f"c{number}", number + 1, clock) for number in range(CLIENTS)]
    outcome = Outcome(clients[0], clients[1:])
    async with world.server() as rooms:
        opened = await rooms.open(ROOT, "a.txt", CREDENTIALS)
        for client in clients:
            await client.connect(rooms, opened.document_id)
        await asyncio.sleep(1)
        if stalls:
            outcome.stalled.reading.clear()
        with counted_calls(outcome):
            await paste(clock, outcome)
        if reads_again:
            outcome.stalled.reading.set()
        await asyncio.sleep(15)
        outcome.stalled.reading.set()
        await asyncio.sleep(1)
        for client in clients:
            await client.disconnect()
    return outcome


async def paste(clock: FakeClock, outcome: Outcome) -> None:
    connection = outcome.stalled.connection
    assert connection is not None
    for number in range(PASTES):
        outcome.sent_at.append(clock.monotonic())
        outcome.others[0].edit(Splice(0, 0, PASTE))
        await asyncio.sleep(0.1)
        outcome.held = max(outcome.held, connection.outbox.held_bytes)
        behind = [client.name for client in outcome.others[1:] if len(client.arrivals) != number + 1]
        assert not behind, f"slowed down by the one that does not read: {behind}"


@pytest.fixture(scope="module")
def cut() -> Outcome:
    return simulate(lambda clock: crowd(clock, stalls=True))


def test_a_client_that_stops_reading_holds_little_and_is_cut(cut: Outcome) -> None:
    assert 0 < cut.held < HELD_LIMIT
    assert cut.stalled.closed_with == [CloseCode.TRY_AGAIN_LATER]
    assert not any(client.closed_with for client in cut.others)


def test_the_others_get_everything_as_soon_and_the_server_works_no_more_than_when_all_read(cut: Outcome) -> None:
    all_read = simulate(lambda clock: crowd(clock, stalls=False))

    assert all_read.stalled.closed_with == []
    assert 0 < cut.p99_s < all_read.p99_s * MOST_MORE
    assert 0 < cut.calls < all_read.calls * MOST_MORE


def test_a_client_that_reads_again_in_time_gets_everything_by_a_resync() -> None:
    outcome = simulate(lambda clock: crowd(clock, stalls=True, reads_again=True))

    assert outcome.held < HELD_LIMIT
    assert outcome.stalled.closed_with == []
    assert outcome.stalled.text == outcome.others[0].text
    assert outcome.stalled.document.clocks() == outcome.others[0].document.clocks()
