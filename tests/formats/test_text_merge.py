"""The storage as a peer: what a changed file does to the live text, and what is noted for people."""

from __future__ import annotations

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.document import CONFLICTS, Document, Splice
from collab.errors import FormatError
from collab.formats.base import Merged
from collab.formats.text import TextFormat
from collab.formats.text_merge import apply_plan, plan_text_merge

FORMAT = TextFormat()
TEXT = st.lists(st.sampled_from(["", "a", "b", "c", "ü", "😀x"]), max_size=8).map("\n".join)


def live_document(text: str) -> Document:
    document = Document(5)
    document.edit_text([Splice(0, 0, text)])
    return document


def merge(base: str, theirs: str, document: Document) -> tuple[Merged, bytes]:
    results: list[Merged] = []
    update = document.changed_by(
        lambda: results.append(FORMAT.merge(base.encode(), theirs.encode(), document, "storage", 17))
    )
    return results[0], update


def merged_text(base: str, theirs: str, live: str) -> str:
    document = live_document(live)
    merge(base, theirs, document)
    return document.text()


def place(document: Document, encoded: object) -> int:
    """Where a relative position is now, in characters."""
    assert isinstance(encoded, bytes | bytearray)
    twin: pycrdt.Doc = pycrdt.Doc()
    twin.apply_update(document.diff())
    text = twin.get("source", type=pycrdt.Text)
    index = pycrdt.StickyIndex.decode(bytes(encoded), text).get_index()
    return len(str(text).encode()[:index].decode())


@given(TEXT, TEXT)
def test_an_unchanged_file_changes_nothing(base: str, live: str) -> None:
    document = live_document(live)

    assert merge(base, base, document) == (Merged(0), b"")


@given(TEXT, TEXT)
def test_an_untouched_document_becomes_the_file(base: str, theirs: str) -> None:
    assert merged_text(base, theirs, base) == theirs


@given(TEXT, TEXT)
def test_what_is_already_there_changes_nothing(base: str, theirs: str) -> None:
    document = live_document(theirs)

    assert merge(base, theirs, document) == (Merged(0), b"")


@given(TEXT, TEXT, TEXT)
def test_merging_again_from_the_new_base_changes_nothing(base: str, theirs: str, live: str) -> None:
    document = live_document(live)
    merge(base, theirs, document)

    assert merge(theirs, theirs, document) == (Merged(0), b"")


@given(TEXT, TEXT, TEXT)
def test_a_merge_is_one_transaction(base: str, theirs: str, live: str) -> None:
    document = live_document(live)
    before = document.state_vector()
    twin = Document.from_updates([document.diff()])
    made: list[bytes] = []
    document._doc.observe(lambda event: made.append(event.update))

    FORMAT.merge(base.encode(), theirs.encode(), document, "storage", 17)

    assert len([update for update in made if update != b"\x00\x00"]) <= 1
    twin.apply(document.diff(before))
    assert twin.text() == document.text()


@given(TEXT, TEXT, TEXT)
def test_new_text_of_both_sides_is_in_the_result(base: str, theirs: str, live: str) -> None:
    result = merged_text(base, theirs.replace("a", "THEIRS"), live.replace("a", "LIVE"))

    assert "THEIRS" in result or "a" not in theirs
    assert "LIVE" in result or "a" not in live


@pytest.mark.parametrize(
    ("base", "theirs", "live", "result"),
    [
        ("title\none\ntwo\n", "Title\none\ntwo\n", "title\none\nTwo\n", "Title\none\nTwo\n"),
        ("a\n", "a\nt\n", "a\nl\n", "a\nl\nt\n"),
        ("a", "a\nt", "a\n", "a\nt\n"),
        ("a", "a\nt", "a\nl\n", "a\nl\nt\n"),
        ("a\nb\n", "a\n", "A\nb\n", "A\n"),
        ("a\nb", "a", "A\nb", "A"),
        ("", "t", "l", "l\nt"),
        ("a\n", "", "a\n", ""),
        ("ü\n😀\n", "ü\n😀!\n", "Ü\n😀\n", "Ü\n😀!\n"),
        ("a\nb\nc", "a\nc", "a\nb\nC", "a\nC"),
    ],
)
def test_changes_of_both_sides_come_together(base: str, theirs: str, live: str, result: str) -> None:
    document = live_document(live)
    outcome, _ = merge(base, theirs, document)

    assert document.text() == result
    assert not outcome.conflicts


def test_one_changed_word_touches_no_other_character() -> None:
    plan = plan_text_merge("one two three\nx\n", "one TWO three\nx\n", "one two three\nX\n")

    assert plan.splices == (Splice(4, 3, "TWO"),)


def test_the_same_line_changed_twice_keeps_both_texts_and_notes_where() -> None:
    document = live_document("a\nlive\nc\n")
    outcome, _ = merge("a\nold\nc\n", "a\ntheirs\nc\n", document)

    (conflict,) = outcome.conflicts
    entry = document.map_value(CONFLICTS, conflict.conflict_id)
    assert document.text() == "a\nlive\ntheirs\nc\n"
    assert isinstance(entry, dict)
    assert (entry["base"], entry["live"], entry["theirs"]) == ("old\n", "live\n", "theirs\n")
    assert (entry["source"], entry["at_ms"]) == ("storage", 17)
    assert [place(document, entry[name]) for name in ("start", "middle", "end")] == [2, 7, 14]


def test_the_place_of_a_conflict_moves_with_the_text() -> None:
    document = live_document("a\nlive\nc\n")
    outcome, _ = merge("a\nold\nc\n", "a\ntheirs\nc\n", document)
    document.edit_text([Splice(0, 0, "new\n"), Splice(14, 0, "behind\n")])

    entry = document.map_value(CONFLICTS, outcome.conflicts[0].conflict_id)

    assert isinstance(entry, dict)
    assert (place(document, entry["start"]), place(document, entry["end"])) == (6, 18)


@pytest.mark.parametrize(
    ("base", "theirs", "live"),
    [
        ("a\nold\nc\n", "a\ntheirs\nc\n", "a\nlive\nc\n"),
        ("a\nold", "a\ntheirs", "a\nlive"),
        ("old", "theirs", "live"),
        ("a\nold\nc", "a\nc", "a\nlive\nc"),
        ("a\nold", "a", "a\nlive"),
        ("a\nold\nc", "a\ntheirs\nc", "a\nc"),
        ("old\nz\n", "theirs\nz\n", "live 1\nlive 2\nz\n"),
    ],
    ids=["inside", "last line", "only line", "theirs deleted", "theirs deleted the last", "live deleted", "first"],
)
def test_replacing_the_place_by_either_text_keeps_exactly_that_side(base: str, theirs: str, live: str) -> None:
    for name, expected in (("live", live), ("theirs", theirs)):
        document = live_document(live)
        outcome, _ = merge(base, theirs, document)
        entry = document.map_value(CONFLICTS, outcome.conflicts[0].conflict_id)
        assert isinstance(entry, dict)
        start, end = place(document, entry["start"]), place(document, entry["end"])

        document.edit_text([Splice(start, end - start, str(entry[name]))])

        assert document.text() == expected


def test_a_conflict_is_noted_once_even_when_the_merge_runs_again() -> None:
    for theirs in ("a\ntheirs\nc\n", "a\nc\n"):
        document = live_document("a\nlive\nc\n")
        merge("a\nold\nc\n", theirs, document)

        assert merge("a\nold\nc\n", theirs, document) == (Merged(0), b"")


def test_conflict_ids_come_from_the_content() -> None:
    first, second = live_document("live"), live_document("live")

    assert merge("old", "theirs", first)[0] == merge("old", "theirs", second)[0]


def test_a_file_that_only_changed_its_charset_or_line_ends_changes_nothing() -> None:
    document = live_document("schön\nb\n")
    base = "schön\nb\n".encode()

    for theirs in ("schön\r\nb\r\n".encode(), "schön\nb\n".encode("utf-16"), "\ufeffschön\nb\n".encode()):
        assert FORMAT.merge(base, theirs, document, "storage", 17) == Merged(0)
        assert FORMAT.encode(document, theirs) == theirs


def test_a_file_that_became_binary_leaves_the_document_alone() -> None:
    document = live_document("a\n")

    with pytest.raises(FormatError):
        FORMAT.merge(b"a\n", b"\x00\x01", document, "storage", 17)

    assert document.text() == "a\n"


def test_a_plan_for_another_text_is_not_applied() -> None:
    plan = plan_text_merge("a\n", "a\nb\n", "a\n")
    document = live_document("A\n")

    assert apply_plan(plan, document, "storage", 17) is None
    assert document.text() == "A\n"
