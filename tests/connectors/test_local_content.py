"""A version is the hash of the bytes; what spares hashing never lies about them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collab.clock import FakeClock
from connectors.base import Version
from connectors.errors import TooLarge, Unavailable
from connectors.local_content import Identity, Versions, identity_of, version_of
from connectors.local_tree import Tree
from tests.connectors.outside import put, save_by_rename

NOW_MS = 1_700_000_000_000
SECOND_NS = 1_000_000_000
NOW_NS = NOW_MS * 1_000_000


@pytest.fixture
def versions() -> Versions:
    return Versions(2, FakeClock(wall_ms=NOW_MS))


def identity(inode: int, *, age_ns: int) -> Identity:
    return Identity(1, inode, 10, NOW_NS - age_ns, NOW_NS - age_ns)


def test_an_old_hint_proves_the_version(versions: Versions) -> None:
    hint = identity(1, age_ns=3 * SECOND_NS)
    versions.remember(hint, Version("v"))

    assert versions.known(hint) == "v"
    assert versions.known(hint._replace(changed_ns=hint.changed_ns + 1)) is None
    assert versions.known(hint._replace(size_bytes=11)) is None
    assert versions.known(hint._replace(inode=2)) is None


@pytest.mark.parametrize("age_ns", [0, SECOND_NS, 2 * SECOND_NS, -SECOND_NS])
def test_a_young_hint_proves_nothing(versions: Versions, age_ns: int) -> None:
    hint = identity(1, age_ns=age_ns)
    versions.remember(hint, Version("v"))

    assert versions.known(hint) is None


def test_a_file_whose_times_were_set_back_is_still_young(versions: Versions) -> None:
    hint = identity(1, age_ns=SECOND_NS)._replace(modified_ns=0)
    versions.remember(hint, Version("v"))

    assert versions.known(hint) is None


def test_only_so_many_versions_are_remembered(versions: Versions) -> None:
    hints = [identity(inode, age_ns=3 * SECOND_NS) for inode in range(3)]
    for hint in hints:
        versions.remember(hint, Version("v"))

    assert [versions.known(hint) for hint in hints] == [None, "v", "v"]


def test_a_change_with_the_same_size_and_times_is_seen(root: Path) -> None:
    put(root / "a.txt", b"old")
    tree = Tree(root, hidden_entries=False)
    found = (root / "a.txt").stat()
    versions = Versions(10, FakeClock(wall_ms=found.st_ctime_ns // 1_000_000 + 10_000))
    with tree.place("a.txt") as place:
        first = versions.of(place)[0]
        assert versions.known(identity_of(found)) == first

        put(root / "a.txt", b"new")
        os.utime(root / "a.txt", ns=(found.st_atime_ns, found.st_mtime_ns))

        assert versions.of(place)[0] == version_of(b"new")
    tree.close()


def test_a_file_replaced_while_its_folder_is_open_is_read_as_it_is_now(root: Path) -> None:
    put(root / "a.txt", b"old")
    tree = Tree(root, hidden_entries=False)
    versions = Versions(10, FakeClock(wall_ms=NOW_MS))

    with tree.place("a.txt") as place:
        save_by_rename(root / "a.txt", b"new")
        content, version = versions.content(place, 10)

    tree.close()
    assert (content, version) == (b"new", version_of(b"new"))


def test_a_file_is_not_read_beyond_the_limit(root: Path) -> None:
    put(root / "a.txt", b"x" * 100)
    os.truncate(root / "a.txt", 10**12)  # sparse: reading it all would take for ever
    tree = Tree(root, hidden_entries=False)

    with tree.place("a.txt") as place, pytest.raises(TooLarge):
        Versions(10, FakeClock()).content(place, 1000)

    tree.close()


def test_a_closed_tree_serves_nothing(root: Path) -> None:
    tree = Tree(root, hidden_entries=False)
    tree.close()
    tree.close()

    with pytest.raises(Unavailable):
        tree.look("a.txt")
