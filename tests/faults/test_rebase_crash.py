"""A crash at any step of a rebase or a hand-over: never two histories, never content lost, nothing merged twice."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from collab.config import StoreConfig
from collab.document import Splice
from collab.rooms.past import Past
from collab.rooms.rebaser import Rebaser
from collab.store.base import (
    Absorbed,
    Alias,
    DocumentId,
    FreshHistory,
    HistoryId,
    JournalEntry,
    PointName,
    Snapshot,
    Store,
)
from collab.store.sqlite import SqliteStore
from tests.faults.mortal import MortalStore, until_dead
from tests.faults.vfs import VARIANTS, ApswDriver, Crashes, Disk
from tests.rooms.case import Case, run
from tests.rooms.test_rebase import BOB, CHURN, churned, edits_on, old_state
from tests.simulation.world import CREDENTIALS

NOW = 1_700_000_000_000
TEXT = "one\ntwo\nthree\n"
MOST_STEPS = 40


async def survive(case: Case, dies_at: int, after: bool, work: Callable[[Store], Awaitable[object]]) -> bool:
    """Do something with a store that dies, kill the server and start it again; False when it did not die."""
    mortal = MortalStore(case.world.memory, dies_at, after=after)
    await until_dead(work(mortal))  # type: ignore[arg-type]  # every call goes through
    await case.server.kill()
    await case.server.start()
    return mortal.reached


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_step_of_a_rebase_the_document_has_one_history_and_its_text(after: bool) -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        outcomes = set()
        for step in range(1, MOST_STEPS):
            before = await case.world.store.document(document_id)
            await case.rooms.without_room(document_id, lambda: asyncio.sleep(0))

            async def rebase(store: Store) -> object:
                rebaser = Rebaser(case.world.parts(), case.rooms)
                object.__setattr__(rebaser._rebasing, "store", store)
                return await rebaser.rebase(document_id)

            died = await survive(case, step, after, rebase)

            record = await case.world.store.document(document_id)
            retired = await case.world.store.retired(document_id)
            reader = await case.join(f"reader{step}")
            assert before is not None and record is not None and reader.hello is not None
            assert reader.text == TEXT and case.stored == TEXT.encode()
            assert reader.hello.history_id == record.history_id
            assert record.history_id not in {one.history_id for one in retired}
            outcomes.add(record.history_id != before.history_id)
            await reader.disconnect()
            if not died:
                break
        assert outcomes == {False, True} and step > 3

    run(test, CHURN)


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_step_of_a_hand_over_the_edit_is_there_once_in_the_end(after: bool) -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        before = (await case.open()).history_id
        await Rebaser(case.world.parts(), case.rooms).rebase(document_id)
        state = await old_state(case, document_id, before)
        lines = 0
        for step in range(1, MOST_STEPS):
            update = edits_on(state, Splice(0, 0, f"step {step}\n"), client_id=1000 + step)

            async def hand_over(store: Store, update: bytes = update) -> object:
                parts = case.world.parts()
                object.__setattr__(parts, "store", store)
                return await Past(parts, case.rooms).hand_over(document_id, before, update, BOB, CREDENTIALS)

            died = await survive(case, step, after, hand_over)
            # The browser has no answer, so it asks again, and again.
            for _ in range(2):
                await Past(case.world.parts(), case.rooms).hand_over(document_id, before, update, BOB, CREDENTIALS)

            lines += 1
            reader = await case.join(f"reader{step}")
            assert sorted(line for line in reader.text.splitlines() if line.startswith("step")) == sorted(
                f"step {number}" for number in range(1, lines + 1)
            )
            assert reader.text.endswith(TEXT)
            assert [one.last_seq - one.absorbed_seq for one in await case.world.store.retired(document_id)] == [0]
            await reader.disconnect()
            if not died:
                break
        assert step > 3

    run(test, CHURN)


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_step_of_the_merge_itself_the_edit_is_there_once(after: bool) -> None:
    async def test(case: Case) -> None:
        document_id = await churned(case)
        before = (await case.open()).history_id
        await Rebaser(case.world.parts(), case.rooms).rebase(document_id)
        state = await old_state(case, document_id, before)
        for step in range(1, MOST_STEPS):
            update = edits_on(state, Splice(0, 0, f"step {step}\n"), client_id=1000 + step)
            real, case.world.store = case.world.store, MortalStore(case.world.memory, 10_000, after=after)  # type: ignore[assignment]  # every call goes through
            await case.server.kill()
            await case.server.start()
            await case.open()
            mortal = case.world.store
            mortal.left = step  # type: ignore[attr-defined]  # of the one above
            past = Past(case.world.parts(), case.rooms)
            await until_dead(past.hand_over(document_id, before, update, BOB, CREDENTIALS))
            case.world.store = real
            await case.server.kill()
            await case.server.start()

            await Past(case.world.parts(), case.rooms).hand_over(document_id, before, update, BOB, CREDENTIALS)

            reader = await case.join(f"reader{step}")
            assert reader.text.count(f"step {step}\n") == 1 and reader.text.endswith(TEXT)
            await reader.disconnect()
            if not mortal.reached:  # type: ignore[attr-defined]  # of the one above
                break
        assert step > 3

    run(test, CHURN)


# -- the disk --

FAST = StoreConfig(commit_delay_ms=0.0)
OLD, NEW = HistoryId("old"), HistoryId("new")
NAME = PointName("printed", "ann", "Ann", NOW)


def entry(number: int) -> JournalEntry:
    return JournalEntry(b"update %d" % number, "ann", "Ann", NOW + number, "n", 1)


@dataclass
class Step:
    """How many operations the disk had done when a step was acknowledged."""

    rebased: int = 0
    handed_over: int = 0
    absorbed: int = 0
    named: int = 0


async def rebase_script(data: Path, disk: Disk) -> tuple[DocumentId, Step, int]:
    """A history, its rebase, a hand-over and its merge; returns where each was acknowledged."""
    store = SqliteStore(data, FAST, driver=ApswDriver(disk))
    await store.open()
    document_id = (await store.resolve(Alias("root:home", "a.md"), NOW)).document_id
    await store.create_history(document_id, None, OLD, "text", b"seed", None, NOW)
    await store.append(document_id, OLD, [entry(1), entry(2)])
    begun = len(disk.operations)
    step = Step()
    await store.write_snapshot(document_id, OLD, Snapshot(2, b"old state" * 900, NOW))
    assert await store.rebase(document_id, OLD, 2, FreshHistory(NEW, b"fresh" * 900, None, b"vector"), NOW)
    step.rebased = len(disk.operations)
    assert await store.hand_over(document_id, OLD, entry(3)) == 3
    step.handed_over = len(disk.operations)
    await store.append(document_id, NEW, [entry(4)], [Absorbed(OLD, 3)])
    step.absorbed = len(disk.operations)
    await store.name_point(document_id, NEW, Snapshot(1, b"named" * 900, NOW), NAME)
    step.named = len(disk.operations)
    await store.close()
    return document_id, step, begun


async def check_disk(data: Path, document_id: DocumentId, step: Step, after: int) -> None:
    """What a crash after that operation left. Raises: AssertionError."""
    store = SqliteStore(data, FAST)
    await store.open()
    try:
        record, current = await store.document(document_id), await store.load(document_id)
        old, retired = await store.load(document_id, OLD), await store.retired(document_id)
        assert record is not None and current is not None and old is not None
        assert current.complete and old.complete
        assert record.history_id == current.history_id == (NEW if retired else OLD)
        assert retired or after < step.rebased
        assert old.snapshot is not None and old.snapshot.state in (b"seed", b"old state" * 900)
        handed = [stored.entry for stored in old.updates if stored.seq > 2]
        merged = [stored.entry for stored in await store.updates(document_id, NEW, after_seq=0, limit=9)]
        assert handed == [entry(3)] or (handed == [] and after < step.handed_over)
        assert merged == [entry(4)] or (merged == [] and after < step.absorbed)
        if retired:
            assert retired[0].absorbed_seq == (3 if merged else 2)
            assert current.snapshot is not None
        names = [point.name for point in await store.points(document_id) if point.name is not None]
        assert names == [NAME] or (names == [] and after < step.named)
    finally:
        await store.close()


async def test_a_crash_at_any_write_of_a_rebase_leaves_the_old_or_the_new_whole(tmp_path: Path) -> None:
    disk = Disk("rebase")
    document_id, step, begun = await rebase_script(tmp_path / "data", disk)
    crashes = Crashes(disk.operations)
    data = tmp_path / "left"

    for after in range(len(crashes.operations), begun, -1):
        for variant in VARIANTS:
            shutil.rmtree(data, ignore_errors=True)
            data.mkdir()
            for name, content in crashes.files(after, variant, after).items():
                (data / name).write_bytes(content)
            await check_disk(data, document_id, step, after)
