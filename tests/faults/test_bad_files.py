"""What may happen to a file while people edit it, and to the clock.

The live document stays, people are told, nothing of theirs is lost, and what others put there is not overwritten.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from collab.clock import FakeClock, SystemClock
from collab.config import Config, SaveConfig
from collab.document import Splice
from collab.limits import Limits
from collab.protocol.events import AwarenessEntry
from collab.protocol.messages import Awareness, decode_message, encode_awareness, encode_query_awareness
from collab.protocol.payloads import SaveState, StorageState
from collab.rooms.rooms import Rooms
from collab.store.base import DocumentId
from connectors.local import LocalConnector
from connectors.local_settings import LocalSettings, WatchMode
from tests.patience import PATIENCE_S
from tests.simulation.client import Client
from tests.simulation.loop import simulate
from tests.simulation.wire import join
from tests.simulation.world import CREDENTIALS, ROOT, World, access

NAME = "notes.md"
START = b"# Notes\n"
GIB = 1024**3
QUICK = Config(save=SaveConfig(debounce_s=0.1, max_wait_s=0.5, retry_min_s=0.1, retry_max_s=0.5, poll_s=0.2))
HOUR_S = 3600.0


@dataclass
class Open:
    """A document of a real folder that somebody has open."""

    path: Path
    rooms: Rooms
    document_id: DocumentId
    client: Client

    def type(self, text: str) -> None:
        self.client.edit(Splice(0, 0, text))

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not done():  # noqa: ASYNC110  # the file is another program's, it has no event
                await asyncio.sleep(0.02)

    async def told(self, code: str) -> SaveState:
        """Wait until the save state says that the storage refused, and why."""
        await self.until(lambda: self.refused is not None and self.refused.code == code)
        assert self.refused is not None
        return self.refused

    @property
    def state(self) -> StorageState | None:
        return self.client.save_states[-1].state if self.client.save_states else None

    @property
    def refused(self) -> SaveState | None:
        return self.client.save_states[-1] if self.state is StorageState.REFUSED else None

    @property
    def notices(self) -> list[str]:
        return [notice.code for notice in self.client.notices]

    async def stored(self, *parts: bytes) -> None:
        """Wait until the file holds all of these, and people were told that it is stored."""
        await self.until(lambda: self.state is StorageState.STORED and self._holds(parts))

    def _holds(self, parts: tuple[bytes, ...]) -> bool:
        content = self.path.read_bytes() if self.path.is_file() else b""
        return all(content.count(part) == 1 for part in parts)

    async def check_typing_is_kept(self, text: str) -> None:
        """The live document takes and acknowledges edits although the file is what it is."""
        before = self.client.acknowledged
        self.type(text)
        await self.until(lambda: self.client.acknowledged == before + 1)
        newcomer = Client("newcomer", access("Newcomer"), 99)
        await newcomer.connect(self.rooms, self.document_id)
        await self.until(lambda: text in newcomer.text)
        await newcomer.disconnect()
        assert self.client.connection is not None


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Open]:
    path = folder / NAME
    path.write_bytes(START)
    settings = LocalSettings(folder, watch_mode=WatchMode.POLL, poll_interval_s=0.1, watch_debounce_ms=50)
    connector = LocalConnector(settings)
    world = World(SystemClock(), config=QUICK, connector=connector)  # type: ignore[arg-type]  # any clock will do
    try:
        async with world.server() as rooms:
            document = await rooms.open(ROOT, NAME, CREDENTIALS)
            one = Open(path, rooms, document.document_id, Client("ada", access(), 77))
            await one.client.connect(rooms, document.document_id)
            await one.until(lambda: one.client.text == START.decode())
            one.type("first ")
            await one.stored(b"first # Notes")
            yield one
            await one.client.disconnect()
    finally:
        await connector.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


async def test_a_file_that_vanishes_stays_alive_and_goes_on_when_it_is_back(folder: Path) -> None:
    async with opened(folder) as one:
        one.path.rename(folder / "away")
        state = await one.told("not_found")
        await one.check_typing_is_kept("second ")

        assert not one.path.exists(), "a deleted file is not made again unasked"
        assert state.reason and "does not exist" in state.reason
        assert "deleted" in one.notices
        (folder / "away").rename(one.path)
        await one.stored(b"second ", b"first ", b"# Notes")
        assert "restored" in one.notices


async def test_a_file_replaced_by_a_folder_is_not_touched(folder: Path) -> None:
    async with opened(folder) as one:
        one.path.unlink()
        one.path.mkdir()
        (one.path / "theirs").write_bytes(b"theirs")
        state = await one.told("not_found")
        await one.check_typing_is_kept("second ")

        assert (one.path / "theirs").read_bytes() == b"theirs"
        assert state.reason and "no file" in state.reason
        shutil.rmtree(one.path)
        one.path.write_bytes(b"first # Notes\noutside\n")
        await one.stored(b"second ", b"# Notes", b"outside\n")


async def test_a_file_that_turns_binary_is_not_overwritten(folder: Path) -> None:
    binary = b"\x7fELF\x00\x01\x02\xff\xfe" * 100
    async with opened(folder) as one:
        one.path.write_bytes(binary)
        state = await one.told("format_error")
        await one.check_typing_is_kept("second ")
        await one.told("format_error")

        assert one.path.read_bytes() == binary
        assert state.reason and "\n" not in state.reason
        one.path.write_bytes(b"first # Notes\nagain text\n")
        await one.stored(b"second ", b"# Notes", b"again text\n")


async def test_a_file_that_turns_2_gb_is_neither_read_nor_overwritten(folder: Path) -> None:
    async with opened(folder) as one:
        os.truncate(one.path, 2 * GIB)
        state = await one.told("format_error")
        await one.check_typing_is_kept("second ")
        await one.told("format_error")

        assert one.path.stat().st_size == 2 * GIB
        assert state.reason and "larger than this server edits" in state.reason
        one.path.write_bytes(b"first # Notes\nsmall again\n")
        await one.stored(b"second ", b"# Notes", b"small again\n")


async def test_a_file_replaced_by_a_symbolic_link_is_not_followed(folder: Path) -> None:
    async with opened(folder) as one:
        one.path.unlink()
        one.path.symlink_to("/etc/hostname")
        state = await one.told("not_found")
        await one.check_typing_is_kept("second ")

        assert one.path.is_symlink()
        assert state.reason and "no file" in state.reason
        one.path.unlink()
        one.path.write_bytes(b"first # Notes\n")
        await one.stored(b"second ", b"# Notes")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own that is soon full."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if os.getuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can mount a small disk to fill")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


async def test_a_shared_folder_on_a_full_disk_keeps_the_old_file_until_there_is_room(small_disk: Path) -> None:
    async with opened(small_disk) as one:
        filler = small_disk / "filler"
        fill(filler)
        one.type("second " * 2_000)
        state = await one.told("storage_full")
        await one.check_typing_is_kept("third ")

        assert one.path.read_bytes() == b"first # Notes\n"
        assert state.reason and "full" in state.reason
        filler.unlink()
        await one.stored(b"third ", b"# Notes")


def fill(path: Path) -> None:
    """Leave not a byte on a disk."""
    with path.open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 1024)
        except OSError:
            pass


# -- clocks --


@dataclass
class Timed:
    """Two people in one room, and a wall clock that can be put anywhere."""

    clock: FakeClock
    world: World
    rooms: Rooms
    document_id: DocumentId
    ada: Client
    bob: Client

    @property
    def lock_id(self) -> str | None:
        lock = self.world.storage.storage.lock_at(NAME)
        return None if lock is None else lock.lock_id

    async def presents(self, name: str) -> set[int]:
        """Which clients a newcomer is shown."""
        newcomer = await join(self.rooms, self.document_id, access(name))
        newcomer.connection.receive(encode_query_awareness())
        await asyncio.sleep(0.1)
        messages = [decode_message(message, Limits()) for message in newcomer.read()]
        newcomer.connection.disconnected()
        return {one.client_id for message in messages if isinstance(message, Awareness) for one in message.entries}


def in_time(test: Callable[[Timed, float], Coroutine[Any, Any, None]]) -> Callable[[float], None]:
    """Run a test in virtual time, once with a clock that jumps ahead and once with one that jumps back."""

    @pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S], ids=["an hour ahead", "an hour back"])
    def run(jump_s: float) -> None:
        async def main(clock: FakeClock) -> None:
            world = World(clock, config=Config(save=SaveConfig(lock_refresh_s=5.0)))
            world.storage.outside_write(NAME, START)
            async with world.server() as rooms:
                document = await rooms.open(ROOT, NAME, CREDENTIALS)
                expires_ms = clock.wall_ms() + round(1.5 * HOUR_S * 1000)
                ada = Client("ada", replace(access(), expires_ms=expires_ms), 77)
                bob = Client("bob", access("Bob"), 78)
                await ada.connect(rooms, document.document_id)
                await bob.connect(rooms, document.document_id)
                await asyncio.sleep(1)
                await test(Timed(clock, world, rooms, document.document_id, ada, bob), jump_s)

        simulate(main)

    return run


@in_time
async def test_a_wall_clock_that_jumps_delays_no_edit_and_no_save(room: Timed, jump_s: float) -> None:
    room.ada.edit(Splice(0, 0, "before "))
    await asyncio.sleep(0.1)

    room.clock.jump_wall(jump_s)
    room.ada.edit(Splice(0, 0, "after "))
    await asyncio.sleep(3)

    assert room.bob.text == "after before # Notes\n"
    assert room.ada.acknowledged == room.ada.sent
    assert room.world.storage.outside_content(NAME) == b"after before # Notes\n"
    assert room.ada.save_states[-1].state is StorageState.STORED


@in_time
async def test_a_wall_clock_that_jumps_costs_no_lock(room: Timed, jump_s: float) -> None:
    room.ada.edit(Splice(0, 0, "before "))
    await asyncio.sleep(3)
    held = room.lock_id

    room.clock.jump_wall(jump_s)
    for number in range(5):
        await asyncio.sleep(7)
        room.ada.edit(Splice(0, 0, f"{number} "))
    await asyncio.sleep(3)

    assert held is not None
    assert room.lock_id == held
    assert StorageState.REFUSED not in {state.state for state in room.ada.save_states}


@in_time
async def test_a_token_ends_when_the_wall_clock_says_so_and_not_before(room: Timed, jump_s: float) -> None:
    room.clock.jump_wall(jump_s)
    await asyncio.sleep(5)

    assert room.ada.connection is not None, "its hour and a half is not over"
    room.clock.jump_wall(HOUR_S)
    await asyncio.sleep(5)
    assert room.ada.closed_with == ([4401] if jump_s > 0 else [])
    assert room.bob.connection is not None


@in_time
async def test_presence_lasts_as_long_as_a_silence_and_no_shorter(room: Timed, jump_s: float) -> None:
    assert room.ada.connection is not None
    room.ada.connection.receive(encode_awareness([AwarenessEntry(77, 1, "{}")]))
    await asyncio.sleep(5)

    room.clock.jump_wall(jump_s)
    await asyncio.sleep(20)
    after_25_s = await room.presents("early")
    await asyncio.sleep(10)
    after_35_s = await room.presents("late")

    assert after_25_s == {77}
    assert after_35_s == set()
