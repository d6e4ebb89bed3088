"""What somebody changed in the file meanwhile comes into the live workbook, cell by cell, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from collab.formats.base import Merged
from tests.formats.sheet.files import GRID, Open, formula, number, ods, row, table, text, values

BASE = ods(GRID)


def merged(mine: Open, theirs: bytes) -> Merged:
    return mine.format.merge(mine.content, theirs, mine.document, "desk", 5)


def outside(change: Callable[[Open], object], content: bytes = BASE) -> bytes:
    """The file after somebody else changed it."""
    other = Open(content, client_id=99)
    change(other)
    return other.saved()


def shown(opened: Open, theirs: bytes) -> list[list[object]]:
    """What would be stored over their file."""
    return values(opened.format.encode(opened.document, theirs))


def test_a_cell_changed_outside_comes_in_and_a_live_edit_stays() -> None:
    mine = Open(BASE).put(0, 0, {"v": 100})
    theirs = outside(lambda other: other.put(4, 2, {"v": "theirs"}))

    outcome = merged(mine, theirs)

    assert (outcome.changes, outcome.conflicts) == (1, ())
    found = shown(mine, theirs)
    assert found[0] == [100, 12, "t1"]
    assert found[4] == [51, 52, "theirs"]


def test_a_merge_of_what_is_there_already_changes_nothing() -> None:
    mine = Open(BASE).put(4, 2, {"v": "same"})
    theirs = outside(lambda other: other.put(4, 2, {"v": "same"}))
    before = mine.document.state_vector()

    outcome = merged(mine, theirs)

    assert (outcome.changes, outcome.conflicts) == (0, ())
    assert mine.document.state_vector() == before
    assert mine.format.encode(mine.document, theirs) == theirs


def test_a_cell_that_both_changed_keeps_the_live_value_and_notes_the_other() -> None:
    mine = Open(BASE).put(1, 0, {"v": 5})
    theirs = outside(lambda other: other.put(1, 0, {"v": 6}))

    outcome = merged(mine, theirs)

    (conflict,) = outcome.conflicts
    assert (conflict.base, conflict.live, conflict.theirs) == ("21", "5", "6")
    assert values(mine.format.encode(mine.document, theirs))[1][0] == 5
    (note,) = mine.document.map_values("conflicts").values()
    assert isinstance(note, dict)
    assert note["cell"] == "One!A2"


def test_rows_inserted_on_both_sides_stay_both() -> None:
    mine = Open(BASE).insert("rows", 1, "k-1").member("cells", "k-1:c1", {"v": "mine"})
    theirs = outside(lambda other: other.insert("rows", 4, "x-1").member("cells", "x-1:c1", {"v": "theirs"}))

    merged(mine, theirs)

    assert [line[0] for line in shown(mine, theirs)] == [11, "mine", 21, 31, 41, "theirs", 51]


def test_a_row_deleted_outside_goes_unless_somebody_edits_it() -> None:
    theirs = outside(lambda other: other.delete("rows", 1))
    calm, busy = Open(BASE), Open(BASE).put(1, 1, {"v": "kept"})

    merged(calm, theirs)
    outcome = merged(busy, theirs)

    assert [line[0] for line in shown(calm, theirs)] == [11, 31, 41, 51]
    assert [line[1] for line in shown(busy, theirs)] == [12, "kept", 32, 42, 52]
    assert len(outcome.conflicts) == 1


def test_a_column_inserted_outside_does_not_move_what_is_typed_here() -> None:
    mine = Open(BASE).put(2, 1, {"v": "typed"})
    theirs = outside(lambda other: other.insert("cols", 1, "x-1").member("cells", "r1:x-1", {"v": "new"}))

    merged(mine, theirs)

    assert shown(mine, theirs)[2] == [31, None, "typed", "t3"]


def test_formulas_of_both_sides_follow_their_cells() -> None:
    base = ods(table(row(number(1) + formula("[.A1]*2", 2)) + row(number(3) + number(4))))
    mine = Open(base).insert("rows", 0, "k-1").member("cells", "k-1:c1", {"v": "title"})
    theirs = outside(lambda other: other.put(1, 1, {"f": ["SUM(", ["r1", "c1", 0], ":", ["r2", "c1", 0], ")"]}), base)

    merged(mine, theirs)

    found = mine.format.encode(mine.document, theirs)
    assert values(found) == [["title", None], [1, 2], [3, 4]]
    assert Open(found).sheet().base["r3"]["c2"].formula == ["SUM(", ["r2", "c1", 0], ":", ["r3", "c1", 0], ")"]


def test_sheets_added_renamed_and_deleted_outside_come_in() -> None:
    base = ods(GRID + table(row(text("second")), "Two") + table(row(text("third")), "Three"))
    theirs = ods(GRID + table(row(text("second")), "Zwei") + table(row(text("new")), "Four"))
    mine = Open(base)

    merged(mine, theirs)

    assert [mine.sheet(place).name for place in range(3)] == ["One", "Zwei", "Four"]
    assert mine.format.encode(mine.document, theirs) == theirs


@pytest.mark.parametrize("seed", range(8))
def test_a_merge_into_an_untouched_document_gives_the_other_file(seed: int) -> None:
    def change(other: Open) -> None:
        for step in range(3):
            other.put((seed + step) % 5, (seed * step) % 3, {"v": seed * 10 + step})
        if seed % 2:
            other.delete("rows", seed % 4)
        if seed % 3 == 0:
            other.insert("cols", seed % 3, "x-9").member("cells", f"{other.sheet().rows[0]}:x-9", {"v": "col"})

    theirs = outside(change)
    mine = Open(BASE)

    outcome = merged(mine, theirs)

    assert outcome.conflicts == ()
    assert values(mine.format.encode(mine.document, theirs)) == values(theirs)
    assert mine.format.encode(mine.document, theirs) == theirs
