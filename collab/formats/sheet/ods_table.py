"""Owns one table of an OpenDocument sheet while it is read: its rows and columns with their repeats, and its cells.

Rows are looked at while the part is scanned, and only their spans are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from collab.errors import LimitExceeded
from collab.formats.sheet.model import EMPTY, Comment, Place, Range
from collab.formats.sheet.ods_cells import PARAGRAPH, comment_of, value_of
from collab.formats.sheet.ods_names import (
    CELL,
    COLS_REPEATED,
    COLS_SPANNED,
    COLUMN,
    COLUMN_GROUPS,
    COVERED,
    FORMULA,
    MATRIX,
    MAX_COLS,
    MAX_ROWS,
    ROWS_REPEATED,
    ROWS_SPANNED,
    STYLE,
)
from collab.formats.zipped.scan import Node, Text
from collab.limits import Limits

DEFAULT_STYLE = "table:default-cell-style-name"
VISIBILITY = "table:visibility"


@dataclass(slots=True)
class Line:
    """A row or column element: `repeat` equal ones from `first` on."""

    node: Node
    first: int
    repeat: int
    parent: Node

    @property
    def hidden(self) -> bool:
        return self.node.attrs.get(VISIBILITY, "visible") != "visible"


@dataclass(slots=True)
class Raw:
    """A run of equal cells as they stand there; `style` is their own."""

    first: int
    repeat: int
    kind: str
    value: float | str | bool | None
    formula: str | None
    style: str | None

    @property
    def filled(self) -> bool:
        return self.kind != EMPTY or self.formula is not None


_CELLS = (CELL, COVERED)
_MORE = frozenset((ROWS_SPANNED, COLS_SPANNED, *MATRIX, "table:content-validation-name"))


def _is_more(cell: Node) -> bool:
    """Whether a cell is more than a value with a style."""
    if not _MORE.isdisjoint(cell.attrs):
        return True
    return any(not isinstance(child, Text) and child.name != PARAGRAPH for child in cell.children)


@dataclass(slots=True)
class Table:
    """One sheet's table."""

    node: Node
    limits: Limits
    rows: list[Line] = field(default_factory=list)
    cells: list[tuple[Line, list[Raw]]] = field(default_factory=list)
    """The rows in which something is, with their runs of cells."""
    used: tuple[int, int] = (0, 0)
    total_rows: int = 0
    count: int = 0
    merges: list[Range] = field(default_factory=list)
    matrices: list[Range] = field(default_factory=list)
    comments: dict[Place, Comment] = field(default_factory=dict)
    frames: list[tuple[Place, Node]] = field(default_factory=list)
    validations: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        return self.node.attrs.get("table:name", "")

    def columns(self) -> list[Line]:
        """The columns as they are declared."""
        found: list[Line] = []
        at = 0
        for node, parent in _columns(self.node):
            repeat = repeats(node, COLS_REPEATED, MAX_COLS - at)
            found.append(Line(node, at, repeat, parent))
            at += repeat
        return found

    def add_row(self, node: Node, parent: Node) -> None:
        """Take a row that was just read; its children are dropped. Raises: LimitExceeded."""
        line = Line(node, self.total_rows, repeats(node, ROWS_REPEATED, 2**31), parent)
        self.rows.append(line)
        self.total_rows += line.repeat
        runs, filled = self._runs(line)
        if runs and (filled or any(run.style for run in runs)):
            self.cells.append((line, runs))
        if filled:
            self.use(line.first + line.repeat, filled)
            self.count += line.repeat * sum(min(run.repeat, filled - run.first) for run in runs if run.first < filled)
            if self.count > self.limits.sheet_cells:
                raise LimitExceeded("sheet_cells", f"{self.count} cells")
        node.children.clear()

    def use(self, rows: int, cols: int) -> None:
        """Count rows and columns as being in use. Raises: LimitExceeded."""
        if rows > self.limits.sheet_rows:
            raise LimitExceeded("sheet_rows", f"{rows} rows")
        if cols > self.limits.sheet_columns:
            raise LimitExceeded("sheet_columns", f"{cols} columns")
        self.used = (max(self.used[0], rows), max(self.used[1], cols))

    def _runs(self, line: Line) -> tuple[list[Raw], int]:
        """The runs of a row, and how many columns of it are filled."""
        runs: list[Raw] = []
        at = filled = 0
        for cell in line.node.children:
            if isinstance(cell, Text) or cell.name not in _CELLS:
                continue
            attrs = cell.attrs
            repeat = repeats(cell, COLS_REPEATED, 2**31) if COLS_REPEATED in attrs else 1
            if attrs or cell.children:
                kind, value = value_of(cell)
                run = Raw(at, repeat, kind, value, attrs.get(FORMULA), attrs.get(STYLE))
                runs.append(run)
                noticed = _is_more(cell) and self._notice(cell, (line.first, at))
                if noticed or run.filled:
                    filled = at + repeat
            at += repeat
        return runs, filled

    def _notice(self, cell: Node, place: Place) -> bool:
        """Note what else a cell has; whether that puts it to use."""
        attrs = cell.attrs
        row, col = place
        if "table:content-validation-name" in attrs:
            self.validations.add(attrs["table:content-validation-name"])
        found = False
        rows, cols = repeats(cell, ROWS_SPANNED, MAX_ROWS), repeats(cell, COLS_SPANNED, MAX_COLS)
        if (rows > 1 or cols > 1) and cell.name == CELL:
            self.merges.append((row, col, row + rows - 1, col + cols - 1))
            self.use(row + rows, col + cols)
            found = True
        if MATRIX[0] in attrs or MATRIX[1] in attrs:
            rows, cols = repeats(cell, MATRIX[0], MAX_ROWS), repeats(cell, MATRIX[1], MAX_COLS)
            self.matrices.append((row, col, row + rows - 1, col + cols - 1))
        for child in cell.elements:
            if child.name == "office:annotation":
                remark = comment_of(cell)
                if remark is not None:
                    self.comments[place] = remark
                found = True
            elif child.name.startswith("draw:"):
                self.frames.append((place, child))
                found = True
        return found


def repeats(node: Node, key: str, most: int) -> int:
    """A count of an attribute, 1 when it is none."""
    value = node.attrs.get(key, "1")
    count = int(value) if value.isdigit() and len(value) < 12 else 1
    return max(1, min(count, max(1, most)))


def _columns(node: Node) -> Sequence[tuple[Node, Node]]:
    found: list[tuple[Node, Node]] = []
    for child in node.elements:
        if child.name == COLUMN:
            found.append((child, node))
        elif child.name in COLUMN_GROUPS:
            found.extend(_columns(child))
    return found
