"""Owns one worksheet part while it is read: where its rows are, and its cells as they stand there.

Rows are looked at while the part is scanned, and only their spans and values are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from collab.errors import LimitExceeded
from collab.formats.sheet.formula.parts import LAST_COLUMN, LAST_ROW
from collab.formats.sheet.model import Range
from collab.formats.sheet.xlsx_names import NAMES, place_of, range_of, unescaped
from collab.formats.sheet.xlsx_package import is_true
from collab.formats.zipped.scan import Node, Scan, scan
from collab.limits import Limits

ROW, CELL = "x:row", "x:c"
_FAR_ROWS, _FAR_COLS = 1_000, 100


class Line(NamedTuple):
    """A row element: which row, its bytes, its height in points, and its style for cells that are not there."""

    row: int
    start: int
    end: int
    height: float | None
    hidden: bool
    style: int


class RawFormula(NamedTuple):
    """A formula as it stands there. `shared` is the group; `text` is empty in all cells of it but the first."""

    kind: str
    text: str
    shared: str = ""
    area: str = ""


class RawCell(NamedTuple):
    """A cell as it stands there."""

    col: int
    kind: str
    value: str
    style: int
    formula: RawFormula | None


@dataclass(slots=True)
class Worksheet:
    """A worksheet part."""

    part: str
    scan: Scan
    lines: list[Line] = field(default_factory=list)
    cells: dict[int, list[RawCell]] = field(default_factory=dict)
    arrays: list[Range] = field(default_factory=list)
    """What array formulas and data tables fill."""
    shown_merges: list[Range] = field(default_factory=list)
    """Merged ranges that end near the content."""
    odd: bool = False
    """Rows or cells are not in their order: nothing is written here."""

    @property
    def root(self) -> Node:
        return self.scan.root

    def used(self) -> tuple[int, int]:
        """How many rows and columns have content."""
        rows = cols = 0
        for row, cells in self.cells.items():
            filled = [cell.col for cell in cells if cell.value or cell.formula is not None or cell.kind == "inlineStr"]
            if filled:
                rows, cols = max(rows, row + 1), max(cols, max(filled) + 1)
        self.shown_merges = [
            one
            for one in self.merges()
            if one[2] < rows + _FAR_ROWS and one[3] < cols + _FAR_COLS and one[:2] != one[2:]
        ]
        for merge in self.shown_merges:
            rows, cols = max(rows, merge[2] + 1), max(cols, merge[3] + 1)
        return rows, cols

    def merges(self) -> list[Range]:
        """The merged ranges, corners included; a whole column is one too."""
        node = self.root.find("x:mergeCells")
        found = [range_of(one.attrs.get("ref", "")) for one in (node.elements if node is not None else ())]
        return [one for one in found if one is not None]


def read_worksheet(part: str, content: bytes, limits: Limits, room: int) -> Worksheet:
    """Scan a part; `room` is how many cells it may have. Raises: FormatError, LimitExceeded."""
    reader = _Rows(limits, room)
    sheet = Worksheet(part, scan(content, limits, NAMES, {ROW: reader.row}))
    sheet.lines, sheet.cells, sheet.arrays, sheet.odd = reader.lines, reader.cells, reader.arrays, reader.odd
    return sheet


class _Rows:
    def __init__(self, limits: Limits, room: int) -> None:
        self._limits = limits
        self._room = room
        self.lines: list[Line] = []
        self.cells: dict[int, list[RawCell]] = {}
        self.arrays: list[Range] = []
        self.odd = False
        self._last = -1

    def row(self, node: Node, stack: Sequence[Node]) -> None:
        """A row has ended. Raises: LimitExceeded."""
        if len(stack) != 3 or stack[-1].name != "x:sheetData":
            return
        number = node.attrs.get("r", "")
        row = int(number) - 1 if number.isdigit() and len(number) < 8 else self._last + 1
        if row <= self._last or row > LAST_ROW:
            self.odd = True
            node.children.clear()
            return
        self._last = row
        cells = self._cells(node, row)
        if cells:
            self.cells[row] = cells
            self._room -= len(cells)
            if self._room < 0:
                raise LimitExceeded("sheet_cells", f"more than {self._limits.sheet_cells} cells")
        hidden = is_true(node.attrs.get("hidden"))
        style = _index(node.attrs.get("s", "")) if is_true(node.attrs.get("customFormat")) else 0
        self.lines.append(Line(row, node.start, node.end, _height(node.attrs.get("ht")), hidden, style))
        node.children.clear()

    def _cells(self, node: Node, row: int) -> list[RawCell]:
        found: list[RawCell] = []
        last = -1
        for cell in node.elements:
            if cell.name != CELL:
                continue
            place = place_of(cell.attrs["r"]) if "r" in cell.attrs else (row, last + 1)
            if place is None or place[0] != row or place[1] <= last or place[1] > LAST_COLUMN:
                self.odd = True
                continue
            last = place[1]
            found.append(self._cell(cell, last))
        return found

    def _cell(self, cell: Node, col: int) -> RawCell:
        kind, value, formula = cell.attrs.get("t", "n"), "", None
        for child in cell.elements:
            if child.name == "x:v":
                value = child.text()
            elif child.name == "x:f":
                formula = self._formula(child)
            elif child.name == "x:is" and kind == "inlineStr":
                value = text_of(child)
        return RawCell(col, kind, value, _index(cell.attrs.get("s", "0")), formula)

    def _formula(self, node: Node) -> RawFormula:
        kind, area = node.attrs.get("t", "normal"), node.attrs.get("ref", "")
        if kind in ("array", "dataTable") and (filled := range_of(area)) is not None:
            self.arrays.append(filled)
        return RawFormula(kind, node.text(), node.attrs.get("si", "") if kind == "shared" else "", area)


def text_of(node: Node) -> str:
    """The characters of a string item, without its reading aids."""
    parts = []
    for child in node.elements:
        if child.name == "x:t":
            parts.append(child.text())
        elif child.name == "x:r":
            parts += [piece.text() for piece in child.elements if piece.name == "x:t"]
    return unescaped("".join(parts))


def _index(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 10 else 0


def _height(text: str | None) -> float | None:
    try:
        height = float(text or "")
    except ValueError:
        return None
    return height if 0 <= height < 10_000 else None
