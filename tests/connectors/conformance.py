"""What every connector promises, as tests: subclass, give the fixtures, done.

Fixtures: `connector`, `another` (a second connector on the same storage), `seed(path, content)`, and what happens
outside: `outside_write(path, content)`, `outside_read(path)`, `outside_lock(path)`, `outside_unlock(path)`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from connectors.base import Connector, Credentials, EntryKind, Folders, LockId, Version
from connectors.errors import (
    ConnectorError,
    FileExists,
    FileMissing,
    InvalidPath,
    LockHeld,
    LockLost,
    NotAFile,
    TooLarge,
    Unavailable,
    VersionMismatch,
)

ALICE = Credentials("alice", "Alice")
LIMIT = 64 * 1024 * 1024
NAME = "document.odt"
OURS = LockId("room-1")
THEIRS = LockId("room-2")

GOOD_NAMES = (
    "plain.txt",
    "with space.md",
    "größe.txt",
    "gro\u0308sse decomposed.txt",
    "日本語.md",
    "🎉.ipynb",
    "percent%2F..%5C.txt",
    "quote'\"`$(id).txt",
    "-rf",
    "*?[a].txt",
    "colon:name.txt",
    "x" * 251 + ".txt",
    "connection.txt",
    "aux.tex",
    "ends in a dot.",
    "two..dots",
)
BAD_PATHS = (
    "/etc/passwd",
    "../outside",
    "a/../../outside",
    "a/./b",
    "a//b",
    "a/",
    "..",
    ".",
    "nul\0byte",
    "back\\slash",
    "..\\outside",
    "line\nfeed",
    "escape\x1b[2J",
    "delete\x7f",
    ".livefolder-0123456789abcdef.part",
    "surrogate\udcff",
    "y" * 256,
    "ü" * 128,
    "d/" * 120 + "f",
    "/".join(["z" * 200] * 30),
)

Put = Callable[[str, bytes], None]
Get = Callable[[str], bytes]
Do = Callable[[str], None]


async def version_of(connector: Connector, path: str) -> Version:
    """The version of a file that is there."""
    version = (await connector.stat(path, ALICE)).version
    assert version is not None
    return version


async def patiently_version_of(connector: Connector, path: str) -> Version:
    """As `version_of`, through faults."""
    for _ in range(50):
        try:
            return await version_of(connector, path)
        except ConnectorError:
            continue
    raise AssertionError("fifty faults in a row")


class ConnectorSafety:
    """What holds whatever goes wrong: runs on connectors as they are and through seeded faults."""

    async def test_every_write_leaves_the_old_or_the_new_content(
        self, connector: Connector, seed: Put, outside_read: Get
    ) -> None:
        seed("a.txt", b"old")
        for number in range(20):
            before = outside_read("a.txt")
            wanted = f"content {number}\n".encode() * (number + 1)
            version = await patiently_version_of(connector, "a.txt")

            try:
                await connector.write("a.txt", wanted, ALICE, if_version=version)
            except ConnectorError:
                assert outside_read("a.txt") in (before, wanted)
            else:
                assert outside_read("a.txt") == wanted

    async def test_a_stale_version_never_overwrites(
        self, connector: Connector, seed: Put, outside_write: Put, outside_read: Get
    ) -> None:
        seed("a.txt", b"old")
        stale = await patiently_version_of(connector, "a.txt")
        outside_write("a.txt", b"theirs, longer")

        for _ in range(10):
            with pytest.raises(ConnectorError):
                await connector.write("a.txt", b"ours", ALICE, if_version=stale)

        assert outside_read("a.txt") == b"theirs, longer"

    async def test_creating_never_replaces(self, connector: Connector, seed: Put, outside_read: Get) -> None:
        seed("a.txt", b"theirs")

        for _ in range(10):
            with pytest.raises(ConnectorError):
                await connector.write("a.txt", b"ours", ALICE, if_version=None)

        assert outside_read("a.txt") == b"theirs"

    async def test_of_ten_concurrent_writers_no_two_win(
        self, connector: Connector, seed: Put, outside_read: Get
    ) -> None:
        seed("a.txt", b"old")
        version = await patiently_version_of(connector, "a.txt")
        wishes = [f"writer {number}".encode() for number in range(10)]

        outcomes = await asyncio.gather(
            *(connector.write("a.txt", wish, ALICE, if_version=version) for wish in wishes), return_exceptions=True
        )

        winners = [wish for wish, outcome in zip(wishes, outcomes, strict=True) if not isinstance(outcome, Exception)]
        assert len(winners) <= 1
        assert outside_read("a.txt") in (winners or [b"old", *wishes])

    async def test_a_cancelled_write_leaves_the_old_or_the_new_content(
        self, connector: Connector, seed: Put, outside_read: Get
    ) -> None:
        old, new = b"o" * 3_000_000, b"n" * 3_000_000
        seed("a.txt", old)
        version = await patiently_version_of(connector, "a.txt")
        task = asyncio.ensure_future(connector.write("a.txt", new, ALICE, if_version=version))
        for _ in range(3):
            await asyncio.sleep(0)

        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        assert outside_read("a.txt") in (old, new)
        await connector.close()
        assert outside_read("a.txt") in (old, new)

    async def test_a_read_is_whole_or_an_error(self, connector: Connector, seed: Put) -> None:
        content = bytes(range(256)) * 100
        seed("a.bin", content)

        for _ in range(10):
            try:
                assert (await connector.read("a.bin", ALICE, limit_bytes=LIMIT)).content == content
            except ConnectorError:
                continue

    async def test_closing_twice_is_no_error_and_ends_the_service(self, connector: Connector, seed: Put) -> None:
        seed("a.txt", b"a")

        await connector.close()
        await connector.close()

        with pytest.raises(ConnectorError):
            await connector.stat("a.txt", ALICE)


class ConnectorContents:
    """The contract for the contents of files."""

    @pytest.mark.parametrize("content", [b"", b"a", b"\0", "grün\r\n".encode(), b"\xff\xfe", bytes(range(256)) * 4000])
    async def test_what_was_written_is_read(self, connector: Connector, content: bytes, outside_read: Get) -> None:
        result = await connector.write("new.bin", content, ALICE, if_version=None)

        read = await connector.read("new.bin", ALICE, limit_bytes=LIMIT)

        assert (read.content, read.version) == (content, result.version)
        assert outside_read("new.bin") == content

    async def test_fifty_megabytes_go_in_and_out(self, connector: Connector) -> None:
        content = b"0123456789abcdef" * (50 * 1024 * 1024 // 16)

        await connector.write("big.bin", content, ALICE, if_version=None)
        result = await connector.write("big.bin", content[1:], ALICE, if_version=await version_of(connector, "big.bin"))

        read = await connector.read("big.bin", ALICE, limit_bytes=LIMIT)
        assert (read.content == content[1:], read.version) == (True, result.version)

    async def test_stat_describes_a_file(self, connector: Connector, seed: Put) -> None:
        seed("folder/a.txt", b"abc")

        stat = await connector.stat("folder/a.txt", ALICE)

        assert (stat.path, stat.kind, stat.size_bytes, stat.writable) == ("folder/a.txt", EntryKind.FILE, 3, True)
        assert stat.version is not None

    async def test_the_version_stays_while_the_content_does(self, connector: Connector, seed: Put) -> None:
        seed("a.txt", b"abc")

        assert await version_of(connector, "a.txt") == await version_of(connector, "a.txt")

    async def test_an_outside_write_of_the_same_length_changes_the_version(
        self, connector: Connector, seed: Put, outside_write: Put
    ) -> None:
        seed("a.txt", b"abc")
        versions = {await version_of(connector, "a.txt")}

        for content in (b"abd", b"abe", b"abf", b"abg"):
            outside_write("a.txt", content)
            versions.add(await version_of(connector, "a.txt"))

        assert len(versions) == 5

    async def test_a_write_gives_the_version_that_stat_gives(self, connector: Connector, seed: Put) -> None:
        seed("a.txt", b"abc")

        result = await connector.write("a.txt", b"def", ALICE, if_version=await version_of(connector, "a.txt"))

        assert result.version == await version_of(connector, "a.txt")
        assert result.displaced is None

    async def test_a_stale_write_says_what_is_there(self, connector: Connector, seed: Put, outside_write: Put) -> None:
        seed("a.txt", b"abc")
        stale = await version_of(connector, "a.txt")
        outside_write("a.txt", b"theirs")

        with pytest.raises(VersionMismatch) as caught:
            await connector.write("a.txt", b"ours", ALICE, if_version=stale)

        assert caught.value.current == await version_of(connector, "a.txt")

    async def test_of_ten_concurrent_writers_exactly_one_wins(self, connector: Connector, seed: Put) -> None:
        seed("a.txt", b"old")
        version = await version_of(connector, "a.txt")

        outcomes = await asyncio.gather(
            *(connector.write("a.txt", f"{n}".encode(), ALICE, if_version=version) for n in range(10)),
            return_exceptions=True,
        )

        assert sum(isinstance(outcome, VersionMismatch) for outcome in outcomes) == 9

    async def test_of_ten_concurrent_creators_exactly_one_wins(self, connector: Connector, another: Connector) -> None:
        outcomes = await asyncio.gather(
            *(
                side.write("a.txt", f"{n}".encode(), ALICE, if_version=None)
                for n in range(5)
                for side in (connector, another)
            ),
            return_exceptions=True,
        )

        assert sum(isinstance(outcome, FileExists) for outcome in outcomes) == 9

    @pytest.mark.parametrize("name", GOOD_NAMES)
    async def test_names_are_used_as_they_are(self, connector: Connector, outside_read: Get, name: str) -> None:
        await connector.write(name, b"content", ALICE, if_version=None)

        assert outside_read(name) == b"content"
        assert isinstance(connector, Folders)
        assert [stat.path for stat in await connector.list("", ALICE, limit=10)] == [name]

    @pytest.mark.parametrize("path", BAD_PATHS)
    async def test_impossible_paths_are_refused_everywhere(self, connector: Connector, path: str) -> None:
        assert isinstance(connector, Folders)
        for call in (
            lambda: connector.stat(path, ALICE),
            lambda: connector.read(path, ALICE, limit_bytes=10),
            lambda: connector.write(path, b"x", ALICE, if_version=None),
            lambda: connector.write(path, b"x", ALICE, if_version=Version("v")),
            lambda: connector.lock(path, OURS, "Alice", ALICE),
            lambda: connector.list(path, ALICE, limit=10),
            lambda: connector.create_folder(path, ALICE),
            lambda: connector.rename(path, "good", ALICE),
            lambda: connector.delete(path, ALICE),
        ):
            with pytest.raises(InvalidPath):
                await call()

    async def test_what_is_missing_is_said_to_be(self, connector: Connector, seed: Put) -> None:
        seed("a.txt", b"a")

        for path in ("missing", "missing/inner", "a.txt/inner"):
            with pytest.raises(FileMissing):
                await connector.stat(path, ALICE)
            with pytest.raises(FileMissing):
                await connector.read(path, ALICE, limit_bytes=1)
            with pytest.raises(FileMissing):
                await connector.write(path, b"x", ALICE, if_version=Version("v"))
        with pytest.raises(FileMissing):
            await connector.write("missing/inner", b"x", ALICE, if_version=None)

    async def test_a_folder_is_no_file(self, connector: Connector, seed: Put) -> None:
        seed("folder/a.txt", b"a")

        for path in ("folder", ""):
            assert (await connector.stat(path, ALICE)).kind is EntryKind.FOLDER
            with pytest.raises(NotAFile):
                await connector.read(path, ALICE, limit_bytes=1)
            with pytest.raises(NotAFile):
                await connector.write(path, b"x", ALICE, if_version=Version("v"))
        with pytest.raises(FileExists):
            await connector.write("folder", b"x", ALICE, if_version=None)

    async def test_more_than_the_limit_is_not_read(self, connector: Connector, seed: Put) -> None:
        seed("a.txt", b"12345")

        assert (await connector.read("a.txt", ALICE, limit_bytes=5)).content == b"12345"
        with pytest.raises(TooLarge):
            await connector.read("a.txt", ALICE, limit_bytes=4)

    async def test_after_closing_nothing_is_served(self, connector: Connector, seed: Put) -> None:
        seed("a.txt", b"a")
        await connector.close()

        with pytest.raises(Unavailable):
            await connector.stat("a.txt", ALICE)
        with pytest.raises(Unavailable):
            await connector.write("b.txt", b"", ALICE, if_version=None)


class ConnectorLocks:
    """The contract for locks."""

    async def test_a_lock_is_taken_confirmed_refreshed_and_given_back(self, connector: Connector, seed: Put) -> None:
        seed(NAME, b"a")

        first = await connector.lock(NAME, OURS, "Alice", ALICE)
        again = await connector.lock(NAME, OURS, "Alice", ALICE)
        await connector.refresh_lock(NAME, OURS, ALICE)
        await connector.unlock(NAME, OURS, ALICE)
        other = await connector.lock(NAME, THEIRS, "Bob", ALICE)

        assert (first, again) == (first, first)
        assert (first.lock_id, first.ours, other.lock_id) == (OURS, True, THEIRS)

    async def test_a_lock_of_another_room_is_refused(self, connector: Connector, another: Connector, seed: Put) -> None:
        seed(NAME, b"a")
        await connector.lock(NAME, OURS, "Alice", ALICE)

        for side in (connector, another):
            with pytest.raises(LockHeld):
                await side.lock(NAME, THEIRS, "Bob", ALICE)
        with pytest.raises(LockHeld):
            await connector.refresh_lock(NAME, THEIRS, ALICE)
        with pytest.raises(LockHeld):
            await connector.unlock(NAME, THEIRS, ALICE)

    async def test_a_foreign_lock_names_its_owner(self, connector: Connector, seed: Put, outside_lock: Do) -> None:
        seed(NAME, b"a")
        outside_lock(NAME)

        with pytest.raises(LockHeld) as caught:
            await connector.lock(NAME, OURS, "Alice", ALICE)

        assert "Foreign Person" in (caught.value.owner or "")

    async def test_a_lock_that_vanished_is_lost(self, connector: Connector, seed: Put, outside_unlock: Do) -> None:
        seed(NAME, b"a")
        await connector.lock(NAME, OURS, "Alice", ALICE)
        outside_unlock(NAME)

        with pytest.raises(LockLost):
            await connector.refresh_lock(NAME, OURS, ALICE)

    async def test_a_write_after_the_lock_was_lost_is_refused(
        self, connector: Connector, seed: Put, outside_unlock: Do, outside_read: Get
    ) -> None:
        seed(NAME, b"old")
        await connector.lock(NAME, OURS, "Alice", ALICE)
        version = await version_of(connector, NAME)
        outside_unlock(NAME)

        with pytest.raises(LockLost):
            await connector.write(NAME, b"new", ALICE, if_version=version)

        assert outside_read(NAME) == b"old"

    async def test_a_write_after_the_lock_was_stolen_is_refused(
        self, connector: Connector, seed: Put, outside_unlock: Do, outside_lock: Do, outside_read: Get
    ) -> None:
        seed(NAME, b"old")
        await connector.lock(NAME, OURS, "Alice", ALICE)
        version = await version_of(connector, NAME)
        outside_unlock(NAME)
        outside_lock(NAME)

        with pytest.raises((LockLost, LockHeld)):
            await connector.write(NAME, b"new", ALICE, if_version=version)

        assert outside_read(NAME) == b"old"

    async def test_a_write_under_our_lock_works(self, connector: Connector, seed: Put, outside_read: Get) -> None:
        seed(NAME, b"old")
        await connector.lock(NAME, OURS, "Alice", ALICE)

        await connector.write(NAME, b"new", ALICE, if_version=await version_of(connector, NAME))

        assert outside_read(NAME) == b"new"

    async def test_giving_back_a_lock_that_is_gone_is_no_error(
        self, connector: Connector, seed: Put, outside_unlock: Do
    ) -> None:
        seed(NAME, b"a")
        await connector.unlock(NAME, OURS, ALICE)
        await connector.lock(NAME, OURS, "Alice", ALICE)
        outside_unlock(NAME)

        await connector.unlock(NAME, OURS, ALICE)

        assert (await connector.lock(NAME, THEIRS, "Bob", ALICE)).ours

    async def test_what_is_missing_cannot_be_locked(self, connector: Connector) -> None:
        with pytest.raises(FileMissing):
            await connector.lock("missing.odt", OURS, "Alice", ALICE)
