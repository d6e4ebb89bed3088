"""The connector to a storage in memory keeps the contract, and its outside does what tests need."""

from __future__ import annotations

import pytest

from collab.clock import FakeClock
from connectors.base import Capabilities, Change, ChangeKind, LockId
from connectors.errors import AccessDenied, LockHeld, LockLost, Unsupported
from connectors.memory import MemoryConnector
from tests.connectors.conformance import (
    ALICE,
    NAME,
    OURS,
    ConnectorContents,
    ConnectorLocks,
    ConnectorSafety,
    Do,
    Get,
    Put,
    version_of,
)
from tests.connectors.folders_conformance import ConnectorFolders


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def connector(clock: FakeClock) -> MemoryConnector:
    return MemoryConnector(clock=clock)


@pytest.fixture
def another(connector: MemoryConnector) -> MemoryConnector:
    return MemoryConnector(connector.storage)


@pytest.fixture
def seed(connector: MemoryConnector) -> Put:
    return lambda path, content: void(connector.outside_write(path, content))


@pytest.fixture
def outside_write(seed: Put) -> Put:
    return seed


@pytest.fixture
def outside_read(connector: MemoryConnector) -> Get:
    return connector.outside_content


@pytest.fixture
def outside_lock(connector: MemoryConnector) -> Do:
    return lambda path: connector.outside_lock(path, "foreign", "Foreign Person")


@pytest.fixture
def outside_unlock(connector: MemoryConnector) -> Do:
    return connector.storage.drop_lock


def void(_: object) -> None:
    """Forget a result."""


class TestMemoryConnector(ConnectorSafety, ConnectorContents, ConnectorLocks, ConnectorFolders):
    """The whole contract."""


async def test_a_lock_ends_by_itself_and_another_may_take_it(
    connector: MemoryConnector, another: MemoryConnector, clock: FakeClock
) -> None:
    connector.outside_write(NAME, b"a")
    await connector.lock(NAME, OURS, "Alice", ALICE)
    clock.advance(1700)
    await connector.refresh_lock(NAME, OURS, ALICE)
    clock.advance(1700)
    with pytest.raises(LockHeld):
        await another.lock(NAME, LockId("other"), "Bob", ALICE)

    clock.advance(101)

    assert (await another.lock(NAME, LockId("other"), "Bob", ALICE)).ours
    with pytest.raises(LockLost):
        await connector.write(NAME, b"x", ALICE, if_version=await version_of(connector, NAME))


async def test_a_write_to_a_file_that_another_locked_is_refused(connector: MemoryConnector) -> None:
    connector.outside_write(NAME, b"a")
    connector.outside_lock(NAME, "foreign", "Foreign Person")

    with pytest.raises(LockHeld) as caught:
        await connector.write(NAME, b"x", ALICE, if_version=await version_of(connector, NAME))

    assert (caught.value.lock_id, caught.value.owner) == ("foreign", "Foreign Person")


async def test_a_read_only_file_is_not_written(connector: MemoryConnector) -> None:
    connector.outside_write("a.txt", b"a")
    connector.storage.set_writable("a.txt", False)

    assert not (await connector.stat("a.txt", ALICE)).writable
    with pytest.raises(AccessDenied):
        await connector.write("a.txt", b"x", ALICE, if_version=await version_of(connector, "a.txt"))


async def test_a_stable_id_follows_a_rename_and_a_save(connector: MemoryConnector) -> None:
    connector.outside_write("a.txt", b"a")
    before = await connector.stat("a.txt", ALICE)

    await connector.write("a.txt", b"b", ALICE, if_version=before.version)
    connector.storage.move("a.txt", "b.txt")

    assert (await connector.stat("b.txt", ALICE)).stable_id == before.stable_id


async def test_a_watch_sees_others_work_and_not_our_own(connector: MemoryConnector, another: MemoryConnector) -> None:
    changes = connector.watch()
    connector.outside_write("a.txt", b"a")
    await connector.write("a.txt", b"ours", ALICE, if_version=await version_of(connector, "a.txt"))
    await another.rename("a.txt", "b.txt", ALICE)
    connector.storage.remove("b.txt")

    assert list(await anext(changes)) == [
        Change(ChangeKind.CHANGED, "a.txt"),
        Change(ChangeKind.MOVED, "a.txt", "b.txt"),
        Change(ChangeKind.DELETED, "b.txt"),
    ]


async def test_a_storage_without_compare_and_swap_hands_over_what_it_displaced() -> None:
    weak = Capabilities(atomic_compare_and_swap=False, locks=False, folders=False, watches=True, stable_ids=False)
    connector = MemoryConnector(capabilities=weak)
    connector.outside_write("a.txt", b"old")
    connector.outside_write_during_next_write("a.txt", b"theirs")

    result = await connector.write("a.txt", b"ours", ALICE, if_version=await version_of(connector, "a.txt"))

    assert (result.displaced, connector.outside_content("a.txt")) == (b"theirs", b"ours")


async def test_what_a_storage_does_not_have_is_unsupported() -> None:
    bare = Capabilities(atomic_compare_and_swap=True, locks=False, folders=False, watches=False, stable_ids=False)
    connector = MemoryConnector(capabilities=bare)
    connector.outside_write("a.txt", b"a")

    with pytest.raises(Unsupported):
        await connector.lock("a.txt", OURS, "Alice", ALICE)
    with pytest.raises(Unsupported):
        await connector.list("", ALICE, limit=1)


def test_a_race_can_be_asked_for_only_where_one_can_happen(connector: MemoryConnector) -> None:
    with pytest.raises(ValueError, match="atomic"):
        connector.outside_write_during_next_write("a.txt", b"theirs")
