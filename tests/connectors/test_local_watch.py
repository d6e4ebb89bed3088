"""A watch of a local folder reports what others did, as what it was, and nothing of our own work."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from collab.clock import FakeClock
from connectors.base import Change, ChangeKind
from connectors.local import LocalConnector
from connectors.local_settings import LocalSettings, WatchMode
from connectors.local_watch import LocalWatch, sorter_for
from tests.connectors.conformance import ALICE, LIMIT, OURS, version_of
from tests.connectors.outside import held_open, lock_like_libreoffice, put, save_by_rename, save_like_vim
from tests.patience import PATIENCE_S

LAST = "last.txt"


class Watcher:
    """Collects changes until a file that is written last is reported."""

    def __init__(self, root: Path, connector: LocalConnector) -> None:
        self.seen: list[Change] = []
        self._root = root
        self._connector = connector
        self._news = asyncio.Condition()
        self.task = asyncio.ensure_future(self._collect(connector.watch()))

    async def _collect(self, batches: AsyncIterator[Sequence[Change]]) -> None:
        async for changes in batches:
            async with self._news:
                self.seen.extend(changes)
                self._news.notify_all()

    async def live(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self._connector.watching()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(condition)

    async def rest(self) -> list[Change]:
        """All that was reported; the deletion of the last file is decided after everything before it."""
        put(self._root / LAST, b"")
        await self.until(lambda: Change(ChangeKind.CHANGED, LAST) in self.seen)
        (self._root / LAST).unlink()
        await self.until(lambda: Change(ChangeKind.DELETED, LAST) in self.seen)
        return [change for change in self.seen if change.path != LAST]


@pytest.fixture
async def connector(root: Path) -> AsyncIterator[LocalConnector]:
    for name in ("a.txt", "folder/b.txt", "folder/inner/c.txt"):
        put(root / name, f"content of {name}".encode())
    connector = LocalConnector(LocalSettings(root, watch_grace_s=0.2))
    for name in ("a.txt", "folder/b.txt", "folder/inner/c.txt"):
        await connector.read(name, ALICE, limit_bytes=LIMIT)
    yield connector
    await connector.close()


@pytest.fixture
async def watcher(root: Path, connector: LocalConnector) -> Watcher:
    watcher = Watcher(root, connector)
    await watcher.live()
    return watcher


def changed(path: str) -> Change:
    return Change(ChangeKind.CHANGED, path)


async def test_a_write_in_place_is_a_change(watcher: Watcher, root: Path) -> None:
    put(root / "a.txt", b"theirs")

    assert set(await watcher.rest()) == {changed("a.txt")}


async def test_an_append_is_a_change(watcher: Watcher, root: Path) -> None:
    with held_open(root / "folder/inner/c.txt") as file:
        file.write(b"more")

    assert set(await watcher.rest()) == {changed("folder/inner/c.txt")}


async def test_a_save_by_rename_is_a_change_and_no_move(watcher: Watcher, root: Path) -> None:
    save_by_rename(root / "a.txt", b"theirs")

    assert set(await watcher.rest()) == {changed("a.txt")}


async def test_a_save_like_vim_is_a_change_and_no_move(watcher: Watcher, root: Path) -> None:
    save_like_vim(root / "a.txt", b"theirs")

    seen = await watcher.rest()
    assert changed("a.txt") in seen
    assert {change.path for change in seen if change.kind is not ChangeKind.CHANGED} <= {"a.txt~"}


async def test_a_backup_that_stays_is_no_move(watcher: Watcher, root: Path) -> None:
    (root / "a.txt").rename(root / "a.txt~")
    put(root / "a.txt", b"theirs")

    assert set(await watcher.rest()) == {changed("a.txt"), changed("a.txt~")}


async def test_a_rename_is_a_move(watcher: Watcher, root: Path) -> None:
    (root / "a.txt").rename(root / "folder/renamed.txt")

    assert await watcher.rest() == [Change(ChangeKind.MOVED, "a.txt", "folder/renamed.txt")]


async def test_a_renamed_folder_is_one_move(watcher: Watcher, root: Path) -> None:
    (root / "folder").rename(root / "other")

    assert await watcher.rest() == [Change(ChangeKind.MOVED, "folder", "other")]


async def test_a_change_in_a_folder_that_was_renamed_is_seen_at_its_new_place(watcher: Watcher, root: Path) -> None:
    (root / "folder").rename(root / "other")
    await watcher.until(lambda: bool(watcher.seen))
    put(root / "other/inner/c.txt", b"theirs")

    assert changed("other/inner/c.txt") in await watcher.rest()


async def test_a_deletion_is_reported(watcher: Watcher, root: Path) -> None:
    (root / "a.txt").unlink()

    assert await watcher.rest() == [Change(ChangeKind.DELETED, "a.txt")]


async def test_the_deletion_of_a_folder_is_reported(watcher: Watcher, root: Path) -> None:
    shutil.rmtree(root / "folder")

    seen = await watcher.rest()
    assert Change(ChangeKind.DELETED, "folder") in seen
    assert {change.kind for change in seen} == {ChangeKind.DELETED}


async def test_a_move_out_of_the_root_is_a_deletion(watcher: Watcher, root: Path) -> None:
    (root / "a.txt").rename(root.parent / "a.txt")

    assert await watcher.rest() == [Change(ChangeKind.DELETED, "a.txt")]


async def test_a_folder_replaced_by_a_file_is_a_change(watcher: Watcher, root: Path) -> None:
    shutil.rmtree(root / "folder")
    put(root / "folder", b"now a file")

    assert changed("folder") in await watcher.rest()


async def test_a_file_replaced_by_a_folder_is_a_change(watcher: Watcher, root: Path) -> None:
    (root / "a.txt").unlink()
    (root / "a.txt").mkdir()

    assert set(await watcher.rest()) == {changed("a.txt")}


async def test_a_new_folder_is_reported(watcher: Watcher, root: Path) -> None:
    put(root / "new/deep/d.txt", b"d")

    assert changed("new") in await watcher.rest()


async def test_our_own_work_is_left_out(watcher: Watcher, root: Path, connector: LocalConnector) -> None:
    version = await version_of(connector, "a.txt")
    for number in range(3):
        version = (await connector.write("a.txt", b"ours %d" % number, ALICE, if_version=version)).version
    await connector.write("new.odt", b"ours", ALICE, if_version=None)
    await connector.lock("new.odt", OURS, "Alice", ALICE)
    await connector.create_folder("made", ALICE)
    await connector.rename("folder", "made/moved", ALICE)
    await connector.rename("a.txt", "b.txt", ALICE)
    await connector.delete("made/moved/inner", ALICE)
    await connector.unlock("new.odt", OURS, ALICE)

    assert await watcher.rest() == []


async def test_a_change_of_what_we_wrote_is_reported(watcher: Watcher, root: Path, connector: LocalConnector) -> None:
    await connector.write("a.txt", b"ours", ALICE, if_version=await version_of(connector, "a.txt"))
    put(root / "a.txt", b"them")

    assert set(await watcher.rest()) == {changed("a.txt")}


async def test_lock_files_hidden_files_and_links_are_left_out(watcher: Watcher, root: Path) -> None:
    lock_like_libreoffice(root / "a.txt")
    put(root / ".git/config", b"")
    (root / "link").symlink_to("/etc/passwd")

    assert await watcher.rest() == []


async def test_a_cancelled_watch_leaves_the_others_running(
    watcher: Watcher, root: Path, connector: LocalConnector
) -> None:
    second = Watcher(root, connector)
    await second.live()
    watcher.task.cancel()
    await asyncio.gather(watcher.task, return_exceptions=True)

    put(root / "a.txt", b"theirs")

    assert set(await second.rest()) == {changed("a.txt")}


async def test_polling_sees_changes_and_deletions_of_opened_files(root: Path) -> None:
    put(root / "a.txt", b"a")
    put(root / "b.txt", b"b")
    settings = LocalSettings(root, watch_mode=WatchMode.POLL, poll_interval_s=0.01, watch_grace_s=0.05)
    connector = LocalConnector(settings)
    await version_of(connector, "a.txt")
    await version_of(connector, "b.txt")
    changes = connector.watch()
    first = asyncio.ensure_future(anext(changes))
    await connector.watching()

    put(root / "a.txt", b"theirs")
    (root / "b.txt").unlink()

    async with asyncio.timeout(PATIENCE_S):
        seen = [*await first, *await anext(changes)]
    await connector.close()
    assert set(seen) == {changed("a.txt"), Change(ChangeKind.DELETED, "b.txt")}


async def test_where_the_system_cannot_notify_everything_is_looked_at_and_then_polled(root: Path) -> None:
    put(root / "a.txt", b"a")
    settings = LocalSettings(root, poll_interval_s=0.01)
    connector = LocalConnector(settings)
    await version_of(connector, "a.txt")

    async def no_notifications(settings: LocalSettings, stop: asyncio.Event) -> AsyncIterator[set[object]]:
        raise OSError("OS file watch limit reached")
        yield set()

    parts = (connector._tree, connector._versions, connector._seen, connector._own_work, settings)
    watch = LocalWatch(settings, *sorter_for(*parts), FakeClock(), notifications=no_notifications)
    changes = watch.changes(lambda work: connector._run("", work))
    first = await anext(changes)
    second = asyncio.ensure_future(anext(changes))
    await watch.live.wait()
    put(root / "a.txt", b"theirs")

    async with asyncio.timeout(PATIENCE_S):
        assert (list(first), list(await second)) == ([changed("")], [changed("a.txt")])
    watch.stop()
    await connector.close()
