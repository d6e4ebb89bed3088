"""Line ends, where a file mixes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collab.formats.lines import line_ends_label, restore_line_ends, unify

MIXED = st.lists(st.sampled_from(["a", "b", "\n", "\r\n", "\r"]), max_size=14).map("".join)
PLAIN = MIXED.map(unify)


@given(MIXED)
def test_an_untouched_text_gets_its_line_ends_back(base: str) -> None:
    assert restore_line_ends(unify(base), base) == base


@given(PLAIN, MIXED)
def test_restored_line_ends_never_join_or_split_lines(text: str, base: str) -> None:
    assert unify(restore_line_ends(text, base)) == text


@given(PLAIN, st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_file_with_one_style_keeps_to_it(text: str, end: str) -> None:
    assert restore_line_ends(text, f"first{end}second") == text.replace("\n", end)


def test_a_lone_carriage_return_before_an_emptied_line_does_not_swallow_it() -> None:
    assert unify(restore_line_ends("a\n\nb", "a\rX\nb")) == "a\n\nb"


def test_the_label_names_the_style() -> None:
    labels = [line_ends_label(text) for text in ("", "a\n", "a\r\n", "a\r", "a\r\nb\n", "\r\r\n")]

    assert labels == ["LF", "LF", "CRLF", "CR", "mixed", "mixed"]
