"""Owns the neutral form of a workbook between files and the shared document: sheets, cells, looks, and what is to
change; knows no file format and no shared type.

Rows and columns are counted from 0 here. In formulas of a file they are named by their place in that file: `r1` is its
first row, `c1` its first column, `s1` its first sheet (docs/sheets.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Json = Any
"""Plain JSON, as it is in the shared document."""
Part = str | list[Json]
"""A piece of a formula: characters, or a reference `[row, column, flags, sheet?]`."""
Formula = list[Part]
Look = dict[str, Json]
"""How a cell looks: the keys of docs/sheets.md, "Looks"; what is the default is left out."""
Place = tuple[int, int]
"""Row and column."""
Range = tuple[int, int, int, int]
"""First row, first column, last row, last column."""

NUMBER, TEXT, BOOLEAN, ERROR, EMPTY = "n", "s", "b", "e", "z"
UNREAD = "\0"
"""A formula that cannot be read is one string: this and the file's own syntax."""


class Cell(NamedTuple):
    """A cell; with a formula, kind and value are the cached result. Text that is empty is no text: `EMPTY`."""

    kind: str
    value: float | str | bool | None = None
    style: str = ""
    """A key of the workbook's `styles`; empty for the default look."""
    formula: Formula | None = None


NOTHING = Cell(EMPTY)


class Comment(NamedTuple):
    """A remark on a cell."""

    author: str
    text: str
    at: str


class Thing(NamedTuple):
    """What floats over the cells: `kind` is `chart`, `image` or `object`; sizes in CSS pixels, 0 when unknown."""

    kind: str
    place: Place
    width: float
    height: float
    label: str
    href: str = ""


@dataclass(slots=True)
class Sheet:
    """One sheet as a file has it. Equal rows may share one dictionary: nobody changes them."""

    name: str
    rows: int = 0
    """How many rows are in use: up to the last with content."""
    cols: int = 0
    cells: dict[int, dict[int, Cell]] = field(default_factory=dict)
    """Row -> column -> cell; what is empty and looks like the default is left out."""
    hidden: bool = False
    locked: str = ""
    """Why rows and columns cannot be inserted, deleted or moved (a slug); empty when they can."""
    row_sizes: dict[int, float] = field(default_factory=dict)
    """Heights in CSS pixels, where the file says one."""
    col_sizes: dict[int, float] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_cols: set[int] = field(default_factory=set)
    merges: list[Range] = field(default_factory=list)
    frozen: Place = (0, 0)
    filter: Range | None = None
    comments: dict[Place, Comment] = field(default_factory=dict)
    things: list[Thing] = field(default_factory=list)

    def cell(self, row: int, col: int) -> Cell:
        """The cell at a place, whatever is there."""
        return self.cells.get(row, {}).get(col, NOTHING)


@dataclass(slots=True)
class Book:
    """A workbook as a file has it."""

    sheets: list[Sheet] = field(default_factory=list)
    styles: dict[str, Look] = field(default_factory=dict)
    named: str = ""
    """Why sheets cannot be renamed, deleted or moved (a slug): something names them that is not understood."""

    def look(self, style: str) -> Look:
        """The look of a style, empty when there is none of that name."""
        return self.styles.get(style, {})


class Content(NamedTuple):
    """What a cell is to hold: a value, or a formula with the value that it has now.

    With a formula, `EMPTY` says that its value is not known: the office computes it when it opens the file.
    """

    kind: str
    value: float | str | bool | None = None
    formula: Formula | None = None
    """Names rows, columns and sheets by the ids of the shared document: see `Plan.ids`."""


@dataclass(slots=True)
class CellEdit:
    """What becomes of one cell; what is None stays as the file has it."""

    content: Content | None = None
    formula: Formula | None = None
    """The cell keeps its value and its look, what its formula refers to has moved. Never together with `content`."""
    cached: Content | None = None
    """The formula stays or moves, its value is a new one: kind and value. Never together with `content`."""
    look: Look | None = None
    """The whole look, not only what is new."""
    style: str = ""
    """With `look`: a style of this file that looks so; empty when one has to be made."""


class Ids:
    """Where the rows and columns of the shared document are in the file that is written, and back.

    It fits the protocol of the same name in `formats.sheet.formula`.
    """

    def __init__(self, sheets: Sequence[tuple[str, str, Sequence[str], Sequence[str]]]) -> None:
        """One tuple a sheet: its id, its name, the ids of its rows and of its columns in their order."""
        self._names = {sheet: name for sheet, name, _, _ in sheets}
        self._sheets = {name.casefold(): sheet for sheet, name, _, _ in reversed(sheets)}
        self._rows = {sheet: rows for sheet, _, rows, _ in sheets}
        self._cols = {sheet: cols for sheet, _, _, cols in sheets}
        self._row_places = {sheet: _places(rows) for sheet, _, rows, _ in sheets}
        self._col_places = {sheet: _places(cols) for sheet, _, _, cols in sheets}

    def sheet_id(self, name: str) -> str | None:
        """The sheet of a name, upper and lower case being the same."""
        return self._sheets.get(name.casefold())

    def sheet_name(self, sheet: str) -> str | None:
        return self._names.get(sheet)

    def row_id(self, sheet: str, index: int) -> str | int:
        """The id of a row; beyond the last one its index itself."""
        rows = self._rows.get(sheet, ())
        return rows[index] if index < len(rows) else index

    def col_id(self, sheet: str, index: int) -> str | int:
        """The id of a column; beyond the last one its index itself."""
        cols = self._cols.get(sheet, ())
        return cols[index] if index < len(cols) else index

    def row_index(self, sheet: str, row: str | int) -> int | None:
        """Where a row is; None when it is gone."""
        return row if isinstance(row, int) else self._row_places.get(sheet, {}).get(row)

    def col_index(self, sheet: str, col: str | int) -> int | None:
        """Where a column is; None when it is gone."""
        return col if isinstance(col, int) else self._col_places.get(sheet, {}).get(col)


def _places(ids: Sequence[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(ids)}


def file_ids(names_and_sizes: Sequence[tuple[str, int, int]]) -> Ids:
    """The ids of a file's own rows and columns, by the name, the used rows and the used columns of each sheet."""
    return Ids(
        [
            (sheet_id(number), name, [row_id(row) for row in range(rows)], [col_id(col) for col in range(cols)])
            for number, (name, rows, cols) in enumerate(names_and_sizes)
        ]
    )


def sheet_id(index: int) -> str:
    """The id of a file's sheet."""
    return f"s{index + 1}"


def row_id(index: int) -> str:
    """The id of a file's row."""
    return f"r{index + 1}"


def col_id(index: int) -> str:
    """The id of a file's column."""
    return f"c{index + 1}"


@dataclass(slots=True)
class SheetPlan:
    """What is to become of one sheet. Places are those of the sheet as it will be, unless something else is said."""

    id: str
    """Its id in the shared document: where formulas of this sheet are."""
    name: str
    source: int | None
    """Which sheet of the file it is; None for a new one."""
    hidden: bool = False
    used: Place = (0, 0)
    """How many rows and columns the file's sheet has in use."""
    rows: Sequence[int | None] = ()
    """For each row the row of the file that it is, None for a new one. Rows of the file's used area that are in none
    are deleted; what the file has behind its used area stays behind the last row."""
    cols: Sequence[int | None] = ()
    edits: dict[int, dict[int, CellEdit]] = field(default_factory=dict)
    """Row -> column -> edit."""
    row_sizes: dict[int, float | None] = field(default_factory=dict)
    """Only what changes; None: the default height."""
    col_sizes: dict[int, float | None] = field(default_factory=dict)
    row_hides: dict[int, bool] = field(default_factory=dict)
    """Only what changes."""
    col_hides: dict[int, bool] = field(default_factory=dict)
    merges: list[Range] | None = None
    """All merges, when one is new or gone, or does not move along with its rows and columns; else None."""
    frozen: Place | None = None
    """Only when it changes."""

    @property
    def moves_rows(self) -> bool:
        """Whether rows were inserted, deleted or moved."""
        return len(self.rows) < self.used[0] or any(row != place for place, row in enumerate(self.rows))

    @property
    def moves_cols(self) -> bool:
        """Whether columns were inserted, deleted or moved."""
        return len(self.cols) < self.used[1] or any(col != place for place, col in enumerate(self.cols))


@dataclass(slots=True)
class Plan:
    """What is to become of a workbook: its sheets in their order. Sheets of the file that are in none are deleted."""

    sheets: list[SheetPlan]
    ids: Ids
    """Of the shared document, by which the formulas of all edits are written."""
