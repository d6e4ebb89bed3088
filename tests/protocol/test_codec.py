"""lib0 primitives and strict JSON: what is read, what is refused."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.errors import LimitExceeded, MalformedMessage
from collab.limits import Limits
from collab.protocol.codec import (
    MAX_VAR_UINT,
    Reader,
    decode_json,
    decode_state_vector,
    encode_json,
    encode_state_vector,
    encode_var_bytes,
    encode_var_string,
    encode_var_uint,
    var_string_at,
)

LIMITS = Limits()


@given(st.integers(0, MAX_VAR_UINT))
def test_varuints_survive_the_round_trip(value: int) -> None:
    reader = Reader(encode_var_uint(value))

    assert reader.var_uint() == value
    reader.finish()


@given(st.text(st.characters(codec="utf-8")), st.binary())
def test_strings_and_bytes_survive_the_round_trip(text: str, content: bytes) -> None:
    reader = Reader(encode_var_string(text) + encode_var_bytes(content))

    assert reader.var_string() == text
    assert reader.var_bytes() == content
    assert reader.remaining == 0


@given(st.dictionaries(st.integers(0, MAX_VAR_UINT), st.integers(0, 2**31 - 1)))
def test_state_vectors_survive_the_round_trip(clocks: dict[int, int]) -> None:
    assert decode_state_vector(encode_state_vector(clocks), LIMITS) == clocks


@given(st.binary(max_size=40))
def test_any_bytes_are_a_state_vector_or_malformed(content: bytes) -> None:
    try:
        clocks = decode_state_vector(content, LIMITS)
    except MalformedMessage:
        return
    assert decode_state_vector(encode_state_vector(clocks), LIMITS) == clocks


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x80", id="ends early"),
        pytest.param(b"\x80\x00", id="not the shortest form"),
        pytest.param(b"\xff\xff\xff\xff\xff\xff\xff\x10", id="54 bits"),
        pytest.param(b"\xff" * 8 + b"\x01", id="nine bytes"),
    ],
)
def test_bad_varuints_are_malformed(content: bytes) -> None:
    with pytest.raises(MalformedMessage):
        Reader(content).var_uint()


@pytest.mark.parametrize("content", [b"", b"\x05ab", b"\x02\xff\xff", b"\x03\xed\xa0\x80", b"\x02\xc0\x80"])
def test_bad_strings_are_malformed(content: bytes) -> None:
    with pytest.raises(MalformedMessage):
        Reader(content).var_string()


def test_a_string_at_an_offset_ends_where_it_says() -> None:
    assert var_string_at(b"\xff\x02\xc3\xa9!", 1) == ("é", 4)


def test_trailing_bytes_are_malformed() -> None:
    reader = Reader(b"\x01\x02")
    reader.var_uint()

    with pytest.raises(MalformedMessage):
        reader.finish()


@pytest.mark.parametrize("value", [-1, MAX_VAR_UINT + 1])
def test_only_53_bits_are_written(value: int) -> None:
    with pytest.raises(ValueError, match="varuint"):
        encode_var_uint(value)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\x02\x01\x01\x01\x02", id="client twice"),
        pytest.param(b"\x01\x01\x01\x00", id="trailing byte"),
        pytest.param(b"\x05\x01\x01", id="more clients than bytes"),
        pytest.param(b"\x01\x01" + encode_var_uint(2**31), id="clock of 32 bits"),
    ],
)
def test_bad_state_vectors_are_malformed(content: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_state_vector(content, LIMITS)


def test_state_vectors_have_a_limit_of_clients() -> None:
    with pytest.raises(LimitExceeded) as caught:
        decode_state_vector(encode_state_vector({1: 1, 2: 1}), replace(LIMITS, state_vector_clients=1))

    assert caught.value.limit == "state_vector_clients"


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(codec="utf-8")),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
        ),
        max_leaves=10,
    )
)
def test_json_survives_the_round_trip(value: object) -> None:
    assert decode_json(encode_json(value), depth=16) == value


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1e999",
        '{"a":1,"a":2}',
        '"\\ud800"',
        '{"\\udc00":1}',
        "",
        "{",
        "[1,]",
        "'a'",
        '"a\nb"',
        "1 2",
        "\ufeff1",
        "9" * 5000,
        '"unterminated',
        "[" * 40 + '"\\',
    ],
)
def test_what_is_not_strict_json_is_malformed(text: str) -> None:
    with pytest.raises(MalformedMessage):
        decode_json(text, depth=32)


@pytest.mark.parametrize("text", ['"\\ud83d\\ude00"', '{"a":"[[[["}', '["\\"[[[["]', "1.5e3", "null"])
def test_strict_json_is_read(text: str) -> None:
    decode_json(text, depth=2)


def test_json_may_be_as_deep_as_the_limit_and_no_deeper() -> None:
    assert decode_json("[[[]],[[]]]", depth=3) == [[[]], [[]]]

    with pytest.raises(MalformedMessage):
        decode_json("[[[[]]]]", depth=3)


def test_nesting_far_beyond_the_limit_does_not_recurse() -> None:
    with pytest.raises(MalformedMessage):
        decode_json("[" * 500_000, depth=16)


def test_only_finite_numbers_are_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode_json(math.nan)
