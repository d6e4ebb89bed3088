"""Changes that come through the storage: told with their place and author, and taken back by people."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace

import pytest

from collab.config import Config
from collab.document import Splice
from collab.errors import NotFound, VersionConflict
from collab.protocol.roles import Identity
from collab.rooms.outside import OutsideChange
from tests.rooms.case import PATH, START, Case, run

BEN = Identity("ben", "Ben", "#112233")


def notice_of(case: Case, code: str) -> list[dict[str, object]]:
    return [dict(notice.details) for notice in case.clients[0].notices if notice.code == code]


async def write_outside(case: Case, content: bytes, by: str | None = None) -> int:
    """Another program saves; returns the number of the change."""
    case.world.storage.outside_write(PATH, content, by)
    await asyncio.sleep(5)
    change = notice_of(case, "outside_change")[-1]["change"]
    assert isinstance(change, int)
    return change


def test_a_change_is_taken_back_and_what_people_wrote_since_stays() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        change = await write_outside(case, b"ONE\nthree\n")
        ada.edit(Splice(2, 0, "!"))
        await asyncio.sleep(1)

        await case.rooms.undo_outside((await case.open()).document_id, change, BEN)
        await asyncio.sleep(5)

        assert ada.text == "one!\ntwo\n"
        assert case.stored == ada.text.encode()
        assert notice_of(case, "outside_undone") == [{"change": change, "who": "Ben", "user_id": "ben"}]

    run(test)


def test_it_is_journalled_as_an_edit_of_who_asked() -> None:
    async def test(case: Case) -> None:
        await case.join()
        change = await write_outside(case, START + b"three\n", "Carla")
        opened = await case.open()
        await case.rooms.undo_outside(opened.document_id, change, BEN)

        kept = await case.world.store.updates(opened.document_id, opened.history_id, after_seq=0, limit=100)

        assert [update.entry.author_name for update in kept] == ["Carla", "Ben"]

    run(test)


def test_who_changed_the_file_is_told_where_the_storage_knows() -> None:
    async def test(case: Case) -> None:
        await case.join()
        await write_outside(case, START + b"three\n", "Carla")
        await write_outside(case, START + b"three\nfour\n")

        assert [details["who"] for details in notice_of(case, "outside_change")] == ["Carla", ""]

    run(test)


def test_a_change_is_taken_back_once() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        change = await write_outside(case, b"two\n")
        document_id = (await case.open()).document_id

        async with asyncio.TaskGroup() as both:
            tasks = [both.create_task(outcome(case.rooms.undo_outside(document_id, change, BEN))) for _ in range(2)]

        assert sorted(task.result() for task in tasks) == ["VersionConflict", "done"]
        await asyncio.sleep(1)
        assert ada.text == START.decode()

    async def outcome(undoing: object) -> str:
        try:
            await undoing  # type: ignore[misc]  # a coroutine
        except VersionConflict as error:
            return type(error).__name__
        return "done"

    run(test)


def test_only_the_last_changes_can_be_taken_back() -> None:
    async def test(case: Case) -> None:
        await case.join()
        first = await write_outside(case, START + b"three\n")
        await write_outside(case, START + b"three\nfour\n")
        document_id = (await case.open()).document_id

        for change in (first, 999):
            with pytest.raises(NotFound):
                await case.rooms.undo_outside(document_id, change, BEN)

    run(test, replace(Config(), limits=replace(Config().limits, outside_changes=1)))


def test_the_places_of_a_change_are_told_deletions_too() -> None:
    async def test(case: Case) -> None:
        ada = await case.join()
        await write_outside(case, b"two\nthree\n")

        (details,) = notice_of(case, "outside_change")

        assert ada.text == "two\nthree\n" and details["places"] == 2
        marks = details["marks"]
        assert isinstance(marks, list) and len(marks) == 2
        (gap_start, gap_end), (start, end) = marks
        assert gap_start == gap_end and start != end
        assert all(base64.b64decode(position) for mark in marks for position in mark)

    run(test)


def test_a_notice_has_a_bounded_number_of_places() -> None:
    async def test(case: Case) -> None:
        await case.join()
        await write_outside(case, b"".join(b"line %d\n" % number for number in range(500)))
        await write_outside(case, b"".join(b"line %d%s\n" % (n, b"!" * (n % 2)) for n in range(500)))

        marks = notice_of(case, "outside_change")[-1]["marks"]

        assert isinstance(marks, list) and len(marks) == 100

    run(test)


def test_details_name_nothing_but_what_people_may_know() -> None:
    assert OutsideChange(3, "Carla", 1, ()).details() == {"change": 3, "who": "Carla", "places": 1, "marks": []}
