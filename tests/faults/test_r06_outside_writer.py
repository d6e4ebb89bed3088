"""R6: somebody else writes the file while people edit it: no foreign line is lost, none of anybody's is doubled.

Replay one race with `COLLAB_TEST_SEED=<seed> pytest tests/faults/test_r06_outside_writer.py`.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from dataclasses import replace

import pytest

from collab.clock import FakeClock
from collab.config import Config, RoomConfig, SaveConfig
from connectors.base import Capabilities, Credentials, Version, WriteResult
from connectors.memory import MEMORY_CAPABILITIES, MemoryConnector
from tests.simulation.client import MARKER, Client, join_again
from tests.simulation.loop import simulate
from tests.simulation.world import CREDENTIALS, ROOT, Server, World, access

RACES = 200
STEPS = 40
PATH = "a.txt"
REPLAY = "COLLAB_TEST_SEED={} python -m pytest tests/faults/test_r06_outside_writer.py -k races"
CONFIG = Config(save=SaveConfig(debounce_s=0.3, max_wait_s=1.0, poll_s=0.7), room=RoomConfig(idle_unload_s=2.0))


class RacingConnector(MemoryConnector):
    """Now and then somebody writes between our check and our replacement, where the storage lets that happen."""

    def __init__(self, rng: random.Random, clock: FakeClock, capabilities: Capabilities) -> None:
        super().__init__(clock=clock, capabilities=capabilities)
        self.rng = rng
        self.foreign: list[str] = []
        self.racing = True

    async def write(
        self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
    ) -> WriteResult:
        if self.racing and self.rng.random() < 0.3:
            current = self.storage.file(path)
            if self.capabilities.atomic_compare_and_swap:
                self.outside_write(path, self.with_line(current.content))
            elif current.version == if_version:
                self.outside_write_during_next_write(path, self.with_line(current.content))
        return await super().write(path, content, credentials, if_version=if_version)

    def with_line(self, content: bytes) -> bytes:
        """The content with one more line, somewhere."""
        lines = content.decode().splitlines(keepends=True)
        self.foreign.append(f"<foreign.{len(self.foreign)}>\n")
        lines.insert(self.rng.randint(0, len(lines)), self.foreign[-1])
        return "".join(lines).encode()


class Race:
    """Two people, and an application that adds lines to the file behind our back."""

    path = PATH
    start = b"<start>\n"
    connector: type[RacingConnector] = RacingConnector

    def __init__(self, seed: int, clock: FakeClock) -> None:
        self.rng = random.Random(seed)
        fenced, watched = self.rng.random() < 0.5, self.rng.random() < 0.5
        abilities = replace(MEMORY_CAPABILITIES, atomic_compare_and_swap=fenced, watches=watched)
        self.storage = self.connector(self.rng, clock, abilities)
        self.world = World(clock, seed=seed, config=CONFIG, storage=self.storage)
        self.server = Server(self.world)
        self.clients = [self.make_client(name, 50 + index) for index, name in enumerate("ab")]

    def make_client(self, name: str, client_id: int) -> Client:
        return Client(name, access(name), client_id, lines=True)

    def insert(self, client: Client) -> None:
        """A person adds a marker."""
        client.insert(self.rng)

    def stored_text(self, content: bytes) -> str:
        """What of a file has the markers."""
        return content.decode()

    def live_text(self, client: Client) -> str:
        return client.text

    async def run(self) -> None:
        self.storage.outside_write(self.path, self.start)
        rooms = await self.server.start()
        opened = await rooms.open(ROOT, self.path, CREDENTIALS)
        for _ in range(STEPS):
            await self._step()
            rooms = self.server.rooms or await self.server.start()
            for client in self.clients:
                if client.connection is None and self.rng.random() < 0.5:
                    await join_again(client, rooms, opened.document_id)
            await asyncio.sleep(self.rng.random() * self.rng.choice((0.01, 0.2, 1.0)))
        for client in self.clients:
            if client.connection is None:
                await join_again(client, rooms, opened.document_id)
        self.storage.racing = False
        await asyncio.sleep(20)
        self._check(await rooms.content_now(opened.document_id))
        await self.server.stop()

    async def _step(self) -> None:
        chance = self.rng.random()
        if chance < 0.5:
            self.insert(self.rng.choice(self.clients))
        elif chance < 0.8:
            self.storage.outside_write(self.path, self.storage.with_line(self.storage.outside_content(self.path)))
        elif chance < 0.85:
            await self.rng.choice(self.clients).disconnect()
        elif chance < 0.88:
            await self.server.kill()
            for client in self.clients:
                await client.disconnect()

    def _check(self, live: bytes) -> None:
        stored = self.storage.outside_content(self.path)
        assert live == stored
        text = self.stored_text(stored)
        found = Counter(MARKER.findall(text))
        wanted = {*MARKER.findall(self.stored_text(self.start)), *self.storage.foreign}
        wanted.update(marker for client in self.clients for marker in client.edits.inserted)
        assert all(count == 1 for count in found.values()), found
        assert wanted <= set(found), f"lost: {sorted(wanted - set(found))}"
        assert set(found) <= wanted, f"from nowhere: {sorted(set(found) - wanted)}"
        for client in self.clients:
            assert self.live_text(client) == text


def run_race(seed: int) -> None:
    try:
        simulate(lambda clock: Race(seed, clock).run())
    except BaseException:
        print(f"\nfailed with seed {seed}; replay: {REPLAY.format(seed)}")
        raise


def seeds(count: int) -> range:
    given = os.environ.get("COLLAB_TEST_SEED")
    return range(count) if given is None else range(int(given), int(given) + 1)


def test_r06_races_lose_no_foreign_line_and_double_none() -> None:
    for seed in seeds(RACES):
        run_race(seed)


@pytest.mark.soak
def test_r06_races_soak() -> None:
    for seed in seeds(10_000):
        run_race(seed)
