"""What was revoked is known within the recheck interval, and stays known when the store is away."""

from __future__ import annotations

import pytest

from collab.auth.revocation import Revocations
from collab.auth.tokens import Grant
from collab.clock import FakeClock
from collab.errors import JournalError, PermissionDenied
from collab.protocol.roles import Role
from collab.store.memory import MemoryStore

GRANT = Grant("j1", "anna", "Anna", Role.EDITOR, 4_000_000_000, chain=("share:s1",))
LATE_MS = 4_000_000_000_000


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store() -> MemoryStore:
    store = MemoryStore()
    await store.open()
    return store


@pytest.mark.parametrize("subject", ["jti:j1", "sub:anna", "share:s1"])
async def test_a_grant_is_refused_by_any_of_its_names(store: MemoryStore, clock: FakeClock, subject: str) -> None:
    revocations = Revocations(store, clock, 30.0)
    await revocations.check(GRANT)

    await revocations.revoke(subject, LATE_MS)

    with pytest.raises(PermissionDenied):
        await revocations.check(GRANT)


async def test_what_another_process_revoked_is_known_after_the_interval(store: MemoryStore, clock: FakeClock) -> None:
    revocations = Revocations(store, clock, 30.0)
    await revocations.check(GRANT)
    await store.revoke("sub:anna", LATE_MS, clock.wall_ms())
    clock.advance(29)
    await revocations.check(GRANT)
    clock.advance(1)

    with pytest.raises(PermissionDenied):
        await revocations.check(GRANT)


async def test_a_store_that_is_away_forgets_nothing(store: MemoryStore, clock: FakeClock) -> None:
    revocations = Revocations(store, clock, 30.0)
    await revocations.revoke("sub:anna", LATE_MS)
    with pytest.raises(PermissionDenied):
        await revocations.check(GRANT)
    store.faults.away = True
    clock.advance(60)

    with pytest.raises(PermissionDenied):
        await revocations.check(GRANT)


async def test_nobody_comes_in_before_the_list_was_read_once(store: MemoryStore, clock: FakeClock) -> None:
    store.faults.away = True

    with pytest.raises(JournalError):
        await Revocations(store, clock, 30.0).check(GRANT)
