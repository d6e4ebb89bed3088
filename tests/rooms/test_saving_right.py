"""Of the nodes that have a document one stores it, and one that was paused meanwhile can do no harm."""

from __future__ import annotations

import asyncio

from collab.clock import SystemClock
from collab.document import Splice
from collab.errors import JournalError, LeaseLost
from collab.rooms.book import SaveBook
from collab.rooms.lock_keeper import LockKeeper
from collab.rooms.rebase import Outcome
from collab.rooms.rebaser import Rebaser
from collab.rooms.room import State
from collab.rooms.saving_right import Held, SavingRight
from collab.store.base import Alias, DocumentId, SaveBase, hash_content
from collab.store.memory import MemoryStore
from tests.rooms.test_company import PATH, TEXT, Two, with_two
from tests.simulation.loop import simulate

FOREIGN = "a node that took over"
A_MINUTE_MS = 60_000


async def take_away(two: Two) -> None:
    """As after a pause that was longer than the lease: it ran out, and another node got it."""
    store = two.world.memory
    store._leases[two.document_id].until_s = 0.0
    lease = await store.acquire_lease(two.document_id, FOREIGN, A_MINUTE_MS)
    assert lease.owner == FOREIGN


def test_a_merge_of_a_node_that_lost_the_right_is_not_journalled_and_nobody_sees_it() -> None:
    async def then(two: Two) -> None:
        gate = two.world.memory.faults.append_gate = asyncio.Event()
        before = await two.world.memory.positions([two.document_id])
        room = two.room(0)
        two.world.storage.outside_write(PATH, (TEXT + "three\n").encode())
        await asyncio.sleep(5)
        await take_away(two)
        gate.set()
        await asyncio.sleep(5)

        assert room.state is State.FAILED
        assert await two.world.memory.positions([two.document_id]) == before
        assert two.texts == [TEXT] * 2

    with_two(then)


def test_a_save_of_a_node_that_lost_the_right_does_not_begin() -> None:
    async def then(two: Two) -> None:
        await take_away(two)
        two.clients[0].edit(Splice(0, 0, "x"))
        await asyncio.sleep(10)

        assert two.world.storage.outside_content(PATH) == TEXT.encode()
        assert await two.world.memory.intents(two.document_id) == []
        assert two.texts == ["x" + TEXT] * 2

        await asyncio.sleep(70)
        assert two.world.storage.outside_content(PATH) == ("x" + TEXT).encode()

    with_two(then)


def test_a_document_that_is_open_at_another_node_is_not_rebased() -> None:
    async def then(two: Two) -> None:
        await two.clients[0].disconnect()
        await asyncio.sleep(30)
        assert two.document_id not in two.rooms[0]._live

        rebased = await Rebaser(two.rooms[0]._parts, two.rooms[0]).rebase(two.document_id)

        assert rebased.outcome is Outcome.IN_USE
        two.clients[1].edit(Splice(0, 0, "x"))
        await asyncio.sleep(5)
        assert two.world.storage.outside_content(PATH) == ("x" + TEXT).encode()

    with_two(then)


def test_a_write_that_takes_longer_than_a_lease_keeps_the_right() -> None:
    async def main(clock: object) -> None:
        store = MemoryStore(clock=clock)  # type: ignore[arg-type]  # the simulation's
        await store.open()
        document_id = (await store.resolve(Alias("root:x", "a"), 0)).document_id
        right = SavingRight(store, clock, document_id, "a", 15.0)  # type: ignore[arg-type]
        book = SaveBook(store, clock, document_id, None, [])  # type: ignore[arg-type]
        assert await right.have(book, _locks(), None) is Held.FRESH

        await right.during(asyncio.sleep(200))

        assert (await store.acquire_lease(document_id, "b", A_MINUTE_MS)).owner == "a"
        await asyncio.sleep(20)
        assert (await store.acquire_lease(document_id, "b", A_MINUTE_MS)).owner == "b"

    simulate(main)


def test_a_failure_during_a_write_is_the_writes_own() -> None:
    async def main(clock: object) -> None:
        store = MemoryStore(clock=clock)  # type: ignore[arg-type]
        await store.open()
        document_id = (await store.resolve(Alias("root:x", "a"), 0)).document_id
        right = SavingRight(store, clock, document_id, "a", 15.0)  # type: ignore[arg-type]
        await right.have(SaveBook(store, clock, document_id, None, []), _locks(), None)  # type: ignore[arg-type]

        async def fail() -> None:
            await asyncio.sleep(100)
            raise JournalError("as it happens")

        try:
            await right.during(fail())
        except JournalError as error:
            assert str(error) == "as it happens"
        else:
            raise AssertionError("it was swallowed")

    simulate(main)


def test_a_save_that_another_node_settled_moves_the_base_only_with_the_right() -> None:
    async def main(clock: object) -> None:
        store = MemoryStore(clock=clock)  # type: ignore[arg-type]
        await store.open()
        document_id = (await store.resolve(Alias("root:x", "a"), 0)).document_id
        content_hash = await store.put_content(b"text")
        ours = await store.acquire_lease(document_id, "a", A_MINUTE_MS)
        book = SaveBook(store, clock, document_id, None, [])  # type: ignore[arg-type]
        book.lease = ours
        intent = await store.open_intent(
            document_id, content_hash=content_hash, seq=1, state_vector=b"v", if_version=None, base_hash=None, at_ms=0
        )
        book._intents.append(intent)
        await store.close_intent(document_id, intent.intent_id, None)
        store._leases[document_id].until_s = 0.0
        theirs = await store.acquire_lease(document_id, "b", A_MINUTE_MS)
        await store.set_save_base(document_id, SaveBase("v9", hash_content(b"other"), 9, b"v", 0), theirs)

        try:
            await book.finish(intent, "v2")
        except LeaseLost:
            pass
        else:
            raise AssertionError("a former holder moved the base")

        record = await store.document(document_id)
        assert record is not None and record.save_base is not None
        assert record.save_base.version == "v9"

    simulate(main)


def _locks() -> LockKeeper:
    """Of a storage without locks: nothing of it is asked."""
    return LockKeeper(MemoryStore(), SystemClock(), DocumentId("d"), None, 300.0, lambda: "l")  # type: ignore[arg-type]
