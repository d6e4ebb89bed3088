"""An OpenDocument spreadsheet: what is read of it, and what a save does to its bytes."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from collab.errors import FormatError, LimitExceeded
from collab.formats.sheet.model import Content
from collab.formats.zipped.package import Package
from collab.nested import insert, remove, set_member
from collab.protocol.building import YArray, YMap
from tests.formats.rich.files import part as part_of
from tests.formats.rich.files import zipped
from tests.formats.sheet.files import (
    GRID,
    LIMITS,
    OPEN_FORMULA,
    Open,
    all_cells,
    cell,
    format_of,
    formula,
    number,
    ods,
    part,
    read,
    row,
    table,
    text,
    values,
)

LONG = table(
    row(text("head"))
    + row(number(7, ' table:number-columns-repeated="3"') + "<table:table-cell/>", ' table:number-rows-repeated="50"')
    + row('<table:table-cell table:number-columns-repeated="1024"/>', ' table:number-rows-repeated="1048525"')
)
MERGED = table(
    row(text("wide", ' table:number-columns-spanned="2" table:number-rows-spanned="2"') + "<table:covered-table-cell/>")
    + row("<table:covered-table-cell/>" * 2 + number(5))
    + row(number(1) + number(2) + number(3))
)
SUMS = table(
    row(number(1) + number(2) + formula("[.A1]+[.B1]", 3))
    + row(number(10) + number(20) + formula("SUM([.A$1:.A$3])", 111))
    + row(number(100) + number(200) + formula("[$Two.A1]", 9))
) + table(row(number(9) + formula("SUM([One.A1:.A3])", 111)), "Two")


MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"


def content_of(saved: bytes) -> str:
    return part_of(saved, "content.xml")


def test_an_edit_changes_one_cell_and_no_other_byte() -> None:
    opened = Open(ods(GRID)).put(2, 1, {"v": 5.5})

    saved = opened.saved()

    old, new = content_of(opened.content), content_of(saved)
    assert new == old.replace(
        '<table:table-cell office:value-type="float" office:value="32"><text:p>32</text:p>',
        '<table:table-cell office:value-type="float" office:value="5.5"><text:p>5.5</text:p>',
    )
    before, after = Package.open(opened.content, LIMITS), Package.open(saved, LIMITS)
    assert all(before.raw(name) == after.raw(name) for name in before.members if name != "content.xml")


@pytest.mark.parametrize("value", [{"v": 3}, {"v": "x"}, {"v": True}, {"f": ["1+1"]}, None])
def test_an_edit_that_was_undone_leaves_every_byte(value: object) -> None:
    opened = Open(ods(GRID + SUMS)).put(1, 1, value)

    assert opened.saved() != opened.content
    opened.forget("cells", opened.key(1, 1))

    assert opened.saved() == opened.content


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"v": 12}, ("n", 12)),
        ({"v": -1.5e300}, ("n", -1.5e300)),
        ({"v": "=1+1"}, ("s", "=1+1")),
        ({"v": "two  spaces\tand\n a line <&>"}, ("s", "two  spaces\tand\n a line <&>")),
        ({"v": " at the ends "}, ("s", " at the ends ")),
        ({"v": "\x00gone\x0b"}, ("s", "gone")),
        ({"v": ""}, ("z", None)),
        ({"v": False}, ("b", False)),
        (None, ("z", None)),
    ],
)
def test_what_a_person_types_is_in_the_file(value: object, expected: tuple[str, object]) -> None:
    saved = Open(ods(GRID)).put(0, 0, value).saved()

    assert cell(saved, 0, 0)[:2] == expected
    assert values(saved)[1:] == values(ods(GRID))[1:]


def test_a_repeat_is_split_round_the_cell_and_never_expanded() -> None:
    opened = Open(ods(LONG)).put(20, 1, {"v": "x"})

    saved = opened.saved()

    rows = re.findall(r"<table:table-row.*?>", content_of(saved))
    assert [re.search(r'rows-repeated="(\d+)"', tag) and tag.split('"')[1] for tag in rows] == [
        None,
        "19",
        None,
        "30",
        "1048525",
    ]
    assert values(saved)[20] == [7, "x", 7]
    assert {key: found for key, found in all_cells(saved).items() if key != (0, 20, 1)} == {
        key: found for key, found in all_cells(opened.content).items() if key != (0, 20, 1)
    }


def test_a_value_behind_the_end_goes_into_the_rows_that_the_file_repeats() -> None:
    opened = Open(ods(LONG))
    for place in range(3):
        opened.insert("rows", 51 + place, f"p{place + 1}")
    opened.member("cells", "p3:c2", {"v": 1})

    saved = opened.saved()

    assert read(saved).rows == 54
    assert values(saved)[53] == [None, 1, None]
    assert content_of(saved).count("<table:table-row") == 5
    assert opened.format.encode(opened.document, saved) == saved


def test_a_cell_in_a_merged_range_is_edited_and_stays_merged() -> None:
    saved = Open(ods(MERGED)).put(0, 0, {"v": "new"}).saved()

    assert read(saved).merges == [(0, 0, 1, 1)]
    assert cell(saved, 0, 0).value == "new"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda opened: opened.forget("merges", "r1:c1"), []),
        (lambda opened: opened.member("merges", "r3:c2", "r3:c3"), [(0, 0, 1, 1), (2, 1, 2, 2)]),
        (lambda opened: opened.insert("rows", 0, "k-1"), [(1, 0, 2, 1)]),
        (lambda opened: opened.insert("rows", 1, "k-1"), [(0, 0, 2, 1)]),
        (lambda opened: opened.insert("cols", 1, "k-1"), [(0, 0, 1, 2)]),
        (lambda opened: opened.delete("rows", 2), [(0, 0, 1, 1)]),
        (lambda opened: opened.delete("rows", 1), []),
    ],
)
def test_merged_ranges_go_with_their_rows_and_columns(change: Callable[[Open], object], expected: object) -> None:
    opened = Open(ods(MERGED))
    change(opened)

    saved = opened.saved()

    assert read(saved).merges == expected
    assert opened.format.encode(opened.document, saved) == saved


def formulas(content: bytes) -> list[str]:
    return re.findall(r'table:formula="([^"]*)"', content_of(content))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda opened: opened.insert("rows", 1, "k-1"),
            ["of:=[.A1]+[.B1]", "of:=SUM([.A$1:.A$4])", "of:=[$Two.A1]", "of:=SUM([$One.A1:.A4])"],
        ),
        (
            lambda opened: opened.delete("rows", 2),
            ["of:=[.A1]+[.B1]", "of:=SUM([.A$1:.A$2])", "of:=SUM([$One.A1:.A2])"],
        ),
        (
            lambda opened: opened.delete("cols", 1),
            ["of:=[.A1]+#REF!", "of:=SUM([.A$1:.A$3])", "of:=[$Two.A1]", "of:=SUM([One.A1:.A3])"],
        ),
        (
            lambda opened: opened.insert("cols", 0, "k-1"),
            ["of:=[.B1]+[.C1]", "of:=SUM([.B$1:.B$3])", "of:=[$Two.A1]", "of:=SUM([$One.B1:.B3])"],
        ),
    ],
)
def test_formulas_follow_when_rows_and_columns_move(change: Callable[[Open], object], expected: list[str]) -> None:
    opened = Open(ods(SUMS))
    change(opened)

    assert formulas(opened.saved()) == expected


def test_a_formula_that_depends_on_an_edit_gets_a_new_value_and_no_other_one() -> None:
    saved = Open(ods(SUMS)).put(0, 0, {"v": 2}).saved()

    assert [found[2] for found in values(saved)] == [4, 112, 9]
    assert values(saved, 1) == [[9, 112]]


def test_a_new_formula_is_written_with_its_value() -> None:
    saved = Open(ods(SUMS)).put(2, 1, {"f": ["SUM(", ["r1", "c1", 0], ":", ["r3", "c1", 3], ")*2"]}).saved()

    assert "of:=SUM([.A1:.$A$3])*2" in formulas(saved)
    assert values(saved)[2][1] == 222


def test_a_formula_declares_its_prefix_where_the_file_does_not() -> None:
    old = zipped({"mimetype": MIMETYPE, "content.xml": part(GRID).replace(OPEN_FORMULA, "")})
    opened = Open(old).put(0, 2, {"f": ["SUM(", ["r1", "c1", 0], ":", ["r2", "c1", 0], ")"]})

    saved = content_of(opened.saved())

    assert re.search(rf'<table:table-cell[^>]*{re.escape(OPEN_FORMULA)}[^>]* table:formula="of:=SUM', saved)
    assert saved.count(OPEN_FORMULA) == 1


def test_a_formula_that_is_not_read_stays_and_keeps_the_rows_where_they_are() -> None:
    opened = Open(ods(table(row(number(1, ' table:formula="foo:=[.A1:B2"')) + row(number(2)))))
    opened.put(1, 0, {"v": 3})

    assert formulas(opened.saved()) == ["foo:=[.A1:B2"]
    opened.insert("rows", 0, "k-1")
    with pytest.raises(FormatError) as refused:
        opened.saved()
    assert "not understood" in str(refused.value.public)


def test_a_sheet_that_something_else_names_keeps_its_rows() -> None:
    names = (
        '<table:named-expressions><table:named-range table:name="n" table:cell-range-address="$One.$A$1:.$B$2"/>'
        "</table:named-expressions>"
    )
    opened = Open(ods(GRID + table(row(number(1)), "Two") + names))

    assert (opened.sheet(0).locked, opened.sheet(1).locked) == ("names", "")
    opened.insert("rows", 0, "k-1")
    with pytest.raises(FormatError) as refused:
        opened.saved()
    assert "One" in str(refused.value.public)


def test_print_ranges_move_with_their_rows() -> None:
    content = ods(GRID.replace('table:name="One"', 'table:name="One" table:print-ranges="One.A1:One.C4 One.A5:One.A5"'))
    opened = Open(content).delete("rows", 4).insert("rows", 2, "k-1")

    assert 'table:print-ranges="One.A1:One.C5"' in content_of(opened.saved())


def test_a_moved_row_takes_all_of_itself_along() -> None:
    marked = GRID.replace("<table:table-row>", '<table:table-row table:style-name="ro1">', 1)
    opened = Open(ods(marked)).delete("rows", 0).insert("rows", 3, "r1")

    saved = opened.saved()

    assert [line[0] for line in values(saved)] == [21, 31, 41, 11, 51]
    assert read(saved).row_sizes == {3: pytest.approx(18.9, abs=0.1)}
    assert opened.format.encode(opened.document, saved) == saved


@pytest.mark.parametrize(
    "look",
    [
        {"bold": True},
        {"italic": True, "underline": True, "strike": True, "color": "#ff0000", "fill": "#00ff00"},
        {"align": "right", "valign": "middle", "wrap": True, "size": 14, "font": "DejaVu Sans"},
        {"format": "0.00"},
        {"format": "#,##0.00 €;[Red]-#,##0.00 €"},
        {"format": "yyyy-mm-dd"},
        {"format": "[h]:mm:ss"},
        {"format": "0.0%"},
        {"format": "0.00E+00"},
        {"format": "@"},
    ],
)
def test_a_new_look_is_a_style_of_the_file_and_read_again(look: dict[str, object]) -> None:
    opened = Open(ods(GRID)).member("looks", "r2:c1", look)

    saved = opened.saved()

    found = Open(saved)
    assert found.document.read_map("styles")[cell(saved, 1, 0).style] == look
    assert values(saved) == values(opened.content)
    assert opened.format.encode(opened.document, saved) == saved
    assert opened.forget("looks", "r2:c1").saved() == opened.content


def test_a_look_goes_over_the_one_of_the_file_and_can_take_it_away() -> None:
    content = ods(table(row(number(1, ' table:style-name="ce1"') + number(2, ' table:style-name="ce1"'))))
    opened = Open(content).member("looks", "r1:c1", {"italic": True}).member("looks", "r1:c2", {"bold": None})

    saved = opened.saved()

    styles = Open(saved).document.read_map("styles")
    assert styles[cell(saved, 0, 0).style] == {"bold": True, "italic": True}
    assert styles.get(cell(saved, 0, 1).style, {}) == {}


def test_a_date_is_a_number_with_a_look_and_written_as_a_date() -> None:
    cells = '<table:table-cell table:style-name="ce2" office:value-type="date" office:date-value="1850-03-01"/>'
    opened = Open(ods(table(row(cells))))

    assert opened.sheet().content("r1", "c1") == Content("n", -18201)
    assert opened.document.read_map("styles") == {"ce2": {"format": "yyyy-mm-dd"}}
    saved = opened.put(0, 0, {"v": 45000.25}).saved()
    assert 'office:date-value="2023-03-15T06:00:00"' in content_of(saved)


def test_sizes_and_what_is_hidden_are_written() -> None:
    opened = Open(ods(GRID)).member("sizes", "r:r2", 40).member("sizes", "c:c2", 120)
    opened.member("hides", "r:r3", True).member("hides", "c:c1", True)

    saved = opened.saved()

    found = read(saved)
    assert (round(found.row_sizes[1]), round(found.col_sizes[1])) == (40, 120)
    assert (found.hidden_rows, found.hidden_cols) == ({2}, {0})
    assert opened.format.encode(opened.document, saved) == saved


def test_sheets_are_added_renamed_moved_and_deleted() -> None:
    opened = Open(ods(SUMS + table(row(text("third")), "Three")))
    fresh = {"name": "New", "rows": ["a", "b"], "cols": ["x"], "cells": {"b:x": {"f": [["r1", "c1", 0, "s1"], "*3"]}}}
    _add_sheet(opened, "n-1", fresh)
    _tabs(opened, ["s2", "n-1", "s1"])
    _rename(opened, "s1", "It's one")

    saved = opened.saved()

    names = [sheet.name for sheet in Open(saved).format._opened(saved, LIMITS).book.sheets]
    assert names == ["Two", "New", "It's one"]
    assert "of:=[$'It''s one'.A1]*3" in formulas(saved).__str__().replace("&apos;", "'").replace("\\'", "'")
    assert values(saved, 1) == [[None], [3]]
    assert opened.format.encode(opened.document, saved) == saved


def _add_sheet(opened: Open, name: str, sheet: dict[str, object]) -> None:
    rows, cols, cells = (sheet[key] for key in ("rows", "cols", "cells"))
    shared = {"name": sheet["name"], "rows": YArray(rows), "cols": YArray(cols), "cells": YMap(cells)}  # type: ignore[arg-type]
    set_member(opened.document, ("sheets",), name, YMap(shared))


def _tabs(opened: Open, wanted: list[str]) -> None:
    for _ in opened.document.read_array("tabs"):
        remove(opened.document, ("tabs",), 0)
    for place, name in enumerate(wanted):
        insert(opened.document, ("tabs",), place, name)


def _rename(opened: Open, sheet: str, name: str) -> None:
    set_member(opened.document, ("sheets", sheet), "name", name)


def test_a_flat_file_is_saved_flat() -> None:
    content = part(GRID).encode()
    opened = Open(content).put(0, 0, {"v": 1})

    assert opened.saved() == content.replace(b'office:value="11"><text:p>11<', b'office:value="1"><text:p>1<')


def test_comments_are_read_and_survive_an_edit_of_their_cell() -> None:
    note = "<office:annotation><dc:creator>Ada</dc:creator><text:p>why?</text:p></office:annotation>"
    opened = Open(ods(table(row(number(1).replace("<text:p>", note + "<text:p>")))))

    assert opened.document.read_map("sheets")["s1"]["comments"] == {
        "r1:c1": {"author": "Ada", "text": "why?", "at": ""}
    }
    assert note in content_of(opened.put(0, 0, {"v": 2}).saved())


def test_a_part_of_an_array_formula_is_not_changed_alone() -> None:
    matrix = ' table:number-matrix-columns-spanned="1" table:number-matrix-rows-spanned="2"'
    opened = Open(ods(table(row(formula("[.B1:.B2]*2", 2, matrix) + number(1)) + row(number(4) + number(2)))))

    with pytest.raises(FormatError) as refused:
        opened.put(1, 0, {"v": 3}).saved()
    assert "array" in str(refused.value.public)


# -- bad input --


@pytest.mark.parametrize(
    ("tables", "limit"),
    [
        (table(row(number(1), ' table:number-rows-repeated="1000000"')), "sheet_rows"),
        (table(row(number(1, ' table:number-columns-repeated="1000000"'))), "sheet_columns"),
        (
            table(row(number(1, ' table:number-columns-repeated="9000"'), ' table:number-rows-repeated="90000"')),
            "sheet_cells",
        ),
        (GRID.replace('table:name="One"', "") * 1001, "sheets"),
    ],
)
def test_what_is_too_large_is_refused_by_a_limit(tables: str, limit: str) -> None:
    with pytest.raises(LimitExceeded) as refused:
        format_of().decode(ods(tables), LIMITS, 7)

    assert refused.value.limit == limit


def test_the_empty_end_of_a_sheet_costs_nothing() -> None:
    end = row('<table:table-cell table:number-columns-repeated="16384"/>', ' table:number-rows-repeated="1048570"')

    opened = Open(ods(GRID.replace("</table:table>", end + "</table:table>")))

    assert (len(opened.sheet().rows), len(opened.sheet().cols)) == (5, 3)


def test_an_encrypted_file_says_so() -> None:
    content = zipped({"content.xml": part(GRID), "META-INF/manifest.xml": "<m><encryption-data/></m>"})

    with pytest.raises(FormatError) as refused:
        format_of().decode(content, LIMITS, 7)
    assert "password" in str(refused.value.public)


def test_values_that_nobody_should_write_are_left_out() -> None:
    opened = Open(ods(GRID))
    for key, value in {"r1:c1": {"v": [1]}, "nonsense": {"v": 1}, "r9:c1": {"v": 5}, "r1:c2": {"f": "=1"}}.items():
        opened.member("cells", key, value)
    opened.member("looks", "r1:c1", {"color": "red;x", "size": 1e9, "bold": "yes"}).member("merges", "r1:c1", "r0:c0")

    assert opened.saved() == opened.content


def test_rows_that_are_there_twice_count_once() -> None:
    opened = Open(ods(GRID)).insert("rows", 4, "r1").insert("rows", 0, "r3")

    assert [line[0] for line in values(opened.saved())] == [31, 11, 21, 41, 51]
