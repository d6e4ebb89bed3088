"""Outside changes of a storage that tells nobody are found by one look at each folder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from collab.clock import FakeClock
from connectors.base import Change, ChangeKind
from connectors.errors import FileMissing, Unavailable
from connectors.polling import FORGOTTEN_S, LATELY_S, QUIET_ROUNDS, Polling, Seen
from tests.patience import PATIENCE_S


class Folders:
    """Listings as a test wants them."""

    def __init__(self) -> None:
        self.found: dict[str, Mapping[str, Seen] | Exception] = {}
        self.asked: list[str] = []

    async def __call__(self, folder: str) -> Mapping[str, Seen]:
        self.asked.append(folder)
        found = self.found[folder]
        if isinstance(found, Exception):
            raise found
        return found


def polling(folders: Folders, *paths: str) -> Polling:
    polling = Polling(folders, 0.01, 100)
    for path in paths:
        polling.note(path)
    return polling


async def test_a_file_that_looks_different_was_changed_and_others_were_not() -> None:
    folders = Folders()
    folders.found["d"] = {"d/a": Seen("1"), "d/b": Seen("1")}
    looking = polling(folders, "d/a", "d/b")
    first = await looking.look()
    folders.found["d"] = {"d/a": Seen("2"), "d/b": Seen("1"), "d/new": Seen("1")}

    second = await looking.look()

    assert (first, second) == (([], False), ([Change(ChangeKind.CHANGED, "d/a")], False))
    assert folders.asked == ["d", "d"]


async def test_a_file_that_is_gone_was_moved_when_its_id_is_elsewhere_in_the_folder() -> None:
    folders = Folders()
    folders.found[""] = {"a": Seen("1", "id-a"), "b": Seen("1", "id-b")}
    looking = polling(folders, "a", "b")
    await looking.look()
    folders.found[""] = {"moved": Seen("1", "id-a")}

    changes, _ = await looking.look()

    assert set(changes) == {Change(ChangeKind.MOVED, "a", "moved"), Change(ChangeKind.DELETED, "b")}


async def test_a_folder_that_is_gone_took_its_files_along_and_one_that_is_away_did_not() -> None:
    folders = Folders()
    folders.found |= {"gone": {"gone/a": Seen("1")}, "away": {"away/a": Seen("1")}}
    looking = polling(folders, "gone/a", "away/a")
    await looking.look()
    folders.found |= {"gone": FileMissing("gone"), "away": Unavailable("away")}

    changes, failed = await looking.look()

    assert (changes, failed) == ([Change(ChangeKind.DELETED, "gone/a")], True)


async def test_a_watch_tells_until_it_is_closed() -> None:
    folders = Folders()
    folders.found[""] = {"a": Seen(0)}
    looking = polling(folders, "a")
    await looking.look()
    folders.found[""] = {"a": Seen(1)}

    async with asyncio.timeout(PATIENCE_S):
        async for changes in looking.watch():
            assert changes == [Change(ChangeKind.CHANGED, "a")]
            looking.close()


async def test_only_so_many_files_are_followed() -> None:
    folders = Folders()
    folders.found[""] = {}
    looking = Polling(folders, 0.01, 3)
    for number in range(10):
        looking.note(f"{number}/a")

    folders.found |= {f"{number}": {} for number in range(10)}
    await looking.look()

    assert folders.asked == ["7", "8", "9"]


async def test_a_folder_that_nobody_uses_is_looked_at_less_often_and_then_forgotten() -> None:
    folders, clock = Folders(), FakeClock()
    folders.found |= {"old": {"old/a": Seen(0)}, "new": {"new/a": Seen(0)}}
    looking = Polling(folders, 0.01, 100, clock)
    looking.note("old/a")
    clock.advance(LATELY_S + 1)
    looking.note("new/a")

    for _ in range(QUIET_ROUNDS):
        await looking.look()

    assert (folders.asked.count("old"), folders.asked.count("new")) == (1, QUIET_ROUNDS)
    clock.advance(FORGOTTEN_S + 1)
    folders.asked.clear()
    await looking.look()
    assert folders.asked == []
