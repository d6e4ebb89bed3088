"""Owns the three-way merge of one sheet's cells, once its rows and columns are known on all three sides."""

from __future__ import annotations

from collections.abc import Sequence

from collab.formats.notebook.cell_merge import Notes
from collab.formats.sheet.align import Match, Places
from collab.formats.sheet.changes import Comparison, live_reference
from collab.formats.sheet.formula.parts import column_name
from collab.formats.sheet.formulas import is_unread
from collab.formats.sheet.live import SHEETS, LiveSheet, laid_over
from collab.formats.sheet.model import (
    EMPTY,
    NOTHING,
    Book,
    Cell,
    Content,
    Formula,
    Json,
    Look,
    Sheet,
    col_id,
    row_id,
    sheet_id,
)
from collab.nested import remove_member, set_member

_NOTE_LENGTH = 1_000


class Translation:
    """What a formula of base or of theirs is in the live document."""

    def __init__(self, found: Comparison, theirs: Book, base_of: Sequence[int | None]) -> None:
        self.found = found
        self.theirs = theirs
        self.base_of = base_of
        self.sheet_ids: dict[int, str] = {}
        """Sheet of theirs -> live id."""
        self._rows: dict[int, Sequence[str | None]] = {}
        self._cols: dict[int, Sequence[str | None]] = {}

    def add_sheet(self, number: int, name: str) -> None:
        """A sheet that is new: its lines keep the ids of the file."""
        sheet = self.theirs.sheets[number]
        self.add_lines(
            number, name, [row_id(row) for row in range(sheet.rows)], [col_id(col) for col in range(sheet.cols)]
        )

    def add_lines(self, number: int, name: str, rows: Sequence[str | None], cols: Sequence[str | None]) -> None:
        """Where a sheet of theirs is now."""
        self.sheet_ids[number], self._rows[number], self._cols[number] = name, rows, cols

    def of_theirs(self, formula: Formula, number: int) -> Formula:
        """A formula of theirs."""
        return [part if isinstance(part, str) else self._reference(part, number) for part in formula]

    def _reference(self, part: list[Json], number: int) -> list[Json]:
        named = len(part) > 3
        on = int(part[3][1:]) - 1 if named else number
        if on not in self.sheet_ids:
            return [part[0], part[1], part[2], "gone"]
        lines = (_line(part[0], self._rows[on]), _line(part[1], self._cols[on]))
        return [*lines, part[2], self.sheet_ids[on]] if named else [*lines, part[2]]

    def of_base(self, formula: Formula, base: int) -> Formula:
        """A formula of base."""
        return [part if isinstance(part, str) else live_reference(self.found, part, sheet_id(base)) for part in formula]


def _line(raw: Json, ids: Sequence[str | None]) -> Json:
    if not isinstance(raw, str):
        return raw
    place = int(raw[1:]) - 1
    return (ids[place] or "gone") if place < len(ids) else "gone"


class CellsMerge:
    """One sheet; `numbers` are its places in theirs and in base."""

    def __init__(
        self, notes: Notes, translation: Translation, numbers: tuple[int, int], sides: tuple[LiveSheet, Match]
    ) -> None:
        self._notes = notes
        self._document = notes.document
        self._translation = translation
        self._number, self._base_number = numbers
        self._live, self._match = sides
        self._old: Sheet = translation.found.book.sheets[self._base_number]
        self._new: Sheet = translation.theirs.sheets[self._number]
        self._where = (SHEETS, self._live.id)
        self._rows, self._cols = translation._rows[self._number], translation._cols[self._number]

    def run(self) -> None:
        """Merge all cells, heights and merged ranges."""
        base_cols = self._match.cols
        for row, name in enumerate(self._rows):
            base_row = self._match.rows[row]
            old = self._old.cells.get(base_row, {}) if base_row is not None else {}
            new = self._new.cells.get(row, {})
            if name is None or (old is new and base_cols == list(range(len(base_cols)))):
                continue
            for col, col_name in enumerate(self._cols):
                base_col = base_cols[col]
                was = old.get(base_col, NOTHING) if base_col is not None else NOTHING
                cell = new.get(col, NOTHING)
                if col_name is not None and was != cell:
                    self._cell((name, col_name), was, cell)
                elif col_name is None and was != cell and cell.kind != EMPTY:
                    self._lost(was, cell, (row, col))
            self._lines_of_row(row, base_row, name)
        self._deleted_rows()
        self._columns()
        self._merges()

    def _lost(self, was: Cell, cell: Cell, place: tuple[int, int]) -> None:
        """Changed there, deleted here."""
        self._conflict(place, _words(was), "", _words(cell))

    def _deleted_rows(self) -> None:
        for row, name in enumerate(self._rows):
            base_row = self._match.rows[row]
            if name is None and base_row is not None:
                old, new = self._old.cells.get(base_row, {}), self._new.cells.get(row, {})
                for col, cell in new.items():
                    at = self._match.cols[col] if col < len(self._match.cols) else None
                    was = old.get(at, NOTHING) if at is not None else NOTHING
                    if (was.kind, was.value) != (cell.kind, cell.value) and cell.formula is None:
                        self._lost(was, cell, (row, col))

    def _cell(self, key: tuple[str, str], was: Cell, cell: Cell) -> None:
        old = self._content(was, self._translation.of_base, self._base_number)
        new = self._content(cell, self._translation.of_theirs, self._number)
        live = self._live.content(*key)
        if not self._same(old, new):
            if self._same(live, old):
                self._put(key, new)
            elif not self._same(live, new):
                place = (self._rows.index(key[0]), self._cols.index(key[1]))
                self._conflict(place, *(self._shown(one) for one in (old, live, new)))
        self._look(key, was, cell)

    def _content(self, cell: Cell, translated: object, number: int) -> Content:
        if cell.formula is None or is_unread(cell.formula) or not callable(translated):
            return Content(cell.kind, cell.value, cell.formula)
        return Content(cell.kind, cell.value, translated(cell.formula, number))

    def _same(self, one: Content, other: Content) -> bool:
        if one.formula is None or other.formula is None:
            return one == other
        if one.formula == other.formula:
            return True
        return not (is_unread(one.formula) or is_unread(other.formula)) and self._text(one) == self._text(other)

    def _text(self, content: Content) -> str:
        found = self._translation.found
        return found.file.formula_text(content.formula or [], found.live_ids, self._live.id)

    def _shown(self, content: Content) -> str:
        if content.formula is None:
            return "" if content.value is None else str(content.value)
        return str(content.formula[0])[1:] if is_unread(content.formula) else self._text(content)

    def _put(self, key: tuple[str, str], content: Content) -> None:
        value: Json = {"v": content.value}
        if content.formula is not None:
            value = {"f": content.formula}
        elif content.kind == EMPTY:
            value = None
        set_member(self._document, (*self._where, "cells"), f"{key[0]}:{key[1]}", value)
        self._notes.changes += 1

    def _conflict(self, place: tuple[int, int], base: str, live: str, theirs: str) -> None:
        where = f"{self._live.name}!{column_name(place[1])}{place[0] + 1}"
        self._notes.conflict({"id": where}, "cell", *(text[:_NOTE_LENGTH] for text in (base, live, theirs)))

    def _look(self, key: tuple[str, str], was: Cell, cell: Cell) -> None:
        found, theirs = self._translation.found, self._translation.theirs
        old, new = found.book.look(was.style), theirs.look(cell.style)
        if old == new or found.live.look(self._live, *key) != old:
            return
        base: Look = found.live.styles.get(self._live.base_cell(*key).style, {})
        laid = {name: new.get(name) for name in {*new, *base} if new.get(name) != base.get(name)}
        if laid_over(base, laid) == new:
            set_member(self._document, (*self._where, "looks"), f"{key[0]}:{key[1]}", laid)
            self._notes.changes += 1

    # -- lines and ranges --

    def _lines_of_row(self, row: int, base: int | None, name: str) -> None:
        self._size(f"r:{name}", self._old.row_sizes.get(-1 if base is None else base), self._new.row_sizes.get(row))
        self._hide(f"r:{name}", base in self._old.hidden_rows, row in self._new.hidden_rows)

    def _columns(self) -> None:
        for col, name in enumerate(self._cols):
            base = self._match.cols[col]
            if name is not None:
                old = self._old.col_sizes.get(-1 if base is None else base)
                self._size(f"c:{name}", old, self._new.col_sizes.get(col))
                self._hide(f"c:{name}", base in self._old.hidden_cols, col in self._new.hidden_cols)

    def _size(self, key: str, old: float | None, new: float | None) -> None:
        if old != new and new is not None:
            set_member(self._document, (*self._where, "sizes"), key, new)

    def _hide(self, key: str, old: bool, new: bool) -> None:
        if new and not old:
            set_member(self._document, (*self._where, "hides"), key, True)
        elif old and not new:
            remove_member(self._document, (*self._where, "hides"), key)

    def _merges(self) -> None:
        if self._old.merges == self._new.merges:
            return
        new = dict(pair for one in self._new.merges if (pair := self._corners(one, self._rows, self._cols)) is not None)
        rows, cols = (_base_ids(self._rows, self._match.rows), _base_ids(self._cols, self._match.cols))
        for one in self._old.merges:
            pair = self._corners(one, rows, cols)
            if pair is not None and pair[0] not in new:
                remove_member(self._document, (*self._where, "merges"), pair[0])
        for start, end in new.items():
            key = tuple(start.split(":"))
            if self._live.merges.get((key[0], key[1])) != tuple(end.split(":")):
                set_member(self._document, (*self._where, "merges"), start, end)
                self._notes.changes += 1

    def _corners(
        self, one: tuple[int, int, int, int], rows: Sequence[str | None], cols: Sequence[str | None]
    ) -> tuple[str, str] | None:
        top, left, bottom, right = one
        if bottom >= len(rows) or right >= len(cols):
            return None
        names = (rows[top], cols[left], rows[bottom], cols[right])
        return None if None in names else (f"{names[0]}:{names[1]}", f"{names[2]}:{names[3]}")

    # -- whether the live side has anything of its own --

    @staticmethod
    def is_changed(found: Comparison, live: LiveSheet, old: Sheet) -> bool:
        """Whether a live sheet has other cells than base."""
        return any(CellsMerge.line_is_changed(found, live, "rows", row) for row in live.rows)

    @staticmethod
    def line_is_changed(found: Comparison, live: LiveSheet, key: str, name: str) -> bool:
        """Whether a live row or column has other values than base. Formulas count when somebody typed one."""
        here = found.live.sheets.index(live)
        match, base = found.matches[here], found.book.sheets[found.sources[here] or 0]
        lines, others = (live.rows, live.cols) if key == "rows" else (live.cols, live.rows)
        sources, crossing = (match.rows, match.cols) if key == "rows" else (match.cols, match.rows)
        source = sources[lines.index(name)]
        for place, other in enumerate(others):
            row, col = (name, other) if key == "rows" else (other, name)
            content = live.content(row, col)
            at = crossing[place]
            was = NOTHING
            if source is not None and at is not None:
                was = base.cell(source, at) if key == "rows" else base.cell(at, source)
            if (content.formula is None) != (was.formula is None):
                return True
            if content.formula is None and (content.kind, content.value) != (was.kind, was.value):
                return True
            if content.formula is not None and (row, col) in live.edits and content.formula != was.formula:
                return True
        return False


def _base_ids(ids: Sequence[str | None], base_of: Places) -> list[str | None]:
    """For each line of base its live id."""
    known = {base: name for name, base in zip(ids, base_of, strict=True) if base is not None}
    return [known.get(base) for base in range(max(known, default=-1) + 1)]


def _words(cell: Cell) -> str:
    return "" if cell.value is None else str(cell.value)
