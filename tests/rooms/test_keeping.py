"""Secrets of people are kept while a document needs them: for a crash, for the lock, and not a moment longer."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from collab.auth.vault import KeyVault
from collab.clock import FakeClock
from collab.config import Config, RoomConfig, SaveConfig
from collab.document import Splice
from collab.protocol.roles import Identity, Role
from collab.rooms.connection import Access
from collab.rooms.parts import Parts
from collab.rooms.rooms import Rooms
from connectors.wopi_source import WopiToken, path_of
from tests.simulation.client import Client
from tests.simulation.loop import simulate
from tests.simulation.world import ROOT, Server, World
from tests.wopi.at_host import connector_at, credentials_for
from tests.wopi.host import WopiHost
from tests.wopi.profiles import STRICT

FILE = "a.md"
VAULT = KeyVault(bytes(range(32)))
CONFIG = Config(save=SaveConfig(debounce_s=5.0, max_wait_s=20.0), room=RoomConfig(idle_unload_s=5.0))


class VaultWorld(World):
    """A server with a vault."""

    def parts(self, name: str = "n1") -> Parts:
        return replace(super().parts(name), vault=VAULT)


class Kept:
    """One file at a host, one person who writes."""

    def __init__(self, clock: FakeClock, config: Config = CONFIG) -> None:
        self.clock = clock
        self.host = WopiHost(clock, STRICT)
        self.host.put(FILE, b"old\n")
        self.credentials = credentials_for(self.host, FILE)
        self.path = path_of(self.host.source(FILE))
        self.world = VaultWorld(clock, config=config)
        self.server = Server(self.world)
        identity = Identity(self.credentials.user_id, "Anna", "#336699")
        self.client = Client("anna", Access(identity, Role.EDITOR, self.credentials), 7)

    async def start(self) -> Rooms:
        self.world.connector = connector_at(self.host, self.clock)
        return await self.server.start()

    async def open_and_type(self, text: str = "typed ") -> Rooms:
        rooms = await self.start()
        opened = await rooms.open(ROOT, self.path, self.credentials)
        await self.client.connect(rooms, opened.document_id)
        await asyncio.sleep(0.1)
        self.client.edit(Splice(0, 0, text))
        await asyncio.sleep(0.1)
        assert self.client.acknowledged == self.client.sent
        return rooms

    def token(self) -> str:
        return (WopiToken.of(self.credentials) or WopiToken("", "")).token


def test_after_a_crash_what_was_typed_is_stored_and_unlocked_although_nobody_comes_back() -> None:
    async def main(clock: FakeClock) -> None:
        kept = Kept(clock)
        await kept.open_and_type()
        lock_id = kept.host.lock_of(FILE)
        await kept.server.kill()
        await kept.client.disconnect()
        assert kept.host.files[FILE].content == b"old\n" and lock_id is not None

        await kept.start()
        await asyncio.sleep(60)

        assert kept.host.files[FILE].content == b"typed old\n"
        assert kept.host.lock_of(FILE) is None
        assert await kept.world.store.kept_credentials() == []
        locks = {asked.headers.get("x-wopi-lock") for asked in kept.host.asked if asked.operation == "lock"}
        assert locks == {lock_id}
        await kept.server.stop()

    simulate(main)


def test_what_is_kept_is_sealed_and_forgotten_when_all_is_stored() -> None:
    async def main(clock: FakeClock) -> None:
        kept = Kept(clock)
        await kept.open_and_type()
        held = await kept.world.store.kept_credentials()
        assert [one.holder for one in held] == [kept.credentials.user_id]
        assert kept.token().encode() not in held[0].sealed

        await kept.client.disconnect()
        await asyncio.sleep(60)

        assert await kept.world.store.kept_credentials() == []
        await kept.server.stop()

    simulate(main)


def test_a_document_whose_tokens_all_ended_is_counted_and_stored_when_somebody_comes() -> None:
    async def main(clock: FakeClock) -> None:
        kept = Kept(clock)
        rooms = await kept.open_and_type()
        kept.host.tokens.clear()
        await kept.client.disconnect()
        await asyncio.sleep(120)
        assert rooms.keeper.stranded_count == 1
        assert rooms.total(lambda _: 1) == 0
        asked = len(kept.host.asked)
        await asyncio.sleep(600)
        assert len(kept.host.asked) == asked  # nobody floods a host with dead tokens

        bob = credentials_for(kept.host, FILE, "bob")
        opened = await rooms.open(ROOT, kept.path, bob)
        reader = Client("bob", Access(Identity("bob", "Bob", "#112233"), Role.EDITOR, bob), 8)
        await reader.connect(rooms, opened.document_id)
        await asyncio.sleep(60)

        assert kept.host.files[FILE].content == b"typed old\n"
        assert rooms.keeper.stranded_count == 0
        await reader.disconnect()
        await kept.server.stop()

    simulate(main)


def test_when_the_editors_token_dies_the_token_of_who_is_still_there_stores() -> None:
    async def main(clock: FakeClock) -> None:
        kept = Kept(clock)
        rooms = await kept.open_and_type()
        bob = credentials_for(kept.host, FILE, "bob")
        opened = await rooms.open(ROOT, kept.path, bob)
        other = Client("bob", Access(Identity("bob", "Bob", "#112233"), Role.EDITOR, bob), 8)
        await other.connect(rooms, opened.document_id)
        del kept.host.tokens[kept.token()]

        await asyncio.sleep(60)

        assert kept.host.files[FILE].content == b"typed old\n"
        await other.disconnect()
        await kept.client.disconnect()
        await kept.server.stop()

    simulate(main)


def check_lock_refreshes(count: int, minutes: int) -> None:
    """Open so many documents for so long, and look at their locks all the time."""

    async def main(clock: FakeClock) -> None:
        kept = Kept(clock, replace(CONFIG, save=replace(CONFIG.save, poll_s=600.0)))
        rooms = await kept.start()
        clients = []
        for number in range(count):
            name = f"{number}.md"
            kept.host.put(name, b"old\n")
            person = credentials_for(kept.host, name, f"user-{number % 4}")
            opened = await rooms.open(ROOT, path_of(kept.host.source(name)), person)
            client = Client("anna", Access(Identity(person.user_id, "Anna", "#336699"), Role.EDITOR, person), 7)
            await client.connect(rooms, opened.document_id)
            clients.append(client)
        kept.host.keys = None  # their check is no part of this
        kept.host.asked.clear()

        for _ in range(minutes):
            for client in clients:
                assert client.connection is not None
                client.connection.heard()  # as a browser's pings are
            await asyncio.sleep(60)
            held = sum(kept.host.lock_of(f"{number}.md") is not None for number in range(count))
            assert held == count

        refreshes = sum(asked.operation == "refresh_lock" for asked in kept.host.asked)
        per_second = len(kept.host.asked) / minutes / 60
        print(f"{refreshes} refreshes, {per_second:.2f} requests per second for {count} documents")
        assert refreshes >= count * (minutes // 5 - 1)
        for client in clients:
            await client.disconnect()
        await kept.server.stop()

    simulate(main, limit_s=20_000)


def test_the_locks_of_all_open_documents_are_refreshed_in_time() -> None:
    check_lock_refreshes(count=20, minutes=45)


@pytest.mark.soak
def test_the_locks_of_a_thousand_documents_are_refreshed_in_time() -> None:
    check_lock_refreshes(count=1000, minutes=60)
