"""Owns the writing of one sheet's rows, columns and cells into its table: only what a plan names is anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from collab.errors import FormatError
from collab.formats.sheet.changes import moved_ranges
from collab.formats.sheet.formulas import write_odf
from collab.formats.sheet.model import Book, CellEdit, Ids, Range, Sheet, SheetPlan
from collab.formats.sheet.ods_cell_write import COVERED_SPAN, CellChange, CellWriter, Span, is_formula
from collab.formats.sheet.ods_names import (
    CELL,
    COLS_REPEATED,
    COLUMN,
    COVERED,
    NAMES,
    ROW,
    ROWS_REPEATED,
    STYLE,
    Names,
    tag_name,
)
from collab.formats.sheet.ods_splice import Run, Spliced, runs_of
from collab.formats.sheet.ods_style_write import StyleWriter
from collab.formats.sheet.ods_table import VISIBILITY, Line, Table, repeats
from collab.formats.sheet.ods_tags import changed_tag, inner_of, rebuilt, start_tag, with_attributes
from collab.formats.zipped.patch import Patch, apply_patches
from collab.formats.zipped.scan import Node, scan
from collab.limits import Limits

GROUPED = "The last row or column of a group cannot be deleted or moved here, because the group would be empty."
IN_ARRAY = "Part of an array formula was changed; only the whole of it can be. Undo that change, and the file is saved."
_NO_EDIT = CellEdit()


class SheetWriter:
    """Writes into one table of a file; everything is offsets into the part's `content`."""

    def __init__(
        self,
        part: tuple[bytes, Sequence[Node]],
        table: Table,
        sheets: tuple[SheetPlan, Sheet, Book],
        tools: tuple[Names, StyleWriter, Ids, Limits],
    ) -> None:
        """`part` has the elements that the table stands in; `sheets` the plan and what the file says now."""
        self._content, self._around = part
        self._table = table
        self._plan, self._before, self._book = sheets
        self._names, self._styles, self._ids, self._limits = tools
        self._cells = CellWriter(self._names)
        self._spans = self._span_changes()
        self._columns = table.columns()
        self._width = sum(line.repeat for line in self._columns)
        self._opening: dict[int, tuple[bytes, bytes]] = {}

    def patches(self) -> list[Patch]:
        """All changes inside the table. Raises: FormatError."""
        return [*self._column_patches(), *self._row_patches()]

    # -- columns --

    def _column_patches(self) -> list[Patch]:
        plan = self._plan
        changed = {*plan.col_sizes, *plan.col_hides}
        if not changed and not plan.moves_cols:
            return []
        anew = {place: self._column(place) for place in changed}
        total = sum(line.repeat for line in self._columns)
        runs = runs_of(plan.cols, total, plan.used[1], anew)
        new = partial(self._new_lines, COLUMN, COLS_REPEATED)
        spliced = Spliced(self._columns, partial(self._repeated, COLS_REPEATED), new)
        if spliced.emptied(runs, self._table.node):
            raise FormatError("a group without columns", public=GROUPED)
        first = next((child for child in self._table.node.elements if child.name != "table:title"), None)
        return spliced.patches(self._content, runs, first.start if first else self._table.node.inner_end)

    def _column(self, place: int) -> bytes:
        source = self._plan.cols[place] if place < len(self._plan.cols) else None
        line = _line_at(self._columns, source)
        values: dict[str, str | None] = {COLS_REPEATED: None}
        style = line.node.attrs.get(STYLE, "") if line else ""
        if place in self._plan.col_sizes:
            values[STYLE] = self._styles.line_style("table-column", style, self._plan.col_sizes[place])
        if place in self._plan.col_hides:
            values[VISIBILITY] = "collapse" if self._plan.col_hides[place] else None
        if line is None:
            return self._names.start(COLUMN, {k: v for k, v in values.items() if v is not None}, empty=True)
        return with_attributes(self._content, line.node, self._names, values)

    # -- rows --

    def _row_patches(self) -> list[Patch]:
        plan, table = self._plan, self._table
        changed = {*plan.edits, *self._spans, *plan.row_sizes, *plan.row_hides}
        if not changed and not plan.moves_rows and not plan.moves_cols:
            return []
        anew = {place: self._row(place) for place in sorted(changed)}
        runs = runs_of(plan.rows, table.total_rows, plan.used[0], anew)
        made = self._recolumned if plan.moves_cols else partial(self._repeated, ROWS_REPEATED)
        spliced = Spliced(table.rows, made, self._new_rows)
        if spliced.emptied(runs, table.node):
            raise FormatError("a group without rows", public=GROUPED)
        return spliced.patches(self._content, runs, self._end_of_rows())

    def _end_of_rows(self) -> int:
        node = self._table.node
        after = [child for child in node.elements if child.name in _BEHIND_ROWS]
        return after[0].start if after else node.inner_end

    def _row(self, place: int) -> bytes:
        """A row with its edits, on its own."""
        source = self._plan.rows[place] if place < len(self._plan.rows) else None
        line = _line_at(self._table.rows, source)
        values: dict[str, str | None] = {ROWS_REPEATED: None}
        if place in self._plan.row_sizes:
            style = line.node.attrs.get(STYLE, "") if line else ""
            values[STYLE] = self._styles.line_style("table-row", style, self._plan.row_sizes[place])
        if place in self._plan.row_hides:
            values[VISIBILITY] = "collapse" if self._plan.row_hides[place] else None
        changes = self._changes(place, source)
        if line is None:
            known = {key: value for key, value in values.items() if value is not None}
            inner = self._cells_of(b"", [], changes, source)
            return self._names.start(ROW, known, inside=(CELL,)) + inner + self._names.end(ROW)
        return self._rewritten(line, values, changes, source)

    def _rewritten(
        self, line: Line, values: Mapping[str, str | None], changes: Mapping[int, CellChange], source: int | None
    ) -> bytes:
        tag = start_tag(self._content, line.node)
        tag = changed_tag(tag, self._names, values)
        if not changes and not self._plan.moves_cols:
            return rebuilt(tag, inner_of(self._content, line.node))
        content, cells = self._read_row(line)
        return rebuilt(tag, self._cells_of(content, cells, changes, source))

    def _recolumned(self, line: Line, count: int) -> bytes:
        """A row that nobody edited, in the new order of columns."""
        return self._rewritten(line, {ROWS_REPEATED: str(count) if count > 1 else None}, {}, line.first)

    def _read_row(self, line: Line) -> tuple[bytes, list[Line]]:
        """The row's inside as a part of its own, and its cells."""
        before, after = self._open(line.parent)
        row = self._content[line.node.start : line.node.end]
        found = scan(before + row + after, self._limits, NAMES)
        node = found.root
        while node.name != ROW or node.start < len(before):
            node = next(child for child in node.elements if child.end > len(before))
        shift = node.inner_start if node.inner_start >= 0 else node.end
        cells: list[Line] = []
        at = 0
        for cell in node.elements:
            if cell.name in (CELL, COVERED):
                repeat = repeats(cell, COLS_REPEATED, 2**31)
                cells.append(Line(cell, at, repeat, node))
                at += repeat
        for cell in node.elements:
            _shift(cell, shift)
        node.start, node.end = -shift, node.inner_end - shift
        return found.content[shift : node.inner_end] if node.inner_start >= 0 else b"", cells

    def _open(self, parent: Node) -> tuple[bytes, bytes]:
        """The tags that a row stands in: their namespaces count."""
        if id(parent) not in self._opening:
            around = [*self._around, self._table.node, *([parent] if parent is not self._table.node else [])]
            tags = [start_tag(self._content, node) for node in around]
            closing = b"".join(b"</%b>" % tag_name(tag) for tag in reversed(tags))
            self._opening[id(parent)] = b"".join(tags), closing
        return self._opening[id(parent)]

    # -- cells --

    def _cells_of(
        self, content: bytes, cells: list[Line], changes: Mapping[int, CellChange], source: int | None
    ) -> bytes:
        """The inside of a row. `content` is what it is now."""
        total = sum(cell.repeat for cell in cells)
        if self._plan.moves_cols:
            sources: Sequence[int | None] = self._plan.cols
            used = self._plan.used[1]
        else:
            sources, used = range(max([total, *(col + 1 for col in changes)])), total
        anew = {}
        for col, change in changes.items():
            at = sources[col] if col < len(sources) else None
            cell = _line_at(cells, at)
            formula = is_formula(change.edit)
            text = None if formula is None else write_odf(formula, self._ids, self._plan.id)
            anew[col] = self._cells.written(content, cell.node if cell else None, change, text)
        runs = runs_of(sources, total, used, anew)
        if not cells and self._width > (length := sum(run.count for run in runs)):
            runs.append(Run(None, self._width - length))
        new = partial(self._new_lines, CELL, COLS_REPEATED)
        spliced = Spliced(cells, partial(self._repeated_in, content), new)
        return apply_patches(content, spliced.patches(content, runs, len(content)))

    def _repeated_in(self, content: bytes, line: Line, count: int) -> bytes:
        return self._with_repeat(content, COLS_REPEATED, line, count)

    def _repeated(self, key: str, line: Line, count: int) -> bytes:
        return self._with_repeat(self._content, key, line, count)

    def _with_repeat(self, content: bytes, key: str, line: Line, count: int) -> bytes:
        if count == line.repeat:
            return content[line.node.start : line.node.end]
        return with_attributes(content, line.node, self._names, {key: str(count) if count > 1 else None})

    def _new_lines(self, name: str, key: str, count: int) -> bytes:
        return self._names.start(name, {key: str(count)} if count > 1 else {}, empty=True)

    def _new_rows(self, count: int) -> bytes:
        values = {ROWS_REPEATED: str(count)} if count > 1 else {}
        cells = self._new_lines(CELL, COLS_REPEATED, max(1, self._width))
        return self._names.start(ROW, values, inside=(CELL,)) + cells + self._names.end(ROW)

    def _changes(self, place: int, source: int | None) -> dict[int, CellChange]:
        """What happens to the cells of one row."""
        edits, spans = self._plan.edits.get(place, {}), self._spans.get(place, {})
        found = {}
        for col in sorted({*edits, *spans}):
            edit = edits.get(col, _NO_EDIT)
            at = self._plan.cols[col] if col < len(self._plan.cols) else None
            style = self._style_at(source, at)
            if source is not None and at is not None:
                self._refuse_array(edit, source, at)
            look = edit.look if edit.look is not None else self._book.look(style)
            name = None
            if edit.look is not None:
                name = edit.style or ("Default" if not look else self._styles.cell_style(style, look))
            found[col] = CellChange(edit, look, name, spans.get(col))
        return found

    def _style_at(self, row: int | None, col: int | None) -> str:
        if row is None or col is None:
            return ""
        return self._before.cell(row, col).style

    def _refuse_array(self, edit: CellEdit, row: int, col: int) -> None:
        if edit.content is None and edit.formula is None:
            return
        for top, left, bottom, right in self._table.matrices:
            if top <= row <= bottom and left <= col <= right and (row, col) != (top, left):
                raise FormatError("a part of an array", public=IN_ARRAY)

    # -- merges --

    def _span_changes(self) -> dict[int, dict[int, Span]]:
        """Row -> column -> what becomes of its span, for merges that came or went."""
        plan = self._plan
        found: dict[int, dict[int, Span]] = {}
        if plan.merges is None:
            return found
        moved = moved_ranges(self._before.merges, plan)
        stay = {one for one in moved if one is not None} & set(plan.merges)
        rows = {row: place for place, row in enumerate(plan.rows) if row is not None}
        cols = {col: place for place, col in enumerate(plan.cols) if col is not None}
        for one, now in zip(self._before.merges, moved, strict=True):
            if now in stay:
                continue
            for row, col in _places(one):
                if row in rows and col in cols:
                    found.setdefault(rows[row], {})[cols[col]] = (1, 1)
        for one in plan.merges:
            if one in stay:
                continue
            for row, col in _places(one):
                size = (one[2] - one[0] + 1, one[3] - one[1] + 1)
                found.setdefault(row, {})[col] = size if (row, col) == one[:2] else COVERED_SPAN
        return found


_BEHIND_ROWS = {"table:named-expressions", "table:dde-links", "office:dde-source", "calcext:conditional-formats"}


def _places(one: Range) -> list[tuple[int, int]]:
    return [(row, col) for row in range(one[0], one[2] + 1) for col in range(one[1], one[3] + 1)]


def _line_at(lines: Sequence[Line], index: int | None) -> Line | None:
    """The element that has a line."""
    if index is None:
        return None
    low, high = 0, len(lines)
    while low < high:
        middle = (low + high) // 2
        if lines[middle].first + lines[middle].repeat <= index:
            low = middle + 1
        else:
            high = middle
    return lines[low] if low < len(lines) else None


def _shift(node: Node, by: int) -> None:
    """Count an element's places from elsewhere."""
    for one in (node, *node.walk()):
        one.start -= by
        one.end -= by
        if one.inner_start >= 0:
            one.inner_start -= by
            one.inner_end -= by
