"""Laws of the three-way merge of lines, and a differential test against git."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.formats.diff3 import Hunk, Outcome, merge_lines

LINES = st.lists(st.sampled_from(["", "a", "b", "c", "}"]), max_size=16)


def merged(live: Sequence[str], theirs: Sequence[str], hunks: Sequence[Hunk]) -> list[str]:
    lines: list[str] = []
    at = 0
    for hunk in hunks:
        if hunk.outcome is Outcome.THEIRS:
            lines += [*live[at : hunk.live.start], *theirs[hunk.theirs.start : hunk.theirs.end]]
            at = hunk.live.end
        elif hunk.outcome is Outcome.CONFLICT:
            lines += [*live[at : hunk.live.end], *theirs[hunk.theirs.start : hunk.theirs.end]]
            at = hunk.live.end
    return lines + list(live[at:])


def merge(base: str, live: str, theirs: str) -> str:
    sides = [text.split() for text in (base, live, theirs)]
    return " ".join(merged(sides[1], sides[2], merge_lines(*sides)))


def conflicts(base: Sequence[str], live: Sequence[str], theirs: Sequence[str]) -> list[Hunk]:
    return [hunk for hunk in merge_lines(base, live, theirs) if hunk.outcome is Outcome.CONFLICT]


@given(LINES, LINES)
def test_when_theirs_changed_nothing_live_stays(base: list[str], live: list[str]) -> None:
    assert merged(live, base, merge_lines(base, live, base)) == live


@given(LINES, LINES)
def test_when_live_changed_nothing_theirs_is_taken(base: list[str], theirs: list[str]) -> None:
    assert merged(base, theirs, merge_lines(base, base, theirs)) == theirs


@given(LINES, LINES)
def test_what_both_changed_alike_is_left_alone(base: list[str], both: list[str]) -> None:
    hunks = merge_lines(base, both, list(both))

    assert {hunk.outcome for hunk in hunks} <= {Outcome.SAME, Outcome.LIVE}


@given(LINES, LINES, LINES)
def test_every_line_that_theirs_has_and_base_has_not_is_in_the_result(
    base: list[str], live: list[str], theirs: list[str]
) -> None:
    new = [f"{line}!" for line in theirs]

    assert set(new) <= set(merged(live, new, merge_lines(base, live, new)))


@given(LINES, LINES, LINES)
def test_hunks_ascend_and_stay_within_the_live_lines(base: list[str], live: list[str], theirs: list[str]) -> None:
    at = 0
    for hunk in merge_lines(base, live, theirs):
        assert at <= hunk.live.start <= hunk.live.end <= len(live)
        assert 0 <= hunk.theirs.start <= hunk.theirs.end <= len(theirs)
        at = hunk.live.end


@pytest.mark.parametrize(
    ("base", "live", "theirs", "result"),
    [
        ("a b c", "a b C", "A b c", "A b C"),
        ("a b c", "A b c", "a B c", "A B c"),
        ("a b", "a x b", "a y b", "a x y b"),
        ("a b", "a b x", "a b y", "a b x y"),
        ("a b", "a x z b", "a x y b", "a x z y b"),
        ("a b c", "a c", "a b C", "a C"),
        ("a b c d", "a X d", "a b c D", "a X D"),
        ("a b c d", "a b c", "b c d", "b c"),
        ("a b c d e", "a d e", "a b e", "a e"),
        ("a b c d e", "a c e", "e", "e"),
        ("a b c", "a x c", "a b n c", "a x n c"),
    ],
    ids=[
        "different lines",
        "neighbouring lines",
        "insertions at one place",
        "both appended",
        "insertions that begin alike",
        "deletion beside a change",
        "replacement beside a change",
        "deletions at both ends",
        "deletions that overlap",
        "a deletion within another",
        "insertion behind a changed line",
    ],
)
def test_changes_that_do_not_overlap_are_both_kept(base: str, live: str, theirs: str, result: str) -> None:
    assert merge(base, live, theirs) == result
    assert not conflicts(base.split(), live.split(), theirs.split())


def test_the_same_line_changed_differently_keeps_both_live_first() -> None:
    assert merge("a b c", "a L c", "a T c") == "a L T c"
    assert len(conflicts(list("abc"), list("aLc"), list("aTc"))) == 1


def test_a_line_that_one_changed_and_the_other_deleted_is_a_conflict_that_keeps_the_text() -> None:
    assert merge("a b c", "a L c", "a c") == "a L c"
    assert merge("a b c", "a c", "a T c") == "a T c"
    assert conflicts(list("abc"), list("aLc"), list("ac"))
    assert conflicts(list("abc"), list("ac"), list("aTc"))


def test_only_the_lines_that_differ_are_in_the_conflict() -> None:
    (found,) = conflicts(list("abcd"), list("xyLz"), list("xyTz"))

    assert (found.live.start, found.live.end) == (2, 3)
    assert (found.theirs.start, found.theirs.end) == (2, 3)


@given(LINES, LINES, LINES)
def test_merging_the_same_theirs_again_changes_no_line(base: list[str], live: list[str], theirs: list[str]) -> None:
    distinct = [f"{index}{line}" for index, line in enumerate(theirs)]
    once = merged(live, distinct, merge_lines(base, live, distinct))

    again = merge_lines(distinct, once, distinct)

    assert merged(once, distinct, again) == once


def edited(rng: random.Random, lines: list[str], tag: str) -> list[str]:
    """A copy with a few lines changed, added and removed; what is new is unique."""
    result = list(lines)
    for number in range(rng.randrange(1, 5)):
        at = rng.randrange(len(result))
        match rng.randrange(3):
            case 0:
                result[at] = f"{tag}{number} changed"
            case 1:
                result.insert(at, f"{tag}{number} new")
            case _ if len(result) > 1:
                del result[at]
    return result


@pytest.mark.parametrize("seed", range(300))
def test_random_edits_lose_nothing_new_and_bring_nothing_back(seed: int) -> None:
    rng = random.Random(seed)
    base = [f"line {number}" for number in range(rng.randrange(3, 30))]
    live, theirs = edited(rng, base, "L"), edited(rng, base, "T")

    hunks = merge_lines(base, live, theirs)
    result = merged(live, theirs, hunks)

    assert {line for line in live + theirs if line not in base} <= set(result)
    assert all(result.count(line) == 1 for line in result)
    in_conflict = {
        line for hunk in hunks if hunk.outcome is Outcome.CONFLICT for line in base[hunk.base.start : hunk.base.end]
    }
    deleted = {line for line in base if line not in live or line not in theirs}
    assert not (deleted - in_conflict) & set(result)


def git_merge(folder: Path, *sides: list[str]) -> list[str] | None:
    """What git makes of live, base and theirs; None when it sees a conflict."""
    paths = [folder / name for name in ("live", "base", "theirs")]
    for path, lines in zip(paths, sides, strict=True):
        path.write_text("".join(f"{line}\n" for line in lines))
    done = subprocess.run(["git", "merge-file", "-p", *map(str, paths)], capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else None


def test_where_git_merges_cleanly_the_result_is_the_same(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    clean = 0
    for seed in range(150):
        rng = random.Random(seed)
        base = [f"line {number}" for number in range(rng.randrange(10, 60))]
        live, theirs = edited(rng, base, "L"), edited(rng, base, "T")

        expected = git_merge(tmp_path, live, base, theirs)

        if expected is not None:
            clean += 1
            assert merged(live, theirs, merge_lines(base, live, theirs)) == expected, f"seed {seed}"
    assert clean > 50
