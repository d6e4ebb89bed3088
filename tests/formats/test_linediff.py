"""Laws of the line diff, and the bound on its work."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.formats.linediff import Change, diff_lines

LINES = st.lists(st.sampled_from(["", "a", "b", "c", "}"]), max_size=24)


def patched(a: Sequence[str], b: Sequence[str], changes: Sequence[Change]) -> list[str]:
    lines: list[str] = []
    at = 0
    for change in changes:
        lines += [*a[at : change.a_start], *b[change.b_start : change.b_end]]
        at = change.a_end
    return lines + list(a[at:])


def cost(changes: Sequence[Change]) -> int:
    return sum(change.a_end - change.a_start + change.b_end - change.b_start for change in changes)


@given(LINES, LINES)
def test_the_changes_lead_from_one_to_the_other(a: list[str], b: list[str]) -> None:
    assert patched(a, b, diff_lines(a, b)) == b


@given(LINES, LINES)
def test_no_two_changes_touch(a: list[str], b: list[str]) -> None:
    for first, second in pairwise(diff_lines(a, b)):
        assert first.a_end < second.a_start
        assert first.b_end < second.b_start


@given(LINES)
def test_equal_lines_have_no_changes(lines: list[str]) -> None:
    assert diff_lines(lines, list(lines)) == []


def test_a_repeated_block_that_was_added_is_found_at_its_end() -> None:
    assert diff_lines(["f", "}", "g"], ["f", "}", "f", "}", "g"]) == [Change(2, 2, 2, 4)]


def test_a_moved_line_costs_one_deletion_and_one_insertion() -> None:
    assert cost(diff_lines(["a", "b", "c", "d"], ["b", "c", "d", "a"])) == 2


def test_a_hundred_scattered_changes_of_a_large_file_are_found_exactly() -> None:
    rng = random.Random(7)
    a = [str(rng.randrange(40)) for _ in range(60_000)]
    b = list(a)
    for index in rng.sample(range(0, len(a), 3), 100):
        b[index] = "changed"

    assert cost(diff_lines(a, b)) == 200


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([str(number) for number in range(50_000)], [str(number) for number in reversed(range(50_000))]),
        ([str(number % 2) for number in range(50_000)], [str(number % 3) for number in range(50_000)]),
        (["x"] * 50_000, ["x", "y"] * 25_000),
        ([str(number // 2) for number in range(50_000)], [str(number // 2) for number in reversed(range(50_000))]),
    ],
    ids=["reversed", "periodic", "one line", "pairs reversed"],
)
def test_hostile_input_costs_linear_work_and_still_gives_a_right_answer(a: list[str], b: list[str]) -> None:
    assert patched(a, b, diff_lines(a, b)) == b
