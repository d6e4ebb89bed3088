"""Owns the values of formulas at a save: who depends on what changed gets a new one, all others keep theirs.

Where the engine cannot say for certain the old value goes, and an office computes it when it opens the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from collab.formats.sheet.changes import Comparison
from collab.formats.sheet.formula.a1 import to_a1
from collab.formats.sheet.formula.compute import Computed, Fault, Grid, Spot, Value, compute
from collab.formats.sheet.formulas import is_unread
from collab.formats.sheet.live import LiveSheet
from collab.formats.sheet.model import (
    BOOLEAN,
    EMPTY,
    ERROR,
    NOTHING,
    NUMBER,
    TEXT,
    Cell,
    CellEdit,
    Content,
    Formula,
    Ids,
    Plan,
    SheetPlan,
    sheet_id,
)

_LOOKS_AT_ITSELF = re.compile(r"\b(?:ROWS?|COLUMNS?|CELL|OFFSET|INDIRECT|ADDRESS|SHEETS?)\(", re.IGNORECASE)
_NEAR = 1e-13


def add_values(found: Comparison, plan: Plan) -> None:
    """Put new values of formulas into the plan."""
    if not any(_formulas(found, number) for number in range(len(plan.sheets))):
        return
    names = [sheet.name for sheet in plan.sheets]
    grid: dict[str, dict[tuple[int, int], Value | Computed]] = {name: {} for name in names}
    moved = not found.still
    edited: set[Spot] = set()
    for number, sheet in enumerate(plan.sheets):
        reader = _Reader(found, plan, number)
        for (row, col), held in reader.cells():
            grid[sheet.name][row, col] = held
            if isinstance(held, Computed) and moved and reader.is_affected(row, col):
                edited.add((sheet.name, row, col))
        for row, edits in sheet.edits.items():
            edited.update((sheet.name, row, col) for col, edit in edits.items() if edit.content is not None)
    _put(plan, found, compute(_read_only(grid), edited))


def _read_only(grid: dict[str, dict[tuple[int, int], Value | Computed]]) -> Grid:
    return grid


def _formulas(found: Comparison, number: int) -> bool:
    live = found.live.sheets[number]
    if any(content.formula is not None for content in live.edits.values()):
        return True
    return any(cell.formula is not None for cells in live.base.values() for cell in cells.values())


class _Reader:
    """The cells of one sheet as they are to be."""

    def __init__(self, found: Comparison, plan: Plan, number: int) -> None:
        self._found = found
        self._plan: SheetPlan = plan.sheets[number]
        self._ids = plan.ids
        self._live: LiveSheet = found.live.sheets[number]
        source = self._plan.source
        self._before = found.book.sheets[source] if source is not None else None
        self._by_row: dict[str, set[str]] = {}
        for row, col in self._live.edits:
            self._by_row.setdefault(row, set()).add(col)

    def cells(self) -> Iterator[tuple[tuple[int, int], Value | Computed]]:
        places = {name: place for place, name in enumerate(self._live.cols)}
        for row, name in enumerate(self._live.rows):
            for col_name in {*self._live.base.get(name, ()), *self._by_row.get(name, ())}:
                if col_name not in places:
                    continue
                col = places[col_name]
                content = self._live.content(name, col_name)
                held = self._held(content, row, col)
                if held is not None:
                    yield (row, col), held

    def _held(self, content: Content, row: int, col: int) -> Value | Computed | None:
        if content.formula is None:
            return value_of(content)
        cached = value_of(self._was(row, col)) if self._keeps(row, col) else None
        if is_unread(content.formula):
            return cached
        return Computed(to_a1(content.formula, self._ids, self._plan.id), cached)

    def _keeps(self, row: int, col: int) -> bool:
        edit = self._plan.edits.get(row, {}).get(col)
        return edit is None or edit.content is None

    def _was(self, row: int, col: int) -> Cell:
        return cell_before(self._plan, self._before.cells if self._before else {}, row, col)

    def is_affected(self, row: int, col: int) -> bool:
        """Whether a formula looks at other cells than before, or at places that its text does not show."""
        formula = self._live.content(self._live.rows[row], self._live.cols[col]).formula or []
        if _is_whole(formula):
            return True
        edit = self._plan.edits.get(row, {}).get(col)
        before = self._was(row, col).formula
        if edit is None or edit.formula is None or before is None:
            return False
        ids, here = self._ids, self._plan.id
        old_here = sheet_id(self._plan.source or 0)
        return _sizes(formula, ids, here) != _sizes(before, self._found.file_ids, old_here)


def _sizes(formula: Formula, ids: Ids, here: str) -> list[tuple[int, int] | None]:
    """How large each range of a formula is; None for one whose corner is gone."""
    found: list[tuple[int, int] | None] = []
    corner: tuple[int, int] | None = None
    for part in formula:
        if isinstance(part, str):
            corner = corner if part.strip() == ":" else None
            continue
        sheet = part[3] if len(part) > 3 else here
        row, col = ids.row_index(sheet, part[0]), ids.col_index(sheet, part[1])
        place = None if row is None or col is None else (row, col)
        size = None if place is None else (1, 1) if corner is None else (place[0] - corner[0], place[1] - corner[1])
        found.append(size)
        corner = place
    return found


def cell_before(plan: SheetPlan, cells: dict[int, dict[int, Cell]], row: int, col: int) -> Cell:
    """The cell of the file that is at a place now."""
    source = plan.rows[row] if row < len(plan.rows) else None
    at = plan.cols[col] if col < len(plan.cols) else None
    return cells.get(source, {}).get(at, NOTHING) if source is not None and at is not None else NOTHING


def _is_whole(formula: Formula) -> bool:
    for part in formula:
        if isinstance(part, str):
            if _LOOKS_AT_ITSELF.search(part):
                return True
        elif part[0] is None or part[1] is None or isinstance(part[0], int) or isinstance(part[1], int):
            return True
    return False


def value_of(held: Content | Cell) -> Value | None:
    """A value as the engine takes it."""
    if held.kind == EMPTY or held.value is None:
        return None
    return Fault(str(held.value)) if held.kind == ERROR else held.value


def content_of(value: Value | None) -> Content:
    """What the engine gave, as content."""
    if value is None:
        return Content(EMPTY)
    if isinstance(value, Fault):
        return Content(ERROR, str(value))
    if isinstance(value, bool):
        return Content(BOOLEAN, value)
    if isinstance(value, str):
        return Content(TEXT, value)
    return Content(NUMBER, int(value) if value == int(value) and abs(value) < 2**53 else value)


def _put(plan: Plan, found: Comparison, values: dict[Spot, Value | None]) -> None:
    by_name = {sheet.name: sheet for sheet in plan.sheets}
    for (name, row, col), value in values.items():
        sheet = by_name[name]
        edits = sheet.edits.setdefault(row, {})
        edit = edits.get(col)
        content = content_of(value)
        if edit is not None and edit.content is not None:
            if edit.content.formula is not None and not is_unread(edit.content.formula):
                edit.content = content._replace(formula=edit.content.formula)
            continue
        before = found.book.sheets[sheet.source].cells if sheet.source is not None else {}
        was = cell_before(sheet, before, row, col)
        if was.formula is not None and not _same(content, was):
            edits[col] = edit or CellEdit()
            edits[col].cached = content
        elif not edits:
            del sheet.edits[row]


def _same(content: Content, was: Cell) -> bool:
    if content.kind != was.kind:
        return {content.kind, was.kind} == {TEXT, EMPTY} and not (content.value or was.value)
    one, other = content.value, was.value
    if one == other:
        return True
    if isinstance(one, bool | str) or isinstance(other, bool | str) or one is None or other is None:
        return False
    return abs(one - other) <= _NEAR * max(abs(one), abs(other))
