"""Formulas go from text to references by ids and back unchanged, whatever happens to rows and columns meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.formats.sheet.formula.a1 import from_a1, to_a1
from collab.formats.sheet.formula.odf import from_odf, split_prefix, to_odf
from collab.formats.sheet.formula.xlsx import from_xlsx, to_xlsx
from collab.formats.sheet.model import Ids
from tests.formats.sheet.formulas import ids_of, odf_formulas, xlsx_formulas

IDS = ids_of("Sheet1", "My Data", "O'Neill", "A1")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("SUM(A1:B2)*2", ["SUM(", ["r1", "c1", 0], ":", ["r2", "c2", 0], ")*2"]),
        ("$A1+A$1+$A$1", [["r1", "c1", 2], "+", ["r1", "c1", 1], "+", ["r1", "c1", 3]]),
        ("A:A+2:$3", [[None, "c1", 0], ":", [None, "c1", 0], "+", ["r2", None, 0], ":", ["r3", None, 1]]),
        ("'My Data'!A1:B2", [["r1", "c1", 0, "s2"], ":", ["r2", "c2", 0, "s2"]]),
        ("'O''Neill'!A1 & \"A1\"", [["r1", "c1", 0, "s3"], ' & "A1"']),
        ("'A1'!B2", [["r2", "c2", 0, "s4"]]),
        ("A200+XFD1", [[199, "c1", 0], "+", ["r1", 16383, 0]]),
        ("LOG10(1E5)+TRUE+name1x", ["LOG10(1E5)+TRUE+name1x"]),
        ("XFE1+A1048577+#N/A", ["XFE1+A1048577+#N/A"]),
    ],
)  # fmt: skip
def test_a1_is_read_as_references_and_written_the_same(text: str, parts: list[object]) -> None:
    assert from_a1(text, IDS, "s1") == parts
    assert to_a1(parts, IDS, "s1") == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["[1]Sheet1!A1", "Table1[Col]", "Sheet1:Sheet3!A1", "Nowhere!A1", "Sheet1!name", "'[x.xlsx]S'!A1", '"open', "a\0b"],
)
def test_what_cannot_be_read_is_not_guessed(text: str) -> None:
    assert from_a1(text, IDS, "s1") is None


@pytest.mark.parametrize(
    ("odf", "text"),
    [
        ("of:=SUM([.A1:.B2];1)", "SUM(A1:B2,1)"),
        ("of:=[$'My Data'.$A$1:.B$2]", "'My Data'!$A$1:B$2"),
        ("of:={1;2|3;4}", "{1,2;3,4}"),
        ("of:=SUM(([.A1]~[.B2]))", "SUM((A1,B2))"),
        ('of:=IF([.A1]="a;b";;"[.A1]")', 'IF(A1="a;b",,"[.A1]")'),
        ("of:=COM.MICROSOFT.CONCAT([.A:.A])", "CONCAT(A:A)"),
        ("of:=LEGACY.CHIDIST([.A1];2)", "CHIDIST(A1,2)"),
        ("of:=ORG.OPENOFFICE.EASTERSUNDAY(2020)", "ORG.OPENOFFICE.EASTERSUNDAY(2020)"),
        ("oooc:=SUM([.A1];2)", "SUM(A1,2)"),
        ("msoxl:=SUM(A1,2)", "SUM(A1,2)"),
        ("of:=[.A1048576]+ [.XFD1]", "A1048576+ XFD1"),
    ],
)
def test_open_formula_is_read_and_written_the_same(odf: str, text: str) -> None:
    parts = from_odf(odf, IDS, "s1")

    assert parts is not None
    assert to_a1(parts, IDS, "s1") == text
    assert to_odf(parts, IDS, "s1", split_prefix(odf)[0]) == odf


@pytest.mark.parametrize(
    "odf",
    [
        "of:='label'+1",
        "of:=['file:///x.ods'#$Sheet1.A1]",
        "of:=SUM([.A1]![.B2])",
        "of:=SUM([$Sheet1.A1:$'My Data'.B2])",
        "of:=A1",
        "of:=1,5",
        "of:=$$'name'",
        "of:=[.A]",
        "xyz:=1",
    ],
)
def test_open_formula_that_would_not_come_back_is_not_read(odf: str) -> None:
    assert from_odf(odf, IDS, "s1") is None


@pytest.mark.parametrize("text", ["A1,B2", "A1 B2", "A1#", "@A1", "SUM(A1"])
def test_what_open_formula_has_no_words_for_is_not_written_in_half(text: str) -> None:
    parts = from_a1(text, IDS, "s1")

    assert parts is not None
    written = to_odf(parts, IDS, "s1")
    assert written is None or from_odf(written, IDS, "s1") == parts


def test_later_functions_carry_a_prefix_in_xlsx_only() -> None:
    stored = '_xlfn.CONCAT(_xlfn._xlws.SORT(A1:A3),"_xlfn.CONCAT(",_xlfn.UNKNOWN(1))'

    parts = from_xlsx(stored, IDS, "s1")

    assert parts is not None
    assert to_a1(parts, IDS, "s1") == 'CONCAT(SORT(A1:A3),"_xlfn.CONCAT(",_xlfn.UNKNOWN(1))'
    assert to_xlsx(parts, IDS, "s1") == stored


def test_inserted_and_deleted_rows_move_references_and_gone_ones_say_so() -> None:
    parts = from_a1("SUM(A1:A3)+A2+'My Data'!B2", IDS, "s1")
    assert parts is not None
    moved = Ids([("s1", "Sheet1", ["r1", "x-1", "r3"], ["c1"]), ("s2", "New name", ["r2"], ["c1", "c2"])])

    assert to_a1(parts, moved, "s1") == "SUM(A1:A3)+#REF!+'New name'!B1"
    assert to_odf(parts, moved, "s1") == "of:=SUM([.A1:.A3])+#REF!+[$'New name'.B1]"
    assert to_a1(parts, Ids([("s1", "Sheet1", ["r1", "r2"], ["c1"])]), "s1") == "SUM(#REF!)+A2+#REF!"


def test_references_that_a_client_left_in_the_text_are_written_as_references() -> None:
    assert to_odf(["SUM(A1:B2)+'My Data'!C3"], IDS, "s1") == "of:=SUM([.A1:.B2])+[$'My Data'.C3]"


@given(st.text(alphabet="A1B$:!'\"()[]{},;~|.#REF! SUMof=\\\u00e4\0", max_size=40))
def test_no_text_breaks_the_readers_and_what_is_read_is_written_the_same(text: str) -> None:
    parts = from_a1(text, IDS, "s1")
    if parts is not None:
        again = to_a1(parts, IDS, "s1")
        assert from_a1(again, IDS, "s1") == parts
    parts = from_odf(f"of:={text}", IDS, "s1")
    if parts is not None:
        written = to_odf(parts, IDS, "s1")
        assert written is None or from_odf(written, IDS, "s1") == parts


def test_formulas_of_others_come_back_as_they_were(corpus: Path) -> None:
    read = count = 0
    for where, ids, here, text in xlsx_formulas(corpus):
        parts = from_xlsx(text, ids, here)
        count, read = count + 1, read + (parts is not None)
        assert parts is None or to_xlsx(parts, ids, here) == text, where

    assert count > 4000
    assert read > 0.99 * count


def test_open_formulas_of_others_come_back_as_they_were(corpus: Path) -> None:
    read = count = 0
    for where, ids, here, text in odf_formulas(corpus):
        parts = from_odf(text, ids, here)
        count, read = count + 1, read + (parts is not None)
        if parts is not None:
            written = to_odf(parts, ids, here, split_prefix(text)[0]) or ""
            # A sheet's own mark and brackets inside a range mean nothing here.
            assert plain(written) == plain(text), where

    assert count > 2000
    assert read > 0.97 * count


def plain(formula: str) -> str:
    return formula.replace("[$", "[").replace("]:[", ":")
