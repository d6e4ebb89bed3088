"""A document is live in one process at a time, and a process that dies has no claims."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collab.errors import RoomElsewhere
from collab.node.claims import Claims
from collab.store.base import DocumentId

TOP = Path(__file__).parents[2]
HOLDER = """
import sys
from pathlib import Path
from collab.errors import RoomElsewhere
from collab.node.claims import Claims
claims = Claims(Path(sys.argv[1]))
for line in sys.stdin:
    verb, name = line.split()
    try:
        claims.claim(name) if verb == "claim" else claims.release(name)
        print("done", flush=True)
    except RoomElsewhere:
        print("elsewhere", flush=True)
"""
ONE, TWO = DocumentId("one"), DocumentId("two")


class Holder:
    """Another process with claims of its own."""

    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(data)],
            cwd=TOP,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, verb: str, name: str) -> str:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{verb} {name}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(30)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Holder]:
    holder = Holder(tmp_path)
    yield holder
    holder.close()


@pytest.fixture
def claims(tmp_path: Path) -> Iterator[Claims]:
    claims = Claims(tmp_path)
    yield claims
    claims.close()


def test_what_another_process_has_cannot_be_claimed(holder: Holder, claims: Claims) -> None:
    assert holder("claim", ONE) == "done"

    with pytest.raises(RoomElsewhere):
        claims.claim(ONE)
    claims.claim(TWO)
    assert holder("claim", TWO) == "elsewhere"


def test_what_was_released_can_be_claimed_by_others(holder: Holder, claims: Claims) -> None:
    claims.claim(ONE)
    claims.release(ONE)

    assert holder("claim", ONE) == "done"
    assert holder("release", ONE) == "done"
    claims.claim(ONE)


def test_the_claims_of_a_dead_process_are_free_at_once(holder: Holder, claims: Claims) -> None:
    assert holder("claim", ONE) == "done"
    holder.process.kill()
    holder.process.wait(30)

    claims.claim(ONE)


def test_children_inherit_no_claim(claims: Claims, tmp_path: Path) -> None:
    claims.claim(ONE)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    claims.release(ONE)
    other = Holder(tmp_path)
    try:
        assert other("claim", ONE) == "done"
    finally:
        other.close()
        child.communicate(b"\n", timeout=30)
