"""Which rows of a file are which live ones is found again after every save, without memory."""

from __future__ import annotations

import pytest

from collab.formats.sheet.align import align
from collab.formats.sheet.live import read_live
from tests.formats.sheet.files import GRID, Open, ods, read

CONTENT = ods(GRID)


def rows_of(opened: Open, stored: bytes) -> list[int | None]:
    return align(read_live(opened.document).sheets[0], read(stored)).rows


def test_rows_of_a_file_that_nobody_saved_go_by_their_ids() -> None:
    opened = Open(CONTENT).delete("rows", 1).insert("rows", 0, "k-1").put(3, 0, {"v": "edited"})

    assert rows_of(opened, CONTENT) == [None, 0, 2, 3, 4]


@pytest.mark.parametrize("edited", [False, True])
def test_rows_of_a_saved_file_are_those_that_it_was_saved_with(edited: bool) -> None:
    opened = Open(CONTENT).delete("rows", 1).insert("rows", 0, "k-1").put(0, 0, {"v": "title"})
    stored = opened.saved()
    if edited:
        opened.put(2, 1, {"v": "later"}).insert("rows", 2, "k-2").delete("rows", 4)

    assert rows_of(opened, stored) == ([0, 1, None, 2, 4] if edited else [0, 1, 2, 3, 4])


def test_rows_that_were_sorted_and_saved_are_found() -> None:
    opened = Open(CONTENT)
    for place in range(5):
        opened.delete("rows", 4).insert("rows", place, f"r{5 - place}")
    stored = opened.saved()
    opened.put(1, 1, {"v": "x"})

    assert [line[0] for line in (opened.sheet().rows,)] == ["r5"]
    assert rows_of(opened, stored) == [0, 1, 2, 3, 4]


def test_rows_behind_the_end_go_on_behind_the_end_of_the_file() -> None:
    opened = Open(CONTENT).insert("rows", 5, "p1").insert("rows", 6, "p2")

    assert rows_of(opened, CONTENT) == [0, 1, 2, 3, 4, 5, 6]


def test_emptied_rows_at_the_end_are_still_those_of_the_file() -> None:
    opened = Open(CONTENT)
    for col in range(3):
        opened.put(4, col, None)
    stored = opened.saved()

    assert read(stored).rows == 4
    assert rows_of(opened, stored) == [0, 1, 2, 3, 4]
    assert opened.format.encode(opened.document, stored) == stored
