"""R6 for WOPI: somebody else writes the file behind the host (wopiserver): no foreign line is lost, none is doubled.

Replay one race with `COLLAB_TEST_SEED=<seed> pytest tests/faults/test_r06_wopi.py`.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter

import pytest

from collab.clock import FakeClock
from collab.config import Config, RoomConfig, SaveConfig
from collab.protocol.roles import Identity, Role
from collab.rooms.connection import Access
from connectors.wopi import WopiConnector
from connectors.wopi_calls import WopiCalls
from connectors.wopi_source import path_of
from tests.simulation.client import MARKER, Client, join_again
from tests.simulation.loop import simulate
from tests.simulation.world import ROOT, Server, World
from tests.wopi.at_host import KEYS, credentials_for
from tests.wopi.host import Asked, WopiHost
from tests.wopi.profiles import PROFILES, WOPISERVER, Profile

pytestmark = pytest.mark.slow

RACES = 12
STEPS = 30
FILE = "a.txt"
CONFIG = Config(save=SaveConfig(debounce_s=0.3, max_wait_s=1.0, poll_s=0.7), room=RoomConfig(idle_unload_s=2.0))


class Race:
    """Two people, and an application that adds lines to the file behind the host's back."""

    def __init__(self, seed: int, clock: FakeClock, profile: Profile) -> None:
        self.rng = random.Random(seed)
        self.clock = clock
        self.host = WopiHost(clock, profile)
        self.host.keys = KEYS.attributes()
        self.host.put(FILE, b"<start>\n")
        self.host.before = self._race
        self.racing = True
        self.foreign: list[str] = []
        self.path = path_of(self.host.source(FILE))
        self.world = World(clock, seed=seed, config=CONFIG)
        self.server = Server(self.world)
        self.clients = []
        for index, name in enumerate("ab"):
            person = credentials_for(self.host, FILE, name)
            access = Access(Identity(person.user_id, name, "#336699"), Role.EDITOR, person)
            self.clients.append(Client(name, access, 50 + index, lines=True))
        self.credentials = self.clients[0].access.credentials

    def _race(self, asked: Asked) -> None:
        """Now and then somebody writes between our look and our write."""
        if self.racing and asked.operation == "put_file" and self.rng.random() < 0.3:
            self.write_outside()

    def write_outside(self) -> None:
        lines = self.host.files[FILE].content.decode().splitlines(keepends=True)
        self.foreign.append(f"<foreign.{len(self.foreign)}>\n")
        lines.insert(self.rng.randint(0, len(lines)), self.foreign[-1])
        self.host.put(FILE, "".join(lines).encode(), FILE)

    async def run(self) -> None:
        rooms = await self._start()
        opened = await rooms.open(ROOT, self.path, self.credentials)
        for _ in range(STEPS):
            await self._step()
            rooms = self.server.rooms or await self._start()
            for client in self.clients:
                if client.connection is None and self.rng.random() < 0.5:
                    await join_again(client, rooms, opened.document_id)
            await asyncio.sleep(self.rng.random() * self.rng.choice((0.01, 0.2, 1.0)))
        for client in self.clients:
            if client.connection is None:
                await join_again(client, rooms, opened.document_id)
        self.racing = False
        await asyncio.sleep(90)
        self._check(await rooms.content_now(opened.document_id))
        await self.server.stop()

    async def _start(self) -> object:
        self.world.connector = WopiConnector(WopiCalls(self.host, self.clock, lambda: KEYS), self.clock)
        return await self.server.start()

    async def _step(self) -> None:
        chance = self.rng.random()
        if chance < 0.5:
            self.rng.choice(self.clients).insert(self.rng)
        elif chance < 0.8:
            self.write_outside()
        elif chance < 0.85:
            await self.rng.choice(self.clients).disconnect()
        elif chance < 0.88:
            await self.server.kill()
            for client in self.clients:
                await client.disconnect()

    def _check(self, live: bytes) -> None:
        stored = self.host.files[FILE].content
        assert live == stored
        found = Counter(MARKER.findall(stored.decode()))
        wanted = {"<start>\n", *self.foreign}
        wanted.update(marker for client in self.clients for marker in client.edits.inserted)
        assert all(count == 1 for count in found.values()), found
        assert wanted <= set(found), f"lost: {sorted(wanted - set(found))}"
        assert set(found) <= wanted, f"from nowhere: {sorted(set(found) - wanted)}"
        for client in self.clients:
            assert client.text.encode() == stored


def run_race(seed: int, profile: Profile = WOPISERVER) -> None:
    try:
        simulate(lambda clock: Race(seed, clock, profile).run())
    except BaseException:
        print(f"\nfailed with seed {seed} at {profile.name}")
        raise


def seeds(count: int) -> range:
    given = os.environ.get("COLLAB_TEST_SEED")
    return range(count) if given is None else range(int(given), int(given) + 1)


def test_r06_races_behind_wopiserver_lose_no_foreign_line_and_double_none() -> None:
    for seed in seeds(RACES):
        run_race(seed)


@pytest.mark.parametrize("name", ["nextcloud"])
def test_r06_races_behind_a_host_that_compares_times(name: str) -> None:
    for seed in seeds(3):
        run_race(seed, PROFILES[name])


@pytest.mark.soak
def test_r06_two_hundred_races_behind_wopiserver() -> None:
    for seed in seeds(200):
        run_race(seed)
