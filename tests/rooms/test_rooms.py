"""Rooms as clients and the operator see them: product code over a store and a storage in memory, in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from collab.config import Config, RoomConfig
from collab.document import Document, Splice, merge_updates
from collab.errors import CloseCode, CollabError, FormatError, HistoryChanged, LimitExceeded, NotFound
from collab.limits import Limits
from collab.protocol.messages import SyncStep2, Update, encode_sync_step2, encode_update
from collab.protocol.payloads import StorageState
from collab.protocol.roles import Role
from collab.store.base import Alias, HistoryId
from tests.rooms.case import PATH, START, Case, run
from tests.simulation.client import Client
from tests.simulation.world import CREDENTIALS, ROOT, access

# -- editing --


def test_an_edit_reaches_the_others_and_the_file() -> None:
    async def test(case: Case) -> None:
        ada, bob = await case.join("ada"), await case.join("bob")

        ada.edit(Splice(0, 0, "zero\n"))
        await asyncio.sleep(3)

        assert bob.text == ada.text == "zero\none\ntwo\n"
        assert case.stored == b"zero\none\ntwo\n"
        assert ada.save_states[-1].state is StorageState.STORED
        assert ada.save_states[-1].covers == ada.sent

    run(test)


def test_an_update_is_not_sent_back_to_the_only_one_who_made_it() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        assert ada.connection is not None
        before = ada.document.state_vector()
        ada.received.clear()

        ada.edit(Splice(0, 0, "x"))
        await asyncio.sleep(1)

        assert ada.document.state_vector() != before
        assert not [message for message in ada.received if isinstance(message, Update | SyncStep2)]

    run(test)


def test_nothing_is_acknowledged_before_the_journal_has_it() -> None:
    async def test(case: Case) -> None:
        ada, bob = await case.join("ada"), await case.join("bob")
        gate = case.world.memory.faults.append_gate = asyncio.Event()
        acknowledged = ada.acknowledged

        ada.edit(Splice(0, 0, "x"))
        await asyncio.sleep(5)
        seen, count = bob.text, ada.acknowledged
        gate.set()
        await asyncio.sleep(0.1)

        assert seen.startswith("x") and count == acknowledged
        assert ada.acknowledged == ada.sent == acknowledged + 1

    run(test)


def test_what_is_not_journalled_is_not_saved() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        gate = case.world.memory.faults.append_gate = asyncio.Event()

        ada.edit(Splice(0, 0, "x"))
        await asyncio.sleep(10)
        stored = case.stored
        gate.set()
        await asyncio.sleep(10)

        assert stored == START
        assert case.stored == b"x" + START

    run(test)


def test_edits_reach_the_others_while_a_save_waits_for_the_journal() -> None:
    async def test(case: Case) -> None:
        ada, bob = await case.join("ada"), await case.join("bob")
        ada.edit(Splice(0, 0, "a"))
        await asyncio.sleep(0.1)
        gate = case.world.memory.faults.append_gate = asyncio.Event()
        ada.edit(Splice(0, 0, "b"))
        await asyncio.sleep(5)

        ada.edit(Splice(0, 0, "c"))
        await asyncio.sleep(1)
        seen, stored = bob.text, case.stored
        gate.set()
        await asyncio.sleep(0.1)
        first_saved = case.stored
        await asyncio.sleep(10)

        assert seen.startswith("cba") and stored == START
        assert first_saved == b"ba" + START
        assert case.stored == b"cba" + START

    run(test)


def test_a_viewers_update_is_refused_counted_and_not_broadcast() -> None:
    async def test(case: Case) -> None:
        eve, ada = await case.join("eve", Role.VIEWER), await case.join("ada")

        eve.edit(Splice(0, 0, "evil"))
        await asyncio.sleep(3)

        assert ada.text == START.decode() and case.stored == START
        assert eve.acknowledged == eve.sent
        assert "update_refused" in [notice.code for notice in eve.notices]

    run(test)


def test_a_stock_client_gets_no_message_of_ours() -> None:
    async def test(case: Case) -> None:
        stock, ada = await case.join("stock", extended=False), await case.join("ada")

        ada.edit(Splice(0, 0, "x"))
        await asyncio.sleep(3)

        assert stock.text == ada.text
        assert (stock.hello, stock.save_states, stock.notices, stock.acknowledged) == (None, [], [], 0)

    run(test)


class WaitingDocument(Document):
    """As Yjs does, it sends what waits in it for something that it lacks, too."""

    def __init__(self, document: Document, waiting: bytes) -> None:
        super().__init__(document.client_id)
        self.apply(document.diff())
        self._waiting = waiting

    def diff(self, state_vector: bytes | None = None) -> bytes:
        return merge_updates([super().diff(state_vector), self._waiting])


def test_a_client_that_waits_itself_for_a_lost_edit_is_acknowledged_and_not_asked_for_ever() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        gone = Document(999)
        gone.apply(ada.document.diff())
        gone.edit_text([Splice(0, 0, "lost ")])
        waiting = gone.changed_by(lambda: gone.edit_text([Splice(5, 0, "waiting ")]))
        ada.document = WaitingDocument(ada.document, waiting)

        await ada.disconnect()
        await ada.connect(case.rooms, (await case.open()).document_id)
        await asyncio.sleep(1)
        ada.edit(Splice(0, 0, "own "))
        await asyncio.sleep(20)
        asked = case.world.metrics.counts["update_gaps_total"]
        await asyncio.sleep(20)

        assert ada.acknowledged == ada.sent > 0
        assert asked == case.world.metrics.counts["update_gaps_total"] <= 4
        assert case.stored == b"own " + START

    run(test)


def test_a_gap_is_asked_for_and_not_acknowledged_before_it_is_filled() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        assert ada.connection is not None
        ada.document.edit_text([Splice(0, 0, "lost ")])
        update = ada.document.changed_by(lambda: ada.document.edit_text([Splice(5, 0, "next ")]))
        ada.outgoing.clear()
        asked, sent = case.world.metrics.counts["update_gaps_total"], ada.sent

        ada._send_update(encode_update(update))
        await asyncio.sleep(0)
        counted = ada.acknowledged
        await asyncio.sleep(3)

        assert case.world.metrics.counts["update_gaps_total"] == asked + 1
        assert counted <= sent
        assert ada.acknowledged == ada.sent == sent + 2
        assert case.stored == b"lost next " + START

    run(test)


def test_an_edit_that_stands_on_a_lost_one_is_not_acknowledged_however_often_an_answer_lacks_that() -> None:
    async def test(case: Case) -> None:
        opened = await case.open()
        ada = Client("ada", access(), 7, manual=True)
        case.clients.append(ada)
        await ada.connect(case.rooms, opened.document_id)
        gone = Document(client_id=4711)
        lost = gone.changed_by(lambda: gone.edit_text([Splice(0, 0, "lost ")]))
        copy = Document.from_updates([lost], 4712)
        own = copy.changed_by(lambda: copy.edit_text([Splice(3, 0, "own ")]))

        for frame in (encode_update(own), *[encode_sync_step2(own)] * 4):
            ada._send_update(frame, in_sync=frame[1] == 1)
            while ada.outgoing:
                ada.deliver_outgoing()
            await asyncio.sleep(1.5)

        assert ada.connection is not None
        assert ada.connection.ledger.received == 5
        assert ada.connection.ledger.acknowledged == 0

    run(test)


def test_malformed_bytes_end_that_connection_only() -> None:
    async def test(case: Case) -> None:
        eve, ada = await case.join("eve"), await case.join("ada")
        assert eve.connection is not None

        eve.connection.receive(encode_update(b"\x01\x02\x03"))
        await asyncio.sleep(1)
        ada.edit(Splice(0, 0, "x"))
        await asyncio.sleep(3)

        assert eve.closed_with == [CloseCode.MALFORMED]
        assert ada.closed_with == [] and case.stored == b"x" + START

    run(test)


def test_an_update_that_poisons_the_document_is_set_aside_and_the_others_go_on() -> None:
    async def test(case: Case) -> None:
        eve, ada = await case.join("eve"), await case.join("ada")
        room = case.rooms._live[(await case.open()).document_id]
        document = room._turns.document
        apply = document.apply

        def poisoned(update: bytes) -> None:
            with document._fence():
                raise RuntimeError("block parent")

        document.apply = poisoned
        eve.edit(Splice(0, 0, "poison"))
        await asyncio.sleep(1)
        ada.edit(Splice(0, 0, "x"))
        await asyncio.sleep(3)

        assert eve.closed_with == [CloseCode.MALFORMED]
        assert [item.reason for item in await case.world.store.quarantined()] == ["RuntimeError: block parent"]
        assert ada.closed_with == [] and case.stored == b"x" + START
        assert room.history_id == (await case.open()).history_id
        assert room._turns.document is not document and apply is not None

    run(test)


def test_while_the_journal_is_away_nothing_is_applied_and_it_all_comes_in_later() -> None:
    async def test(case: Case) -> None:
        ada, bob = await case.join("ada"), await case.join("bob")
        case.world.memory.faults.full = True
        ada.edit(Splice(0, 0, "first "))
        await asyncio.sleep(0.5)
        ada.edit(Splice(6, 0, "second "))
        await asyncio.sleep(5)
        seen, acknowledged, sent = bob.text, ada.acknowledged, ada.sent

        case.world.memory.faults.full = False
        await asyncio.sleep(10)

        assert seen == "first one\ntwo\n" and acknowledged < sent
        assert bob.text == "first second one\ntwo\n" and case.stored == bob.text.encode()
        assert ada.acknowledged == ada.sent
        codes = [notice.code for notice in ada.notices]
        assert codes[:2] == ["journal_unavailable", "journal_available"]

    run(test)


def test_a_document_over_its_limit_takes_no_more() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()

        ada.edit(Splice(0, 0, "x" * 5_000))
        await asyncio.sleep(3)

        assert ada.closed_with == [CloseCode.LIMIT_EXCEEDED]
        assert case.stored == START

    run(test, Config(limits=Limits(document_size_bytes=4_000)))


def test_a_large_update_is_checked_elsewhere_and_keeps_its_place() -> None:
    async def test(case: Case) -> None:
        ada, bob = await case.join("ada"), await case.join("bob")

        ada.edit(Splice(0, 0, "L" * 200))
        ada.edit(Splice(0, 0, "after "))
        bob.edit(Splice(0, 0, "bob "))
        await asyncio.sleep(3)

        assert ada.text == bob.text and case.stored == ada.text.encode()
        assert "after " + "L" * 200 in ada.text

    run(test, Config(limits=Limits(inline_check_size_bytes=64)))


# -- loading --


def test_however_many_open_at_once_there_is_one_load() -> None:
    async def test(case: Case) -> None:
        opened = await asyncio.gather(*(case.open() for _ in range(50)))

        assert len({item.document_id for item in opened}) == len({item.history_id for item in opened}) == 1
        assert case.world.metrics.counts["rooms_loaded_total"] == 1

    run(test)


def test_a_failed_load_is_told_and_not_remembered() -> None:
    async def test(case: Case) -> None:
        case.world.memory.faults.fail_calls = 1
        with pytest.raises(CollabError):
            await case.open()

        assert (await case.open()).history_id

    run(test)


def test_a_room_that_nobody_uses_goes_and_comes_back_with_the_same_history() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        ada.edit(Splice(0, 0, "x"))
        before = await case.open()
        await ada.disconnect()
        await asyncio.sleep(100)
        unloaded = not case.rooms._entries

        after = await case.open()

        assert unloaded
        assert after.history_id == before.history_id

    run(test)


def test_who_joins_while_a_room_goes_waits_and_gets_a_new_one() -> None:
    async def test(case: Case) -> None:
        await case.open()
        gate = asyncio.Event()
        write = case.world.memory.write_snapshot

        async def slow(*args: object) -> None:
            await gate.wait()
            await write(*args)

        ada = await case.join()
        ada.edit(Splice(0, 0, "x"))
        await asyncio.sleep(3)
        case.world.memory.write_snapshot = slow
        await ada.disconnect()
        await asyncio.sleep(60)
        opening = asyncio.create_task(case.open())
        await asyncio.sleep(5)
        waited = not opening.done()
        gate.set()

        assert waited
        assert (await opening).history_id
        assert case.world.metrics.counts["rooms_loaded_total"] == 2

    run(test)


def test_a_client_of_another_history_is_refused_before_any_sync() -> None:
    async def test(case: Case) -> None:
        opened = await case.open()

        with pytest.raises(HistoryChanged):
            await case.rooms.join(opened.document_id, access(history="another"))

    run(test)


def test_what_cannot_be_edited_is_refused() -> None:
    async def test(case: Case) -> None:
        case.world.storage.outside_write("a.png", b"\x89PNG")
        with pytest.raises(FormatError):
            await case.rooms.open(ROOT, "a.png", CREDENTIALS)
        with pytest.raises(NotFound):
            await case.rooms.open(ROOT, "missing.txt", CREDENTIALS)
        with pytest.raises(NotFound):
            await case.rooms.open("no root", PATH, CREDENTIALS)

    run(test)


def test_the_kind_is_that_of_the_history_and_another_editor_than_the_files_may_only_read() -> None:
    async def test(case: Case) -> None:
        store = case.world.memory
        record = await store.resolve(Alias(f"root:{ROOT}", PATH), 0)
        state = Document.from_updates([]).diff()
        assert await store.create_history(record.document_id, None, HistoryId("h"), "drawing", state, None, 0)

        opened = await case.open()

        assert (opened.kind, opened.format, opened.writable) == ("drawing", "markdown", False)

    run(test)


def test_a_scratch_room_is_journalled_and_has_no_file() -> None:
    async def test(case: Case) -> None:
        opened = await case.rooms.open_scratch("my room")
        client = Client("ada", access(), 7)
        case.clients.append(client)
        await client.connect(case.rooms, opened.document_id)
        client.edit(Splice(0, 0, "hello"))
        await asyncio.sleep(1)
        await case.server.kill()
        await case.server.start()

        again = await case.rooms.open_scratch("my room")

        assert again.document_id == opened.document_id
        assert await case.rooms.content_now(again.document_id) == b"hello"
        assert client.save_states[-1].state is StorageState.NONE

    run(test)


def test_more_connections_than_allowed_are_refused() -> None:
    async def test(case: Case) -> None:
        await case.join()

        with pytest.raises(LimitExceeded) as refused:
            await case.join("bob")

        assert refused.value.limit == "connections_per_room"

    run(test, Config(limits=Limits(connections_per_room=1)))


# -- rights --


def test_whose_right_is_revoked_is_cut() -> None:
    async def test(case: Case) -> None:
        ada, eve = await case.join("ada"), await case.join("eve")

        count = case.rooms.revoke(lambda who: who.identity.user_id == "eve")
        await asyncio.sleep(1)

        assert count == 1
        assert eve.closed_with == [CloseCode.FORBIDDEN] and ada.closed_with == []

    run(test)


def test_a_changed_role_judges_the_next_message() -> None:
    async def test(case: Case) -> None:
        eve = await case.join("eve")

        case.rooms.change_role(lambda who: who.identity.user_id == "eve", Role.VIEWER)
        eve.edit(Splice(0, 0, "evil"))
        await asyncio.sleep(3)

        assert case.stored == START
        assert "role_changed" in [notice.code for notice in eve.notices]

    run(test)


def test_an_expired_token_ends_the_connection() -> None:
    async def test(case: Case) -> None:
        opened = await case.open()
        soon = replace(access(), expires_ms=case.clock.wall_ms() + 5_000)
        client = Client("ada", soon, 9)
        case.clients.append(client)
        await client.connect(case.rooms, opened.document_id)

        await asyncio.sleep(7)

        assert client.closed_with == [CloseCode.UNAUTHENTICATED]

    run(test)


def test_live_shows_who_is_where_once() -> None:
    async def test(case: Case) -> None:
        await case.join("ada")
        await case.join("ada")
        await case.join("bob")

        live = case.rooms.live()

        assert [(item.root, item.path, item.format) for item in live] == [(ROOT, PATH, "markdown")]
        assert sorted(person.name for person in live[0].people) == ["ada", "bob"]

    run(test)


def test_idle_unload_uses_the_configured_time() -> None:
    async def test(case: Case) -> None:
        await case.open()
        await asyncio.sleep(4)
        early = len(case.rooms._entries)
        await asyncio.sleep(2)

        assert (early, len(case.rooms._entries)) == (1, 0)

    run(test, Config(room=RoomConfig(idle_unload_s=5.0)))


def test_the_journal_alone_rebuilds_the_document() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        for number in range(20):
            ada.edit(Splice(0, 0, f"{number}\n"))
        await asyncio.sleep(1)

        history = await case.world.store.load((await case.open()).document_id)

        assert history is not None
        states = [] if history.snapshot is None else [history.snapshot.state]
        replayed = Document.from_updates([*states, *(stored.entry.update for stored in history.updates)])
        assert replayed.text() == ada.text

    run(test)


def test_updates_of_a_document_that_ended_a_worker_are_tried_in_the_sandbox_first() -> None:
    async def test(case: Case) -> None:
        opened = await case.open()
        await case.world.store.quarantine(
            opened.document_id,
            seq=None,
            connection=1,
            update=b"poison",
            reason="the worker died while applying it",
            at_ms=case.clock.wall_ms(),
        )
        await case.server.stop()
        await case.server.start()
        tried = case.world.sandbox.tried_on_snapshots
        ada = await case.join()

        ada.edit(Splice(0, 0, "careful "))
        await asyncio.sleep(3)

        assert case.world.sandbox.tried_on_snapshots > tried
        assert ada.acknowledged == ada.sent
        assert case.stored == b"careful " + START

    run(test)


def test_a_snapshot_holds_no_content_that_was_deleted() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        ada.edit(Splice(0, 0, "a secret that goes away again"))
        ada.edit(Splice(0, len("a secret that goes away again"), ""))
        await asyncio.sleep(1)
        await ada.disconnect()
        await asyncio.sleep(120)

        opened = await case.open()
        history = await case.world.store.load(opened.document_id)

        assert history is not None and history.snapshot is not None
        assert history.snapshot.seq == history.last_seq > 0
        assert b"secret" not in history.snapshot.state

    run(test)
