"""Owns what every store must do: a store passes by a subclass with a `store` fixture (open, empty) and `reopen`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from collab.errors import ConfigError, HistoryChanged, JournalError, NotFound
from collab.store.base import (
    ERASED_ID,
    ERASED_NAME,
    Absorbed,
    Alias,
    ContentHash,
    DocumentId,
    FreshHistory,
    HistoryId,
    JournalEntry,
    PointName,
    RetiredHistory,
    SaveBase,
    Share,
    Snapshot,
    Store,
    StoredUpdate,
    hash_content,
)
from tests.store.doors_contract import DoorContract

DAY_MS = 86_400_000
NOW = 1_700_000_000_000
NOTES = Alias("root:home", "notes.md")
OTHER = Alias("root:home", "other.md")
FIRST, SECOND = HistoryId("first"), HistoryId("second")

Reopen = Callable[[], Awaitable[Store]]


def entry(number: int, author: str = "ann", at_ms: int = NOW) -> JournalEntry:
    return JournalEntry(b"update %d" % number, author, author.title(), at_ms + number, "node-1", 7)


def base(content: bytes, version: str = "v1", seq: int = 0) -> SaveBase:
    return SaveBase(version, hash_content(content), seq, b"vector", NOW)


async def document_with_history(store: Store, alias: Alias = NOTES, history_id: HistoryId = FIRST) -> DocumentId:
    document_id = (await store.resolve(alias, NOW)).document_id
    assert await store.create_history(document_id, None, history_id, "text", b"seed", None, NOW)
    return document_id


async def every_update(store: Store, document_id: DocumentId, history_id: HistoryId = FIRST) -> Sequence[StoredUpdate]:
    return await store.updates(document_id, history_id, after_seq=0, limit=1_000_000)


NAME = PointName("as printed", "bob", "Bob", NOW + 7)
FRESH = FreshHistory(SECOND, b"fresh", SaveBase("v9", hash_content(b"text"), 0, b"new vector", NOW), b"old vector")


async def document_to_rebase(store: Store) -> DocumentId:
    """A document whose history ends with a snapshot at 2."""
    document_id = await document_with_history(store)
    await store.append(document_id, FIRST, [entry(1), entry(2)])
    await store.write_snapshot(document_id, FIRST, Snapshot(2, b"state 2", NOW))
    return document_id


class RegistryContract:
    async def test_an_alias_always_gives_the_same_document(self, store: Store) -> None:
        first = await store.resolve(NOTES, NOW)

        again = await store.resolve(NOTES, NOW + 5)

        assert again == first
        assert first.alias == NOTES
        assert first.created_ms == NOW
        assert (first.kind, first.history_id, first.save_base, first.lock_id) == (None, None, None, None)

    async def test_twenty_callers_that_open_the_same_file_at_once_get_one_document(self, store: Store) -> None:
        records = await asyncio.gather(*(store.resolve(NOTES, NOW) for _ in range(20)))

        assert len({record.document_id for record in records}) == 1

    async def test_documents_are_listed_by_door(self, store: Store) -> None:
        notes = await store.resolve(NOTES, NOW)
        scratch = await store.resolve(Alias("scratch", "room"), NOW)

        assert [record.document_id for record in await store.documents("scratch")] == [scratch.document_id]
        assert {record.document_id for record in await store.documents()} == {notes.document_id, scratch.document_id}

    async def test_an_unknown_document_is_none(self, store: Store) -> None:
        assert await store.document(DocumentId("nobody")) is None

    async def test_a_rename_takes_the_history_along(self, store: Store) -> None:
        document_id = await document_with_history(store)

        await store.move_alias(NOTES, OTHER)

        moved = await store.resolve(OTHER, NOW)
        assert (moved.document_id, moved.history_id) == (document_id, FIRST)
        assert (await store.resolve(NOTES, NOW)).document_id != document_id

    async def test_a_rename_onto_a_document_retires_that_one_with_its_history(self, store: Store) -> None:
        moving = await document_with_history(store, NOTES, FIRST)
        standing = await document_with_history(store, OTHER, SECOND)

        await store.move_alias(NOTES, OTHER)

        assert (await store.resolve(OTHER, NOW)).document_id == moving
        retired = await store.document(standing)
        assert retired is not None
        assert retired.history_id == SECOND
        assert retired.alias not in (NOTES, OTHER)

    async def test_the_same_name_can_be_replaced_again_and_again(self, store: Store) -> None:
        for number in range(3):
            alias = Alias("root:home", f"draft-{number}")
            await store.resolve(alias, NOW)
            await store.move_alias(alias, OTHER)

        assert len(await store.documents()) == 3

    async def test_a_rename_of_something_unknown_changes_nothing(self, store: Store) -> None:
        standing = await store.resolve(OTHER, NOW)

        await store.move_alias(NOTES, OTHER)

        assert (await store.resolve(OTHER, NOW)) == standing

    async def test_a_lock_id_is_kept_and_taken_away(self, store: Store) -> None:
        document_id = (await store.resolve(NOTES, NOW)).document_id

        await store.set_lock_id(document_id, "lock-1")
        kept = await store.document(document_id)
        await store.set_lock_id(document_id, None)
        freed = await store.document(document_id)

        assert kept is not None and kept.lock_id == "lock-1"
        assert freed is not None and freed.lock_id is None


class HistoryContract:
    async def test_a_created_history_is_the_documents_own(self, store: Store) -> None:
        document_id = (await store.resolve(NOTES, NOW)).document_id

        created = await store.create_history(document_id, None, FIRST, "text", b"seed", base(b"text"), NOW)

        record = await store.document(document_id)
        history = await store.load(document_id)
        assert created
        assert record is not None
        assert (record.kind, record.history_id, record.save_base) == ("text", FIRST, base(b"text"))
        assert history is not None
        assert history.snapshot == Snapshot(0, b"seed", NOW)
        assert (history.history_id, list(history.updates), history.last_seq, history.complete) == (FIRST, [], 0, True)

    async def test_of_two_who_create_a_history_at_once_one_wins(self, store: Store) -> None:
        document_id = (await store.resolve(NOTES, NOW)).document_id

        won = await asyncio.gather(
            store.create_history(document_id, None, FIRST, "text", b"a", None, NOW),
            store.create_history(document_id, None, SECOND, "text", b"b", None, NOW),
        )

        record = await store.document(document_id)
        assert sorted(won) == [False, True]
        assert record is not None and record.history_id == (FIRST if won[0] else SECOND)

    async def test_a_history_without_a_state_begins_empty(self, store: Store) -> None:
        document_id = (await store.resolve(NOTES, NOW)).document_id

        await store.create_history(document_id, None, FIRST, "scratch", None, None, NOW)

        history = await store.load(document_id)
        assert history is not None
        assert (history.snapshot, list(history.updates), history.last_seq) == (None, [], 0)

    async def test_a_document_without_a_history_loads_as_none(self, store: Store) -> None:
        document_id = (await store.resolve(NOTES, NOW)).document_id

        assert await store.load(document_id) is None
        assert await store.load(DocumentId("nobody")) is None

    async def test_appended_entries_come_back_in_order_with_everything_they_carry(self, store: Store) -> None:
        document_id = await document_with_history(store)
        entries = [
            JournalEntry(b"one", "ann", "Ann", NOW + 9, "node-1", 1),
            JournalEntry(b"two" * 100, "böb", "Böb 🎈", NOW + 3, "node-2", 2),
            JournalEntry(b"", "ann", "Ann", NOW + 10_000_000, "node-1", 2**40),
            JournalEntry(b"\x00\xff", "ann", "Ann renamed", 0, "node-1", 1),
        ]

        first = await store.append(document_id, FIRST, entries[:1])
        last = await store.append(document_id, FIRST, entries[1:])

        history = await store.load(document_id)
        assert (first, last) == (1, 4)
        assert history is not None
        assert list(history.updates) == [StoredUpdate(seq, one) for seq, one in enumerate(entries, 1)]
        assert history.last_seq == 4

    async def test_an_append_of_nothing_tells_where_the_journal_stands(self, store: Store) -> None:
        document_id = await document_with_history(store)
        await store.append(document_id, FIRST, [entry(1), entry(2)])

        assert await store.append(document_id, FIRST, []) == 2

    async def test_an_append_to_another_history_is_refused(self, store: Store) -> None:
        document_id = await document_with_history(store)

        with pytest.raises(HistoryChanged):
            await store.append(document_id, SECOND, [entry(1)])
        with pytest.raises(HistoryChanged):
            await store.append(DocumentId("nobody"), FIRST, [entry(1)])

        assert await every_update(store, document_id) == []

    async def test_a_refused_call_does_not_hurt_those_committed_with_it(self, store: Store) -> None:
        document_id = await document_with_history(store)
        other_id = await document_with_history(store, OTHER, SECOND)

        results = await asyncio.gather(
            store.append(document_id, FIRST, [entry(1)]),
            store.append(document_id, HistoryId("stale"), [entry(2)]),
            store.append(other_id, SECOND, [entry(3)]),
            store.append(document_id, FIRST, [entry(4)]),
            return_exceptions=True,
        )

        assert results[0] == 1 and results[2] == 1 and results[3] == 2
        assert isinstance(results[1], HistoryChanged)
        assert [one.entry for one in await every_update(store, document_id)] == [entry(1), entry(4)]
        assert [one.entry for one in await every_update(store, other_id, SECOND)] == [entry(3)]

    async def test_a_hundred_documents_append_at_once_without_mixing(self, store: Store) -> None:
        ids = [
            await document_with_history(store, Alias("scratch", str(number)), HistoryId(f"h{number}"))
            for number in range(100)
        ]

        await asyncio.gather(
            *(
                store.append(document_id, HistoryId(f"h{number}"), [entry(number * 10 + step)])
                for step in range(3)
                for number, document_id in enumerate(ids)
            )
        )

        for number, document_id in enumerate(ids):
            kept = await every_update(store, document_id, HistoryId(f"h{number}"))
            assert [one.entry for one in kept] == [entry(number * 10 + step) for step in range(3)]

    async def test_everything_is_there_after_reopening(self, store: Store, reopen: Reopen) -> None:
        document_id = await document_with_history(store)
        await store.append(document_id, FIRST, [entry(1), entry(2)])
        before = (await store.load(document_id), await store.document(document_id))

        store = await reopen()

        assert (await store.load(document_id), await store.document(document_id)) == before
        assert await store.append(document_id, FIRST, [entry(3)]) == 3

    async def test_a_load_starts_at_the_newest_snapshot(self, store: Store) -> None:
        document_id = await document_with_history(store)
        await store.append(document_id, FIRST, [entry(number) for number in range(1, 6)])

        await store.write_snapshot(document_id, FIRST, Snapshot(3, b"state 3", NOW))

        history = await store.load(document_id)
        assert history is not None
        assert history.snapshot == Snapshot(3, b"state 3", NOW)
        assert [one.seq for one in history.updates] == [4, 5]

    async def test_the_past_loads_up_to_a_seq(self, store: Store) -> None:
        document_id = await document_with_history(store)
        await store.append(document_id, FIRST, [entry(number) for number in range(1, 6)])
        await store.write_snapshot(document_id, FIRST, Snapshot(3, b"state 3", NOW))

        at_two = await store.load(document_id, upto_seq=2)
        at_four = await store.load(document_id, upto_seq=4)

        assert at_two is not None and at_four is not None
        assert at_two.snapshot == Snapshot(0, b"seed", NOW)
        assert ([one.seq for one in at_two.updates], at_two.last_seq) == ([1, 2], 2)
        assert at_four.snapshot == Snapshot(3, b"state 3", NOW)
        assert ([one.seq for one in at_four.updates], at_four.last_seq) == ([4], 4)

    async def test_a_snapshot_of_another_history_is_refused(self, store: Store) -> None:
        document_id = await document_with_history(store)

        with pytest.raises(HistoryChanged):
            await store.write_snapshot(document_id, SECOND, Snapshot(0, b"x", NOW))

    async def test_the_log_is_read_in_pages(self, store: Store) -> None:
        document_id = await document_with_history(store)
        for number in range(1, 8):
            await store.append(document_id, FIRST, [entry(number)])

        pages = [
            [one.seq for one in await store.updates(document_id, FIRST, after_seq=after, limit=3)]
            for after in (0, 3, 6, 7)
        ]

        assert pages == [[1, 2, 3], [4, 5, 6], [7], []]

    async def test_a_replaced_history_can_still_be_read_by_its_id(self, store: Store) -> None:
        document_id = await document_with_history(store)
        await store.append(document_id, FIRST, [entry(1)])

        replaced = await store.create_history(document_id, FIRST, SECOND, "text", b"new", None, NOW)

        old, new = await store.load(document_id, FIRST), await store.load(document_id)
        assert replaced
        assert old is not None and [one.entry for one in old.updates] == [entry(1)]
        assert new is not None and (new.history_id, new.snapshot) == (SECOND, Snapshot(0, b"new", NOW))
        with pytest.raises(HistoryChanged):
            await store.append(document_id, FIRST, [entry(2)])


class RetentionContract:
    async def test_maintenance_changes_nothing_that_can_be_read(self, store: Store) -> None:
        document_id = await document_with_history(store)
        for number in range(1, 301):
            await store.append(document_id, FIRST, [entry(number, "ann" if number % 3 else "bob")])
        await store.write_snapshot(document_id, FIRST, Snapshot(250, b"state", NOW))
        before = (await store.load(document_id), await every_update(store, document_id))

        await store.maintain(NOW + 2 * DAY_MS)

        assert (await store.load(document_id), await every_update(store, document_id)) == before

    async def test_the_journal_goes_on_after_maintenance(self, store: Store, reopen: Reopen) -> None:
        document_id = await document_with_history(store)
        for number in range(1, 11):
            await store.append(document_id, FIRST, [entry(number)])

        await store.maintain(NOW + 2 * DAY_MS)
        store = await reopen()

        assert await store.append(document_id, FIRST, [entry(11)]) == 11
        assert [one.entry for one in await every_update(store, document_id)] == [entry(n) for n in range(1, 12)]

    async def test_the_full_log_is_kept_for_the_retention(self, store: Store) -> None:
        document_id = await document_with_history(store)
        await self._three_weeks_of_work(store, document_id)

        await store.maintain(NOW + 29 * DAY_MS)

        assert [one.seq for one in await every_update(store, document_id)] == list(range(1, 31))

    async def test_older_updates_go_up_to_a_snapshot_that_is_kept(self, store: Store) -> None:
        document_id = await document_with_history(store)
        await self._three_weeks_of_work(store, document_id)
        before = await store.load(document_id)

        await store.maintain(NOW + (30 + 7) * DAY_MS)

        assert [one.seq for one in await every_update(store, document_id)] == list(range(11, 31))
        assert await store.load(document_id) == before
        beginning = await store.load(document_id, upto_seq=10)
        assert beginning is not None and beginning.snapshot == Snapshot(10, b"week 1", NOW + 7 * DAY_MS)
        assert await store.load(document_id, upto_seq=9) is None

    async def test_the_newest_two_snapshots_stay_however_old(self, store: Store) -> None:
        document_id = await document_with_history(store)
        await self._three_weeks_of_work(store, document_id)
        before = await store.load(document_id)

        await store.maintain(NOW + 400 * DAY_MS)

        assert await store.load(document_id) == before
        assert await store.append(document_id, FIRST, []) == 30
        older = await store.load(document_id, upto_seq=29)
        assert older is not None and older.snapshot == Snapshot(20, b"week 2", NOW + 14 * DAY_MS)

    async def test_a_replaced_history_keeps_its_last_snapshot(self, store: Store) -> None:
        document_id = await document_with_history(store)
        await self._three_weeks_of_work(store, document_id)
        await store.create_history(document_id, FIRST, SECOND, "text", b"new", None, NOW + 22 * DAY_MS)

        await store.maintain(NOW + 400 * DAY_MS)

        old = await store.load(document_id, FIRST)
        assert old is not None
        assert (old.snapshot, list(old.updates)) == (Snapshot(30, b"week 3", NOW + 21 * DAY_MS), [])
        assert await every_update(store, document_id) == []

    async def test_of_many_snapshots_of_one_day_the_newest_two_and_the_first_stay(self, store: Store) -> None:
        document_id = await document_with_history(store)
        await store.append(document_id, FIRST, [entry(number) for number in range(1, 11)])

        for seq in range(1, 10):
            await store.write_snapshot(document_id, FIRST, Snapshot(seq, b"state %d" % seq, NOW + seq))

        starts = [await store.load(document_id, upto_seq=seq) for seq in (7, 8, 9)]
        assert [one.snapshot.seq for one in starts if one and one.snapshot] == [0, 8, 9]

    @staticmethod
    async def _three_weeks_of_work(store: Store, document_id: DocumentId) -> None:
        for week in (1, 2, 3):
            at_ms = NOW + week * 7 * DAY_MS
            await store.append(document_id, FIRST, [entry(number, at_ms=at_ms - 60_000) for number in range(10)])
            await store.write_snapshot(document_id, FIRST, Snapshot(week * 10, b"week %d" % week, at_ms))


class RebaseContract:
    async def test_a_rebase_retires_the_history_and_keeps_it_readable(self, store: Store) -> None:
        document_id = await document_to_rebase(store)

        done = await store.rebase(document_id, FIRST, 2, FRESH, NOW + 5)

        record, new, old = await store.document(document_id), await store.load(document_id), None
        old = await store.load(document_id, FIRST)
        assert done
        assert record is not None
        assert (record.history_id, record.kind, record.save_base) == (SECOND, "text", FRESH.save_base)
        assert new is not None and (new.snapshot, new.last_seq) == (Snapshot(0, b"fresh", NOW + 5), 0)
        assert old is not None and old.snapshot == Snapshot(2, b"state 2", NOW)
        assert await store.retired(document_id) == [RetiredHistory(FIRST, 2, 2, 2, b"old vector")]

    async def test_of_two_rebases_at_once_one_wins(self, store: Store) -> None:
        document_id = await document_to_rebase(store)
        other = FreshHistory(HistoryId("third"), b"other", None, b"")

        won = await asyncio.gather(
            store.rebase(document_id, FIRST, 2, FRESH, NOW), store.rebase(document_id, FIRST, 2, other, NOW)
        )

        record = await store.document(document_id)
        assert sorted(won) == [False, True]
        assert record is not None and record.history_id == (SECOND if won[0] else other.history_id)
        assert len(await store.retired(document_id)) == 1

    async def test_a_rebase_of_a_history_that_went_on_changes_nothing(self, store: Store) -> None:
        document_id = await document_to_rebase(store)
        await store.append(document_id, FIRST, [entry(3)])

        assert not await store.rebase(document_id, FIRST, 2, FRESH, NOW)
        assert not await store.rebase(document_id, SECOND, 3, FRESH, NOW)

        assert await store.append(document_id, FIRST, [entry(4)]) == 4
        assert await store.retired(document_id) == []

    async def test_a_rebase_needs_a_snapshot_at_the_end_and_no_save_under_way(self, store: Store) -> None:
        document_id = await document_with_history(store)
        await store.append(document_id, FIRST, [entry(1)])
        without_snapshot = await store.rebase(document_id, FIRST, 1, FRESH, NOW)
        await store.write_snapshot(document_id, FIRST, Snapshot(1, b"state", NOW))
        intent = await store.open_intent(
            document_id,
            content_hash=hash_content(b"x"),
            seq=1,
            state_vector=b"",
            if_version=None,
            base_hash=None,
            at_ms=NOW,
        )

        while_saving = await store.rebase(document_id, FIRST, 1, FRESH, NOW)
        await store.close_intent(document_id, intent.intent_id, None)

        assert not without_snapshot and not while_saving
        assert await store.rebase(document_id, FIRST, 1, FRESH, NOW)

    async def test_the_fresh_history_goes_on_and_the_old_one_takes_no_appends(
        self, store: Store, reopen: Reopen
    ) -> None:
        document_id = await document_to_rebase(store)
        await store.rebase(document_id, FIRST, 2, FRESH, NOW)

        with pytest.raises(HistoryChanged):
            await store.append(document_id, FIRST, [entry(3)])
        seq = await store.append(document_id, SECOND, [entry(4)])
        store = await reopen()

        assert seq == 1
        assert [one.entry for one in await every_update(store, document_id, SECOND)] == [entry(4)]
        assert [one.history_id for one in await store.retired(document_id)] == [FIRST]

    async def test_handed_over_edits_stand_behind_the_end_until_they_are_absorbed(
        self, store: Store, reopen: Reopen
    ) -> None:
        document_id = await document_to_rebase(store)
        await store.rebase(document_id, FIRST, 2, FRESH, NOW)

        seq = await store.hand_over(document_id, FIRST, entry(7, "bob"))
        store = await reopen()
        waiting = await store.retired(document_id)
        await store.append(document_id, SECOND, [entry(8)], [Absorbed(FIRST, seq)])

        old = await store.load(document_id, FIRST)
        assert (seq, waiting) == (3, [RetiredHistory(FIRST, 2, 3, 2, b"old vector")])
        assert old is not None and [(one.seq, one.entry) for one in old.updates] == [(3, entry(7, "bob"))]
        assert await store.retired(document_id) == [RetiredHistory(FIRST, 2, 3, 3, b"old vector")]

    async def test_an_append_moves_the_save_base_in_its_own_transaction(self, store: Store, reopen: Reopen) -> None:
        document_id = await document_with_history(store)
        await store.set_save_base(document_id, base(b"old"))

        seq = await store.append(document_id, FIRST, [entry(1)], [base(b"merged", "v2"), base(b"merged again", "v3")])
        store = await reopen()

        record = await store.document(document_id)
        assert record is not None and record.save_base == base(b"merged again", "v3")
        assert [one.seq for one in await every_update(store, document_id)] == [seq] == [1]

    async def test_notes_may_come_without_entries_and_of_both_kinds(self, store: Store) -> None:
        document_id = await document_to_rebase(store)
        await store.rebase(document_id, FIRST, 2, FRESH, NOW)
        handed = await store.hand_over(document_id, FIRST, entry(7))

        seq = await store.append(document_id, SECOND, [], [Absorbed(FIRST, handed), base(b"merged", "v2")])

        record = await store.document(document_id)
        assert seq == 0 and await every_update(store, document_id, SECOND) == []
        assert record is not None and record.save_base == base(b"merged", "v2")
        assert [one.absorbed_seq for one in await store.retired(document_id)] == [handed]

    async def test_an_append_that_is_refused_leaves_the_save_base_alone(self, store: Store) -> None:
        document_id = await document_with_history(store)
        await store.set_save_base(document_id, base(b"old"))

        with pytest.raises(HistoryChanged):
            await store.append(document_id, HistoryId("stale"), [entry(1)], [base(b"merged", "v2")])

        record = await store.document(document_id)
        assert record is not None and record.save_base == base(b"old")
        assert await every_update(store, document_id) == []

    async def test_an_append_that_is_refused_absorbs_nothing(self, store: Store) -> None:
        document_id = await document_to_rebase(store)
        await store.rebase(document_id, FIRST, 2, FRESH, NOW)
        seq = await store.hand_over(document_id, FIRST, entry(7))

        with pytest.raises(HistoryChanged):
            await store.append(document_id, HistoryId("stale"), [entry(8)], [Absorbed(FIRST, seq)])

        assert [one.absorbed_seq for one in await store.retired(document_id)] == [2]

    async def test_only_a_retired_history_of_the_document_takes_what_is_handed_over(self, store: Store) -> None:
        document_id = await document_to_rebase(store)
        other_id = await document_with_history(store, OTHER, HistoryId("others"))
        with pytest.raises(HistoryChanged):
            await store.hand_over(document_id, FIRST, entry(7))
        await store.rebase(document_id, FIRST, 2, FRESH, NOW)

        for wrong_id, history_id in ((document_id, SECOND), (other_id, FIRST), (document_id, HistoryId("none"))):
            with pytest.raises(HistoryChanged):
                await store.hand_over(wrong_id, history_id, entry(7))

    async def test_what_waits_to_be_absorbed_outlives_the_retention(self, store: Store) -> None:
        document_id = await document_to_rebase(store)
        await store.rebase(document_id, FIRST, 2, FRESH, NOW)
        seq = await store.hand_over(document_id, FIRST, entry(7))
        await store.name_point(document_id, FIRST, Snapshot(seq, b"state 3", NOW), NAME)

        await store.maintain(NOW + 400 * DAY_MS)

        old = await store.load(document_id, FIRST, upto_seq=2)
        assert [(one.seq, one.entry) for one in await every_update(store, document_id)] == [(3, entry(7))]
        assert old is not None and old.snapshot == Snapshot(2, b"state 2", NOW)

    async def test_when_somebody_was_connected_never_goes_back(self, store: Store) -> None:
        document_id = await document_with_history(store)
        at_first = await store.document(document_id)

        await store.note_seen([document_id, DocumentId("nobody")], NOW + 9)
        await store.note_seen([document_id], NOW + 3)

        record = await store.document(document_id)
        assert at_first is not None and at_first.seen_ms == NOW
        assert record is not None and record.seen_ms == NOW + 9


class PointContract:
    async def test_snapshots_are_points_of_all_histories_newest_first(self, store: Store) -> None:
        document_id = await document_to_rebase(store)
        await store.rebase(document_id, FIRST, 2, FRESH, NOW + 5)

        found = await store.points(document_id)

        assert [(one.history_id, one.seq, one.at_ms, one.name) for one in found] == [
            (SECOND, 0, NOW + 5, None),
            (FIRST, 2, NOW, None),
            (FIRST, 0, NOW, None),
        ]
        assert await store.points(DocumentId("nobody")) == []

    async def test_a_named_point_is_listed_and_can_be_loaded(self, store: Store, reopen: Reopen) -> None:
        document_id = await document_with_history(store)
        await store.append(document_id, FIRST, [entry(number) for number in range(1, 4)])

        point = await store.name_point(document_id, FIRST, Snapshot(2, b"state 2", NOW + 1), NAME)
        store = await reopen()

        loaded = await store.load(document_id, FIRST, upto_seq=2)
        assert (point.seq, point.at_ms, point.name) == (2, NOW + 1, NAME)
        assert point in await store.points(document_id)
        assert loaded is not None and (loaded.snapshot, list(loaded.updates)) == (Snapshot(2, b"state 2", NOW + 1), [])

    async def test_naming_where_a_snapshot_is_keeps_that_snapshot(self, store: Store) -> None:
        document_id = await document_to_rebase(store)

        point = await store.name_point(document_id, FIRST, Snapshot(2, b"another", NOW + 50), NAME)

        loaded = await store.load(document_id)
        assert point.at_ms == NOW
        assert loaded is not None and loaded.snapshot == Snapshot(2, b"state 2", NOW)

    async def test_a_point_can_be_renamed_and_its_name_taken_away(self, store: Store) -> None:
        document_id = await document_to_rebase(store)
        await store.name_point(document_id, FIRST, Snapshot(2, b"", NOW), NAME)
        renamed = PointName("better", "ann", "Ann", NOW)

        await store.name_point(document_id, FIRST, Snapshot(2, b"", NOW), renamed)
        names = [one.name for one in await store.points(document_id)]
        forgotten = await store.forget_point(document_id, FIRST, 2)

        assert names == [renamed, None]
        assert forgotten and not await store.forget_point(document_id, FIRST, 2)
        assert [one.name for one in await store.points(document_id)] == [None, None]

    async def test_nothing_can_be_named_that_is_not_there(self, store: Store) -> None:
        document_id = await document_to_rebase(store)

        for history_id, seq in ((FIRST, 3), (SECOND, 0)):
            with pytest.raises(HistoryChanged):
                await store.name_point(document_id, history_id, Snapshot(seq, b"x", NOW), NAME)

    async def test_after_the_retention_named_points_and_one_a_week_remain(self, store: Store) -> None:
        document_id = await document_with_history(store)
        for day in range(1, 101):
            await store.append(document_id, FIRST, [entry(day, at_ms=NOW + day * DAY_MS)])
            await store.write_snapshot(document_id, FIRST, Snapshot(day, b"day %d" % day, NOW + day * DAY_MS))
        await store.name_point(document_id, FIRST, Snapshot(3, b"", NOW), NAME)

        await store.maintain(NOW + 100 * DAY_MS)

        seqs = [one.seq for one in await store.points(document_id)]
        named, between = await store.load(document_id, upto_seq=3), await store.load(document_id, upto_seq=4)
        assert seqs[:31] == list(range(100, 69, -1))  # one a day for 30 days
        assert 3 in seqs
        assert 10 <= len([seq for seq in seqs if seq < 70 and seq != 3]) <= 12  # one a week before that
        assert named is not None and named.snapshot == Snapshot(3, b"day 3", NOW + 3 * DAY_MS)
        assert between is None
        assert (await every_update(store, document_id))[0].seq == 71

    async def test_purging_and_erasing_reach_the_points(self, store: Store) -> None:
        document_id = await document_to_rebase(store)
        await store.name_point(document_id, FIRST, Snapshot(2, b"", NOW), NAME)

        await store.erase_person(NAME.author_id)
        erased = [one.name for one in await store.points(document_id) if one.name]
        await store.purge(document_id)

        assert erased == [PointName(NAME.text, ERASED_ID, ERASED_NAME, NAME.at_ms)]
        assert await store.points(document_id) == []

    async def test_old_automatic_points_go_and_named_ones_stay(self, store: Store) -> None:
        document_id = await document_with_history(store)
        for day in (1, 40, 500, 501, 502):
            await store.append(document_id, FIRST, [entry(day, at_ms=NOW + day * DAY_MS)])
            last = await store.append(document_id, FIRST, [])
            await store.write_snapshot(document_id, FIRST, Snapshot(last, b"day %d" % day, NOW + day * DAY_MS))
        await store.name_point(document_id, FIRST, Snapshot(1, b"", NOW), NAME)

        await store.maintain(NOW + 600 * DAY_MS)

        assert [one.seq for one in await store.points(document_id)] == [5, 4, 3, 1]


class SaveContract:
    async def test_content_is_kept_under_its_hash(self, store: Store) -> None:
        content_hash = await store.put_content(b"a file")

        assert content_hash == hash_content(b"a file")
        assert await store.content(content_hash) == b"a file"
        assert await store.content(ContentHash("sha256:none")) is None

    async def test_an_intent_is_open_until_it_is_closed(self, store: Store, reopen: Reopen) -> None:
        document_id = await document_with_history(store)
        content_hash = await store.put_content(b"new")
        intent = await store.open_intent(
            document_id,
            content_hash=content_hash,
            seq=4,
            state_vector=b"vector",
            if_version="v1",
            base_hash=None,
            at_ms=NOW,
        )

        store = await reopen()
        opened = await store.intents(document_id)
        await store.close_intent(document_id, intent.intent_id, base(b"new", "v2", 4))

        record = await store.document(document_id)
        assert opened == [intent]
        assert (intent.content_hash, intent.seq, intent.if_version, intent.base_hash) == (content_hash, 4, "v1", None)
        assert await store.intents(document_id) == []
        assert record is not None and record.save_base == base(b"new", "v2", 4)

    async def test_an_intent_of_a_failed_save_leaves_the_base_alone(self, store: Store) -> None:
        document_id = await document_with_history(store)
        await store.set_save_base(document_id, base(b"old"))
        intent = await self._intent(store, document_id, await store.put_content(b"new"))

        await store.close_intent(document_id, intent, None)

        record = await store.document(document_id)
        assert record is not None and record.save_base == base(b"old")

    async def test_an_intent_for_an_unknown_document_is_refused(self, store: Store) -> None:
        with pytest.raises(NotFound):
            await self._intent(store, DocumentId("nobody"), hash_content(b""))

    async def test_contents_that_are_used_survive_maintenance(self, store: Store) -> None:
        document_id = await document_with_history(store)
        hashes = [await store.put_content(content) for content in (b"base", b"intended", b"ancestor")]
        await store.set_save_base(document_id, base(b"base"))
        await self._intent(store, document_id, hashes[1], hashes[2])

        for _ in range(3):
            await store.maintain(NOW)

        assert [await store.content(content_hash) for content_hash in hashes] == [b"base", b"intended", b"ancestor"]

    async def test_contents_that_nobody_uses_go_at_the_second_maintenance(self, store: Store) -> None:
        content_hash = await store.put_content(b"left behind")

        await store.maintain(NOW)
        after_one = await store.content(content_hash)
        await store.maintain(NOW)

        assert after_one == b"left behind"
        assert await store.content(content_hash) is None

    async def test_content_put_again_between_two_maintenances_stays(self, store: Store) -> None:
        content_hash = await store.put_content(b"again")
        await store.maintain(NOW)

        await store.put_content(b"again")
        await store.maintain(NOW)

        assert await store.content(content_hash) == b"again"

    @staticmethod
    async def _intent(
        store: Store, document_id: DocumentId, content_hash: ContentHash, base_hash: ContentHash | None = None
    ) -> int:
        intent = await store.open_intent(
            document_id,
            content_hash=content_hash,
            seq=1,
            state_vector=b"",
            if_version=None,
            base_hash=base_hash,
            at_ms=NOW,
        )
        return intent.intent_id


class AccessContract:
    async def test_a_quarantined_update_is_skipped_by_every_later_load(self, store: Store, reopen: Reopen) -> None:
        document_id = await document_with_history(store)
        await store.append(document_id, FIRST, [entry(number) for number in (1, 2, 3)])

        await store.quarantine(document_id, seq=2, connection=7, update=b"update 2", reason="killed", at_ms=NOW)
        store = await reopen()

        history = await store.load(document_id)
        assert history is not None
        assert ([one.seq for one in history.updates], history.last_seq) == ([1, 3], 3)
        assert [one.seq for one in await every_update(store, document_id)] == [1, 3]

    async def test_the_quarantine_keeps_what_it_was_given(self, store: Store) -> None:
        document_id = await document_with_history(store)
        other_id = await document_with_history(store, OTHER, SECOND)

        await store.quarantine(document_id, seq=None, connection=7, update=b"poison", reason="killed", at_ms=NOW)

        (item,) = await store.quarantined(document_id)
        assert (item.document_id, item.seq, item.connection) == (document_id, None, 7)
        assert (item.update, item.reason, item.at_ms) == (b"poison", "killed", NOW)
        assert await store.quarantined() == [item]
        assert await store.quarantined(other_id) == []

    async def test_a_quarantined_seq_of_one_history_is_not_skipped_in_another(self, store: Store) -> None:
        document_id = await document_with_history(store)
        await store.append(document_id, FIRST, [entry(1)])
        await store.quarantine(document_id, seq=1, connection=1, update=b"", reason="", at_ms=NOW)

        await store.create_history(document_id, FIRST, SECOND, "text", b"", None, NOW)
        await store.append(document_id, SECOND, [entry(2)])

        assert [one.entry for one in await every_update(store, document_id, SECOND)] == [entry(2)]

    async def test_a_share_is_found_by_its_digest_until_after_its_end(self, store: Store) -> None:
        document_id = await document_with_history(store)
        share = Share("s1", document_id, "digest", "viewer", "ann", NOW, NOW + 5, None)
        await store.add_share(share)

        found = await store.share("digest")
        await store.revoke_share("s1", NOW + 2)
        await store.revoke_share("s1", NOW + 3)

        assert found == share
        revoked = await store.share("digest")
        assert revoked is not None and revoked.revoked_ms == NOW + 2
        assert await store.shares(document_id) == [revoked]
        assert await store.share("other") is None

    async def test_a_revocation_holds_until_it_expires(self, store: Store) -> None:
        await store.revoke("jti:1", NOW + 10, NOW)
        await store.revoke("jti:1", NOW + 5, NOW)
        await store.revoke("sub:ann", NOW + 2, NOW)

        assert set(await store.revocations(NOW + 1)) == {"jti:1", "sub:ann"}
        assert await store.revocations(NOW + 7) == ["jti:1"]
        assert await store.revocations(NOW + 10) == []

    async def test_expired_revocations_are_forgotten_by_maintenance(self, store: Store) -> None:
        await store.revoke("jti:1", NOW + 10, NOW)
        await store.revoke("jti:2", NOW + 20, NOW)

        await store.maintain(NOW + 15)

        assert await store.revocations(NOW) == ["jti:2"]

    async def test_the_first_key_under_a_name_stands(self, store: Store) -> None:
        assert await store.key("signing") is None

        first = await store.set_key_once("signing", b"one")
        second = await store.set_key_once("signing", b"two")

        assert (first, second, await store.key("signing")) == (b"one", b"one", b"one")


class OperationsContract:
    async def test_a_purged_document_leaves_nothing_behind(self, store: Store) -> None:
        document_id = await document_with_history(store)
        kept_id = await document_with_history(store, OTHER, SECOND)
        content_hash = await store.put_content(b"its base")
        await store.set_save_base(document_id, base(b"its base"))
        await store.append(document_id, FIRST, [entry(1)])
        await store.append(kept_id, SECOND, [entry(2)])
        await store.add_share(Share("s1", document_id, "digest", "viewer", "ann", NOW, None, None))
        await store.quarantine(document_id, seq=None, connection=1, update=b"", reason="", at_ms=NOW)

        await store.purge(document_id)
        await store.maintain(NOW)
        await store.maintain(NOW)

        assert await store.document(document_id) is None
        assert await store.load(document_id) is None
        assert await every_update(store, document_id) == []
        assert await store.content(content_hash) is None
        assert await store.share("digest") is None
        assert await store.quarantined() == []
        assert [one.entry for one in await every_update(store, kept_id, SECOND)] == [entry(2)]

    async def test_a_purged_file_that_is_opened_again_is_a_new_document(self, store: Store) -> None:
        document_id = await document_with_history(store)
        await store.append(document_id, FIRST, [entry(1)])

        await store.purge(document_id)
        again = await document_with_history(store, NOTES, SECOND)

        assert again != document_id
        assert await store.append(again, SECOND, [entry(2)]) == 1
        with pytest.raises(HistoryChanged):
            await store.append(document_id, FIRST, [entry(3)])

    async def test_an_erased_person_is_nowhere_and_everything_else_stays(self, store: Store) -> None:
        document_id = await document_with_history(store)
        authors = ["ann", "bob", "ann", "eve"]
        await store.append(document_id, FIRST, [entry(number, author) for number, author in enumerate(authors)])
        await store.append(document_id, FIRST, [JournalEntry(b"last", "ann", "Ann married", NOW, "node-1", 1)])
        await store.add_share(Share("s1", document_id, "digest", "viewer", "ann", NOW, None, None))

        changed = await store.erase_person("ann")

        kept = [one.entry for one in await every_update(store, document_id)]
        share = await store.share("digest")
        assert changed == 3
        assert [one.author_id for one in kept] == [ERASED_ID, "bob", ERASED_ID, "eve", ERASED_ID]
        assert {one.author_name for one in kept if one.author_id == ERASED_ID} == {ERASED_NAME}
        assert [one.update for one in kept] == [b"update 0", b"update 1", b"update 2", b"update 3", b"last"]
        assert share is not None and share.created_by == ERASED_ID

    async def test_a_person_can_be_erased_from_sealed_history_and_write_again(self, store: Store) -> None:
        document_id = await document_with_history(store)
        for number in range(1, 5):
            await store.append(document_id, FIRST, [entry(number)])
        await store.maintain(NOW + 2 * DAY_MS)

        changed = await store.erase_person("ann")
        await store.append(document_id, FIRST, [entry(5)])

        assert changed == 4
        assert [one.entry.author_id for one in await every_update(store, document_id)] == [ERASED_ID] * 4 + ["ann"]
        assert await store.erase_person("nobody") == 0

    async def test_a_backup_never_overwrites(self, store: Store, target: str) -> None:
        await store.backup(target)

        with pytest.raises(ConfigError):
            await store.backup(target)

    async def test_a_closed_store_refuses_every_call(self, store: Store) -> None:
        document_id = await document_with_history(store)

        await store.close()
        await store.close()

        with pytest.raises(JournalError):
            await store.append(document_id, FIRST, [entry(1)])
        with pytest.raises(JournalError):
            await store.load(document_id)


class StoreContract(
    RegistryContract,
    HistoryContract,
    RetentionContract,
    RebaseContract,
    PointContract,
    SaveContract,
    AccessContract,
    OperationsContract,
    DoorContract,
):
    """All of it."""
