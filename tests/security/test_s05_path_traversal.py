"""S5: no path leads out of a storage root, whatever it looks like and whatever happens to the folder meanwhile."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest

from connectors.base import Connector, EntryKind, Folders, LockId, Version
from connectors.errors import ConnectorError, InvalidPath, NotAFile
from connectors.faults import ScriptedPlan
from connectors.faulty import FaultyConnector
from connectors.local import LocalConnector
from connectors.local_settings import LocalSettings
from connectors.memory import MemoryConnector
from tests.connectors.conformance import ALICE, LIMIT
from tests.security.traversal_payloads import CANARY, payloads

SECRET = b"outside the root"
TRIES = 300
MOST_TRIES = 10_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shared" / "root"
    for folder in (root / "folder" / "inner", tmp_path / "shared" / "outside"):
        folder.mkdir(parents=True)
    for outside in (tmp_path, tmp_path / "shared", tmp_path / "shared" / "outside"):
        (outside / CANARY).write_bytes(SECRET)
    (root / "a.txt").write_bytes(b"inside")
    (root / "link").symlink_to(tmp_path / "shared" / "outside")
    (root / "file-link").symlink_to(tmp_path / CANARY)
    (root / "folder" / "way-up").symlink_to("../..")
    (root / "loop").symlink_to(".")
    return root


@pytest.fixture(params=["local", "memory", "local-hidden", "faulty"])
async def connector(request: pytest.FixtureRequest, root: Path) -> AsyncIterator[Connector]:
    connector: Connector
    match request.param:
        case "memory":
            connector = MemoryConnector()
            connector.outside_write("a.txt", b"inside")
        case "faulty":
            connector = FaultyConnector(LocalConnector(LocalSettings(root)), ScriptedPlan())
        case kind:
            connector = LocalConnector(LocalSettings(root, hidden_entries=kind == "local-hidden"))
    yield connector
    await connector.close()


def outside(root: Path) -> dict[str, bytes]:
    """Every file outside the root."""
    top = root.parents[1]
    inside = str(root) + os.sep
    found: dict[str, bytes] = {}
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            if not path.startswith(inside):
                found[path] = Path(path).read_bytes()
    return found


def test_there_are_two_hundred_different_payloads() -> None:
    assert len(set(payloads())) == 200


async def test_no_payload_reads_writes_or_removes_anything_outside(connector: Connector, root: Path) -> None:
    before = outside(root)
    assert isinstance(connector, Folders)

    for path in payloads():
        await try_everything(connector, path)

    assert outside(root) == before
    assert len(before) == 3


async def try_everything(connector: Connector, path: str) -> None:
    """Every operation with one path; what works must not have met the canary."""
    assert isinstance(connector, Folders)
    for call in (
        lambda: connector.read(path, ALICE, limit_bytes=LIMIT),
        lambda: connector.stat(path, ALICE),
        lambda: connector.write(path, b"overwritten", ALICE, if_version=Version("x")),
        lambda: connector.lock(path, LockId("x"), "Mallory", ALICE),
        lambda: connector.unlock(path, LockId("x"), ALICE),
        lambda: connector.list(path, ALICE, limit=1000),
        lambda: connector.rename("a.txt", path, ALICE),
        lambda: connector.rename(path, "a.txt", ALICE),
        lambda: connector.create_folder(path, ALICE),
        lambda: connector.write(path, b"created", ALICE, if_version=None),
        lambda: connector.delete(path, ALICE),
    ):
        try:
            result = await call()
        except ConnectorError:
            continue
        assert SECRET not in repr(result).encode()


async def test_a_name_that_only_looks_dangerous_stays_as_it_is(root: Path) -> None:
    connector = LocalConnector(LocalSettings(root))

    await connector.write("%2e%2e%2fcanary.txt", b"mine", ALICE, if_version=None)

    await connector.close()
    assert (root / "%2e%2e%2fcanary.txt").read_bytes() == b"mine"


async def test_a_link_is_removed_and_not_what_it_leads_to(root: Path) -> None:
    connector = LocalConnector(LocalSettings(root))
    before = outside(root)

    await connector.delete("link", ALICE)
    await connector.delete("file-link", ALICE)
    await connector.delete("folder", ALICE)

    await connector.close()
    assert outside(root) == before
    assert not (root / "link").is_symlink()
    assert not (root / "folder").exists()


async def test_a_folder_full_of_links_is_not_walked_by_the_sweep(root: Path, tmp_path: Path) -> None:
    temporary = tmp_path / "shared" / "outside" / ".livefolder-0011223344556677.part"
    temporary.write_bytes(b"not ours to remove")
    connector = LocalConnector(LocalSettings(root))

    await connector.swept()

    await connector.close()
    assert temporary.exists()


class Swapper(threading.Thread):
    """Turns what stands at a path into a link that leads outside and back, as fast as it can."""

    def __init__(self, path: Path, target: Path) -> None:
        super().__init__()
        self._path = path
        self._target = target
        self._stopped = threading.Event()

    def run(self) -> None:
        is_folder = self._path.is_dir()
        while not self._stopped.is_set():
            if is_folder:
                self._swap_folder()
            else:
                self._swap_file()

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def _swap_folder(self) -> None:
        away = self._path.with_name("away")
        self._path.rename(away)
        self._path.symlink_to(self._target)
        self._path.unlink()
        away.rename(self._path)

    def _swap_file(self) -> None:
        beside = self._path.with_name("beside")
        beside.symlink_to(self._target)
        beside.replace(self._path)
        beside.write_bytes(b"inside")
        beside.replace(self._path)


async def test_a_folder_that_becomes_a_link_at_any_moment_leads_nowhere(root: Path) -> None:
    (root / "folder" / CANARY).write_bytes(b"inside")
    before = outside(root)
    connector = LocalConnector(LocalSettings(root))
    swapper = Swapper(root / "folder", root.parent / "outside")
    outcomes: Counter[str] = Counter()

    swapper.start()
    for number in range(MOST_TRIES):
        outcomes[await outcome_of(connector.read(f"folder/{CANARY}", ALICE, limit_bytes=LIMIT))] += 1
        outcomes[await outcome_of(connector.write(f"folder/{number}", b"x", ALICE, if_version=None))] += 1
        outcomes[await outcome_of(connector.delete(f"folder/{number}", ALICE))] += 1
        if number > TRIES and {"worked", "InvalidPath"} <= outcomes.keys():
            break
    swapper.stop()
    await connector.close()

    assert outside(root) == before
    assert {"worked", "InvalidPath"} <= outcomes.keys()


async def test_a_file_that_becomes_a_link_at_any_moment_leads_nowhere(root: Path) -> None:
    before = outside(root)
    connector = LocalConnector(LocalSettings(root))
    swapper = Swapper(root / "a.txt", root.parents[1] / CANARY)
    outcomes: Counter[str] = Counter()

    swapper.start()
    for number in range(MOST_TRIES):
        outcomes[await outcome_of(read_and_write(connector, b"inside %d" % number))] += 1
        if number > TRIES and {"worked", "NotAFile"} <= outcomes.keys():
            break
    swapper.stop()
    await connector.close()

    assert outside(root) == before
    assert {"worked", "NotAFile"} <= outcomes.keys()


async def read_and_write(connector: Connector, content: bytes) -> None:
    read = await connector.read("a.txt", ALICE, limit_bytes=LIMIT)
    assert read.content.startswith(b"inside")
    await connector.write("a.txt", content, ALICE, if_version=read.version)


async def outcome_of(call: Awaitable[object]) -> str:
    try:
        result = await call
    except ConnectorError as error:
        return type(error).__name__
    assert SECRET not in repr(result).encode()
    return "worked"


async def test_links_are_refused_with_their_own_errors(root: Path) -> None:
    connector = LocalConnector(LocalSettings(root))

    with pytest.raises(NotAFile):
        await connector.stat("link", ALICE)
    with pytest.raises(InvalidPath):
        await connector.list("link/inner", ALICE, limit=10)
    assert {stat.kind for stat in await connector.list("", ALICE, limit=10) if "link" in stat.path} == {EntryKind.FILE}

    await connector.close()
