"""Lock files of desktop applications are read as what they are and written so that these understand them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.clock import FakeClock
from connectors.base import LockId
from connectors.desktop_locks import (
    LockFileKind,
    OfficeLock,
    OurMark,
    decode_mark,
    decode_office_lock,
    encode_mark,
    encode_office_lock,
    is_lock_file,
    lock_files_of,
    owner_in,
)
from connectors.errors import LockHeld, LockLost
from connectors.local import LocalConnector
from connectors.local_locks import DesktopLock
from connectors.local_settings import LocalSettings
from tests.connectors.conformance import ALICE, OURS, version_of
from tests.connectors.outside import besides, lock_like_libreoffice, put


def word_owner(name: str) -> bytes:
    return bytes([len(name)]) + name.encode("latin-1").ljust(54, b" ") + bytes([len(name), 0]) + name.encode("utf-16le")


def vim_swap(user: str, host: str) -> bytes:
    head = b"b0VIM 9.0\0\0\0" + struct.pack("<4I", 4096, 0, 0, 4711)
    return head + user.encode().ljust(40, b"\0") + host.encode().ljust(40, b"\0") + b"~/a.txt".ljust(900, b"\0")


def test_the_names_of_lock_files() -> None:
    names = {file.name for file in lock_files_of("document.docx")}

    assert names == {".~lock.document.docx#", "~$document.docx", "~$cument.docx", ".document.docx.swp"}
    assert [file.name for file in lock_files_of("article.docx")][2] == "~$rticle.docx"
    assert [file.name for file in lock_files_of("book.docx")][1:] == ["~$book.docx", ".book.docx.swp"]


@pytest.mark.parametrize("name", [".~lock.a.odt#", "~$a.docx", ".a.txt.swp"])
def test_lock_files_are_recognised_by_name(name: str) -> None:
    assert is_lock_file(name)


@pytest.mark.parametrize("name", ["a.odt", "lock.a#", "a~$b", "a.swp", ".profile"])
def test_other_files_are_no_lock_files(name: str) -> None:
    assert not is_lock_file(name)


def test_owners_are_read_for_people() -> None:
    libreoffice = b"Alice A\\, B,alice,desk\\;1,22.11.2026 21:00,file:///home/alice/.config/libreoffice/4;"

    assert owner_in(LockFileKind.LIBREOFFICE, libreoffice) == "Alice A, B on desk;1"
    assert owner_in(LockFileKind.LIBREOFFICE, b",alice,,,;") == "alice"
    assert owner_in(LockFileKind.MICROSOFT, word_owner("Jürgen")) == "Jürgen"
    assert owner_in(LockFileKind.VIM, vim_swap("alice", "desk")) == "alice on desk"


@given(st.binary(max_size=300), st.sampled_from(LockFileKind))
def test_any_bytes_give_a_short_text_for_people(content: bytes, kind: LockFileKind) -> None:
    owner = owner_in(kind, content)

    assert len(owner) < 500
    assert owner == "" or owner.isprintable()


@given(*[st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)] * 3)
def test_a_lock_file_is_read_as_it_was_written(person: str, account: str, profile: str) -> None:
    lock = OfficeLock(person, account, "host", "22.11.2026 21:00", profile)
    cleaned = decode_office_lock(encode_office_lock(lock))

    assert decode_office_lock(encode_office_lock(cleaned)) == cleaned
    if all(text.isprintable() and text == text.strip() for text in (person, account, profile)):
        assert cleaned == lock


@pytest.mark.parametrize("profile", ["", "file:///home", "livefolder:", "livefolder:x:1:y", "livefolder:" + "9" * 99])
def test_a_mark_that_is_not_ours_is_none(profile: str) -> None:
    assert decode_mark(OfficeLock("", "", "", "", profile)) is None


def test_our_mark_is_read_as_it_was_written() -> None:
    mark = OurMark("f" * 32, 4711, "123456")

    assert decode_mark(OfficeLock("", "", "", "", encode_mark(mark))) == mark


# in a folder


async def test_an_office_document_gets_a_lock_file_that_names_us(local: LocalConnector, root: Path) -> None:
    put(root / "a.odt", b"")

    await local.lock("a.odt", OURS, "Alice, Bob", ALICE)

    lock = decode_office_lock((root / ".~lock.a.odt#").read_bytes())
    assert (lock.person, lock.account) == ("Alice, Bob", "livefolder")
    await local.unlock("a.odt", OURS, ALICE)
    assert list(besides(root)) == ["a.odt"]


async def test_a_text_gets_no_lock_file(local: LocalConnector, root: Path) -> None:
    put(root / "a.md", b"")

    await local.lock("a.md", OURS, "Alice", ALICE)
    await local.refresh_lock("a.md", OURS, ALICE)

    assert list(besides(root)) == ["a.md"]


async def test_lock_files_can_be_switched_off(root: Path) -> None:
    put(root / "a.odt", b"")
    connector = LocalConnector(LocalSettings(root, lock_extensions=frozenset()))

    await connector.lock("a.odt", OURS, "Alice", ALICE)

    assert list(besides(root)) == ["a.odt"]
    await connector.close()


@pytest.mark.parametrize(("name", "lock"), [("document.docx", "~$cument.docx"), ("notes.md", "~$notes.md")])
async def test_a_document_open_in_a_desktop_office_cannot_be_locked(
    local: LocalConnector, root: Path, name: str, lock: str
) -> None:
    put(root / name, b"")
    put(root / lock, word_owner("Carol"))

    with pytest.raises(LockHeld) as caught:
        await local.lock(name, OURS, "Alice", ALICE)

    assert caught.value.owner == "Carol"


async def test_a_file_open_in_vim_can_be_locked_and_says_so(local: LocalConnector, root: Path) -> None:
    put(root / "a.md", b"")
    put(root / ".a.md.swp", vim_swap("carol", "desk"))

    assert (await local.lock("a.md", OURS, "Alice", ALICE)).ours
    assert await local.desktop_locks("a.md") == (DesktopLock(LockFileKind.VIM, "carol on desk"),)


async def test_our_own_lock_is_no_desktop_lock(local: LocalConnector, root: Path) -> None:
    put(root / "a.odt", b"")
    await local.lock("a.odt", OURS, "Alice", ALICE)

    assert await local.desktop_locks("a.odt") == ()


async def test_giving_back_leaves_the_lock_file_of_others(local: LocalConnector, root: Path) -> None:
    put(root / "a.odt", b"")
    await local.lock("a.odt", OURS, "Alice", ALICE)
    foreign = lock_like_libreoffice(root / "a.odt")

    with pytest.raises(LockHeld, match=r"a\.odt"):
        await local.refresh_lock("a.odt", OURS, ALICE)
    await local.unlock("a.odt", OURS, ALICE)

    assert foreign.exists()


async def test_a_text_can_be_saved_while_a_desktop_office_has_it_open(local: LocalConnector, root: Path) -> None:
    put(root / "a.csv", b"old")
    lock_like_libreoffice(root / "a.csv")

    await local.write("a.csv", b"new", ALICE, if_version=await version_of(local, "a.csv"))

    assert (root / "a.csv").read_bytes() == b"new"


async def test_a_lock_that_was_never_taken_cannot_be_refreshed(local: LocalConnector, root: Path) -> None:
    put(root / "a.md", b"")

    with pytest.raises(LockLost):
        await local.refresh_lock("a.md", OURS, ALICE)


async def test_a_refreshed_lock_file_stays_young(root: Path) -> None:
    put(root / "a.odt", b"")
    connector = LocalConnector(LocalSettings(root))
    await connector.lock("a.odt", OURS, "Alice", ALICE)
    before = (root / ".~lock.a.odt#").stat().st_mtime_ns

    await connector.refresh_lock("a.odt", OURS, ALICE)

    assert (root / ".~lock.a.odt#").stat().st_mtime_ns > before
    await connector.close()


async def test_a_lock_file_that_nobody_refreshed_for_long_may_be_taken(root: Path) -> None:
    put(root / "a.odt", b"")
    mark = encode_mark(OurMark("0" * 32, 1, "1"))
    put(root / ".~lock.a.odt#", encode_office_lock(OfficeLock("Bob", "livefolder", "far-away", "", mark)))
    touched_ms = (root / ".~lock.a.odt#").stat().st_mtime_ns // 1_000_000
    clock = FakeClock(wall_ms=touched_ms + 1000)
    connector = LocalConnector(LocalSettings(root, lock_timeout_s=60), clock=clock)
    with pytest.raises(LockHeld):
        await connector.lock("a.odt", OURS, "Alice", ALICE)

    clock.advance(60)

    assert (await connector.lock("a.odt", OURS, "Alice", ALICE)).ours
    await connector.close()


async def test_a_name_too_long_for_a_lock_file_is_locked_without_one(local: LocalConnector, root: Path) -> None:
    name = "x" * 251 + ".odt"
    put(root / name, b"")

    await local.lock(name, OURS, "Alice", ALICE)
    await local.refresh_lock(name, OURS, ALICE)
    with pytest.raises(LockHeld):
        await local.lock(name, LockId("other"), "Bob", ALICE)

    assert list(besides(root)) == [name]
