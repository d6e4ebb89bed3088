"""What crosses the pipe: values come back as they went in, and nonsense is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.document import Kind, Splice
from collab.errors import CollabError, FormatError, InternalError, LimitExceeded, MalformedMessage
from collab.formats.base import Decoded
from collab.formats.text_merge import Plan, PlannedConflict
from collab.protocol.update import Checked
from collab.sandbox import wire

NUMBER = st.integers(0, 2**53)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
SPLICE = st.builds(Splice, NUMBER, NUMBER, TEXT)
CONFLICT = st.builds(PlannedConflict, TEXT, TEXT, TEXT, NUMBER, NUMBER, NUMBER)
PLAN = st.builds(
    Plan, st.just("live"), st.lists(SPLICE).map(tuple), st.lists(CONFLICT, max_size=4).map(tuple), st.integers(0, 9)
)
FIELDS = st.lists(st.binary(max_size=20), max_size=6)


@given(FIELDS)
def test_a_frame_gives_its_fields_back(fields: list[bytes]) -> None:
    frame = wire.pack(fields)

    assert wire.LENGTH.unpack_from(frame)[0] == len(frame) - wire.LENGTH.size
    assert wire.unpack(frame[wire.LENGTH.size :]) == fields


@given(PLAN)
def test_a_plan_comes_back_equal(plan: Plan) -> None:
    assert wire.unpack_plan(wire.pack_plan(plan), "live") == plan


@given(st.binary(), st.dictionaries(TEXT, TEXT, max_size=3))
def test_a_decoded_file_comes_back_equal(update: bytes, facts: dict[str, str]) -> None:
    decoded = Decoded(update, Kind.TEXT, facts)

    assert wire.unpack_decoded(wire.pack_decoded(decoded)) == decoded


@given(st.none() | st.just(b"all") | st.just(b"part"), st.booleans(), st.dictionaries(NUMBER, NUMBER), NUMBER)
def test_a_verdict_comes_back_equal(kept: bytes | None, complete: bool, clocks: dict[int, int], structs: int) -> None:
    checked = Checked(kept, complete, clocks, structs)

    assert wire.unpack_checked(wire.pack_checked(checked, b"all"), b"all") == checked


@pytest.mark.parametrize(
    "error",
    [
        LimitExceeded("update_depth", "too deep"),
        FormatError("detail", public="A sentence."),
        MalformedMessage("detail"),
    ],
)
def test_an_error_comes_back_as_itself(error: CollabError) -> None:
    back = wire.unpack_error(wire.pack_error(error))

    assert (type(back), str(back), back.public) == (type(error), str(error), error.public)
    assert getattr(back, "limit", None) == getattr(error, "limit", None)


def test_any_other_error_of_a_child_is_our_bug() -> None:
    assert isinstance(wire.unpack_error(wire.pack_error(CollabError("odd"))), InternalError)
    assert isinstance(wire.unpack_error([b"?"]), InternalError)


@given(st.binary(max_size=60))
def test_nonsense_is_refused_as_such(payload: bytes) -> None:
    with contextlib.suppress(wire.WireError):
        fields = wire.unpack(payload)
        for unpack in (wire.unpack_decoded, wire.single):
            with contextlib.suppress(wire.WireError):
                unpack(fields)
        with contextlib.suppress(wire.WireError):
            wire.unpack_checked(fields, b"")
        wire.unpack_plan(fields, "")
