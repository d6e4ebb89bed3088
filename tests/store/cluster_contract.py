"""Owns what a store must do for nodes that share it: tell what came since, and lease each document to one saver.

A store passes by subclasses with a `store` fixture (open, empty). `LeaseContract` is for stores of several nodes only.
"""

from __future__ import annotations

import asyncio

import pytest

from collab.errors import LeaseLost, NotFound
from collab.store.base import Alias, DocumentId, Lease, Position, SaveIntent, Snapshot, Store
from tests.store.contract import (
    DAY_MS,
    FIRST,
    NOW,
    OTHER,
    SECOND,
    base,
    document_to_rebase,
    document_with_history,
    entry,
)

MINUTE_MS = 60_000
OVER_MS = 0
"""A lease that has run out as soon as it is given."""


async def intent_of(store: Store, document_id: DocumentId, lease: Lease | None) -> SaveIntent:
    return await store.open_intent(
        document_id,
        content_hash=await store.put_content(b"text"),
        seq=1,
        state_vector=b"vector",
        if_version="v1",
        base_hash=None,
        at_ms=NOW,
        lease=lease,
    )


class SinceContract:
    async def test_positions_tell_where_journals_stand_and_leave_out_what_has_none(self, store: Store) -> None:
        first = await document_with_history(store)
        second = await document_with_history(store, OTHER, SECOND)
        bare = (await store.resolve(Alias("scratch", "bare"), NOW)).document_id
        await store.append(first, FIRST, [entry(1), entry(2)])

        found = await store.positions([first, second, bare, DocumentId("nobody")])

        assert found == {first: Position(FIRST, 2), second: Position(SECOND, 0)}
        assert await store.positions([]) == {}

    async def test_what_came_since_a_position_is_read_in_pages_until_the_end(self, store: Store) -> None:
        document_id = await document_with_history(store)
        await store.append(document_id, FIRST, [entry(number) for number in range(1, 6)])

        first = await store.since(document_id, FIRST, after_seq=1, limit=3)
        assert first is not None
        rest = await store.since(document_id, FIRST, after_seq=first.seq, limit=3)
        assert rest is not None
        nothing = await store.since(document_id, FIRST, after_seq=5, limit=3)

        assert [stored.seq for stored in first.updates] == [2, 3, 4]
        assert (first.seq, first.last_seq) == (4, 5)
        assert [(stored.seq, stored.entry) for stored in rest.updates] == [(5, entry(5))]
        assert nothing is not None
        assert (list(nothing.updates), nothing.seq, nothing.last_seq) == ([], 5, 5)

    async def test_a_quarantined_update_is_passed_over(self, store: Store) -> None:
        document_id = await document_with_history(store)
        await store.append(document_id, FIRST, [entry(1), entry(2)])
        await store.quarantine(document_id, seq=2, connection=1, update=b"update 2", reason="bad", at_ms=NOW)

        since = await store.since(document_id, FIRST, after_seq=0, limit=10)

        assert since is not None
        assert [stored.seq for stored in since.updates] == [1]
        assert since.seq == 2

    async def test_another_history_has_to_be_loaded_whole(self, store: Store) -> None:
        document_id = await document_with_history(store)
        assert await store.create_history(document_id, FIRST, SECOND, "text", b"seed", None, NOW)

        assert await store.since(document_id, FIRST, after_seq=0, limit=10) is None
        assert await store.since(DocumentId("nobody"), FIRST, after_seq=0, limit=10) is None
        assert (await store.positions([document_id]))[document_id] == Position(SECOND, 0)

    async def test_what_is_no_longer_kept_has_to_be_loaded_whole(self, store: Store) -> None:
        document_id = await document_with_history(store)
        for seq in (1, 2, 3):
            await store.append(document_id, FIRST, [entry(seq)])
            await store.write_snapshot(document_id, FIRST, Snapshot(seq, b"state %d" % seq, NOW))

        await store.maintain(NOW + 40 * DAY_MS)

        assert await store.since(document_id, FIRST, after_seq=0, limit=10) is None
        kept = await store.since(document_id, FIRST, after_seq=2, limit=10)
        assert kept is not None
        assert [stored.seq for stored in kept.updates] == [3]

    async def test_the_entries_of_one_append_stand_one_after_another(self, store: Store) -> None:
        document_id = await document_with_history(store)

        groups = [[entry(number * 10 + step) for step in range(3)] for number in range(20)]

        lasts = await asyncio.gather(*(store.append(document_id, FIRST, group) for group in groups))

        since = await store.since(document_id, FIRST, after_seq=0, limit=100)
        assert since is not None
        stored = {one.seq: one.entry for one in since.updates}
        for group, last in zip(groups, lasts, strict=True):
            assert [stored[last - 2 + step] for step in range(3)] == group
        assert sorted(stored) == list(range(1, 61))


class SettledIntentContract:
    async def test_an_intent_that_somebody_else_closed_moves_no_base(self, store: Store) -> None:
        document_id = await document_with_history(store)
        intent = await intent_of(store, document_id, None)

        assert await store.close_intent(document_id, intent.intent_id, base(b"text", "v2", 1))
        assert not await store.close_intent(document_id, intent.intent_id, base(b"older", "v1", 0))

        record = await store.document(document_id)
        assert record is not None
        assert record.save_base == base(b"text", "v2", 1)


class LeaseContract:
    async def test_of_many_who_ask_at_once_one_gets_the_lease(self, store: Store) -> None:
        document_id = await document_with_history(store)

        given = await asyncio.gather(
            *(store.acquire_lease(document_id, f"node-{number}", MINUTE_MS) for number in range(20))
        )

        winners = {lease.owner for lease in given}
        assert len(winners) == 1
        assert len({lease.epoch for lease in given}) == 1
        assert all(0 < lease.remaining_ms <= MINUTE_MS for lease in given)

    async def test_a_lease_that_ran_out_goes_to_the_next_with_a_greater_epoch(self, store: Store) -> None:
        document_id = await document_with_history(store)
        first = await store.acquire_lease(document_id, "a", OVER_MS)
        assert not await store.holds_lease(first)

        second = await store.acquire_lease(document_id, "b", MINUTE_MS)

        assert second.owner == "b"
        assert second.epoch > first.epoch
        assert await store.holds_lease(second)
        assert not await store.renew_lease(first, MINUTE_MS)
        assert not await store.holds_lease(first)

    async def test_a_lease_that_nobody_took_can_be_renewed_after_its_end(self, store: Store) -> None:
        document_id = await document_with_history(store)
        lease = await store.acquire_lease(document_id, "a", OVER_MS)

        assert await store.renew_lease(lease, MINUTE_MS)

        assert await store.holds_lease(lease)
        assert (await store.acquire_lease(document_id, "b", MINUTE_MS)).owner == "a"

    async def test_a_released_lease_is_free_at_once_and_an_old_one_releases_nothing(self, store: Store) -> None:
        document_id = await document_with_history(store)
        first = await store.acquire_lease(document_id, "a", MINUTE_MS)

        await store.release_lease(first)
        second = await store.acquire_lease(document_id, "b", MINUTE_MS)
        await store.release_lease(first)

        assert second.owner == "b"
        assert second.epoch > first.epoch
        assert await store.holds_lease(second)

    async def test_an_owner_that_asks_again_gets_a_new_epoch_and_the_old_one_is_over(self, store: Store) -> None:
        document_id = await document_with_history(store)
        before = await store.acquire_lease(document_id, "a", MINUTE_MS)

        after = await store.acquire_lease(document_id, "a", MINUTE_MS)

        assert after.epoch > before.epoch
        assert await store.holds_lease(after)
        assert not await store.holds_lease(before)

    async def test_leases_of_two_documents_are_apart(self, store: Store) -> None:
        first = await document_with_history(store)
        second = await document_with_history(store, OTHER, SECOND)

        one = await store.acquire_lease(first, "a", MINUTE_MS)
        two = await store.acquire_lease(second, "b", MINUTE_MS)

        assert await store.holds_lease(one)
        assert await store.holds_lease(two)

    async def test_there_is_no_lease_for_an_unknown_document(self, store: Store) -> None:
        with pytest.raises(NotFound):
            await store.acquire_lease(DocumentId("nobody"), "a", MINUTE_MS)

    async def test_a_lost_lease_moves_nothing(self, store: Store) -> None:
        document_id = await document_with_history(store)
        lost = await store.acquire_lease(document_id, "a", OVER_MS)
        await store.acquire_lease(document_id, "b", MINUTE_MS)

        with pytest.raises(LeaseLost):
            await store.append(document_id, FIRST, [entry(1)], [base(b"merged", "v3", 1)], lease=lost)
        with pytest.raises(LeaseLost):
            await store.set_save_base(document_id, base(b"text"), lease=lost)
        with pytest.raises(LeaseLost):
            await intent_of(store, document_id, lost)

        record = await store.document(document_id)
        assert record is not None
        assert record.save_base is None
        assert await store.intents(document_id) == []
        assert await store.positions([document_id]) == {document_id: Position(FIRST, 0)}

    async def test_a_lease_that_ran_out_begins_no_save_but_still_notes_what_was_merged(self, store: Store) -> None:
        document_id = await document_with_history(store)
        lease = await store.acquire_lease(document_id, "a", OVER_MS)

        with pytest.raises(LeaseLost):
            await intent_of(store, document_id, lease)
        last = await store.append(document_id, FIRST, [entry(1)], [base(b"merged", "v3", 1)], lease=lease)

        record = await store.document(document_id)
        assert last == 1
        assert record is not None
        assert record.save_base == base(b"merged", "v3", 1)

    async def test_the_holder_of_a_lease_saves(self, store: Store) -> None:
        document_id = await document_with_history(store)
        lease = await store.acquire_lease(document_id, "a", MINUTE_MS)

        intent = await intent_of(store, document_id, lease)
        await store.set_save_base(document_id, base(b"text"), lease=lease)

        assert [one.intent_id for one in await store.intents(document_id)] == [intent.intent_id]

    async def test_the_storages_lock_and_open_saves_outlive_a_hand_over(self, store: Store) -> None:
        document_id = await document_with_history(store)
        first = await store.acquire_lease(document_id, "a", MINUTE_MS)
        await store.set_lock_id(document_id, "lock 7")
        intent = await intent_of(store, document_id, first)
        await store.release_lease(first)

        second = await store.acquire_lease(document_id, "b", MINUTE_MS)

        record = await store.document(document_id)
        assert second.owner == "b"
        assert record is not None
        assert record.lock_id == "lock 7"
        assert [one.intent_id for one in await store.intents(document_id)] == [intent.intent_id]

    async def test_a_purged_document_takes_its_lease_along(self, store: Store) -> None:
        document_id = await document_to_rebase(store)
        lease = await store.acquire_lease(document_id, "a", MINUTE_MS)

        await store.purge(document_id)

        assert not await store.holds_lease(lease)
