"""The connector to a local folder keeps the contract, and its files keep what is theirs."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import re
import shutil
import stat
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from io import FileIO
from pathlib import Path

import pytest

from connectors import posix
from connectors.base import Version
from connectors.errors import (
    AccessDenied,
    ConnectorError,
    FileExists,
    FileMissing,
    InvalidPath,
    NotAFile,
    QuotaExceeded,
    Unavailable,
    VersionMismatch,
)
from connectors.local import LocalConnector
from connectors.local_settings import LocalSettings
from tests.connectors.conformance import (
    ALICE,
    LIMIT,
    ConnectorContents,
    ConnectorLocks,
    ConnectorSafety,
    Do,
    Get,
    Put,
    version_of,
)
from tests.connectors.folders_conformance import ConnectorFolders
from tests.connectors.outside import besides, held_open, leftovers, lock_like_libreoffice, put, save_by_rename, until
from tests.patience import PATIENCE_S


@pytest.fixture
def connector(local: LocalConnector) -> LocalConnector:
    return local


@pytest.fixture
async def another(root: Path) -> AsyncIterator[LocalConnector]:
    connector = LocalConnector(LocalSettings(root))
    yield connector
    await connector.close()


@pytest.fixture
def seed(root: Path) -> Put:
    return lambda path, content: put(root / path, content)


@pytest.fixture
def outside_write(seed: Put) -> Put:
    return seed


@pytest.fixture
def outside_read(root: Path) -> Get:
    return lambda path: (root / path).read_bytes()


@pytest.fixture
def outside_lock(root: Path) -> Do:
    return lambda path: void(lock_like_libreoffice(root / path))


@pytest.fixture
def outside_unlock(root: Path) -> Do:
    return lambda path: (root / path).with_name(f".~lock.{Path(path).name}#").unlink()


def void(_: object) -> None:
    """Forget a result."""


class TestLocalConnector(ConnectorSafety, ConnectorContents, ConnectorLocks, ConnectorFolders):
    """The whole contract."""


class TestLocalConnectorWithoutRenameat2(ConnectorSafety, ConnectorContents, ConnectorFolders):
    """The same on a system that can neither exchange nor rename exclusively."""

    @pytest.fixture(autouse=True)
    def without_renameat2(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(posix, "_libc_renameat2", lambda: None)


# attributes


async def test_a_save_keeps_mode_owner_and_extended_attributes(local: LocalConnector, root: Path) -> None:
    file = root / "a.sh"
    put(file, b"old")
    file.chmod(0o751)
    os.setxattr(file, "user.comment", b"mine")
    if os.geteuid() == 0:
        os.chown(file, 1234, 2345)
    before = file.stat()

    await local.write("a.sh", b"new", ALICE, if_version=await version_of(local, "a.sh"))

    after = file.stat()
    assert file.read_bytes() == b"new"
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert os.getxattr(file, "user.comment") == b"mine"


async def test_a_save_keeps_an_access_control_list(local: LocalConnector, root: Path) -> None:
    # user::rw-, user:1234:r--, group::r--, mask::r--, other::---
    entries = ((1, 6, -1), (2, 4, 1234), (4, 4, -1), (16, 4, -1), (32, 0, -1))
    acl = b"\2\0\0\0" + b"".join(
        tag.to_bytes(2, "little") + permission.to_bytes(2, "little") + (user % 2**32).to_bytes(4, "little")
        for tag, permission, user in entries
    )
    file = root / "a.txt"
    put(file, b"old")
    try:
        os.setxattr(file, "system.posix_acl_access", acl)
    except OSError as error:
        pytest.skip(f"this file system takes no access control lists: {error}")

    await local.write("a.txt", b"new", ALICE, if_version=await version_of(local, "a.txt"))

    assert os.getxattr(file, "system.posix_acl_access") == acl


async def test_a_save_does_not_pass_on_the_right_to_run_as_the_owner(local: LocalConnector, root: Path) -> None:
    put(root / "a", b"old")
    (root / "a").chmod(0o4755)

    await local.write("a", b"new", ALICE, if_version=await version_of(local, "a"))

    assert stat.S_IMODE((root / "a").stat().st_mode) == 0o755


async def test_a_new_file_gets_the_usual_mode(local: LocalConnector, root: Path) -> None:
    umask = os.umask(0o027)
    try:
        await local.write("a.txt", b"new", ALICE, if_version=None)
    finally:
        os.umask(umask)

    assert stat.S_IMODE((root / "a.txt").stat().st_mode) == 0o640


async def test_saving_what_is_there_leaves_the_file_alone(local: LocalConnector, root: Path) -> None:
    put(root / "a.txt", b"same")
    before = (root / "a.txt").stat()

    result = await local.write("a.txt", b"same", ALICE, if_version=await version_of(local, "a.txt"))

    after = (root / "a.txt").stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )
    assert result.version == await version_of(local, "a.txt")


async def test_another_hard_link_keeps_the_old_content(local: LocalConnector, root: Path) -> None:
    put(root / "a.txt", b"old")
    os.link(root / "a.txt", root / "b.txt")

    await local.write("a.txt", b"new", ALICE, if_version=await version_of(local, "a.txt"))

    assert ((root / "a.txt").read_bytes(), (root / "b.txt").read_bytes()) == (b"new", b"old")


async def test_a_read_only_file_is_not_replaced(local: LocalConnector, root: Path) -> None:
    put(root / "a.txt", b"old")
    (root / "a.txt").chmod(0o444)

    assert not (await local.stat("a.txt", ALICE)).writable
    with pytest.raises(AccessDenied):
        await local.write("a.txt", b"new", ALICE, if_version=await version_of(local, "a.txt"))

    assert (root / "a.txt").read_bytes() == b"old"


# the moment between check and exchange


def racing(root: Path, act: Do) -> LocalConnector:
    """A connector in whose saves somebody else acts right after our check."""
    return LocalConnector(LocalSettings(root, displaced_size_bytes=1000), before_exchange=act)


async def save_during(root: Path, act: Do) -> tuple[bytes | None, ConnectorError | None]:
    put(root / "a.txt", b"old")
    connector = racing(root, act)
    try:
        version = await version_of(connector, "a.txt")
        result = await connector.write("a.txt", b"ours", ALICE, if_version=version)
        return result.displaced, None
    except ConnectorError as error:
        return None, error
    finally:
        await connector.close()


async def test_foreign_bytes_written_in_place_are_handed_over(root: Path) -> None:
    displaced, _ = await save_during(root, lambda path: put(root / path, b"theirs"))

    assert (displaced, (root / "a.txt").read_bytes()) == (b"theirs", b"ours")
    assert leftovers(root) == []


async def test_foreign_bytes_saved_by_rename_are_handed_over(root: Path) -> None:
    displaced, _ = await save_during(root, lambda path: save_by_rename(root / path, b"theirs"))

    assert (displaced, (root / "a.txt").read_bytes()) == (b"theirs", b"ours")


async def test_a_writer_that_is_in_the_middle_of_it_is_waited_for(root: Path) -> None:
    writers = []

    def begin(path: str) -> None:
        file = held_open(root / path)
        file.truncate(0)
        writers.append(threading.Thread(target=finish_after_exchange, args=(file, root / path)))
        writers[0].start()

    displaced, _ = await save_during(root, begin)

    writers[0].join(10)
    assert (displaced, (root / "a.txt").read_bytes()) == (b"theirs", b"ours")
    assert leftovers(root) == []


def finish_after_exchange(file: FileIO, path: Path) -> None:
    until(lambda: path.read_bytes() == b"ours")
    file.write(b"theirs")
    file.close()


async def test_a_writer_that_does_not_let_go_keeps_its_file_under_a_visible_name(root: Path) -> None:
    held = []

    def begin(path: str) -> None:
        file = open(root / path, "ab", buffering=0)
        file.write(b", theirs")
        held.append(file)

    displaced, _ = await save_during(root, begin)

    held[0].write(b", later")
    held[0].close()
    (name, content), *others = besides(root, "a.txt").items()
    assert (displaced, content, others) == (b"old, theirs", b"old, theirs, later", [])
    assert re.fullmatch(r"a \(kept [0-9a-f]{8}\)\.txt", name)


async def test_a_file_replaced_by_a_folder_is_left_alone(root: Path) -> None:
    def replace(path: str) -> None:
        (root / path).unlink()
        put(root / path / "inner.txt", b"theirs")

    _, error = await save_during(root, replace)

    assert isinstance(error, NotAFile)
    assert (root / "a.txt" / "inner.txt").read_bytes() == b"theirs"
    assert leftovers(root) == []


async def test_a_file_replaced_by_a_link_is_left_alone(root: Path, tmp_path: Path) -> None:
    put(tmp_path / "canary", b"canary")

    def replace(path: str) -> None:
        (root / path).unlink()
        (root / path).symlink_to(tmp_path / "canary")

    _, error = await save_during(root, replace)

    assert isinstance(error, NotAFile)
    assert (root / "a.txt").is_symlink()
    assert (tmp_path / "canary").read_bytes() == b"canary"


async def test_a_file_deleted_meanwhile_stays_deleted(root: Path) -> None:
    _, error = await save_during(root, lambda path: (root / path).unlink())

    assert isinstance(error, FileMissing)
    assert besides(root) == {}


async def test_a_foreign_file_too_large_to_hand_over_is_put_back(root: Path) -> None:
    theirs = b"t" * 1001

    _, error = await save_during(root, lambda path: save_by_rename(root / path, theirs))

    assert isinstance(error, VersionMismatch)
    assert (root / "a.txt").read_bytes() == theirs
    assert leftovers(root) == []


async def test_foreign_bytes_of_a_cancelled_save_stay_under_a_visible_name(root: Path) -> None:
    put(root / "a.txt", b"old")
    reached, cancelled = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def act(path: str) -> None:
        put(root / path, b"theirs")
        loop.call_soon_threadsafe(reached.set)
        asyncio.run_coroutine_threadsafe(cancelled.wait(), loop).result(10)

    connector = racing(root, act)
    version = await version_of(connector, "a.txt")
    task = asyncio.ensure_future(connector.write("a.txt", b"ours", ALICE, if_version=version))
    await reached.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    cancelled.set()
    await connector.close()

    assert (root / "a.txt").read_bytes() == b"ours"
    assert list(besides(root, "a.txt").values()) == [b"theirs"]


async def test_another_server_of_ours_in_the_same_moment_loses_nothing(root: Path, another: LocalConnector) -> None:
    put(root / "a.txt", b"old")
    loop = asyncio.get_running_loop()

    def act(path: str) -> None:
        async def save() -> None:
            version = await version_of(another, path)
            await another.write(path, b"other server", ALICE, if_version=version)

        asyncio.run_coroutine_threadsafe(save(), loop).result(10)

    connector = racing(root, act)
    version = await version_of(connector, "a.txt")

    result = await connector.write("a.txt", b"ours", ALICE, if_version=version)

    await connector.close()
    assert (result.displaced, (root / "a.txt").read_bytes()) == (b"other server", b"ours")


# what stands there


async def test_links_are_listed_as_read_only_and_refused(local: LocalConnector, root: Path) -> None:
    put(root / "folder" / "a.txt", b"a")
    (root / "inside").symlink_to("folder/a.txt")
    (root / "way").symlink_to("folder")

    listed = {stat.path: (stat.writable, stat.version) for stat in await local.list("", ALICE, limit=10)}

    assert listed["inside"] == listed["way"] == (False, None)
    with pytest.raises(NotAFile):
        await local.read("inside", ALICE, limit_bytes=LIMIT)
    with pytest.raises(InvalidPath):
        await local.read("way/a.txt", ALICE, limit_bytes=LIMIT)
    with pytest.raises(FileExists):
        await local.write("inside", b"x", ALICE, if_version=None)


async def test_pipes_and_devices_are_no_files_and_nobody_waits_for_them(local: LocalConnector, root: Path) -> None:
    os.mkfifo(root / "pipe")
    paths = ["pipe"]
    if os.geteuid() == 0:
        os.mknod(root / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
        paths.append("zero")

    async with asyncio.timeout(PATIENCE_S):
        for path in paths:
            with pytest.raises(NotAFile):
                await local.stat(path, ALICE)
            with pytest.raises(NotAFile):
                await local.read(path, ALICE, limit_bytes=LIMIT)
    assert await local.list("", ALICE, limit=10) == []


async def test_concurrent_listings_of_the_root_do_not_steal_each_others_entries(
    local: LocalConnector, root: Path
) -> None:
    for number in range(300):
        put(root / f"{number}.txt", b"")

    listings = await asyncio.gather(*(local.list("", ALICE, limit=1000) for _ in range(40)))

    assert {len(listing) for listing in listings} == {300}


async def test_hidden_names_lock_files_and_temporaries_are_not_listed(root: Path) -> None:
    for name in (
        "a.txt",
        ".env",
        ".gitignore",
        ".git/config",
        ".~lock.a.odt#",
        "~$a.docx",
        ".a.txt.swp",
        ".livefolder-1.part",
    ):
        put(root / name, b"")
    connector = LocalConnector(LocalSettings(root))
    shows_hidden = LocalConnector(LocalSettings(root, hidden_entries=True))

    assert [stat.path for stat in await connector.list("", ALICE, limit=10)] == ["a.txt"]
    assert {stat.path for stat in await shows_hidden.list("", ALICE, limit=10)} == {"a.txt", ".env", ".gitignore"}
    with pytest.raises(InvalidPath):
        await connector.read(".env", ALICE, limit_bytes=LIMIT)
    assert (await shows_hidden.read(".env", ALICE, limit_bytes=LIMIT)).content == b""
    for never in (".git/config", ".GIT/config", ".~lock.a.odt#", ".a.txt.swp", ".livefolder-1.part"):
        with pytest.raises(InvalidPath):
            await shows_hidden.read(never, ALICE, limit_bytes=LIMIT)
    await connector.close()
    await shows_hidden.close()


async def test_a_file_too_large_to_hash_has_no_version_and_is_read_only(root: Path) -> None:
    put(root / "a.bin", b"12345")
    connector = LocalConnector(LocalSettings(root, version_size_bytes=4))

    found = await connector.stat("a.bin", ALICE)

    await connector.close()
    assert (found.version, found.writable, found.size_bytes) == (None, False, 5)


async def test_a_root_that_is_missing_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        LocalConnector(LocalSettings(tmp_path / "missing"))


# the device


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a full disk needs the right to mount one")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)
    if made.returncode != 0:
        pytest.skip(f"a full disk needs the right to mount one: {made.stderr.decode()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_full_disk_leaves_the_old_file_and_heals_when_there_is_room(small_disk: Path) -> None:
    old, new = b"o" * 300_000, b"n" * 400_000
    put(small_disk / "a.txt", old)
    put(small_disk / "filler", b"f" * 500_000)
    connector = LocalConnector(LocalSettings(small_disk))
    version = await version_of(connector, "a.txt")

    with pytest.raises(QuotaExceeded):
        await connector.write("a.txt", new, ALICE, if_version=version)
    with pytest.raises(QuotaExceeded):
        await connector.write("b.txt", new, ALICE, if_version=None)
    assert ((small_disk / "a.txt").read_bytes(), leftovers(small_disk)) == (old, [])
    assert not (small_disk / "b.txt").exists()

    (small_disk / "filler").unlink()
    await connector.write("a.txt", new, ALICE, if_version=version)
    await connector.close()

    assert (small_disk / "a.txt").read_bytes() == new


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.ENOSPC, QuotaExceeded),
        (errno.EDQUOT, QuotaExceeded),
        (errno.EACCES, AccessDenied),
        (errno.EPERM, AccessDenied),
        (errno.EROFS, AccessDenied),
        (errno.ENOENT, FileMissing),
        (errno.EEXIST, FileExists),
        (errno.EISDIR, NotAFile),
        (errno.ENAMETOOLONG, InvalidPath),
        (errno.ELOOP, InvalidPath),
        (errno.EIO, Unavailable),
        (errno.EMFILE, Unavailable),
        (errno.ESTALE, Unavailable),
        (errno.ETIMEDOUT, Unavailable),
    ],
)
def test_each_failure_of_the_system_has_its_error(code: int, kind: type[ConnectorError]) -> None:
    assert type(posix.error_for(OSError(code, os.strerror(code)), "a.txt")) is kind


async def test_more_waiting_calls_than_allowed_are_refused(root: Path) -> None:
    put(root / "a.txt", b"old")
    loop, reached, go_on = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def wait(path: str) -> None:
        loop.call_soon_threadsafe(reached.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(10)

    connector = LocalConnector(LocalSettings(root, waiting_calls=1), before_exchange=wait)
    version = await version_of(connector, "a.txt")
    task = asyncio.ensure_future(connector.write("a.txt", b"new", ALICE, if_version=version))
    await reached.wait()

    with pytest.raises(Unavailable, match="waiting_calls"):
        await connector.stat("a.txt", ALICE)

    go_on.set()
    assert (await task).version == await version_of(connector, "a.txt")
    await connector.close()


async def test_a_file_that_somebody_appends_to_all_the_time_can_be_read(local: LocalConnector, root: Path) -> None:
    with held_open(root / "log.txt") as log:
        log.write(b"line\n")

        content = await local.read("log.txt", ALICE, limit_bytes=LIMIT)

    assert content.content == b"line\n"


async def test_no_descriptor_stays_open(root: Path) -> None:
    await asyncio.to_thread(os.getpid)  # the default executor exists from here on
    before = len(os.listdir("/proc/self/fd"))
    connector = LocalConnector(LocalSettings(root))
    await connector.write("a.odt", b"old", ALICE, if_version=None)
    for path in ("a.odt", "missing", "a.odt/inner", "../x"):
        calls = (
            connector.stat(path, ALICE),
            connector.read(path, ALICE, limit_bytes=1),
            connector.write(path, b"x", ALICE, if_version=None),
            connector.write(path, b"x", ALICE, if_version=Version("v")),
            connector.list(path, ALICE, limit=1),
        )
        await asyncio.gather(*calls, return_exceptions=True)

    await connector.close()

    assert len(os.listdir("/proc/self/fd")) == before


def test_signals_of_broken_leases_are_ignored(root: Path) -> None:
    put(root / "a.txt", b"a")
    opened = os.open(root / "a.txt", os.O_RDONLY)

    assert not posix.is_open_for_writing(opened)

    assert fcntl.fcntl(opened, fcntl.F_GETLEASE) == fcntl.F_UNLCK
    with open(root / "a.txt", "ab"):
        assert posix.is_open_for_writing(opened)
    os.close(opened)
