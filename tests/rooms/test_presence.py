"""Presence of a room as clients see it: the newest state of each wins, nobody alive is given up, nobody gone stays."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field, replace

from collab.clock import FakeClock
from collab.config import Config, PresenceConfig
from collab.limits import Limits
from collab.protocol.events import AwarenessEntry
from collab.protocol.messages import Awareness, decode_message, encode_awareness, encode_query_awareness
from collab.protocol.roles import Identity, Role
from collab.rooms.pace import LATEST_S
from collab.rooms.presence import Presence
from tests.simulation.loop import simulate
from tests.simulation.wire import SimulatedWire, join
from tests.simulation.world import CREDENTIALS, ROOT, World, access

LIMITS = Limits()
CONFIG = PresenceConfig(bytes_per_second=8_192)
STOCK_TIMEOUT_S = 30.0


@dataclass
class Observer:
    """What y-protocols keeps of the others: applyAwarenessUpdate and its timeout."""

    seen: dict[int, tuple[int, str | None, float]] = field(default_factory=dict)
    given_up: set[int] = field(default_factory=set)

    def read(self, message: bytes | None, now: float) -> None:
        if message is None:
            return
        decoded = decode_message(message, LIMITS)
        assert isinstance(decoded, Awareness)
        for entry in decoded.entries:
            clock, state, _ = self.seen.get(entry.client_id, (0, None, 0.0))
            if entry.clock > clock or (entry.clock == clock and entry.state is None and state is not None):
                self.seen[entry.client_id] = (entry.clock, entry.state, now)

    def watch(self, now: float) -> None:
        self.given_up |= {
            client_id
            for client_id, (_, state, seen_at) in self.seen.items()
            if state is not None and now - seen_at >= STOCK_TIMEOUT_S
        }

    @property
    def places(self) -> dict[int, int]:
        return {
            client_id: json.loads(state)["place"] for client_id, (_, state, _) in self.seen.items() if state is not None
        }


@dataclass
class Person:
    """A stock client: renews its state when that is 15 s old, which it looks at every 3 s."""

    client_id: int
    moves_per_s: float
    clock: int = 0
    place: int = 0
    renewed_at: float = float("-inf")

    def say(self, presence: Presence, now: float) -> None:
        self.clock += 1
        self.renewed_at = now
        state = json.dumps({"place": self.place, "padding": "x" * 200})
        identity = Identity(f"u{self.client_id}", f"Person {self.client_id}", "#336699")
        entry = AwarenessEntry(self.client_id, self.clock, state)
        presence.receive(self.client_id, identity, Role.EDITOR, [entry], now)


class Crowd:
    """Some hundred people who come, move, rest, leave and come back, and those who watch them."""

    def __init__(self, seed: int, people: int) -> None:
        self.rng = random.Random(seed)
        self.presence = Presence(LIMITS, CONFIG)
        self.people = [Person(number, self.rng.choice([0, 0, 0.2, 1, 8])) for number in range(1, people + 1)]
        self.here: dict[int, Person] = {}
        self.observers = [Observer()]
        self.left_at: dict[int, float] = {}
        self.latest_removal = 0.0

    def step(self, now: float, tick: int) -> None:
        for person in self.people:
            if person.client_id not in self.here:
                if self.rng.random() < 0.005:
                    self.here[person.client_id] = person
                    self.left_at.pop(person.client_id, None)
                    person.say(self.presence, now)
            elif self.rng.random() < 0.0002:
                del self.here[person.client_id]
                self.presence.leave(person.client_id, now)
                self.left_at[person.client_id] = now
            elif self.rng.random() < person.moves_per_s / 20:
                person.place += 1
                person.say(self.presence, now)
            elif tick % 60 == person.client_id % 60 and now - person.renewed_at >= STOCK_TIMEOUT_S / 2:
                person.say(self.presence, now)
        self.send(now)
        if tick % 200 == 199:
            newcomer = Observer()
            newcomer.read(self.presence.everybody(), now)
            assert newcomer.places == {person.client_id: person.place for person in self.here.values()}
            self.observers.append(newcomer)

    def send(self, now: float) -> None:
        recipients = max(len(self.here), 100)
        frame = self.presence.take(now, recipients, with_text=self.rng.random() < 0.2)
        for observer in self.observers:
            observer.read(frame, now)
            observer.watch(now)
        for client_id, since in list(self.left_at.items()):
            if client_id not in self.observers[0].places:
                self.latest_removal = max(self.latest_removal, now - since)
                del self.left_at[client_id]


def test_a_crowd_is_seen_as_it_is_by_all_and_nobody_alive_is_given_up() -> None:
    crowd = Crowd(seed=1, people=200)

    for tick in range(20 * 70):
        crowd.step(tick / 20, tick)
    for tick in range(20 * 70, 20 * 70 + int(20 * (LATEST_S + 1))):
        crowd.send(tick / 20)

    now = {person.client_id: person.place for person in crowd.here.values()}
    assert len(now) > 150
    assert [observer.places == now for observer in crowd.observers] == [True] * len(crowd.observers)
    assert not set.union(*(observer.given_up for observer in crowd.observers))
    assert crowd.latest_removal <= 0.2, "200 recipients have a frame every 0.1 s"
    assert not crowd.left_at


def test_a_new_role_is_told_and_shown_to_newcomers() -> None:
    presence = Presence(LIMITS, CONFIG)
    person, observer, newcomer = Person(7, 1), Observer(), Observer()
    person.say(presence, 0.0)
    observer.read(presence.take(0.0, 2, with_text=True), 0.0)

    presence.change_role(7, Role.VIEWER, 10.0)

    observer.read(presence.take(10.0, 2, with_text=True), 10.0)
    newcomer.read(presence.everybody(), 10.0)
    assert observer.seen == newcomer.seen
    _, state, _ = newcomer.seen[7]
    assert state is not None and json.loads(state)["user"]["role"] == "viewer"


def test_a_state_that_cannot_be_shown_leaves_what_was_shown_before() -> None:
    presence, ann = Presence(LIMITS, CONFIG), Identity("u1", "Ann", "#112233")
    observer = Observer()
    presence.receive(1, ann, Role.EDITOR, [AwarenessEntry(5, 1, '{"place":1}')], 0.0)
    presence.receive(1, ann, Role.EDITOR, [AwarenessEntry(5, 2, '{"place":NaN}')], 0.1)

    observer.read(presence.take(0.2, 2, with_text=False), 0.2)

    assert observer.places == {5: 1}
    presence.receive(1, ann, Role.EDITOR, [AwarenessEntry(5, 3, '{"place":3}')], 0.3)
    observer.read(presence.take(0.3, 2, with_text=False), 0.3)
    assert observer.places == {5: 3}


def test_who_came_and_went_within_one_frame_is_gone_for_those_who_met_them() -> None:
    presence, ann = Presence(LIMITS, CONFIG), Identity("u1", "Ann", "#112233")
    newcomer, other = Observer(), Observer()
    presence.receive(1, ann, Role.EDITOR, [AwarenessEntry(5, 1, '{"place":1}')], 0.0)
    newcomer.read(presence.everybody(), 0.0)
    presence.leave(1, 0.01)

    frame = presence.take(0.2, 500, with_text=False)
    newcomer.read(frame, 0.2)
    other.read(frame, 0.2)

    assert (newcomer.places, other.places) == ({}, {})
    assert newcomer.seen[5][0] == 2


def test_a_removal_is_told_even_when_the_table_has_forgotten_who_it_was() -> None:
    small = replace(LIMITS, connections_per_room=1, awareness_clients_per_connection=1)
    presence, observer = Presence(small, CONFIG), Observer()
    for number in range(1, 31):
        identity = Identity(f"u{number}", "x", "#112233")
        presence.receive(number, identity, Role.EDITOR, [AwarenessEntry(number, 1, '{"place":1}')], 0.0)
    observer.read(presence.take(0.0, 30, with_text=False), 0.0)

    for number in range(1, 31):
        presence.leave(number, 0.1)
    observer.read(presence.take(0.2, 30, with_text=False), 0.2)

    assert observer.places == {}
    assert len(presence._encoded) == len(presence._gone) == 0


# -- in a room --


async def _read(wire: SimulatedWire, observer: Observer, clock: FakeClock) -> None:
    """All that comes, for ever."""
    while (messages := await wire.next_messages()) is not None:
        for message in messages:
            if message.startswith(b"\x01"):
                observer.read(message, clock.monotonic())


def _say(client_id: int, clock: int, place: int) -> bytes:
    return encode_awareness([AwarenessEntry(client_id, clock, json.dumps({"place": place}))])


async def _large_room(clock: FakeClock) -> None:
    world = World(clock, config=Config(presence=PresenceConfig(small_room=20, deliveries_per_second=100)))
    world.storage.outside_write("a.txt", b"")
    readers: list[asyncio.Task[None]] = []
    async with world.server() as rooms:
        opened = await rooms.open(ROOT, "a.txt", CREDENTIALS)
        observers = [Observer() for _ in range(50)]
        connections = []
        for number, observer in enumerate(observers):
            wire = await join(rooms, opened.document_id, access(f"c{number}"))
            connection = wire.connection
            connections.append(connection)
            readers.append(asyncio.create_task(_read(wire, observer, clock)))
            connection.receive(_say(number, 1, 0))
            connection.receive(encode_query_awareness())
        await asyncio.sleep(0.6)
        assert all(len(observer.places) == 50 for observer in observers), "everybody, oneself too"

        for clock_value in range(2, 12):
            connections[3].receive(_say(3, clock_value, clock_value))
        await asyncio.sleep(0.55)
        assert all(observer.places[3] == 11 for observer in observers), "a frame is due every 0.5 s"

        connections[3].disconnected()
        await asyncio.sleep(0.55)
        assert all(3 not in observer.places for number, observer in enumerate(observers) if number != 3)
        for reader, connection in zip(readers, connections, strict=True):
            reader.cancel()
            connection.disconnected()
        await asyncio.gather(*readers, return_exceptions=True)


def test_a_large_room_tells_everybody_in_frames_that_need_no_other_occasion() -> None:
    simulate(_large_room)
