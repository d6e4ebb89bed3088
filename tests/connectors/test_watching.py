"""What raw notifications mean, in virtual time."""

from __future__ import annotations

import os
import stat

import pytest

from connectors.base import Change, ChangeKind, Version
from connectors.changes import EVERYTHING, PENDING_CHANGES, ChangeFeed
from connectors.own_work import OwnWork
from connectors.watching import ChangeSorter, Found, Look, RawEvent, SeenPaths

GRACE_S = 1.0


def state(inode: int, *, modified: int = 1, size: int = 1, folder: bool = False) -> os.stat_result:
    mode = stat.S_IFDIR if folder else stat.S_IFREG
    times = (0, modified, modified, 0.0, float(modified), float(modified), 0, modified * 10**9, modified * 10**9)
    return os.stat_result((mode, inode, 1, 1, 0, 0, size, *times))


class Disk:
    """What stands where, and a sorter that looks at it."""

    def __init__(self) -> None:
        self.now: dict[str, Found] = {}
        self.seen = SeenPaths(100)
        self.own_work = OwnWork(100)
        self.sorter = ChangeSorter(
            self.seen,
            self.own_work,
            look=lambda path: self.now.get(path, Look.MISSING),
            version_at=lambda path: Version(f"version of {path}"),
            grace_s=GRACE_S,
        )

    def place(self, path: str, found: os.stat_result) -> None:
        self.now[path] = found
        self.seen.note(path, found)

    def move(self, path: str, new_path: str) -> None:
        self.now[new_path] = self.now.pop(path)


@pytest.fixture
def disk() -> Disk:
    disk = Disk()
    disk.place("a", state(1))
    return disk


def gone(path: str) -> RawEvent:
    return RawEvent(path, appeared=False)


def came(path: str) -> RawEvent:
    return RawEvent(path, appeared=True)


def changed(path: str) -> Change:
    return Change(ChangeKind.CHANGED, path)


def test_a_rename_is_a_move_after_the_moment_of_grace(disk: Disk) -> None:
    disk.move("a", "b")

    assert disk.sorter.sort([gone("a"), came("b")], 0.0) == []
    assert disk.sorter.sort([], GRACE_S / 2) == []
    assert disk.sorter.sort([], GRACE_S) == [Change(ChangeKind.MOVED, "a", "b")]
    assert disk.sorter.sort([], GRACE_S * 9) == []


def test_a_backup_rename_whose_new_file_comes_in_a_later_batch_is_no_move(disk: Disk) -> None:
    disk.move("a", "a~")
    assert disk.sorter.sort([gone("a"), came("a~")], 0.0) == []
    disk.now["a"] = state(2)

    assert disk.sorter.sort([came("a")], GRACE_S / 2) == [changed("a"), changed("a~")]
    assert disk.sorter.sort([], GRACE_S * 9) == []


def test_a_new_file_that_reuses_the_inode_is_no_move(disk: Disk) -> None:
    del disk.now["a"]
    disk.now["b"] = state(1, modified=2)

    assert disk.sorter.sort([gone("a"), came("b")], 0.0) == [changed("b")]
    assert disk.sorter.sort([], GRACE_S) == [Change(ChangeKind.DELETED, "a")]


def test_a_move_of_a_file_that_nobody_opened_is_a_deletion_and_a_change(disk: Disk) -> None:
    disk.now["unknown"] = state(7)
    disk.move("unknown", "b")

    assert disk.sorter.sort([gone("unknown"), came("b")], 0.0) == [changed("b")]
    assert disk.sorter.sort([], GRACE_S) == [Change(ChangeKind.DELETED, "unknown")]


def test_a_moved_folder_is_known_by_an_opened_file_in_it(disk: Disk) -> None:
    disk.now["folder"] = state(10, folder=True)
    disk.place("folder/inner", state(11))
    disk.move("folder", "other")
    disk.move("folder/inner", "other/inner")

    disk.sorter.sort([gone("folder"), gone("folder/inner"), came("other")], 0.0)

    assert disk.sorter.sort([], GRACE_S) == [Change(ChangeKind.MOVED, "folder", "other")]
    assert list(disk.seen.beneath("other")) == ["other/inner"]


def test_a_file_that_came_back_after_the_events_is_a_change(disk: Disk) -> None:
    found = disk.now.pop("a")
    assert disk.sorter.sort([gone("a")], 0.0) == []
    disk.now["a"] = found

    assert disk.sorter.sort([], GRACE_S) == [changed("a")]


def test_a_path_that_we_may_not_look_at_is_passed_over(disk: Disk) -> None:
    disk.now["a"] = Look.REFUSED

    assert disk.sorter.sort([gone("a")], 0.0) == []
    assert disk.sorter.sort([], GRACE_S) == []


def test_our_own_write_is_left_out_and_what_follows_it_is_not(disk: Disk) -> None:
    disk.own_work.writes("a", Version("version of a"))
    assert disk.sorter.sort([gone("a")], 0.0) == []

    disk.own_work.writes("a", Version("something else"))

    assert disk.sorter.sort([gone("a")], 0.0) == [changed("a")]


def test_our_own_deletion_of_a_folder_covers_what_was_in_it(disk: Disk) -> None:
    disk.place("folder/inner", state(11))
    disk.own_work.removes("folder")
    del disk.now["folder/inner"]

    assert disk.sorter.sort([gone("folder/inner"), gone("folder")], 0.0) == []
    assert disk.sorter.sort([], GRACE_S) == []


def test_a_deletion_after_somebody_made_anew_what_we_deleted_is_reported(disk: Disk) -> None:
    disk.own_work.removes("a")
    disk.now["a"] = state(5)
    assert disk.sorter.sort([came("a")], 0.0) == [changed("a")]
    del disk.now["a"]

    disk.sorter.sort([gone("a")], 0.0)

    assert disk.sorter.sort([], GRACE_S) == [Change(ChangeKind.DELETED, "a")]


def test_times_of_a_folder_are_no_change(disk: Disk) -> None:
    disk.now["folder"] = state(10, folder=True)

    assert disk.sorter.sort([gone("folder")], 0.0) == []
    assert disk.sorter.sort([came("folder")], 0.0) == [changed("folder")]


async def test_a_feed_says_only_the_last_word_about_a_path() -> None:
    feed = ChangeFeed()
    feed.publish([changed("a"), changed("b"), Change(ChangeKind.DELETED, "a"), changed("a")])

    assert list(await anext(feed)) == [changed("b"), changed("a")]


async def test_a_feed_never_forgets_across_a_move() -> None:
    feed = ChangeFeed()
    move = Change(ChangeKind.MOVED, "a", "b")
    feed.publish([changed("a"), move, changed("a")])

    assert list(await anext(feed)) == [changed("a"), move, changed("a")]


async def test_a_feed_that_nobody_reads_collapses_to_look_at_everything() -> None:
    feed = ChangeFeed()
    feed.publish(changed(str(number)) for number in range(PENDING_CHANGES + 5))

    assert list(await anext(feed)) == [EVERYTHING]


async def test_a_closed_feed_gives_what_it_has_and_ends() -> None:
    feed = ChangeFeed()
    feed.publish([changed("a")])
    feed.close()

    assert [list(batch) async for batch in feed] == [[changed("a")]]


def test_a_link_or_a_folder_in_the_place_of_an_opened_file_is_a_change(disk: Disk) -> None:
    disk.now["a"] = Look.NO_FILE
    assert disk.sorter.sort([gone("a")], 0.0) == [changed("a")]

    disk.now["a"] = state(10, folder=True)
    assert disk.sorter.sort([gone("a")], 1.0) == [changed("a")]


def test_a_link_that_nobody_opened_is_no_change(disk: Disk) -> None:
    disk.now["other"] = Look.NO_FILE

    assert disk.sorter.sort([came("other")], 0.0) == []
