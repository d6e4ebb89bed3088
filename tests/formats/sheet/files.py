"""Small spreadsheets that the tests make themselves, and a workbook as people have it open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collab.document import Document
from collab.formats.sheet.format import SheetFormat
from collab.formats.sheet.live import LiveSheet, read_live
from collab.formats.sheet.model import Cell, Sheet
from collab.formats.sheet.ods import OdsFile
from collab.formats.table import FORMATS
from collab.limits import Limits
from collab.nested import insert, remove, remove_member, set_member
from tests.formats.rich.files import zipped

LIMITS = Limits()
_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMES = " ".join(
    f'xmlns:{prefix}="{_OASIS}{name}:1.0"'
    for prefix, name in (
        ("office", "office"),
        ("style", "style"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("number", "datastyle"),
        ("fo", "xsl-fo-compatible"),
        ("svg", "svg-compatible"),
    )
)
OPEN_FORMULA = f' xmlns:of="{_OASIS}of:1.2"'
STYLES = (
    '<number:date-style style:name="N1"><number:year number:style="long"/><number:text>-</number:text>'
    '<number:month number:style="long"/><number:text>-</number:text><number:day number:style="long"/>'
    "</number:date-style>"
    '<style:style style:name="ce1" style:family="table-cell"><style:text-properties fo:font-weight="bold"/>'
    "</style:style>"
    '<style:style style:name="ce2" style:family="table-cell" style:data-style-name="N1"/>'
    '<style:style style:name="co1" style:family="table-column">'
    '<style:table-column-properties style:column-width="2.5cm"/></style:style>'
    '<style:style style:name="ro1" style:family="table-row">'
    '<style:table-row-properties style:row-height="0.5cm"/></style:style>'
)


def part(tables: str, styles: str = STYLES) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document-content {_NAMES}{OPEN_FORMULA} xmlns:dc="http://purl.org/dc/'
        f'elements/1.1/"><office:automatic-styles>{styles}</office:automatic-styles><office:body>'
        f"<office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )


def ods(tables: str, styles: str = STYLES) -> bytes:
    """An ods with these tables."""
    parts = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": part(tables, styles)}
    return zipped({**parts, "Configurations2/x.bin": "kept", "META-INF/manifest.xml": "<m/>"})


def table(
    rows: str, name: str = "One", columns: str = '<table:table-column table:number-columns-repeated="4"/>'
) -> str:
    return f'<table:table table:name="{name}">{columns}{rows}</table:table>'


def row(cells: str, attributes: str = "") -> str:
    return f"<table:table-row{attributes}>{cells}</table:table-row>"


def number(value: float, attributes: str = "") -> str:
    return (
        f'<table:table-cell{attributes} office:value-type="float" office:value="{value}"><text:p>{value}</text:p>'
        "</table:table-cell>"
    )


def text(value: str, attributes: str = "") -> str:
    return f'<table:table-cell{attributes} office:value-type="string"><text:p>{value}</text:p></table:table-cell>'


def formula(words: str, value: float, attributes: str = "") -> str:
    return number(value, f' table:formula="of:={words}"{attributes}')


GRID = table("".join(row(number(10 * line + 1) + number(10 * line + 2) + text(f"t{line}")) for line in range(1, 6)))
"""Five rows of two numbers and a text: 11 12 t1, 21 22 t2, …"""


SUMS_AND_MORE = table(
    row(number(1) + number(2, ' table:style-name="ce1"') + formula("[.A1]+[.B1]", 3), ' table:style-name="ro1"')
    + row(text("x", ' table:number-columns-repeated="2"') + formula("SUM([.A$1:.A$3])", 101))
    + row(number(100) + "<table:table-cell/>" + formula("[$One.A1]", 11), ' table:number-rows-repeated="3"')
    + row('<table:table-cell table:number-columns-repeated="1024"/>', ' table:number-rows-repeated="1048000"'),
    "Two",
    '<table:table-column table:style-name="co1" table:number-columns-repeated="3"/>'
    '<table:table-column table:number-columns-repeated="1021"/>',
)
"""A sheet with formulas, repeats and styles."""


def format_of(name: str = "ods") -> SheetFormat:
    found = FORMATS[name]
    assert isinstance(found, SheetFormat)
    return found


class Open:
    """A workbook that somebody has open."""

    def __init__(self, content: bytes, name: str = "ods", client_id: int = 7) -> None:
        self.format = format_of(name)
        self.content = content
        self.document = Document.from_updates([self.format.decode(content, LIMITS, client_id).update])

    def sheet(self, number: int = 0) -> LiveSheet:
        return read_live(self.document).sheets[number]

    def put(self, row: int, col: int, value: Any, sheet: int = 0) -> Open:
        """Set what a cell holds: the JSON of docs/sheets.md."""
        return self.member("cells", self.key(row, col, sheet), value, sheet)

    def key(self, row: int, col: int, sheet: int = 0) -> str:
        live = self.sheet(sheet)
        return f"{live.rows[row]}:{live.cols[col]}"

    def member(self, root: str, key: str, value: Any, sheet: int = 0) -> Open:
        set_member(self.document, ("sheets", self.sheet(sheet).id, root), key, value)
        return self

    def forget(self, root: str, key: str, sheet: int = 0) -> Open:
        remove_member(self.document, ("sheets", self.sheet(sheet).id, root), key)
        return self

    def insert(self, lines: str, at: int, name: str, sheet: int = 0) -> Open:
        insert(self.document, ("sheets", self.sheet(sheet).id, lines), at, name)
        return self

    def delete(self, lines: str, at: int, sheet: int = 0) -> Open:
        remove(self.document, ("sheets", self.sheet(sheet).id, lines), at)
        return self

    def saved(self) -> bytes:
        return self.format.encode(self.document, self.content)


def read(content: bytes, number: int = 0) -> Sheet:
    """A sheet of a file."""
    return OdsFile(content, LIMITS).book.sheets[number]


def values(content: bytes, sheet: int = 0) -> list[list[Any]]:
    """What the cells of a sheet of a file hold."""
    found = read(content, sheet)
    return [[found.cell(line, col).value for col in range(found.cols)] for line in range(found.rows)]


def cell(content: bytes, line: int, col: int, sheet: int = 0) -> Cell:
    return read(content, sheet).cell(line, col)


def all_cells(content: bytes) -> Mapping[tuple[int, int, int], Cell]:
    """All cells of a file by sheet, row and column."""
    return {
        (number, line, col): found
        for number, sheet in enumerate(OdsFile(content, LIMITS).book.sheets)
        for line, cells in sheet.cells.items()
        for col, found in cells.items()
    }
