"""Owns the proof of a save: what was written is read again and must be the plan, cell by cell, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from collab.errors import FormatError
from collab.formats.sheet.changes import moved_ranges
from collab.formats.sheet.formulas import is_unread
from collab.formats.sheet.model import (
    EMPTY,
    NOTHING,
    TEXT,
    Book,
    Cell,
    CellEdit,
    Content,
    Formula,
    Ids,
    Plan,
    Sheet,
    SheetPlan,
    file_ids,
    sheet_id,
)
from collab.formats.zipped.patch import refuse

_NEAR = 1e-9
Written = Callable[[Formula, Ids, str], str]


def prove(plan: Plan, before: Book, after: Book, written: Written) -> None:
    """Raises: FormatError: what was written reads as something else."""
    if [sheet.name for sheet in after.sheets] != [sheet.name for sheet in plan.sheets]:
        raise refuse("other sheets than meant")
    old_ids, new_ids = _ids(before), _ids(after)
    for number, (sheet, found) in enumerate(zip(plan.sheets, after.sheets, strict=True)):
        old = before.sheets[sheet.source] if sheet.source is not None else Sheet("")
        _SheetProof(
            plan, sheet, (before, after), (old, found), _Formulas(written, (plan.ids, old_ids, new_ids), number)
        ).run()


def _ids(book: Book) -> Ids:
    return file_ids([(sheet.name, sheet.rows, sheet.cols) for sheet in book.sheets])


class _Formulas:
    """Formulas of the file before, the file after and the live document, as the same text."""

    def __init__(self, written: Written, ids: tuple[Ids, Ids, Ids], number: int) -> None:
        self._written = written
        self._live, self._before, self._after = ids
        self._number = number

    def of_live(self, formula: Formula, sheet: str) -> str:
        return self._written(formula, self._live, sheet)

    def of_before(self, formula: Formula, source: int) -> str:
        return self._written(formula, self._before, sheet_id(source))

    def of_after(self, formula: Formula) -> str:
        return self._written(formula, self._after, sheet_id(self._number))


class _SheetProof:
    def __init__(
        self, plan: Plan, sheet: SheetPlan, books: tuple[Book, Book], sheets: tuple[Sheet, Sheet], formulas: _Formulas
    ) -> None:
        self._plan = plan
        self._sheet = sheet
        self._books = books
        self._old, self._new = sheets
        self._formulas = formulas

    def run(self) -> None:
        sheet, new = self._sheet, self._new
        if sheet.hidden != new.hidden:
            raise self._odd("hidden")
        rows, cols = list(sheet.rows), list(sheet.cols)
        for place in range(max(new.rows, len(rows))):
            source = rows[place] if place < len(rows) else None
            old = self._old.cells.get(source, {}) if source is not None else {}
            self._row(place, old, new.cells.get(place, {}), cols)
        self._lines()
        self._ranges()

    def _row(self, place: int, old: dict[int, Cell], new: dict[int, Cell], cols: list[int | None]) -> None:
        edits = self._sheet.edits.get(place, {})
        same = not edits and old is new
        for col in range(max(self._new.cols, len(cols))) if not same else ():
            source = cols[col] if col < len(cols) else None
            was = old.get(source, NOTHING) if source is not None else NOTHING
            found, edit = new.get(col, NOTHING), edits.get(col)
            if edit is None and was == found:
                continue
            self._cell(edit or CellEdit(), was, found, (place, col))

    def _cell(self, edit: CellEdit, was: Cell, found: Cell, place: tuple[int, int]) -> None:
        if edit.content is not None:
            self._is(found, edit.content, place)
        else:
            cached = edit.cached or Content(was.kind, was.value)
            if not _same_value(cached, found):
                raise self._odd(f"a value at {place}")
            if (was.formula is None) != (found.formula is None):
                raise self._odd(f"a formula at {place}")
            if found.formula is not None and was.formula is not None and not is_unread(was.formula):
                wanted = (
                    self._formulas.of_live(edit.formula, self._sheet.id)
                    if edit.formula is not None
                    else self._formulas.of_before(was.formula, self._sheet.source or 0)
                )
                if self._formulas.of_after(found.formula) != wanted:
                    raise self._odd(f"a formula at {place}")
            elif found.formula != was.formula:
                raise self._odd(f"a formula at {place}")
        look = self._books[1].look(found.style)
        if edit.look is not None and look != edit.look:
            raise self._odd(f"the look at {place}: {look} for {edit.look}")
        known = place[0] < self._new.rows and place[1] < self._new.cols
        if edit.look is None and known and was.style and look != self._books[0].look(was.style):
            raise self._odd(f"the look at {place}")

    def _is(self, found: Cell, content: Content, place: tuple[int, int]) -> None:
        if content.formula is None:
            if found.formula is not None or not _same_value(content, found):
                raise self._odd(f"what was written at {place}")
            return
        if found.formula is None:
            raise self._odd(f"a new formula at {place}")
        if is_unread(content.formula):
            same = found.formula == content.formula
        else:
            same = self._formulas.of_after(found.formula) == self._formulas.of_live(content.formula, self._sheet.id)
        if not same or not _same_value(content, found):
            raise self._odd(f"a new formula at {place}")

    def _lines(self) -> None:
        for hides, hidden in (
            (self._sheet.row_hides, self._new.hidden_rows),
            (self._sheet.col_hides, self._new.hidden_cols),
        ):
            if any((place in hidden) != hide for place, hide in hides.items() if self._is_used(hides, place)):
                raise self._odd("what is hidden")

    def _is_used(self, hides: dict[int, bool], place: int) -> bool:
        return place < (self._new.rows if hides is self._sheet.row_hides else self._new.cols)

    def _ranges(self) -> None:
        sheet = self._sheet
        if sheet.merges is not None:
            wanted = sheet.merges
        else:
            wanted = [one for one in moved_ranges(self._old.merges, sheet) if one is not None]
        if sorted(wanted) != sorted(self._new.merges):
            raise self._odd("merged cells")
        rows = {row: place for place, row in enumerate(sheet.rows) if row is not None}
        cols = {col: place for place, col in enumerate(sheet.cols) if col is not None}
        kept = {
            (rows[row], cols[col]): comment
            for (row, col), comment in self._old.comments.items()
            if row in rows and col in cols
        }
        if kept != self._new.comments:
            raise self._odd("comments")

    def _odd(self, what: str) -> FormatError:
        return refuse(f"{what} in sheet {self._sheet.id} reads otherwise")


def _same_value(wanted: Content, found: Cell) -> bool:
    if wanted.kind != found.kind:
        # A formula that gives no text, and one whose value is not known, may be read as the same.
        return (
            found.formula is not None
            and {wanted.kind, found.kind} == {EMPTY, TEXT}
            and not (wanted.value or found.value)
        )
    if wanted.value == found.value:
        return True
    one, other = wanted.value, found.value
    return (
        isinstance(one, int | float) and isinstance(other, int | float) and abs(one - other) <= _NEAR * max(1, abs(one))
    )
