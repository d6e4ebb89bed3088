"""What nodes say to each other arrives as it was said, and nobody without the key can say anything."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.errors import MalformedMessage
from collab.fanout.messages import (
    VERSION,
    Ask,
    Author,
    Beat,
    Gone,
    Journal,
    Left,
    Message,
    NodeId,
    OtherVersion,
    Part,
    Presence,
    RoomBeat,
    Said,
    Seal,
    State,
    Unsealed,
    Updates,
    decode,
    encode,
)

A, B = NodeId("a", 2**64 - 1), NodeId("b", 0)
PARTS: tuple[Part, ...] = (
    Updates((b"one", b"", b"three"), 7),
    Updates((b"one", b"two", b"three"), 7, (Author("ada", "Ada"), None, Author("ada", "Ada"))),
    Presence(b"entries"),
    Ask(b"vector"),
    Ask(b"vector", B),
    State(b"update", B, 9, False),
    Journal(3, 7, 2),
    Left(),
    Said("notice", {"code": "renamed", "path": "ä.txt"}),
    Beat(5, ((A, 3), (B, 1)), (RoomBeat("d1", 2, 9),)),
    Gone(),
)


def message(*parts: Part) -> Message:
    return Message(A, "d1", "h1", 2, 3, parts)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: type(part).__name__)
def test_every_part_is_read_as_it_was_written(part: Part) -> None:
    assert decode(encode(message(part))) == message(part)


def test_a_message_may_have_many_parts() -> None:
    assert decode(encode(message(*PARTS))).parts == PARTS


def test_a_part_of_a_later_kind_is_left_out() -> None:
    body = encode(message(Left())) + b"\x7f\x03new" + encode(message(Gone()))[len(encode(message())) :]

    assert decode(body).parts == (Left(), Gone())


def test_a_sealed_message_opens_with_the_same_key_and_namespace_only() -> None:
    sealed = Seal(b"key", "one").seal(b"body")

    assert Seal(b"key", "one").open(sealed) == b"body"
    for other in (Seal(b"other", "one"), Seal(b"key", "two")):
        with pytest.raises(Unsealed):
            other.open(sealed)


def test_no_bit_of_a_sealed_message_can_be_changed() -> None:
    seal = Seal(b"key", "one")
    sealed = seal.seal(encode(message(Updates((b"text",)))))

    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Unsealed):
            seal.open(bytes(changed))


def test_another_version_of_our_own_is_told_from_a_stranger() -> None:
    seal = Seal(b"key", "one")
    later = bytes((VERSION + 1,)) + seal._digest(VERSION + 1, b"body") + b"body"

    with pytest.raises(OtherVersion):
        seal.open(later)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_message_are_refused_and_nothing_else(body: bytes) -> None:
    try:
        decode(body)
    except MalformedMessage:
        pass


def test_a_message_cut_or_changed_anywhere_is_a_message_or_refused() -> None:
    body, rng = encode(message(*PARTS)), random.Random(1)

    for _ in range(5000):
        changed = bytearray(body[: rng.randint(0, len(body))])
        for _ in range(rng.randint(0, 3)):
            if changed:
                changed[rng.randrange(len(changed))] = rng.randrange(256)
        try:
            decode(bytes(changed))
        except MalformedMessage:
            pass
