"""The checker between real peers: whatever order updates come in, authority and clients end up the same."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pycrdt
import pytest

from collab.limits import Limits
from collab.protocol.codec import decode_state_vector
from collab.protocol.update import check_update

LIMITS = Limits()
CORPUS = Path(__file__).parents[1] / "corpus" / "updates"


class Authority:
    """A document behind the checker, as a room keeps it; asserts that the checker's clocks are the document's."""

    def __init__(self) -> None:
        self.doc: pycrdt.Doc[object] = pycrdt.Doc(client_id=1)
        self.text = self.doc.get("source", type=pycrdt.Text)
        self.clocks: dict[int, int] = {}

    def receive(self, update: bytes) -> bool:
        """Returns whether everything could be applied."""
        checked = check_update(update, self.clocks, LIMITS)
        self.clocks.update(checked.clocks)
        if checked.update is not None:
            self.doc.apply_update(checked.update)
        assert decode_state_vector(self.doc.get_state(), LIMITS) == self.clocks
        return checked.complete


class Author:
    """A client that edits text, map and nested types, and keeps each update that it made."""

    def __init__(self, client_id: int) -> None:
        self.doc: pycrdt.Doc[object] = pycrdt.Doc(client_id=client_id)
        self.text = self.doc.get("source", type=pycrdt.Text)
        self.map = self.doc.get("state", type=pycrdt.Map)
        self.array = self.doc.get("cells", type=pycrdt.Array)
        self.made: list[bytes] = []

    def edit(self, rng: random.Random) -> None:
        before = self.doc.get_state()
        choice = rng.randrange(7)
        length = len(self.text)
        if choice < 3:
            self.text.insert(
                rng.randrange(length + 1) if str(self.text).isascii() else 0, rng.choice(["a", "word ", "\n"])
            )
        elif choice == 3 and length > 3 and str(self.text).isascii():
            at = rng.randrange(length - 2)
            del self.text[at : at + 2]
        elif choice == 4:
            self.map[rng.choice("abc")] = rng.choice([1, "v", None, [1, {"x": 2}]])
        elif choice == 5:
            self.array.append(pycrdt.Map({"source": pycrdt.Text("cell"), "n": 1}))
        elif choice == 6 and len(self.array):
            del self.array[rng.randrange(len(self.array))]
        self.made.append(self.doc.get_update(before))

    def content(self) -> tuple[str, object, object]:
        return str(self.text), self.map.to_py(), self.array.to_py()


def deliver(authority: Authority, authors: list[Author], rng: random.Random) -> None:
    """Random order, losses and duplicates; what was held back is asked for with the authority's state vector."""
    pending = [(author, update) for author in authors for update in author.made]
    rng.shuffle(pending)
    for author, update in pending:
        if rng.random() < 0.1:
            continue
        complete = authority.receive(update)
        if rng.random() < 0.1:
            authority.receive(update)
        if not complete and rng.random() < 0.3:
            authority.receive(author.doc.get_update(authority.doc.get_state()))


def converge(seed: int) -> None:
    rng = random.Random(seed)
    authority = Authority()
    authors = [Author(client_id) for client_id in rng.sample(range(2, 2**32), rng.randint(2, 4))]
    for _ in range(rng.randint(1, 3)):
        for author in authors:
            author.made.clear()
        for _ in range(rng.randint(5, 25)):
            author = rng.choice(authors)
            author.edit(rng)
            if rng.random() < 0.2:
                other = rng.choice(authors)
                author.doc.apply_update(other.doc.get_update(author.doc.get_state()))
        deliver(authority, authors, rng)
        for _ in range(len(authors)):
            for author in authors:
                authority.receive(author.doc.get_update(authority.doc.get_state()))
        for author in authors:
            assert authority.receive(author.doc.get_update(authority.doc.get_state()))
            author.doc.apply_update(authority.doc.get_update(author.doc.get_state()))
    reader = Author(2**40)
    reader.doc.apply_update(authority.doc.get_update())
    for author in authors:
        assert author.content() == reader.content()
        assert author.doc.get_state() and decode_state_vector(author.doc.get_state(), LIMITS) == authority.clocks


@pytest.mark.parametrize("block", range(5))
def test_random_histories_converge_through_the_checker(block: int) -> None:
    for seed in range(block * 20, (block + 1) * 20):
        try:
            converge(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error


# -- updates made by the real Yjs (tests/corpus/updates/make_yjs_updates.mjs) --


@pytest.fixture(scope="module")
def yjs() -> dict[str, object]:
    made: dict[str, object] = json.loads((CORPUS / "yjs_pending.json").read_text())
    return made


def hexed(value: object) -> bytes:
    assert isinstance(value, str)
    return bytes.fromhex(value)


def hexed_list(value: object) -> list[bytes]:
    assert isinstance(value, list)
    return [hexed(item) for item in value]


def test_updates_of_yjs_in_order_pass_unchanged(yjs: dict[str, object]) -> None:
    authority = Authority()

    for update in hexed_list(yjs["updates"]):
        assert check_update(update, authority.clocks, LIMITS).update is update
        assert authority.receive(update)


def test_a_merged_update_with_a_gap_is_applied_up_to_the_gap(yjs: dict[str, object]) -> None:
    authority = Authority()

    complete = authority.receive(hexed(yjs["merged_with_gap"]))

    assert not complete
    assert str(authority.text) == "one "


def test_a_client_with_pending_structs_gets_through_and_the_rest_follows(yjs: dict[str, object]) -> None:
    authority = Authority()
    updates = hexed_list(yjs["updates"])

    assert not authority.receive(hexed(yjs["step2_of_client_with_pending"]))
    assert "mine " in str(authority.text)
    authority.receive(updates[1])
    complete = authority.receive(hexed(yjs["step2_of_client_with_pending"]))

    assert complete
    assert str(authority.text) == yjs["text"]


def test_each_order_of_two_updates_around_a_gap_ends_the_same(yjs: dict[str, object]) -> None:
    updates = hexed_list(yjs["updates"])
    for seed in range(50):
        authority = Authority()
        order = random.Random(seed).sample(updates, len(updates))
        for update in order:
            authority.receive(update)

        complete = authority.receive(hexed(yjs["whole"]))

        assert complete
        assert str(authority.text) == yjs["text"], f"seed {seed}"
