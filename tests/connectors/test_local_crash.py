"""What a killed server leaves: the old or the new file, and nothing that the next one does not clear away."""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.base import LockId
from connectors.desktop_locks import OfficeLock, OurMark, encode_mark, encode_office_lock
from connectors.local import LocalConnector
from connectors.local_settings import LocalSettings
from tests.connectors.conformance import ALICE, NAME, OURS
from tests.connectors.outside import besides, held_open, leftovers, put
from tests.patience import PATIENCE_S

KILLS = 50
SEED = 20261122
TOP = Path(__file__).parents[2]

WRITER = """
import asyncio, os, sys
from pathlib import Path
from connectors.base import Credentials, LockId
from connectors.local import LocalConnector
from connectors.local_settings import LocalSettings

async def main():
    connector = LocalConnector(LocalSettings(Path(sys.argv[1])))
    somebody = Credentials("a", "A")
    await connector.lock("a.odt", LockId("room"), "Alice", somebody)
    version = (await connector.stat("a.odt", somebody)).version
    print("ready", flush=True)
    number = 0
    while True:
        number += 1
        content = (b"%08d" % number) * 50_000
        version = (await connector.write("a.odt", content, somebody, if_version=version)).version

for line in sys.stdin:
    child = os.fork()
    if not child:
        asyncio.run(main())
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


class Writers:
    """Processes that save the same file again and again until they are killed."""

    def __init__(self, root: Path) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=TOP
        )

    def kill_one(self, after_s: float) -> None:
        """Start one, and kill it that long after it began to write."""
        assert self._parent.stdin is not None
        self._parent.stdin.write(b"go\n")
        self._parent.stdin.flush()
        words = {self._word(), self._word()}  # the child's "ready" and its number, in any order
        (pid,) = words - {b"ready"}
        threading.Event().wait(after_s)
        os.kill(int(pid), signal.SIGKILL)
        assert int(self._word()) == signal.SIGKILL

    def close(self) -> None:
        self._parent.communicate(timeout=PATIENCE_S)

    def _word(self) -> bytes:
        assert self._parent.stdout is not None
        return self._parent.stdout.readline().strip()


@pytest.fixture
def writers(root: Path) -> Iterator[Writers]:
    put(root / "a.odt", b"00000000" * 50_000)
    writers = Writers(root)
    yield writers
    writers.close()


async def open_and_sweep(root: Path) -> int:
    connector = LocalConnector(LocalSettings(root))
    cleared = await connector.swept()
    await connector.close()
    return cleared


async def test_fifty_kills_leave_a_whole_file_and_the_next_server_clears_up(root: Path, writers: Writers) -> None:
    chance = random.Random(SEED)
    torn, cleared = 0, 0

    for _ in range(KILLS):
        writers.kill_one(chance.uniform(0.0, 0.03))
        torn += len(leftovers(root))

        content = (root / "a.odt").read_bytes()
        assert content == content[:8] * 50_000, f"seed {SEED}"
        cleared += await open_and_sweep(root)
        assert besides(root, "a.odt") == {}, f"seed {SEED}"

    assert cleared == KILLS + torn  # each one's lock file, and what those in the middle of a save left
    assert torn > 0


async def test_a_temporary_file_of_a_killed_save_is_cleared_away_wherever_it_is(root: Path) -> None:
    put(root / "folder/inner/.livefolder-0011223344556677.part", b"half of it")

    assert await open_and_sweep(root) == 1
    assert leftovers(root) == []


def swap_name(new: bytes, old: bytes) -> str:
    digits = (hashlib.sha256(content).hexdigest()[:16] for content in (new, old))
    return f".livefolder-0011223344556677-{'-'.join(digits)}.swap"


@pytest.mark.parametrize("left", [b"new", b"old"])
async def test_our_own_bytes_of_a_killed_exchange_are_cleared_away(root: Path, left: bytes) -> None:
    put(root / swap_name(b"new", b"old"), left)

    assert await open_and_sweep(root) == 1
    assert besides(root) == {}


async def test_foreign_bytes_of_a_killed_exchange_get_a_visible_name(root: Path) -> None:
    put(root / swap_name(b"new", b"old"), b"theirs")

    await open_and_sweep(root)

    ((name, content),) = besides(root).items()
    assert (name.startswith("livefolder (kept "), content) == (True, b"theirs")


async def test_the_temporary_file_of_a_living_writer_stays(root: Path) -> None:
    name = ".livefolder-0011223344556677.part"

    with held_open(root / name) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        cleared = await open_and_sweep(root)

    assert (cleared, leftovers(root)) == (0, [name])
    assert await open_and_sweep(root) == 1


async def test_files_that_only_look_like_ours_stay(root: Path) -> None:
    put(root / ".livefolder-notes", b"mine")
    put(root / ".~lock.b.odt#", b"Bob,bob,host,22.11.2026 21:00,file:///home/bob/.config/libreoffice/4;")
    (root / ".livefolder-0011223344556677.part").mkdir()

    assert await open_and_sweep(root) == 0
    assert sorted(os.listdir(root)) == [".livefolder-0011223344556677.part", ".livefolder-notes", ".~lock.b.odt#"]


def our_lock(host: str, pid: int, started: str) -> bytes:
    mark = encode_mark(OurMark("0" * 32, pid, started))
    return encode_office_lock(OfficeLock("Alice", "livefolder", host, "22.11.2026 21:00", mark))


@pytest.mark.parametrize("age_s", [0, 3600])
async def test_a_lock_file_of_another_machine_of_ours_stays_until_it_is_old(root: Path, age_s: int) -> None:
    put(root / NAME, b"")
    lock = root / f".~lock.{NAME}#"
    put(lock, our_lock("far-away", 1, "1"))
    touched = lock.stat().st_mtime - age_s
    os.utime(lock, (touched, touched))

    await open_and_sweep(root)

    assert lock.exists() == (age_s == 0)


async def test_the_lock_of_a_killed_server_can_be_taken_by_the_next(root: Path, writers: Writers) -> None:
    writers.kill_one(0.0)
    connector = LocalConnector(LocalSettings(root, sweep_entries=0))
    await connector.swept()

    lock = await connector.lock("a.odt", LockId("another-room"), "Bob", ALICE)

    assert lock.ours
    await connector.close()
    assert [name for name in besides(root, "a.odt") if name.startswith(".~lock")] == []


async def test_a_sweep_ends_when_it_looked_at_enough(root: Path) -> None:
    for number in range(20):
        put(root / f".livefolder-{number:016x}.part", b"")
    connector = LocalConnector(LocalSettings(root, sweep_entries=10))

    cleared = await connector.swept()

    await connector.close()
    assert 0 < cleared < 20


async def test_closing_gives_our_lock_files_back(root: Path) -> None:
    put(root / NAME, b"a")
    connector = LocalConnector(LocalSettings(root))
    await connector.lock(NAME, OURS, "Alice", ALICE)
    with held_open(root / f".~lock.{NAME}#") as lock:
        assert lock.seek(0, os.SEEK_END) > 0

    await connector.close()

    assert list(besides(root)) == [NAME]
