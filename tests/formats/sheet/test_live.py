"""The shared document of docs/sheets.md: what a file becomes, and a fresh one of the same content."""

from __future__ import annotations

import pytest

from collab.document import Document, Kind, taken_back
from collab.errors import FormatError
from collab.formats.sheet.live import read_live
from tests.formats.sheet.files import GRID, LIMITS, SUMS_AND_MORE, Open, format_of, number, ods, row, table

CONTENT = ods(GRID + SUMS_AND_MORE)


def test_a_file_becomes_the_document_that_the_page_describes() -> None:
    decoded = format_of().decode(CONTENT, LIMITS, 7)
    document = Document.from_updates([decoded.update])

    assert decoded.kind is Kind.SHEET
    assert document.read_map("meta")["format"] == "ods"
    assert document.read_map("meta")["schema"] == 1
    assert document.read_array("tabs") == ["s1", "s2"]
    sheet = document.read_map("sheets")["s2"]
    assert sheet["rows"] == ["r1", "r2", "r3", "r4", "r5"]
    assert sheet["cols"] == ["c1", "c2", "c3"]
    assert sheet["base"]["r1"] == {
        "c1": ["n", 1],
        "c2": ["n", 2, "ce1"],
        "c3": ["n", 3, "", [["r1", "c1", 0], "+", ["r1", "c2", 0]]],
    }
    assert sheet["base"]["r5"]["c3"] == ["n", 11, "", [["r1", "c1", 0, "s1"]]]
    assert document.read_map("styles") == {"ce1": {"bold": True}}


def test_many_rows_are_one_item_of_the_array() -> None:
    content = ods(table(row(number(1), ' table:number-rows-repeated="20000"')))

    assert len(format_of().decode(content, LIMITS, 7).update) < 1_000_000
    assert len(Open(content).sheet().rows) == 20_000


def test_a_fresh_document_has_the_same_content_and_nothing_that_was_deleted() -> None:
    opened = Open(CONTENT).put(0, 0, {"v": "secret"}).put(0, 0, {"v": "new"}).delete("rows", 3)
    opened.insert("rows", 1, "k-1").member("looks", "k-1:c1", {"bold": True})

    fresh = opened.format.renew(opened.document, 9)

    assert read_live(fresh) == read_live(opened.document)
    assert b"secret" not in fresh.diff()
    assert opened.format.encode(fresh, CONTENT) == opened.saved()


def test_a_document_with_more_than_the_page_knows_keeps_its_history() -> None:
    opened = Open(CONTENT)
    opened.document.set_map_value("notes", "x", 1)

    with pytest.raises(FormatError):
        opened.format.renew(opened.document, 9)


def test_what_came_from_outside_can_be_taken_back() -> None:
    opened = Open(CONTENT)
    before = opened.document.diff()
    made = opened.document.changed_by(lambda: (opened.put(1, 1, {"v": "theirs"}), opened.delete("rows", 0))[0])

    undone = taken_back([before], made, opened.document.diff(), 99)
    opened.document.apply(undone)

    assert opened.saved() == CONTENT


def test_an_unknown_schema_is_not_saved() -> None:
    opened = Open(CONTENT).put(0, 0, {"v": 1})
    opened.document.set_map_value("meta", "schema", 2)

    with pytest.raises(FormatError) as refused:
        opened.saved()
    assert "Reload" in str(refused.value.public)
