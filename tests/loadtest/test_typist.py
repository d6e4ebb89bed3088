"""The model of a person who types, and the updates that come of it."""

from __future__ import annotations

from random import Random

import pytest
from pycrdt import Doc, Text

from collab.limits import Limits
from collab.protocol.update import check_update
from loadtest.author import Author
from loadtest.reading import read_update
from loadtest.typist import Keystroke, Typist


def type_for(seed: int, keystrokes: int) -> tuple[str, list[Keystroke]]:
    """The text that a person writes, and how."""
    typist, text, cursor, done = Typist(Random(seed)), "", 0, []
    for _ in range(keystrokes):
        stroke = typist.next(len(text), cursor)
        cursor = cursor if stroke.move_to is None else stroke.move_to
        assert 0 <= cursor <= len(text)
        begin = max(0, cursor - stroke.delete)
        text = text[:begin] + stroke.insert + text[cursor:]
        cursor = begin + len(stroke.insert)
        done.append(stroke)
    return text, done


def test_one_seed_is_one_person() -> None:
    assert type_for(3, 500) == type_for(3, 500)
    assert type_for(3, 500) != type_for(4, 500)


@pytest.mark.parametrize("seed", range(5))
def test_people_pause_slip_and_move(seed: int) -> None:
    text, strokes = type_for(seed, 5_000)

    seconds = sum(stroke.after_s for stroke in strokes)
    assert 2 < len(strokes) / seconds < 8
    assert any(stroke.after_s > 3 for stroke in strokes)
    assert 0.01 < sum(1 for stroke in strokes if stroke.delete) / len(strokes) < 0.15
    assert any(stroke.delete > 1 for stroke in strokes)
    assert any(stroke.move_to is not None for stroke in strokes)
    assert {" ", "."} <= set(text)
    assert len(text) > 2_500


def test_an_edit_takes_the_moves_before_it_along() -> None:
    typist = Typist(Random(1))

    edits = [typist.next_edit(200, 100) for _ in range(2_000)]

    assert all(edit.edits for edit in edits)
    assert any(edit.move_to is not None for edit in edits)


@pytest.mark.parametrize("seed", range(3))
def test_updates_without_a_document_make_the_same_text(seed: int) -> None:
    typist, author, text, document = Typist(Random(seed)), Author(77), "", Doc()
    shared = document.get("source", type=Text)
    known: dict[int, int] = {}

    for _ in range(1_500):
        stroke = typist.next_edit(author.length, author.cursor)
        cursor = author.cursor if stroke.move_to is None else stroke.move_to
        begin = max(0, cursor - stroke.delete)
        text = text[:begin] + stroke.insert + text[cursor:]
        written = author.write(stroke)
        checked = check_update(written.update, known, Limits())
        assert checked.complete
        known.update(checked.clocks)
        document.apply_update(written.update)

    assert str(shared) == text
    assert known == {77: author.clock}


def test_people_who_write_at_once_converge() -> None:
    authors = [Author(number) for number in (5, 9, 1)]
    typists = [Typist(Random(number)) for number in range(3)]
    updates = [
        author.write(typist.next_edit(author.length, author.cursor)).update
        for _ in range(200)
        for author, typist in zip(authors, typists, strict=True)
    ]
    forwards, backwards = Doc(), Doc()

    for update in updates:
        forwards.apply_update(update)
    for update in sorted(updates, key=lambda update: read_update(update).inserted):
        backwards.apply_update(update)

    assert str(forwards.get("source", type=Text)) == str(backwards.get("source", type=Text)) != ""


def test_an_edit_is_known_by_its_last_unit_or_by_what_it_deletes() -> None:
    author = Author(4)

    typed = author.write(Keystroke(0, insert="abc"))
    deleted = author.write(Keystroke(0, delete=2))
    replaced = author.write(Keystroke(0, delete=1, insert="x"))

    assert (typed.clock, typed.deletes) == (2, False)
    assert (deleted.clock, deleted.deletes) == (1, True)
    assert (replaced.clock, replaced.deletes) == (3, False)
    assert read_update(deleted.update).deleted == ((4, 1, 3),)
    assert read_update(replaced.update).inserted == ((4, 3, 4),)
