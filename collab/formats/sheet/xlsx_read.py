"""Owns the reading of a workbook's parts into the neutral model; writes nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collab.errors import FormatError, LimitExceeded
from collab.formats.sheet.clean import clean_formula, clean_text
from collab.formats.sheet.formula.parts import Ids
from collab.formats.sheet.formula.xlsx import from_xlsx
from collab.formats.sheet.model import (
    BOOLEAN,
    EMPTY,
    ERROR,
    NUMBER,
    TEXT,
    UNREAD,
    Book,
    Cell,
    Formula,
    Sheet,
    file_ids,
    sheet_id,
)
from collab.formats.sheet.number_formats import DATE, format_kind
from collab.formats.sheet.serials import serial_of_date
from collab.formats.sheet.xlsx_charts import sheets_shown
from collab.formats.sheet.xlsx_locks import Surroundings, elsewhere, lock_of, named_of
from collab.formats.sheet.xlsx_looks import XlsxStyles
from collab.formats.sheet.xlsx_names import NAMES, place_of, range_of
from collab.formats.sheet.xlsx_package import NOT_A_SHEET, Relation, is_true, main_part, relations_of, root_of
from collab.formats.sheet.xlsx_ranges import is_name_understood
from collab.formats.sheet.xlsx_shared import SharedFormula
from collab.formats.sheet.xlsx_sheet import RawCell, Worksheet, read_worksheet, text_of
from collab.formats.sheet.xlsx_things import add_things
from collab.formats.zipped.package import Package
from collab.formats.zipped.scan import Node, Scan, scan
from collab.limits import Limits

EPOCH_1904 = 1462
"""Days from the one beginning of time to the other."""
PIXELS_A_CHARACTER = 7
PIXELS_A_POINT = 96 / 72


@dataclass(slots=True)
class Tab:
    """A worksheet of the workbook."""

    node: Node
    name: str
    sheet: Worksheet
    relations: Mapping[str, Relation]

    @property
    def hidden(self) -> bool:
        return self.node.attrs.get("state", "visible") != "visible"


@dataclass(slots=True)
class Workbook:
    """All parts of a workbook that are read."""

    package: Package
    part: str
    scan: Scan
    relations: Mapping[str, Relation]
    styles: XlsxStyles
    tabs: list[Tab]
    strings: list[str]
    ids: Ids
    since_1904: bool = False
    others: list[Node] = field(default_factory=list)
    """Sheets that are no worksheets."""

    @property
    def places(self) -> list[int | None]:
        """For each sheet of the workbook the number of the worksheet that it is."""
        numbers = {id(tab.node): number for number, tab in enumerate(self.tabs)}
        node = self.scan.root.find("x:sheets")
        return [numbers.get(id(one)) for one in node.elements] if node is not None else []

    @property
    def names(self) -> Sequence[Node]:
        """The defined names."""
        node = self.scan.root.find("x:definedNames")
        return list(node.elements) if node is not None else []


def read_workbook(package: Package, limits: Limits) -> Workbook:
    """Raises: FormatError, LimitExceeded."""
    part = main_part(package, limits)
    found = scan(package.read(part), limits, NAMES)
    sheets = found.root.find("x:sheets")
    if found.root.name != "x:workbook" or sheets is None:
        raise FormatError("no x:workbook", public=NOT_A_SHEET)
    relations = relations_of(package, part, limits)
    styles = XlsxStyles(root_of(package, relations, "styles", limits), root_of(package, relations, "theme", limits))
    tabs: list[Tab] = []
    others: list[Node] = []
    room = limits.sheet_cells
    for node in sheets.elements:
        relation = relations.get(node.attrs.get("r:id", ""))
        if relation is None or relation.kind != "worksheet" or relation.part not in package:
            others.append(node)
            continue
        if len(tabs) >= limits.sheets:
            raise LimitExceeded("sheets", f"more than {limits.sheets}")
        sheet = read_worksheet(relation.part, package.read(relation.part), limits, room)
        room -= sum(len(cells) for cells in sheet.cells.values())
        tabs.append(Tab(node, node.attrs.get("name", ""), sheet, relations_of(package, relation.part, limits)))
    if not tabs:
        raise FormatError("no worksheet", public=NOT_A_SHEET)
    ids = file_ids([(tab.name, *tab.sheet.used()) for tab in tabs])
    properties = found.root.find("x:workbookPr")
    since_1904 = properties is not None and is_true(properties.attrs.get("date1904"))
    strings = _strings(package, relations, limits)
    return Workbook(package, part, found, relations, styles, tabs, strings, ids, since_1904, others)


def _strings(package: Package, relations: Mapping[str, Relation], limits: Limits) -> list[str]:
    found: list[str] = []

    def item(node: Node, stack: Sequence[Node]) -> None:
        if len(stack) == 2:
            found.append(text_of(node))
            node.children.clear()

    for relation in relations.values():
        if relation.kind == "sharedStrings" and relation.part in package:
            scan(package.read(relation.part), limits, NAMES, {"x:si": item})
            break
    return found


class BookReader:
    """Makes the neutral workbook of the parts."""

    def __init__(self, workbook: Workbook, limits: Limits) -> None:
        self._workbook = workbook
        self._limits = limits
        self._styles: set[int] = set()
        self._unread = False
        self._count = 0
        self._dates: dict[int, bool] = {}

    def book(self) -> Book:
        """The workbook. Raises: LimitExceeded."""
        tabs = self._workbook.tabs
        sheets = [self._sheet(number, tab) for number, tab in enumerate(tabs)]
        styles = {f"x{index}": self._workbook.styles.look(index) for index in sorted(self._styles)}
        book = Book(sheets, styles)
        workbook = self._workbook
        strange = not all(is_name_understood(node, workbook.places, workbook.ids) for node in workbook.names)
        relations = [tab.relations for tab in tabs]
        around = Surroundings(
            names=strange,
            ids=workbook.ids,
            relations=[list(one.values()) for one in relations],
            shown=frozenset(sheets_shown(workbook.package, relations, self._limits)),
            tabs=[tab.name for tab in tabs],
            elsewhere=elsewhere([tab.sheet for tab in tabs], workbook.ids),
            unread=self._unread,
            others=self._others(),
        )
        for number, (sheet, tab) in enumerate(zip(sheets, tabs, strict=True)):
            sheet.locked = lock_of(tab.sheet, number, around)
        book.named = named_of([tab.sheet for tab in tabs], around)
        return book

    def _others(self) -> str:
        if self._workbook.others:
            return "charts"
        kinds = {relation.kind for relation in self._workbook.relations.values()}
        return "pivots" if "pivotCacheDefinition" in kinds else "changes" if "revisionHeaders" in kinds else ""

    def _sheet(self, number: int, tab: Tab) -> Sheet:
        raw = tab.sheet
        rows, cols = raw.used()
        if rows > self._limits.sheet_rows or cols > self._limits.sheet_columns:
            raise LimitExceeded("sheet_rows" if rows > self._limits.sheet_rows else "sheet_columns", f"{rows} x {cols}")
        sheet = Sheet(tab.name, rows, cols, hidden=tab.hidden, merges=list(raw.shown_merges))
        column_styles = self._columns(sheet, raw.root)
        for line in raw.lines:
            if line.row < rows:
                if line.height is not None:
                    sheet.row_sizes[line.row] = round(line.height * PIXELS_A_POINT, 2)
                if line.hidden:
                    sheet.hidden_rows.add(line.row)
        self._fill(sheet, number, raw, column_styles)
        sheet.frozen = _frozen(raw.root)
        filtered = raw.root.find("x:autoFilter")
        sheet.filter = range_of(filtered.attrs.get("ref", "")) if filtered is not None else None
        if sheet.filter is not None and (sheet.filter[2] >= rows or sheet.filter[3] >= cols):
            sheet.filter = None
        add_things(self._workbook.package, tab.relations, sheet, self._limits)
        sheet.comments = {place: one for place, one in sheet.comments.items() if place[0] < rows and place[1] < cols}
        return sheet

    def _columns(self, sheet: Sheet, root: Node) -> list[int]:
        """Widths and hidden columns; the styles of cells that are not there."""
        styles = [0] * sheet.cols
        node = root.find("x:cols")
        for col in node.elements if node is not None else ():
            first, last = (
                int(col.attrs.get(key, "0")) if col.attrs.get(key, "0").isdigit() else 0 for key in ("min", "max")
            )
            places = range(max(0, first - 1), min(last, sheet.cols))
            width = _float(col.attrs.get("width"))
            if width is not None:
                sheet.col_sizes.update(dict.fromkeys(places, float(round(width * PIXELS_A_CHARACTER))))
            if is_true(col.attrs.get("hidden")):
                sheet.hidden_cols.update(places)
            style = col.attrs.get("style", "0")
            for place in places if style.isdigit() else ():
                styles[place] = int(style)
        return styles

    def _fill(self, sheet: Sheet, number: int, raw: Worksheet, column_styles: Sequence[int]) -> None:
        formulas = _Formulas(self._workbook.ids, sheet_id(number))
        by_column = {col: style for col, style in enumerate(column_styles) if self._seen(style)}
        lines = {line.row: line for line in raw.lines}
        for row in range(sheet.rows) if by_column else sorted(row for row in lines if row < sheet.rows):
            line = lines.get(row)
            defaults = by_column
            if line is not None and line.style:
                defaults = dict.fromkeys(range(sheet.cols), line.style) if self._seen(line.style) else {}
            cells = {col: Cell(EMPTY, None, f"x{style}") for col, style in defaults.items()}
            for cell in raw.cells.get(row, ()):
                if cell.col < sheet.cols:
                    self._put(cells, row, cell, formulas)
            if cells:
                sheet.cells[row] = cells
                self._count += len(cells)
                if self._count > self._limits.sheet_cells:
                    raise LimitExceeded("sheet_cells", f"{self._count} cells")
        self._unread = self._unread or formulas.unread

    def _put(self, cells: dict[int, Cell], row: int, raw: RawCell, formulas: _Formulas) -> None:
        kind, value = self._value(raw)
        formula = formulas.read(row, raw) if raw.formula is not None else None
        style = f"x{raw.style}" if self._seen(raw.style) else ""
        if kind == EMPTY and formula is None and not style:
            cells.pop(raw.col, None)
        else:
            cells[raw.col] = Cell(kind, value, style, formula)

    def _value(self, raw: RawCell) -> tuple[str, float | str | bool | None]:
        text = raw.value
        if raw.kind == "s":
            index = int(text) if text.strip().isdigit() and len(text) < 10 else -1
            words = self._workbook.strings[index] if 0 <= index < len(self._workbook.strings) else ""
            return _text(words)
        if raw.kind in ("str", "inlineStr"):
            return _text(text)
        if raw.kind == "b":
            return (BOOLEAN, text.strip() in ("1", "true")) if text else (EMPTY, None)
        if raw.kind == "e":
            return (ERROR, clean_text(text)) if text else (EMPTY, None)
        number = serial_of_date(text) if raw.kind == "d" else _float(text)
        if number is None:
            return _text(text.strip())
        if self._workbook.since_1904 and raw.kind != "d" and self.is_date(raw.style):
            number += EPOCH_1904
        return NUMBER, int(number) if number == int(number) and abs(number) < 2**53 else number

    def is_date(self, style: int) -> bool:
        """Whether numbers of a style are shown as dates."""
        if style not in self._dates:
            code = str(self._workbook.styles.look(style).get("format", ""))
            self._dates[style] = format_kind(code) == DATE
        return self._dates[style]

    def _seen(self, style: int) -> bool:
        """Whether a style looks like anything; those are the ones that the workbook names."""
        if not self._workbook.styles.look(style):
            return False
        self._styles.add(style)
        return True


class _Formulas:
    """The formulas of one sheet."""

    def __init__(self, ids: Ids, sheet: str) -> None:
        self._ids = ids
        self._sheet = sheet
        self._shared: dict[str, SharedFormula] = {}
        self.unread = False

    def read(self, row: int, cell: RawCell) -> Formula:
        raw = cell.formula
        assert raw is not None  # noqa: S101 - the caller looked
        if raw.kind == "shared" and raw.shared:
            if raw.text:
                self._shared[raw.shared] = SharedFormula(raw.text, row, cell.col)
            group = self._shared.get(raw.shared)
            text = group.text_at(row, cell.col) if group is not None else raw.text
        elif raw.kind == "array":
            return self._kept("{=" + raw.text + "}")
        elif raw.kind == "dataTable":
            return self._kept("{=TABLE()}")
        else:
            text = raw.text
        found = clean_formula(from_xlsx(text, self._ids, self._sheet))
        return self._kept(text) if found is None else found

    def _kept(self, text: str) -> Formula:
        self.unread = True
        return [UNREAD + clean_text(text)]


def _text(words: str) -> tuple[str, str | None]:
    words = clean_text(words)
    return (TEXT, words) if words else (EMPTY, None)


def _float(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _frozen(root: Node) -> tuple[int, int]:
    view = root.find("x:sheetViews", "x:sheetView")
    pane = view.find("x:pane") if view is not None else None
    if pane is None or not pane.attrs.get("state", "").startswith("frozen"):
        return 0, 0
    corner = place_of(pane.attrs.get("topLeftCell", "A1")) or (0, 0)
    rows, cols = (int(_float(pane.attrs.get(key)) or 0) for key in ("ySplit", "xSplit"))
    return min(rows, 10_000, max(corner[0], rows)), min(cols, 10_000)
