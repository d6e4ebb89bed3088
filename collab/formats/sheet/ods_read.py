"""Owns the reading of a spreadsheet's tables into the neutral model; writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collab.errors import LimitExceeded
from collab.formats.sheet import ods_locks
from collab.formats.sheet.clean import names_apart
from collab.formats.sheet.formulas import read_odf
from collab.formats.sheet.model import (
    EMPTY,
    Book,
    Cell,
    Formula,
    Ids,
    Sheet,
    Thing,
    file_ids,
    sheet_id,
)
from collab.formats.sheet.ods_looks import CellStyles, pixels
from collab.formats.sheet.ods_names import ROW_GROUPS, STYLE, TABLE
from collab.formats.sheet.ods_table import DEFAULT_STYLE, Line, Raw, Table
from collab.formats.zipped.scan import Node
from collab.limits import Limits

_SHEET_DEPTH = 3
"""Where `office:spreadsheet` stands among the open elements: behind document, root and body."""


_BEHIND = 500
_STYLED = 64
"""Cells without content are in use when so few of them look like something; more are the background of a sheet."""


class Tables:
    """Collects the tables of a part while it is scanned."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.found: list[Table] = []

    def row(self, node: Node, stack: Sequence[Node]) -> None:
        """A row has ended. Raises: LimitExceeded."""
        if not self._is_own(stack) or not all(one.name in ROW_GROUPS for one in stack[_SHEET_DEPTH + 2 :]):
            return
        self._table(stack[_SHEET_DEPTH + 1]).add_row(node, stack[-1])

    def table(self, node: Node, stack: Sequence[Node]) -> None:
        """A table has ended: one without rows is a sheet too."""
        if len(stack) == _SHEET_DEPTH + 1 and stack[-1].name == "office:spreadsheet":
            self._table(node)

    def _is_own(self, stack: Sequence[Node]) -> bool:
        deep = len(stack) > _SHEET_DEPTH + 1
        return deep and stack[_SHEET_DEPTH].name == "office:spreadsheet" and stack[_SHEET_DEPTH + 1].name == TABLE

    def _table(self, node: Node) -> Table:
        if not self.found or self.found[-1].node is not node:
            if len(self.found) >= self._limits.sheets:
                raise LimitExceeded("sheets", f"more than {self._limits.sheets}")
            self.found.append(Table(node, self._limits))
        return self.found[-1]


class BookReader:
    """Makes the neutral workbook of tables and styles."""

    def __init__(self, tables: Sequence[Table], styles: CellStyles, spreadsheet: Node, limits: Limits) -> None:
        self._tables = tables
        self._styles = styles
        self._spreadsheet = spreadsheet
        self._limits = limits
        self._used_styles: set[str] = set()
        self._count = 0
        for table in tables:
            self._use_styled(table)
        self._names = names_apart([table.name for table in tables])
        sizes = [(name, *table.used) for name, table in zip(self._names, tables, strict=True)]
        self.ids: Ids = file_ids(sizes)

    def book(self, pictures: Mapping[str, str]) -> Book:
        """The workbook; `pictures` tells the media types of embedded objects. Raises: LimitExceeded."""
        sheets = [self._sheet(number, table, pictures) for number, table in enumerate(self._tables)]
        found = Book(sheets, {name: self._styles.look(name) for name in sorted(self._used_styles)})
        ods_locks.lock(found, self._tables, self._spreadsheet, self._styles)
        return found

    def _sheet(self, number: int, table: Table, pictures: Mapping[str, str]) -> Sheet:
        rows, cols = table.used
        sheet = Sheet(self._names[number], rows, cols, merges=table.merges, comments=table.comments)
        style = self._styles.get("table", table.node.attrs.get(STYLE, ""))
        properties = style.find("style:table-properties") if style else None
        sheet.hidden = properties is not None and properties.attrs.get("table:display") == "false"
        columns = table.columns()
        self._measure(columns, cols, "table-column", sheet.col_sizes, sheet.hidden_cols)
        self._measure(table.rows, rows, "table-row", sheet.row_sizes, sheet.hidden_rows)
        self._fill(sheet, sheet_id(number), table, columns)
        sheet.things = self._things(table, pictures)
        return sheet

    def _use_styled(self, table: Table) -> None:
        for line, runs in table.cells:
            styled = [run for run in runs if run.style and run.repeat <= _STYLED and self._styles.look(run.style)]
            if styled and line.repeat <= _STYLED:
                table.use(line.first + line.repeat, styled[-1].first + styled[-1].repeat)

    def _measure(
        self, lines: Sequence[Line], used: int, family: str, sizes: dict[int, float], hidden: set[int]
    ) -> None:
        key = "style:column-width" if family == "table-column" else "style:row-height"
        known: dict[str, float | None] = {}
        for line in lines:
            # A little more than is in use: rows that were emptied since are still measured.
            places = range(
                line.first, min(line.first + line.repeat, max(used, line.first + _BEHIND), self._limits.sheet_rows)
            )
            name = line.node.attrs.get(STYLE, "")
            if name not in known:
                known[name] = self._styles.size(family, name, key)
            size = known[name]
            if size is not None:
                sizes.update(dict.fromkeys(places, size))
            if line.hidden:
                hidden.update(places)

    def _fill(self, sheet: Sheet, name: str, table: Table, columns: Sequence[Line]) -> None:
        formulas: dict[str, Formula] = {}
        by_column = [""] * sheet.cols
        for line in columns:
            style = line.node.attrs.get(DEFAULT_STYLE, "")
            for col in range(line.first, min(line.first + line.repeat, sheet.cols)) if self._seen(style) else ():
                by_column[col] = style
        held = {id(line): runs for line, runs in table.cells}
        for line in table.rows:
            if line.first >= sheet.rows:
                break
            own = line.node.attrs.get(DEFAULT_STYLE, "")
            defaults = [own] * sheet.cols if self._seen(own) else by_column
            cells = {col: Cell(EMPTY, None, style) for col, style in enumerate(defaults) if style}
            for run in held.get(id(line), ()):
                self._put(cells, run, sheet, defaults, (name, formulas))
            if cells:
                repeat = min(line.repeat, sheet.rows - line.first)
                self._count += len(cells) * repeat
                if self._count > self._limits.sheet_cells:
                    raise LimitExceeded("sheet_cells", f"{self._count} cells")
                sheet.cells.update(dict.fromkeys(range(line.first, line.first + repeat), cells))

    def _put(
        self,
        cells: dict[int, Cell],
        run: Raw,
        sheet: Sheet,
        defaults: Sequence[str],
        formulas: tuple[str, dict[str, Formula]],
    ) -> None:
        own = run.style if run.style is None or self._seen(run.style) else ""
        formula = None
        if run.formula is not None:
            name, known = formulas
            formula = known.get(run.formula)
            if formula is None:
                formula = known[run.formula] = read_odf(run.formula, self.ids, name)
        for col in range(run.first, min(run.first + run.repeat, sheet.cols)):
            style = defaults[col] if own is None else own
            if run.filled or style:
                cells[col] = Cell(run.kind, run.value, style, formula)
            else:
                cells.pop(col, None)

    def _seen(self, style: str) -> bool:
        """Whether a style looks like anything; those are the ones that the workbook names."""
        if not style or not self._styles.look(style):
            return False
        self._used_styles.add(style)
        return True

    def _things(self, table: Table, pictures: Mapping[str, str]) -> list[Thing]:
        shapes = table.node.find("table:shapes")
        frames = [*table.frames, *(((0, 0), node) for node in (shapes.elements if shapes else ()))]
        bottom, right = max(0, table.used[0] - 1), max(0, table.used[1] - 1)
        return [
            _thing((min(row, bottom), min(col, right)), node, pictures)
            for (row, col), node in frames
            if node.name.startswith("draw:") and all(table.used)
        ]


def _thing(place: tuple[int, int], node: Node, pictures: Mapping[str, str]) -> Thing:
    attrs = node.attrs
    width, height = (pixels(attrs.get(f"svg:{key}", "")) or 0 for key in ("width", "height"))
    embedded, image = node.find("draw:object"), node.find("draw:image")
    target = embedded.attrs.get("xlink:href", "").removeprefix("./").rstrip("/") if embedded else ""
    kind = "image" if image and not embedded else "chart" if "chart" in pictures.get(f"{target}/", "") else "object"
    href = image.attrs.get("xlink:href", "").removeprefix("./") if image else ""
    label = attrs.get("draw:name", "")[:200] or {"chart": "Chart", "image": "Image"}.get(kind, "Object")
    return Thing(kind, place, width, height, label, href if "://" not in href else "")
