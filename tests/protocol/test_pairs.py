"""What tears a surrogate pair, and what stands there afterwards."""

from __future__ import annotations

import pytest

from collab.document import Document, Splice
from collab.protocol.codec import encode_var_uint
from collab.protocol.pairs import PairIndex, replace_pairs

ROOT = b"\x01\x06source"
NO_DELETIONS = b"\x00"


def string(
    client: int, clock: int, text: str, *, origin: tuple[int, int] | None = None, right: int | None = None
) -> bytes:
    """One update with one string item; `origin` and `right` are ids that it stands between."""
    info = 4 | (0x80 if origin else 0) | (0x40 if right is not None else 0)
    ids = b"".join(encode_var_uint(part) for part in origin or ())
    ids += b"" if right is None else encode_var_uint(7) + encode_var_uint(right)
    parent = b"" if origin or right is not None else ROOT
    content = text.encode()
    head = bytes((1, 1)) + encode_var_uint(client) + encode_var_uint(clock)
    return head + bytes((info,)) + ids + parent + encode_var_uint(len(content)) + content + NO_DELETIONS


def deletion(client: int, clock: int, length: int) -> bytes:
    return b"\x00\x01" + encode_var_uint(client) + b"\x01" + encode_var_uint(clock) + encode_var_uint(length)


EMOJI = string(7, 0, "a😀b")
"""Clocks: a 0, the halves 1 and 2, b 3."""


@pytest.mark.parametrize(
    ("update", "torn"),
    [
        (string(9, 0, "x", origin=(7, 1)), {7: {2}}),
        (string(9, 0, "x", right=2), {7: {2}}),
        (string(9, 0, "x", origin=(7, 2)), {}),
        (string(9, 0, "x", origin=(7, 0), right=1), {}),
        (deletion(7, 1, 1), {7: {2}}),
        (deletion(7, 2, 2), {7: {2}}),
        (deletion(7, 1, 2), {}),
        (deletion(9, 1, 1), {}),
    ],
)
def test_an_edge_between_the_halves_tears_a_pair(update: bytes, torn: dict[int, set[int]]) -> None:
    pairs = PairIndex()
    assert pairs.note(EMOJI) == {}

    assert pairs.note(update) == torn


def test_text_without_pairs_is_not_looked_at() -> None:
    pairs = PairIndex()

    assert pairs.note(string(7, 0, "文字")) == {}
    assert pairs.note(deletion(7, 1, 1)) == {}


def test_bytes_that_are_no_update_are_left_to_the_core() -> None:
    assert PairIndex().note(b"\xff\xff" + "😀".encode()) == {}


def test_only_the_torn_pair_is_replaced_and_no_clock_moves() -> None:
    update = string(7, 5, "é😀x😀")

    replaced = replace_pairs(update, {7: frozenset({7}), 8: frozenset({1})})

    assert replaced == string(7, 5, "é\ufffd\ufffdx😀")


def test_an_update_without_the_torn_pair_stays_as_it_is() -> None:
    update = string(7, 5, "abc")

    assert replace_pairs(update, {7: frozenset({2})}) == update


def test_other_structs_are_walked_over() -> None:
    gc_then_map_entry = (
        bytes((1, 2, 7, 0)) + b"\x00\x02" + bytes((0x28, 1, 1)) + b"m" + b"\x01k" + b"\x01\x7f" + b"\x00"
    )
    child = bytes((1, 1, 8, 0)) + bytes((0x04, 0, 7, 1)) + b"\x01x" + b"\x00"
    pairs = PairIndex()
    pairs.note(EMOJI)

    assert pairs.note(gc_then_map_entry) == {}
    assert pairs.note(child) == {}


def test_a_replaced_pair_is_torn_only_once() -> None:
    pairs = PairIndex()
    pairs.note(EMOJI)
    torn = pairs.note(deletion(7, 1, 1))

    pairs.forget(torn)

    assert pairs.note(deletion(7, 1, 1)) == {}


def test_a_document_keeps_the_clocks_of_what_comes_behind_a_torn_pair() -> None:
    document = Document.from_updates([EMOJI, string(7, 4, "later", origin=(7, 3)), deletion(7, 1, 1)])

    again = Document.from_updates([document.diff()])

    assert document.text() == again.text() == "a\ufffdblater"
    assert document.clocks() == again.clocks() == {7: 9}


def test_a_pair_of_our_own_is_torn_by_a_peer_as_yjs_does_it() -> None:
    document = Document(7)
    document.edit_text([Splice(0, 0, "a😀b")])

    document.apply(string(9, 0, "x", origin=(7, 1), right=2))

    assert document.text() == "a\ufffdx\ufffdb"


def test_the_update_of_a_change_that_tears_reaches_a_replica() -> None:
    document = Document(7)
    document.edit_text([Splice(0, 0, "a😀b")])
    replica = Document.from_updates([document.diff()])

    replica.apply(document.changed_by(lambda: document.apply(string(9, 0, "x", origin=(7, 1), right=2))))

    assert replica.text() == document.text()
