"""What reaches the file, and what comes from it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from collab.config import Config, SaveConfig
from collab.document import Document, Splice
from collab.limits import Limits
from collab.protocol.payloads import StorageState
from collab.store.base import hash_content
from connectors.base import Connector, Credentials, Version, WriteResult
from connectors.errors import Unavailable
from connectors.faults import Fault, Moment, Operation, ScriptedPlan, Step
from connectors.faulty import FaultyConnector
from connectors.memory import MemoryConnector
from tests.rooms.case import PATH, START, Case, run
from tests.simulation.world import CREDENTIALS, ROOT

FAST = Config(save=SaveConfig(retry_max_s=2.0))


def faulty(plan: ScriptedPlan) -> Callable[[Connector], Connector]:
    return lambda connector: FaultyConnector(connector, plan)


# -- saving --


def test_without_an_edit_the_file_is_not_written() -> None:
    async def test(case: Case) -> None:
        version = case.world.storage.storage.file(PATH).version
        ada = await case.join()
        await ada.disconnect()
        await asyncio.sleep(100)

        assert case.world.storage.storage.file(PATH).version == version

    run(test)


def test_an_edit_that_was_taken_back_does_not_write_the_file() -> None:
    async def test(case: Case) -> None:
        version = case.world.storage.storage.file(PATH).version
        ada = await case.join()
        ada.edit(Splice(0, 0, "x"))
        ada.edit(Splice(0, 1, ""))
        await asyncio.sleep(5)

        assert case.world.storage.storage.file(PATH).version == version
        assert ada.save_states[-1].state is StorageState.STORED
        assert ada.save_states[-1].covers == ada.sent

    run(test)


def test_typing_without_a_pause_is_saved_after_the_longest_wait() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        for _ in range(60):
            ada.edit(Splice(0, 0, "x"))
            await asyncio.sleep(0.1)

        assert case.stored != START

    run(test)


def test_the_last_leave_saves_at_once() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        ada.edit(Splice(0, 0, "x"))
        await asyncio.sleep(0.01)
        await ada.disconnect()
        await asyncio.sleep(0.1)

        assert case.stored == b"x" + START

    run(test)


def test_an_edit_during_a_save_stays_to_be_saved() -> None:
    class SlowConnector(MemoryConnector):
        async def write(
            self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
        ) -> WriteResult:
            await asyncio.sleep(3)
            return await super().write(path, content, credentials, if_version=if_version)

    async def test(case: Case) -> None:
        ada = await case.join()
        ada.edit(Splice(0, 0, "first "))
        await asyncio.sleep(2)
        ada.edit(Splice(0, 0, "second "))
        await asyncio.sleep(2.2)
        first, covers, sent = case.stored, ada.save_states[-1].covers, ada.sent
        await asyncio.sleep(10)

        assert first == b"first " + START and covers == sent - 1
        assert case.stored == b"second first " + START
        assert ada.save_states[-1].covers == ada.sent

    run(test, wrap=lambda connector: SlowConnector(connector.storage))


def test_a_write_whose_answer_was_lost_is_adopted_and_not_merged() -> None:
    plan = ScriptedPlan().then(Operation.WRITE, Step(Fault.RESET, Moment.AFTER))

    async def test(case: Case) -> None:
        ada = await case.join()
        ada.edit(Splice(0, 0, "x"))
        await asyncio.sleep(10)

        assert case.stored == ada.text.encode() == b"x" + START
        assert ada.save_states[-1].state is StorageState.STORED
        assert "outside_change" not in [notice.code for notice in ada.notices]

    run(test, FAST, faulty(plan))


def test_a_crash_between_write_and_record_is_adopted_at_the_next_load() -> None:
    class DyingConnector(MemoryConnector):
        die: asyncio.Event | None = None

        async def write(
            self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
        ) -> WriteResult:
            result = await super().write(path, content, credentials, if_version=if_version)
            if self.die is not None:
                self.die.set()
                await asyncio.Event().wait()
            return result

    async def test(case: Case) -> None:
        connector = case.world.connector
        assert isinstance(connector, DyingConnector)
        ada = await case.join()
        connector.die = asyncio.Event()
        ada.edit(Splice(0, 0, "same line "))
        await connector.die.wait()
        connector.die = None
        await case.server.kill()
        await ada.disconnect()
        await case.server.start()
        opened = await case.open()
        record = await case.world.store.document(opened.document_id)

        assert await case.rooms.content_now(opened.document_id) == b"same line " + START
        assert record is not None and record.save_base is not None
        assert record.save_base.content_hash == hash_content(case.stored)
        assert await case.world.store.intents(opened.document_id) == []
        history = await case.world.store.load(opened.document_id)
        assert history is not None and all(not item.entry.author_id.startswith("storage") for item in history.updates)

    run(test, wrap=lambda connector: DyingConnector(connector.storage))


def test_a_refusing_storage_is_told_within_five_seconds_and_retried_for_ever() -> None:
    plan = ScriptedPlan()

    async def test(case: Case) -> None:
        ada = await case.join()
        plan.always(Operation.WRITE, Step(Fault.DISK_FULL))
        ada.edit(Splice(0, 0, "x"))
        await asyncio.sleep(5)
        told = ada.save_states[-1]
        await asyncio.sleep(3_000)
        stored = case.stored
        plan.heal()
        await asyncio.sleep(120)

        assert (told.state, told.code) == (StorageState.REFUSED, "storage_full") and told.reason
        assert stored == START
        assert case.stored == b"x" + START

    run(test, wrap=faulty(plan))


def test_a_room_that_cannot_be_saved_is_not_dropped() -> None:
    plan = ScriptedPlan()

    async def test(case: Case) -> None:
        ada = await case.join()
        plan.always(Operation.WRITE, Step(Fault.FORBIDDEN))
        ada.edit(Splice(0, 0, "x"))
        await asyncio.sleep(1)
        await ada.disconnect()
        await asyncio.sleep(1_000)
        kept = len(case.rooms._entries)
        plan.heal()
        await asyncio.sleep(200)

        assert kept == 1 and case.rooms._entries == {}
        assert case.stored == b"x" + START

    run(test, wrap=faulty(plan))


def test_a_locked_file_is_not_written_and_the_reason_is_told() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        case.world.storage.outside_lock(PATH, "theirs", "Word")
        ada.edit(Splice(0, 0, "x"))
        await asyncio.sleep(10)

        assert case.stored == START
        assert ada.save_states[-1].code == "lock_conflict"

    run(test)


def test_a_character_that_the_files_charset_lacks_is_told_and_an_edit_ends_it() -> None:
    async def test(case: Case) -> None:
        case.world.storage.outside_write("b.txt", "caf\u00e9 cr\u00e8me \u00fcber stra\u00dfe\n".encode("latin-1"))
        opened = await case.rooms.open(ROOT, "b.txt", CREDENTIALS)
        ada = await case.join()
        await ada.disconnect()
        ada.document = Document(555)
        await ada.connect(case.rooms, opened.document_id)
        await asyncio.sleep(0.1)
        ada.edit(Splice(0, 0, "\u4e2d"))
        await asyncio.sleep(5)
        told = ada.save_states[-1]
        ada.edit(Splice(0, 1, "ok "))
        await asyncio.sleep(3)

        assert (told.state, told.code) == (StorageState.REFUSED, "format_error")
        assert case.world.storage.outside_content("b.txt").startswith(b"ok caf\xe9")

    run(test)


# -- emptiness --


def test_a_person_may_empty_the_file() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        ada.edit(Splice(0, len(ada.text), ""))
        await asyncio.sleep(5)

        assert case.stored == b""

    run(test)


def test_a_document_that_nobody_emptied_does_not_empty_the_file() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        room = case.rooms._live[(await case.open()).document_id]

        def empty(document: Document) -> None:
            document.edit_text([Splice(0, len(document.text()), "")])

        await room.change(empty, "storage:files", "a bug")
        await asyncio.sleep(10)

        assert case.stored == START
        assert ada.save_states[-1].state is StorageState.REFUSED
        assert "nobody deleted" in (ada.save_states[-1].reason or "")

    run(test)


def test_a_file_that_is_empty_for_a_moment_is_not_believed() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        case.world.storage.outside_write(PATH, b"")
        await asyncio.sleep(0.4)
        seen = ada.text
        case.world.storage.outside_write(PATH, START + b"three\n")
        await asyncio.sleep(5)

        assert seen == START.decode()
        assert ada.text == "one\ntwo\nthree\n"

    run(test)


def test_a_file_that_stays_empty_was_emptied() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        case.world.storage.outside_write(PATH, b"")
        await asyncio.sleep(10)

        assert ada.text == "" and case.stored == b""

    run(test)


# -- the storage as a peer --


def test_an_outside_change_is_merged_with_what_people_type() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        ada.edit(Splice(0, 0, "zero\n"))
        case.world.storage.outside_write(PATH, START + b"three\n")
        await asyncio.sleep(5)

        assert ada.text == "zero\none\ntwo\nthree\n" and case.stored == ada.text.encode()
        assert [notice.code for notice in ada.notices] == ["outside_change"]

    run(test)


def test_a_large_merge_is_planned_while_people_type() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        ada.edit(Splice(0, 0, "zero\n"))
        case.world.storage.outside_write(PATH, START + b"three\n" * 50)
        for _ in range(50):
            ada.edit(Splice(0, 0, "x"))
            await asyncio.sleep(0.1)
        await asyncio.sleep(5)

        assert ada.text == "x" * 50 + "zero\none\ntwo\n" + "three\n" * 50
        assert case.stored == ada.text.encode()

    run(test, Config(limits=Limits(inline_check_size_bytes=100)))


def test_the_same_line_changed_on_both_sides_keeps_both_and_asks() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        ada.edit(Splice(0, 3, "mine"))
        case.world.storage.outside_write(PATH, b"theirs\ntwo\n")
        await asyncio.sleep(5)

        assert "mine" in ada.text and "theirs" in ada.text
        assert "conflict" in [notice.code for notice in ada.notices]

    run(test)


def test_a_change_while_the_server_was_down_is_merged_before_anybody_joins() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        ada.edit(Splice(0, 0, "zero\n"))
        await asyncio.sleep(0.05)
        await case.server.kill()
        await ada.disconnect()
        case.world.storage.outside_write(PATH, START + b"three\n")
        await case.server.start()
        opened = await case.open()

        assert await case.rooms.content_now(opened.document_id) == b"zero\none\ntwo\nthree\n"

    run(test)


def test_without_the_ancestor_both_sides_lines_are_kept() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        ada.edit(Splice(0, 0, "zero\n"))
        case.world.memory._stored.contents.clear()
        case.world.storage.outside_write(PATH, b"one\ntwo\nthree\n")
        await asyncio.sleep(5)

        assert ada.text == "zero\none\ntwo\nthree\n"

    run(test)


def test_a_storage_that_cannot_be_watched_is_polled() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        case.world.storage.outside_write(PATH, START + b"three\n")
        await asyncio.sleep(5)

        assert ada.text.endswith("three\n")

    def unwatched(connector: Connector) -> Connector:
        assert isinstance(connector, MemoryConnector)
        return MemoryConnector(connector.storage, capabilities=replace(connector.capabilities, watches=False))

    run(test, wrap=unwatched)


def test_a_deleted_file_is_told_kept_and_can_be_restored() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        ada.edit(Splice(0, 0, "x"))
        await asyncio.sleep(3)
        opened = await case.open()
        await case.world.storage.delete(PATH, CREDENTIALS)
        case.rooms.following.changed(ROOT, PATH)
        ada.edit(Splice(0, 0, "y"))
        await asyncio.sleep(10)
        told, gone = ada.save_states[-1], not case.world.storage.storage.exists(PATH)

        restored = await case.rooms.restore(opened.document_id)

        assert gone and told.code == "not_found" and "deleted" in [notice.code for notice in ada.notices]
        assert restored.state is StorageState.STORED and case.stored == b"yx" + START

    run(test)


def test_a_document_whose_file_is_gone_opens_from_the_journal() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        await ada.disconnect()
        await asyncio.sleep(100)
        await case.world.storage.delete(PATH, CREDENTIALS)

        opened = await case.open()

        assert opened.deleted
        assert await case.rooms.content_now(opened.document_id) == START

    run(test)


def test_a_renamed_file_takes_its_document_along() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        before = await case.open()
        await case.world.storage.rename(PATH, "b.md", CREDENTIALS)
        await case.rooms.following.moved(ROOT, PATH, "b.md")
        ada.edit(Splice(0, 0, "x"))
        await asyncio.sleep(5)
        after = await case.rooms.open(ROOT, "b.md", CREDENTIALS)

        assert case.world.storage.outside_content("b.md") == b"x" + START
        assert after.document_id == before.document_id
        assert ("renamed", "b.md") in [(notice.code, notice.details.get("path")) for notice in ada.notices]

    run(test)


def test_save_now_stores_what_was_typed_before() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        opened = await case.open()
        ada.edit(Splice(0, 0, "x"))

        state = await case.rooms.save_now(opened.document_id)

        assert state.state is StorageState.STORED and case.stored == b"x" + START

    run(test)


class TearingConnector(MemoryConnector):
    """The first write breaks off and leaves a part of the content, as servers do that write in place."""

    kept_bytes: int | None = None

    async def write(
        self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
    ) -> WriteResult:
        if self.kept_bytes is not None:
            self.storage.put(path, content[: self.kept_bytes])
            self.kept_bytes = None
            raise Unavailable("connection reset")
        return await super().write(path, content, credentials, if_version=if_version)


@pytest.mark.parametrize("kept_bytes", [0, 1, 6])
@pytest.mark.parametrize("undone", [False, True])
def test_a_write_that_broke_off_is_written_again_and_never_merged(kept_bytes: int, undone: bool) -> None:
    async def test(case: Case) -> None:
        connector = case.world.connector
        assert isinstance(connector, TearingConnector)
        connector.kept_bytes = kept_bytes
        ada = await case.join()
        ada.edit(Splice(0, 0, "new text\n"))
        await asyncio.sleep(1.5)
        assert len(case.stored) == kept_bytes
        if undone:
            ada.edit(Splice(0, len("new text\n"), ""))
        await asyncio.sleep(30)

        wanted = START if undone else b"new text\n" + START
        assert (case.stored, ada.text) == (wanted, wanted.decode())

    run(test, wrap=lambda connector: TearingConnector(connector.storage))
