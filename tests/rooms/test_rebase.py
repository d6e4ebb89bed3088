"""A document gets a fresh history: nothing of it is lost, nothing doubled, and those who were away come along."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from collab.config import Config, StoreConfig
from collab.document import CONFLICTS, Document, Splice
from collab.errors import CloseCode, HistoryChanged, JournalError, MalformedMessage, NotFound
from collab.protocol.roles import Identity
from collab.rooms.past import Past
from collab.rooms.rebase import Outcome, Rebased
from collab.rooms.rebaser import Rebaser
from collab.store.base import Alias, DocumentId, HistoryId, SaveBase
from collab.store.retention import DAY_MS
from tests.rooms.case import PATH, Case, run
from tests.simulation.client import Client
from tests.simulation.world import CREDENTIALS, access

BOB = Identity("bob", "Bob", "#112233")
CHURN = Config(store=replace(StoreConfig(), snapshot_updates=20))


async def churned(case: Case, rounds: int = 40) -> DocumentId:
    """Ada writes much and deletes it again; in the end the file says three lines, and she is gone."""
    ada = await case.join("ada")
    for number in range(rounds):
        ada.edit(Splice(len(ada.text), 0, f"draft {number} " * 40))
        ada.edit(Splice(8, len(ada.text) - 8, ""))
        if number % 10 == 9:
            await asyncio.sleep(0.1)
    ada.edit(Splice(len(ada.text), 0, "three\n"))
    await asyncio.sleep(5)
    await ada.disconnect()
    return (await case.open()).document_id


async def scattered(case: Case) -> DocumentId:
    """Ada deletes every other word that she wrote: what is left of them cannot be put together."""
    ada = await case.join("ada")
    for number in range(3000):
        ada.edit(Splice(0, 0, f"{number % 10}"), Splice(0, 0, "-"))
    for place in range(2999, -1, -1):
        ada.edit(Splice(2 * place, 1, ""))
    await asyncio.sleep(30)
    await ada.disconnect()
    return (await case.open()).document_id


def rebaser(case: Case) -> Rebaser:
    return Rebaser(case.world.parts(), case.rooms)


def past(case: Case) -> Past:
    return Past(case.world.parts(), case.rooms)


async def rebased(case: Case, document_id: DocumentId) -> tuple[HistoryId, HistoryId]:
    """The history that was, and the fresh one."""
    before = (await case.open()).history_id
    assert (await rebaser(case).rebase(document_id)).outcome is Outcome.REBASED
    return before, (await case.open()).history_id


def edits_on(state: bytes, *splices: Splice, client_id: int = 77) -> bytes:
    """What somebody makes offline of a state: the diff that they would hand over."""
    document = Document.from_updates([state], client_id)
    known = document.state_vector()
    document.edit_text(splices)
    return document.diff(known)


async def old_state(case: Case, document_id: DocumentId, history_id: HistoryId) -> bytes:
    history = await case.world.store.load(document_id, history_id)
    assert history is not None and history.snapshot is not None
    updates = [stored.entry.update for stored in history.updates]
    return Document.from_updates([history.snapshot.state, *updates]).diff()


def test_a_rebase_keeps_the_content_and_drops_the_past() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)

        done = await rebaser(case).rebase(document_id)

        bob = await case.join("bob")
        record = await case.world.store.document(document_id)
        assert done.outcome is Outcome.REBASED
        assert done.after_bytes < done.before_bytes
        assert bob.text == "one\ntwo\nthree\n" and case.stored == b"one\ntwo\nthree\n"
        assert len(bob.document.diff()) == done.after_bytes
        assert record is not None and bob.hello is not None and bob.hello.history_id == record.history_id

    run(test, CHURN)


def test_after_a_rebase_nothing_is_written_until_somebody_edits() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        version = (await case.world.storage.stat(PATH, CREDENTIALS)).version

        await rebased(case, document_id)
        bob = await case.join("bob")
        await asyncio.sleep(30)
        untouched = (await case.world.storage.stat(PATH, CREDENTIALS)).version
        bob.edit(Splice(0, 3, "ONE"))
        await asyncio.sleep(30)

        assert untouched == version
        assert case.stored == b"ONE\ntwo\nthree\n"

    run(test, CHURN)


def test_the_old_history_stays_readable() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)

        before, after = await rebased(case, document_id)

        assert before != after
        assert Document.from_updates([await old_state(case, document_id, before)]).text() == "one\ntwo\nthree\n"

    run(test, CHURN)


def test_a_document_that_somebody_has_open_keeps_its_history() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        bob = await case.join("bob")

        done = await rebaser(case).rebase(document_id)

        assert done == Rebased(Outcome.IN_USE)
        bob.edit(Splice(0, 0, "still: "))
        await asyncio.sleep(5)
        assert case.stored.startswith(b"still: ")

    run(test, CHURN)


def test_who_joins_during_a_rebase_waits_and_gets_the_fresh_history() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        rebasing = asyncio.ensure_future(rebaser(case).rebase(document_id))
        bobs = [asyncio.ensure_future(case.join(f"bob{number}")) for number in range(3)]

        done = await rebasing
        joined = [await bob for bob in bobs]

        record = await case.world.store.document(document_id)
        assert done.outcome in (Outcome.REBASED, Outcome.IN_USE)
        assert record is not None
        assert {bob.hello.history_id for bob in joined if bob.hello} == {record.history_id}
        assert {bob.text for bob in joined} == {"one\ntwo\nthree\n"}

    run(test, CHURN)


def test_only_what_pays_is_rebased() -> None:
    async def test(case: Case) -> None:
        document_id = (await case.open()).document_id

        assert (await rebaser(case).rebase(document_id, ratio=2.0)).outcome is Outcome.SMALL

    run(test)


def test_what_the_storage_does_not_have_yet_is_not_rebased() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        await case.world.store.open_intent(
            document_id,
            content_hash=await case.world.store.put_content(b"x"),
            seq=1,
            state_vector=b"",
            if_version=None,
            base_hash=None,
            at_ms=0,
        )

        assert (await rebaser(case).rebase(document_id)).outcome is Outcome.UNSAVED

    run(test, CHURN)


def test_a_document_with_two_versions_of_a_passage_keeps_its_history() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        bob = await case.join("bob")
        bob.edit(Splice(0, 3, "bob's"))
        case.world.storage.outside_write(PATH, b"vim's\ntwo\nthree\n")
        await asyncio.sleep(30)
        conflicts = bob.document.map_values(CONFLICTS)
        await bob.disconnect()

        done = await rebaser(case).rebase(document_id)

        assert conflicts
        assert done.outcome is Outcome.REFUSED and "two versions" in done.reason

    run(test, CHURN)


def test_edits_on_the_old_history_are_merged_into_the_new_one_as_text_by_their_author() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        before, after = await rebased(case, document_id)
        update = edits_on(await old_state(case, document_id, before), Splice(4, 3, "TWO by Bob"))
        ada = await case.join("ada")
        ada.edit(Splice(len(ada.text), 0, "four\n"))
        await asyncio.sleep(1)

        absorbed = await past(case).hand_over(document_id, before, update, BOB, CREDENTIALS)

        await asyncio.sleep(10)
        entries = await case.world.store.updates(document_id, after, after_seq=0, limit=100)
        assert absorbed is not None and (absorbed.changes, absorbed.conflicts) == (1, 0)
        assert ada.text == "one\nTWO by Bob\nthree\nfour\n"
        assert case.stored == ada.text.encode()
        assert [stored.entry.author_id for stored in entries] == ["ada", "bob"]

    run(test, CHURN)


def test_edits_that_are_handed_over_twice_are_merged_once() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        before, _ = await rebased(case, document_id)
        update = edits_on(await old_state(case, document_id, before), Splice(0, 0, "zero\n"))
        ada = await case.join("ada")

        first = await past(case).hand_over(document_id, before, update, BOB, CREDENTIALS)
        ada.edit(Splice(0, 0, "ada moved it away\n"))
        await asyncio.sleep(1)
        second, third = await asyncio.gather(
            *(past(case).hand_over(document_id, before, update, BOB, CREDENTIALS) for _ in range(2))
        )

        assert first is not None and (second, third) == (None, None)
        assert ada.text == "ada moved it away\nzero\none\ntwo\nthree\n"

    run(test, CHURN)


def test_two_stale_clients_at_once_both_come_through() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        before, _ = await rebased(case, document_id)
        state = await old_state(case, document_id, before)
        bobs = edits_on(state, Splice(0, 3, "ONE"), client_id=77)
        eves = edits_on(state, Splice(14, 0, "five\n"), client_id=78)

        await asyncio.gather(
            past(case).hand_over(document_id, before, bobs, BOB, CREDENTIALS),
            past(case).hand_over(document_id, before, eves, Identity("eve", "Eve", "#445566"), CREDENTIALS),
        )

        ada = await case.join("ada")
        assert ada.text == "ONE\ntwo\nthree\nfive\n"

    run(test, CHURN)


def test_where_both_changed_the_same_line_both_versions_stay() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        before, _ = await rebased(case, document_id)
        update = edits_on(await old_state(case, document_id, before), Splice(4, 3, "bob"))
        ada = await case.join("ada")
        ada.edit(Splice(4, 3, "ada"))
        await asyncio.sleep(1)

        absorbed = await past(case).hand_over(document_id, before, update, BOB, CREDENTIALS)

        assert absorbed is not None and absorbed.conflicts == 1
        assert "ada\n" in ada.text and "bob\n" in ada.text
        assert len(ada.document.map_values(CONFLICTS)) == 1

    run(test, CHURN)


def test_edits_of_two_histories_ago_are_merged_too() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        first, _ = await rebased(case, document_id)
        update = edits_on(await old_state(case, document_id, first), Splice(0, 0, "zero\n"))
        await churned(case)
        second, third = await rebased(case, document_id)

        await past(case).hand_over(document_id, first, update, BOB, CREDENTIALS)

        ada = await case.join("ada")
        assert len({first, second, third}) == 3
        assert ada.text.startswith("zero\none\ntwo\n")

    run(test, CHURN)


def test_what_is_journalled_and_not_merged_is_merged_by_the_next_load() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        before, after = await rebased(case, document_id)
        update = edits_on(await old_state(case, document_id, before), Splice(0, 0, "zero\n"))
        await case.rooms.without_room(document_id, lambda: asyncio.sleep(0))
        journalled = asyncio.Event()
        case.world.memory.faults.append_gate = journalled
        handing = asyncio.ensure_future(past(case).hand_over(document_id, before, update, BOB, CREDENTIALS))
        await asyncio.sleep(1)
        waiting = [one.last_seq - one.absorbed_seq for one in await case.world.store.retired(document_id)]
        await case.server.kill()
        handing.cancel()
        case.world.memory.faults.append_gate = None

        await case.server.start()
        ada = await case.join("ada")

        assert waiting == [1]
        assert ada.text == "zero\none\ntwo\nthree\n"
        assert [one.last_seq - one.absorbed_seq for one in await case.world.store.retired(document_id)] == [0]
        entries = await case.world.store.updates(document_id, after, after_seq=0, limit=100)
        assert [stored.entry.author_id for stored in entries] == ["bob"]

    run(test, CHURN)


def test_an_edit_on_the_history_of_now_or_an_unknown_one_is_not_taken_over() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        _, now = await rebased(case, document_id)

        for history_id in (now, HistoryId("unknown")):
            with pytest.raises(HistoryChanged):
                await past(case).hand_over(document_id, history_id, b"\x00\x00", BOB, CREDENTIALS)
        with pytest.raises(NotFound):
            await past(case).hand_over(DocumentId("nobody"), now, b"\x00\x00", BOB, CREDENTIALS)

    run(test, CHURN)


def test_edits_with_gaps_or_garbage_are_refused_and_leave_nothing() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        before, _ = await rebased(case, document_id)
        ahead = Document(99)
        ahead.edit_text([Splice(0, 0, "lost")])
        known = ahead.state_vector()
        ahead.edit_text([Splice(4, 0, " and found")])

        for update in (ahead.diff(known), b"\xff\xff\xff", b""):
            with pytest.raises(MalformedMessage):
                await past(case).hand_over(document_id, before, update, BOB, CREDENTIALS)

        assert [one.last_seq - one.seq for one in await case.world.store.retired(document_id)] == [0]

    run(test, CHURN)


def test_a_journal_that_is_away_takes_nothing_over_and_says_so() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        before, _ = await rebased(case, document_id)
        update = edits_on(await old_state(case, document_id, before), Splice(0, 0, "zero\n"))
        case.world.memory.faults.full = True

        with pytest.raises(JournalError):
            await past(case).hand_over(document_id, before, update, BOB, CREDENTIALS)
        case.world.memory.faults.full = False

        assert await past(case).hand_over(document_id, before, update, BOB, CREDENTIALS) is not None
        assert (await case.join("ada")).text == "zero\none\ntwo\nthree\n"

    run(test, CHURN)


@pytest.mark.parametrize("offline_edit", [False, True])
def test_a_stock_provider_with_the_old_document_is_turned_away_and_doubles_nothing(offline_edit: bool) -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        stale = await case.join("stale")
        await stale.disconnect()
        if offline_edit:
            stale.edit(Splice(0, 0, "offline "))
        await rebased(case, document_id)
        ada = await case.join("ada")

        stale.access = access("stale", extended=False)
        await stale.connect(case.rooms, document_id)
        await asyncio.sleep(5)

        assert stale.closed_with == [CloseCode.HISTORY_CHANGED]
        assert ada.text == "one\ntwo\nthree\n"

    run(test, CHURN)


def test_a_client_that_never_asks_cannot_bring_the_old_content_either() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        stale = await case.join("stale")
        await stale.disconnect()
        await rebased(case, document_id)
        ada = await case.join("ada")

        mute = MuteClient("mute", access("mute", extended=False), 500)
        mute.document = stale.document
        await mute.connect(case.rooms, document_id)
        await asyncio.sleep(5)

        assert mute.closed_with == [CloseCode.HISTORY_CHANGED]
        assert ada.text == "one\ntwo\nthree\n"

    run(test, CHURN)


class MuteClient(Client):
    """Sends no sync step 1, only its answer to ours."""

    async def connect(self, rooms: object, document_id: DocumentId) -> None:
        self._send = lambda frame: None  # type: ignore[method-assign]
        send = Client._send
        joining = Client.connect(self, rooms, document_id)  # type: ignore[arg-type]
        await joining
        self._send = lambda frame: send(self, frame)  # type: ignore[method-assign]


def test_quiet_documents_are_rebased_by_themselves_and_looked_at_once() -> None:
    async def test(case: Case) -> None:
        document_id = await scattered(case)
        await case.rooms.without_room(document_id, lambda: asyncio.sleep(0))
        worker = rebaser(case)

        at_once = await worker.rebase_quiet()
        case.clock.jump_wall(31 * DAY_MS / 1000)
        later, again = await worker.rebase_quiet(), await worker.rebase_quiet()

        assert (at_once, later, again) == (0, 1, 0)
        assert len(await case.world.store.retired(document_id)) == 1

    run(test, CHURN)


def test_quiet_documents_without_a_place_or_a_format_do_not_hinder_the_others() -> None:
    async def test(case: Case) -> None:
        document_id = await scattered(case)
        await case.rooms.without_room(document_id, lambda: asyncio.sleep(0))
        store = case.world.store
        for alias in (Alias("root:gone", "a.md"), Alias("retired:root:files", "b#1"), Alias("root:files", "c.png")):
            other = await store.resolve(alias, case.clock.wall_ms())
            base = SaveBase("v1", await store.put_content(b"x"), 0, b"", 0)
            await store.create_history(other.document_id, None, HistoryId(alias.external_id), "text", None, base, 0)
        case.clock.jump_wall(31 * DAY_MS / 1000)

        assert await rebaser(case).rebase_quiet() == 1

    run(test, CHURN)


def test_a_document_that_somebody_only_reads_is_not_quiet() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        await case.join("reader")
        worker = rebaser(case)
        case.clock.jump_wall(31 * DAY_MS / 1000)

        assert await worker.rebase_quiet() == 0

        record = await case.world.store.document(document_id)
        assert record is not None and record.seen_ms == case.clock.wall_ms()

    run(test, CHURN)


def test_zero_days_switch_it_off() -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        await case.rooms.without_room(document_id, lambda: asyncio.sleep(0))
        case.clock.jump_wall(400 * DAY_MS / 1000)

        assert await rebaser(case).rebase_quiet() == 0

    run(test, replace(CHURN, store=replace(CHURN.store, rebase_days=0.0)))
