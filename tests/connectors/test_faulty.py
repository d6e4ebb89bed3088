"""Faults strike as planned, and no fault makes a connector unsafe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path

import pytest

from connectors.base import Connector, Folders, LockId
from connectors.errors import (
    AccessDenied,
    ConnectorError,
    FileMissing,
    LockHeld,
    LockLost,
    QuotaExceeded,
    Unavailable,
    VersionMismatch,
)
from connectors.faults import CONTENT_OPERATIONS, Fault, Moment, Operation, ScriptedPlan, SeededPlan, Step, error_for
from connectors.faulty import FaultyConnector, FaultySettings
from connectors.local import LocalConnector
from connectors.local_settings import LocalSettings
from connectors.memory import MemoryConnector
from tests.connectors.conformance import ALICE, LIMIT, OURS, ConnectorSafety, Get, Put, version_of
from tests.connectors.folders_conformance import ConnectorFolders
from tests.connectors.outside import put

SEEDS = (1, 2, 3)


class Waits:
    """Virtual time: remembers how long it was asked to wait and lets others run."""

    def __init__(self) -> None:
        self.asked_s: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked_s.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def memory() -> MemoryConnector:
    memory = MemoryConnector()
    memory.outside_write("a.txt", b"old")
    return memory


@pytest.fixture
def plan() -> ScriptedPlan:
    return ScriptedPlan()


@pytest.fixture
def faulty(memory: MemoryConnector, plan: ScriptedPlan, waits: Waits) -> FaultyConnector:
    return FaultyConnector(memory, plan, sleep=waits)


class TestSafetyOverMemory(ConnectorSafety):
    """The safety half of the contract while the storage misbehaves."""

    @pytest.fixture(params=SEEDS)
    def connector(self, request: pytest.FixtureRequest, memory: MemoryConnector, waits: Waits) -> FaultyConnector:
        return FaultyConnector(memory, SeededPlan(request.param, probability=0.4), sleep=waits)

    @pytest.fixture
    def seed(self, memory: MemoryConnector) -> Put:
        return lambda path, content: [memory.outside_write(path, content)].clear()

    @pytest.fixture
    def outside_write(self, seed: Put) -> Put:
        return seed

    @pytest.fixture
    def outside_read(self, memory: MemoryConnector) -> Get:
        return memory.outside_content


class TestSafetyOverLocal(ConnectorSafety):
    """The same over a folder."""

    @pytest.fixture(params=SEEDS)
    async def connector(
        self, request: pytest.FixtureRequest, root: Path, waits: Waits
    ) -> AsyncIterator[FaultyConnector]:
        connector = FaultyConnector(
            LocalConnector(LocalSettings(root)), SeededPlan(request.param, probability=0.4), sleep=waits
        )
        yield connector
        await connector.close()

    @pytest.fixture
    def seed(self, root: Path) -> Put:
        return lambda path, content: put(root / path, content)

    @pytest.fixture
    def outside_write(self, seed: Put) -> Put:
        return seed

    @pytest.fixture
    def outside_read(self, root: Path) -> Get:
        return lambda path: (root / path).read_bytes()


class TestFoldersWithoutFaults(ConnectorFolders):
    """Without a fault the wrapped connector's folders are as they are."""

    @pytest.fixture
    def connector(self, plan: ScriptedPlan) -> FaultyConnector:
        return FaultyConnector(MemoryConnector(), plan)

    @pytest.fixture
    def seed(self, connector: FaultyConnector) -> Put:
        inner = connector.inner
        assert isinstance(inner, MemoryConnector)
        return lambda path, content: [inner.outside_write(path, content)].clear()

    @pytest.fixture
    def outside_read(self, connector: FaultyConnector) -> Get:
        inner = connector.inner
        assert isinstance(inner, MemoryConnector)
        return inner.outside_content


async def call(connector: FaultyConnector, operation: Operation) -> object:
    """Any of the six calls for contents."""
    match operation:
        case Operation.STAT:
            return await connector.stat("a.txt", ALICE)
        case Operation.READ:
            return await connector.read("a.txt", ALICE, limit_bytes=LIMIT)
        case Operation.WRITE:
            version = await version_of(connector.inner, "a.txt")
            return await connector.write("a.txt", b"new", ALICE, if_version=version)
        case Operation.LOCK:
            return await connector.lock("a.txt", OURS, "Alice", ALICE)
        case Operation.REFRESH_LOCK:
            return await connector.refresh_lock("a.txt", OURS, ALICE)
    return await connector.unlock("a.txt", OURS, ALICE)


STRIKING = [fault for fault in Fault if fault not in (Fault.DELAY, Fault.SLOW_BODY)]


@pytest.mark.parametrize(("fault", "operation", "moment"), list(product(STRIKING, CONTENT_OPERATIONS, Moment)))
async def test_every_fault_strikes_every_call_once(
    faulty: FaultyConnector, plan: ScriptedPlan, fault: Fault, operation: Operation, moment: Moment
) -> None:
    await faulty.lock("a.txt", OURS, "Alice", ALICE)
    plan.then(operation, Step(fault, moment))

    with pytest.raises(ConnectorError):
        await call(faulty, operation)

    assert [injected.step for injected in faulty.injected] == [Step(fault, moment)]
    if operation is not Operation.UNLOCK:
        await call(faulty, operation)


@pytest.mark.parametrize(
    ("fault", "operation", "kind"),
    [
        (Fault.UNAUTHORIZED, Operation.STAT, AccessDenied),
        (Fault.FORBIDDEN, Operation.WRITE, AccessDenied),
        (Fault.NOT_FOUND, Operation.READ, FileMissing),
        (Fault.CONFLICT, Operation.WRITE, VersionMismatch),
        (Fault.CONFLICT, Operation.LOCK, LockHeld),
        (Fault.CONFLICT, Operation.STAT, Unavailable),
        (Fault.PRECONDITION_FAILED, Operation.WRITE, VersionMismatch),
        (Fault.PRECONDITION_FAILED, Operation.REFRESH_LOCK, LockLost),
        (Fault.LOCKED, Operation.WRITE, LockHeld),
        (Fault.TOO_MANY_REQUESTS, Operation.READ, Unavailable),
        (Fault.SERVER_ERROR, Operation.WRITE, Unavailable),
        (Fault.SERVICE_UNAVAILABLE, Operation.STAT, Unavailable),
        (Fault.TRUNCATED_BODY, Operation.READ, Unavailable),
        (Fault.WRONG_LENGTH, Operation.READ, Unavailable),
        (Fault.RESET, Operation.WRITE, Unavailable),
        (Fault.DISK_FULL, Operation.WRITE, QuotaExceeded),
        (Fault.DISK_FULL, Operation.READ, Unavailable),
    ],
)
def test_a_fault_becomes_the_error_that_a_connector_would_raise(
    fault: Fault, operation: Operation, kind: type[ConnectorError]
) -> None:
    assert type(error_for(fault, operation, "a.txt")) is kind


@pytest.mark.parametrize(("moment", "stored"), [(Moment.BEFORE, b"old"), (Moment.AFTER, b"new")])
async def test_a_doubtful_write_took_effect_and_an_early_fault_did_not(
    faulty: FaultyConnector, plan: ScriptedPlan, memory: MemoryConnector, moment: Moment, stored: bytes
) -> None:
    plan.then(Operation.WRITE, Step(Fault.RESET, moment))

    with pytest.raises(Unavailable):
        await call(faulty, Operation.WRITE)

    assert memory.outside_content("a.txt") == stored


async def test_a_refusal_whose_answer_is_lost_is_doubtful_too(
    faulty: FaultyConnector, plan: ScriptedPlan, memory: MemoryConnector
) -> None:
    stale = await version_of(memory, "a.txt")
    memory.outside_write("a.txt", b"theirs")
    plan.then(Operation.WRITE, Step(Fault.TIMEOUT, Moment.AFTER))

    with pytest.raises(Unavailable):
        await faulty.write("a.txt", b"ours", ALICE, if_version=stale)

    assert memory.outside_content("a.txt") == b"theirs"


async def test_a_timeout_lasts_until_the_connector_gives_up(
    faulty: FaultyConnector, plan: ScriptedPlan, waits: Waits
) -> None:
    plan.then(Operation.STAT, Step(Fault.TIMEOUT))

    with pytest.raises(Unavailable):
        await call(faulty, Operation.STAT)

    assert waits.asked_s == [FaultySettings().timeout_s]


async def test_a_timeout_can_be_cancelled_and_the_write_may_have_happened(
    memory: MemoryConnector, plan: ScriptedPlan
) -> None:
    faulty = FaultyConnector(memory, plan.then(Operation.WRITE, Step(Fault.TIMEOUT, Moment.AFTER)))
    version = await version_of(memory, "a.txt")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await faulty.write("a.txt", b"new", ALICE, if_version=version)

    assert memory.outside_content("a.txt") == b"new"


async def test_a_slow_body_takes_as_long_as_it_is(faulty: FaultyConnector, plan: ScriptedPlan, waits: Waits) -> None:
    plan.then(Operation.READ, Step(Fault.SLOW_BODY))

    content = await faulty.read("a.txt", ALICE, limit_bytes=LIMIT)

    assert (content.content, waits.asked_s) == (b"old", [3.0])


async def test_a_body_slower_than_the_patience_is_a_timeout(
    faulty: FaultyConnector, plan: ScriptedPlan, memory: MemoryConnector
) -> None:
    plan.then(Operation.WRITE, Step(Fault.SLOW_BODY))

    with pytest.raises(Unavailable):
        await faulty.write("a.txt", b"x" * 1000, ALICE, if_version=await version_of(memory, "a.txt"))

    assert memory.outside_content("a.txt") == b"old"


async def test_a_delayed_call_works(faulty: FaultyConnector, plan: ScriptedPlan, waits: Waits) -> None:
    plan.then(Operation.WRITE, Step(Fault.DELAY))

    await call(faulty, Operation.WRITE)

    assert waits.asked_s == [FaultySettings().delay_s]


async def test_a_lasting_fault_ends_when_the_plan_is_healed(faulty: FaultyConnector, plan: ScriptedPlan) -> None:
    plan.then(Operation.STAT, None).always(Operation.STAT, Step(Fault.SERVICE_UNAVAILABLE))
    await call(faulty, Operation.STAT)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await call(faulty, Operation.STAT)

    plan.heal()

    await call(faulty, Operation.STAT)


async def test_the_same_seed_gives_the_same_faults(memory: MemoryConnector, waits: Waits) -> None:
    struck = []
    for _ in range(2):
        faulty = FaultyConnector(memory, SeededPlan(7, probability=0.5), sleep=waits)
        for _ in range(50):
            await asyncio.gather(faulty.stat("a.txt", ALICE), return_exceptions=True)
        struck.append(list(faulty.injected))

    assert struck[0] == struck[1]
    assert 10 < len(struck[0]) < 40


def test_it_is_a_connector_with_folders(faulty: FaultyConnector) -> None:
    assert isinstance(faulty, Connector)
    assert isinstance(faulty, Folders)
    assert faulty.capabilities == faulty.inner.capabilities


async def test_a_lock_taken_in_doubt_is_confirmed_by_asking_again(faulty: FaultyConnector, plan: ScriptedPlan) -> None:
    plan.then(Operation.LOCK, Step(Fault.RESET, Moment.AFTER))
    with pytest.raises(Unavailable):
        await faulty.lock("a.txt", OURS, "Alice", ALICE)

    assert (await faulty.lock("a.txt", OURS, "Alice", ALICE)).ours
    with pytest.raises(LockHeld):
        await faulty.lock("a.txt", LockId("other"), "Bob", ALICE)
