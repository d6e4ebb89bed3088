"""Workbooks are read as they are shown, and an edit changes its cell and nothing else."""

from __future__ import annotations

import pycrdt
import pytest

from collab.errors import FormatError
from tests.formats.sheet.live import LIMITS, edit_sheet, opened, put, reopened, sheet_format
from tests.formats.sheet.workbooks import MAIN, changed_parts, part, relations_part, workbook, worksheet

FORMAT = sheet_format("xlsx")
SHEET = "xl/worksheets/sheet1.xml"
ROWS = (
    '<row r="1" spans="1:3"><c r="A1" t="s"><v>0</v></c><c r="B1" s="1"><v>1.5</v></c>'
    '<c r="C1" t="b"><v>1</v></c></row>'
    '<row r="2"><c r="A2" t="str"><f>A1&amp;"x"</f><v>rich textx</v></c><c r="B2"><f>B1*2</f><v>3</v></c>'
    '<c r="C2" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
    '<row r="5" ht="30" customHeight="1"><c r="A5" s="2"><v>43831</v></c>'
    '<c r="C5" t="inlineStr"><is><t>in</t></is></c></row>'
)
STRINGS = "<si><r><t>rich </t></r><r><rPr><b/></rPr><t>text</t></r><rPh><t>no</t></rPh></si><si><t>a_x000D_b</t></si>"


def book(rows: str = ROWS, **more: str) -> bytes:
    return workbook({"One": worksheet(rows, more.pop("before", ""), more.pop("after", ""))}, strings=STRINGS, **more)  # type: ignore[arg-type]


def saved(content: bytes, key: str, value: object, root: str = "cells") -> bytes:
    document = opened(content, "xlsx")
    put(document, key, value, root=root)
    return FORMAT.encode(document, content)


def test_cells_of_all_types_are_read() -> None:
    base = reopened(book(), "xlsx")["s1"]["base"]

    assert base["r1"] == {"c1": ["s", "rich text"], "c2": ["n", 1.5, "x1"], "c3": ["b", True]}
    assert base["r2"]["c1"] == ["s", "rich textx", "", [["r1", "c1", 0], '&"x"']]
    assert base["r2"]["c3"] == ["e", "#DIV/0!", "", ["1/0"]]
    assert base["r5"] == {"c1": ["n", 43831, "x2"], "c3": ["s", "in"]}


def test_looks_sizes_merges_and_panes_are_read() -> None:
    before = (
        '<sheetViews><sheetView workbookViewId="0"><pane xSplit="1" ySplit="2" topLeftCell="B3" state="frozen"/>'
        '</sheetView></sheetViews><cols><col min="2" max="2" width="20" hidden="1"/></cols>'
    )
    content = book(before=before, after='<mergeCells count="1"><mergeCell ref="A7:B8"/></mergeCells>')
    document = opened(content, "xlsx")
    sheet = document.read_map("sheets")["s1"]

    assert document.read_map("styles")["x1"] == {"bold": True, "color": "#ff0000"}
    assert document.read_map("styles")["x2"] == {"format": "m/d/yyyy"}
    assert sheet["frozen"] == {"rows": 2, "cols": 1}
    assert sheet["sizes"] == {"r:r5": 40, "c:c2": 140}
    assert sheet["hides"] == {"c:c2": True}
    assert sheet["merges"] == {"r7:c1": "r8:c2"}
    assert len(sheet["rows"]) == 8


@pytest.mark.parametrize(
    ("key", "value", "written"),
    [
        ("r1:c2", {"v": 2}, '<c r="B1" s="1"><v>2</v></c>'),
        ("r1:c1", {"v": " a<b "}, '<c r="A1" t="inlineStr"><is><t xml:space="preserve"> a&lt;b </t></is></c>'),
        ("r1:c1", {"v": "=1+1"}, '<c r="A1" t="inlineStr"><is><t xml:space="preserve">=1+1</t></is></c>'),
        ("r1:c1", {"v": False}, '<c r="A1" t="b"><v>0</v></c>'),
        ("r1:c3", {"f": [["r1", "c2", 0], "+1"]}, '<c r="C1"><f>B1+1</f><v>2.5</v></c>'),
        ("r1:c3", {"f": ['"a"&"b"']}, '<c r="C1" t="str"><f>"a"&amp;"b"</f><v>ab</v></c>'),
        ("r1:c2", None, '<c r="B1" s="1"/>'),
        ("r5:c2", {"v": 7}, '<c r="A5" s="2"><v>43831</v></c><c r="B5"><v>7</v></c><c r="C5"'),
        ("r5:c1", {"v": 43832}, '<c r="A5" s="2"><v>43832</v></c>'),
        ("r3:c1", {"v": 7}, '</row><row r="3"><c r="A3"><v>7</v></c></row><row r="5"'),
    ],
)
def test_an_edit_replaces_its_cell(key: str, value: object, written: str) -> None:
    content = book()

    after = saved(content, key, value)

    assert written in part(after, SHEET)
    assert changed_parts(content, after) == {SHEET}


def test_an_edit_and_its_undo_leave_the_bytes_alone() -> None:
    content = book()
    document = opened(content, "xlsx")

    assert FORMAT.encode(document, content) == content
    put(document, "r1:c2", {"v": 9})
    put(document, "r1:c2", ...)
    assert FORMAT.encode(document, content) == content


def test_dependents_of_an_edit_get_their_new_value_and_no_other_cell_changes() -> None:
    content = book()

    after = part(saved(content, "r1:c2", {"v": 4}), SHEET)

    expected = (
        part(content, SHEET).replace('s="1"><v>1.5</v>', 's="1"><v>4</v>').replace("</f><v>3</v>", "</f><v>8</v>")
    )
    assert after == expected


def test_a_value_that_nobody_can_compute_goes_and_the_office_is_told_to_compute() -> None:
    content = book(ROWS.replace("B1*2", "CUBEVALUE(B1)"))

    after = saved(content, "r1:c2", {"v": 4})

    assert '<c r="B2"><f>CUBEVALUE(B1)</f></c>' in part(after, SHEET)
    assert '<calcPr fullCalcOnLoad="1"/>' in part(after, "xl/workbook.xml")


def test_spans_and_dimension_grow() -> None:
    content = book(before='<dimension ref="A1:C5"/>')
    document = opened(content, "xlsx")

    def beyond(shared: object) -> None:
        shared["cols"].extend(["p1", "p2"])  # type: ignore[index]
        shared["cells"]["r1:p2"] = {"v": 1}  # type: ignore[index]

    edit_sheet(document, "s1", beyond)
    after = part(FORMAT.encode(document, content), SHEET)

    assert '<row r="1" spans="1:5">' in after
    assert '<dimension ref="A1:E5"/>' in after
    assert '<c r="E1"><v>1</v></c></row>' in after


def test_a_prefix_is_kept_and_cells_without_a_place_stay_where_they_are() -> None:
    rows = "<row><c><v>1</v></c><c><v>2</v></c></row><row/>"
    prefixed = worksheet(rows).replace("<", "<x:").replace("<x:/", "</x:").replace('xmlns="', 'xmlns:x="')
    content = workbook({"One": prefixed})
    document = opened(content, "xlsx")

    put(document, "r1:c1", None)
    after = FORMAT.encode(document, content)

    assert '<x:row><x:c r="A1"/><x:c><x:v>2</x:v></x:c></x:row>' in part(after, SHEET)


# -- formulas --

SHARED = (
    '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f t="shared" ref="B1:B3" si="0">A1*$A$1</f><v>1</v></c></row>'
    '<row r="2"><c r="A2"><v>2</v></c><c r="B2"><f t="shared" si="0"/><v>2</v></c></row>'
    '<row r="3"><c r="A3"><v>3</v></c><c r="B3"><f t="shared" si="0"/><v>3</v></c></row>'
)


def test_shared_formulas_are_read_in_every_cell() -> None:
    base = reopened(book(SHARED), "xlsx")["s1"]["base"]

    assert base["r3"]["c2"][3] == [["r3", "c1", 0], "*", ["r1", "c1", 3]]


def test_the_next_cell_takes_a_shared_formula_over() -> None:
    content = book(SHARED)

    after = saved(content, "r1:c2", {"v": 5})

    assert '<c r="B1"><v>5</v></c>' in part(after, SHEET)
    assert '<c r="B2"><f t="shared" ref="B2:B3" si="0">A2*$A$1</f><v>2</v></c>' in part(after, SHEET)
    base = reopened(after, "xlsx")["s1"]["base"]
    assert base["r3"]["c2"][3] == [["r3", "c1", 0], "*", ["r1", "c1", 3]]


def test_a_new_value_and_a_shared_formula_go_into_one_cell() -> None:
    content = book(SHARED)
    document = opened(content, "xlsx")

    put(document, "r1:c2", {"v": 5})
    put(document, "r2:c1", {"v": 20})
    after = part(FORMAT.encode(document, content), SHEET)

    assert '<c r="B2"><f t="shared" ref="B2:B3" si="0">A2*$A$1</f><v>20</v></c>' in after


def test_part_of_an_array_is_not_changed_and_the_rest_is() -> None:
    rows = (
        '<row r="1"><c r="A1"><f t="array" ref="A1:A2">B1:B2*2</f><v>1</v></c><c r="B1"><v>1</v></c></row>'
        '<row r="2"><c r="A2"><v>2</v></c><c r="B2"><v>1</v></c></row>'
    )
    content = book(rows)

    with pytest.raises(FormatError) as refused:
        saved(content, "r2:c1", {"v": 1})
    assert "array" in refused.value.public
    assert '<c r="B2"><v>3</v></c>' in part(saved(content, "r2:c2", {"v": 3}), SHEET)


def test_what_is_not_understood_is_shown_as_text_and_kept() -> None:
    content = book('<row r="1"><c r="A1"><f>[1]Other!A1</f><v>1</v></c><c r="B1"><v>1</v></c></row>')

    assert reopened(content, "xlsx")["s1"]["base"]["r1"]["c1"][3] == ["\0[1]Other!A1"]
    assert "<f>[1]Other!A1</f><v>1</v>" in part(saved(content, "r1:c2", {"v": 3}), SHEET)


CHAIN = '<c r="B2" i="1"/><c r="A2"/><c r="C2"/>'


def test_the_calculation_chain_loses_formulas_that_go() -> None:
    content = book(chain=CHAIN)

    after = saved(content, "r2:c2", {"v": 1})

    assert changed_parts(content, after) == {SHEET, "xl/calcChain.xml"}
    assert '><c r="A2" i="1"/><c r="C2"/></calcChain>' in part(after, "xl/calcChain.xml")


def test_a_chain_without_cells_is_no_longer_named() -> None:
    content = book('<row r="1"><c r="A1"><f>1+1</f><v>2</v></c></row>', chain='<c r="A1" i="1"/>')

    after = saved(content, "r1:c1", {"v": 1})

    assert "calcChain" not in part(after, "[Content_Types].xml")
    assert "calcChain" not in part(after, "xl/_rels/workbook.xml.rels")


# -- looks, lines, merges --


def test_a_new_look_is_an_old_format_with_what_differs() -> None:
    content = book()

    look = {"italic": True, "fill": "#00ff00", "format": "0.000", "align": "center", "size": 14}
    after = saved(content, "r1:c2", look, "looks")

    styles = part(after, "xl/styles.xml")
    assert changed_parts(content, after) == {SHEET, "xl/styles.xml"}
    assert '<c r="B1" s="3"><v>1.5</v></c>' in part(after, SHEET)
    assert '<cellXfs count="4">' in styles and '<numFmt numFmtId="164" formatCode="0.000"/>' in styles
    assert opened(after, "xlsx").read_map("styles")["x3"] == {"bold": True, "color": "#ff0000", **look}


def test_a_look_is_taken_away_and_a_look_of_the_file_is_used_again() -> None:
    content = book()

    after = saved(content, "r1:c2", {"bold": None, "color": None}, "looks")

    assert opened(after, "xlsx").read_map("sheets")["s1"]["base"]["r1"]["c2"] == ["n", 1.5]


def test_sizes_hidden_lines_merges_and_panes_are_written() -> None:
    content = book()
    document = opened(content, "xlsx")

    def change(shared: object) -> None:
        shared["sizes"]["r:r1"] = 40  # type: ignore[index]
        shared["sizes"]["c:c2"] = 70  # type: ignore[index]
        shared["hides"]["r:r4"] = True  # type: ignore[index]
        shared["hides"]["c:c3"] = True  # type: ignore[index]
        shared["merges"]["r3:c1"] = "r4:c2"  # type: ignore[index]
        shared["frozen"]["rows"] = 1  # type: ignore[index]

    edit_sheet(document, "s1", change)
    after = FORMAT.encode(document, content)
    sheet = reopened(after, "xlsx")["s1"]

    assert sheet["sizes"] == {"r:r1": 40, "r:r5": 40, "c:c2": 70, "c:c3": 64}
    assert sheet["hides"] == {"r:r4": True, "c:c3": True}
    assert sheet["merges"] == {"r3:c1": "r4:c2"}
    assert sheet["frozen"] == {"rows": 1, "cols": 0}
    assert changed_parts(content, after) == {SHEET}


# -- rows, columns, sheets --


def line_ids(shared: object, key: str) -> list[str]:
    return list(shared[key])  # type: ignore[index]


def test_an_inserted_row_and_a_deleted_column_move_cells_and_formulas() -> None:
    content = book(SHARED, chain='<c r="B1" i="1"/><c r="B2"/><c r="B3"/>')
    document = opened(content, "xlsx")

    def change(shared: object) -> None:
        shared["rows"].insert(1, "n-1")  # type: ignore[index]
        shared["cols"].insert(0, "n-2")  # type: ignore[index]
        shared["cells"]["n-1:c1"] = {"v": "new"}  # type: ignore[index]

    edit_sheet(document, "s1", change)
    after = FORMAT.encode(document, content)
    base = reopened(after, "xlsx")["s1"]["base"]

    assert base["r2"] == {"c2": ["s", "new"]}
    assert base["r4"]["c3"] == ["n", 3, "", [["r4", "c2", 0], "*", ["r1", "c2", 3]]]
    assert '<c r="C1" i="1"/><c r="C3" i="1"/><c r="C4" i="1"/>' in part(after, "xl/calcChain.xml")


def test_a_deleted_row_goes_and_what_names_it_says_so() -> None:
    content = book(ROWS)
    document = opened(content, "xlsx")

    edit_sheet(document, "s1", lambda shared: shared["rows"].pop(0))
    after = FORMAT.encode(document, content)

    assert "<f>#REF!*2</f>" in part(after, SHEET)
    assert set(reopened(after, "xlsx")["s1"]["base"]) == {"r1", "r4"}


def test_rows_of_a_sheet_with_ranges_that_are_not_rewritten_stay_and_the_reason_is_told() -> None:
    content = book(after='<extLst><ext uri="x"/></extLst>')
    document = opened(content, "xlsx")
    assert document.read_map("sheets")["s1"]["locked"] == "extensions"

    edit_sheet(document, "s1", lambda shared: shared["rows"].pop(0))
    with pytest.raises(FormatError):
        FORMAT.encode(document, content)


AROUND = (
    '<autoFilter ref="A1:C5"/><conditionalFormatting sqref="A2:A5 C1"><cfRule type="expression" priority="1">'
    "<formula>$A2&gt;B$1</formula></cfRule></conditionalFormatting>"
    '<dataValidations count="2"><dataValidation type="list" sqref="B2"><formula1>One!$A$1:$A$5</formula1>'
    '</dataValidation><dataValidation sqref="B1:B1048576"/></dataValidations>'
    '<hyperlinks><hyperlink ref="A5" location="One!A1"/><hyperlink ref="B2" r:id="rId9"/></hyperlinks>'
)
NAMES_XML = (
    '<definedNames><definedName name="all">One!$A$1:$C$5</definedName>'
    '<definedName name="_xlnm.Print_Titles" localSheetId="0">One!$1:$1</definedName></definedNames>'
)


def test_ranges_beside_the_cells_move_along_with_rows_and_columns() -> None:
    content = book(after=AROUND, extra=NAMES_XML)
    document = opened(content, "xlsx")
    assert "locked" not in document.read_map("sheets")["s1"]

    def change(shared: object) -> None:
        shared["rows"].insert(2, "n-1")  # type: ignore[index]
        shared["cols"].insert(0, "n-2")  # type: ignore[index]
        shared["name"] = "My sheet"  # type: ignore[index]

    edit_sheet(document, "s1", change)
    after = FORMAT.encode(document, content)
    sheet, names = part(after, SHEET), part(after, "xl/workbook.xml")

    assert '<autoFilter ref="B1:D6"/>' in sheet
    assert 'sqref="B2:B6 D1"' in sheet and "<formula>$B2&gt;C$1</formula>" in sheet
    assert "<formula1>'My sheet'!$B$1:$B$6</formula1>" in sheet and 'sqref="C1:C1048576"' in sheet
    assert '<hyperlink ref="B6" location="\'My sheet\'!B1"/>' in sheet and '<hyperlink ref="C2" r:id="rId9"/>' in sheet
    assert ">'My sheet'!$B$1:$D$6<" in names and ">'My sheet'!$1:$1<" in names


def test_ranges_beside_the_cells_shrink_and_go_with_what_is_deleted() -> None:
    content = book(after=AROUND, extra=NAMES_XML)
    document = opened(content, "xlsx")

    def change(shared: object) -> None:
        del shared["rows"][4]  # type: ignore[index]
        del shared["cols"][1]  # type: ignore[index]

    edit_sheet(document, "s1", change)
    after = FORMAT.encode(document, content)

    assert '<autoFilter ref="A1:B4"/>' in part(after, SHEET)
    assert 'sqref="A2:A4 B1"' in part(after, SHEET) and "<formula>$A2&gt;#REF!</formula>" in part(after, SHEET)
    assert "dataValidation" not in part(after, SHEET) and "hyperlink" not in part(after, SHEET)
    assert ">One!$A$1:$B$4<" in part(after, "xl/workbook.xml")


def test_a_move_that_tears_a_range_apart_is_refused_with_a_word() -> None:
    content = book(after='<hyperlinks><hyperlink ref="A1:A2"/></hyperlinks>')
    document = opened(content, "xlsx")

    def change(shared: object) -> None:
        rows = line_ids(shared, "rows")
        del shared["rows"][:]  # type: ignore[index]
        shared["rows"].extend([rows[0], *rows[2:], rows[1]])  # type: ignore[index]

    edit_sheet(document, "s1", change)
    with pytest.raises(FormatError) as refused:
        FORMAT.encode(document, content)
    assert "stand together" in refused.value.public


def test_sheets_are_added_renamed_hidden_moved_and_deleted() -> None:
    sheets = {
        "One": worksheet(SHARED),
        "Two": worksheet('<row r="1"><c r="A1"><f>One!A1</f><v>1</v></c></row>'),
        "Three": worksheet(""),
    }
    content = workbook(sheets, chain='<c r="B1" i="1"/><c r="B2"/><c r="B3"/><c r="A1" i="2"/>')
    document = opened(content, "xlsx")

    with document.native() as doc:
        shared, tabs = doc.get("sheets", type=pycrdt.Map), doc.get("tabs", type=pycrdt.Array)
        shared["s1"]["name"] = "First & new"
        shared["s2"]["hidden"] = True
        shared["k-1"] = pycrdt.Map(
            {
                "name": "Added",
                "rows": pycrdt.Array(["p1"]),
                "cols": pycrdt.Array(["p1"]),
                "cells": pycrdt.Map({"p1:p1": {"v": 5}}),
            }
        )
        del tabs[:]
        tabs.extend(["s2", "k-1", "s1"])
    after = FORMAT.encode(document, content)
    found = reopened(after, "xlsx")

    assert [found[key]["name"] for key in ("s1", "s2", "s3")] == ["Two", "Added", "First & new"]
    assert found["s1"]["hidden"] is True
    assert found["s1"]["base"]["r1"]["c1"][3] == [["r1", "c1", 0, "s3"]]
    assert found["s2"]["base"]["r1"]["c1"] == ["n", 5]
    assert "sheet4.xml" in part(after, "[Content_Types].xml") and "sheet3.xml" not in part(after, "[Content_Types].xml")


def test_the_head_of_a_table_and_its_column_say_the_same() -> None:
    table = (
        f'<table xmlns="{MAIN}" id="1" ref="A1:B2"><tableColumns count="2">'
        '<tableColumn id="1" name="rich text"/><tableColumn id="2" name="b"/></tableColumns></table>'
    )
    rels = relations_part([("table", "../tables/table1.xml")])
    others = {"xl/tables/table1.xml": table, "xl/worksheets/_rels/sheet1.xml.rels": rels}
    content = workbook({"One": worksheet(ROWS)}, strings=STRINGS, others=others)

    after = saved(content, "r1:c1", {"v": "Head"})

    assert '<tableColumn id="1" name="Head"/>' in part(after, "xl/tables/table1.xml")
    with pytest.raises(FormatError):
        saved(content, "r1:c1", {"v": "B"})


def test_dates_since_1904_are_shown_and_written_in_their_own_count() -> None:
    content = book(extra='<workbookPr date1904="1"/>')

    assert reopened(content, "xlsx")["s1"]["base"]["r5"]["c1"] == ["n", 43831 + 1462, "x2"]
    assert '<c r="A5" s="2"><v>43832</v></c>' in part(saved(content, "r5:c1", {"v": 43832 + 1462}), SHEET)


def test_an_encrypted_file_and_one_without_a_worksheet_are_refused_with_a_word() -> None:
    for content in (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), workbook({})):
        with pytest.raises(FormatError) as refused:
            FORMAT.decode(content, LIMITS, 7)
        assert refused.value.public
