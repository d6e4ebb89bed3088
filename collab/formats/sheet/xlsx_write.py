"""Owns a workbook with its changes: which parts become what; each sheet is written by `xlsx_sheet_write.py`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from collab.errors import FormatError
from collab.formats.sheet.formula.xlsx import to_xlsx
from collab.formats.sheet.model import Book, Cell, CellEdit, Formula, Place, Plan, Sheet, SheetPlan, sheet_id
from collab.formats.sheet.number_formats import DATE, format_kind
from collab.formats.sheet.xlsx_calc import rewritten, without
from collab.formats.sheet.xlsx_cells import CellWriter
from collab.formats.sheet.xlsx_headers import header_patches
from collab.formats.sheet.xlsx_moves import Moves
from collab.formats.sheet.xlsx_names import NAMES
from collab.formats.sheet.xlsx_package import prefix_of
from collab.formats.sheet.xlsx_ranges import name_patches
from collab.formats.sheet.xlsx_read import EPOCH_1904, Tab, Workbook
from collab.formats.sheet.xlsx_sheet import Worksheet, read_worksheet
from collab.formats.sheet.xlsx_sheet_write import SheetTools, SheetWriter
from collab.formats.sheet.xlsx_style_write import StyleWriter
from collab.formats.sheet.xlsx_tabs import TabWriter
from collab.formats.zipped.patch import ODD
from collab.formats.zipped.scan import Scan, scan
from collab.limits import Limits


class WorkbookWriter:
    """Writes one workbook."""

    def __init__(self, workbook: Workbook, book: Book, limits: Limits) -> None:
        self._workbook = workbook
        self._book = book
        self._limits = limits
        self._styles = StyleWriter(workbook.styles)
        self._dates: dict[int, bool] = {}
        self.parts: dict[str, bytes] = {}
        self.added: dict[str, bytes] = {}
        self._without_value = False
        self._moves: Moves | None = None

    def write(self, plan: Plan) -> None:
        """Fill `parts` and `added`. Raises: FormatError, LimitExceeded."""
        self._moves = Moves(self._workbook.ids, plan) if self._is_moved(plan) else None
        tabs = TabWriter(self._workbook, plan, self._limits)
        if self._moves is not None:
            tabs.patches += name_patches(self._workbook.names, self._workbook.places, self._moves)
        for sheet in plan.sheets:
            if sheet.source is not None:
                tab = self._workbook.tabs[sheet.source]
                self._write_sheet(plan, sheet, tab.sheet, self._book.sheets[sheet.source])
                self._write_headers(plan, sheet, tab)
            else:
                part, content = tabs.new_part(sheet)
                made = read_worksheet(part, content, self._limits, self._limits.sheet_cells)
                self.added[part] = self._sheet_written(plan, sheet, made, Sheet(sheet.name))
        styles = self._styles.written()
        if styles is not None:
            self.parts[self._part("styles")] = styles
        self._write_chain(plan, tabs)
        tabs.compute_at_load = self._without_value
        self.parts |= tabs.written()

    def _is_moved(self, plan: Plan) -> bool:
        """Whether anything is elsewhere or has another name afterwards."""
        kept = [sheet for sheet in plan.sheets if sheet.source is not None]
        named = any(sheet.name != self._workbook.tabs[sheet.source or 0].name for sheet in kept)
        moved = any(sheet.moves_rows or sheet.moves_cols for sheet in kept)
        return named or moved or len(kept) < len(self._workbook.tabs)

    def _part(self, kind: str) -> str:
        relations = self._workbook.relations.values()
        part = next((one.part for one in relations if one.kind == kind and one.part in self._workbook.package), None)
        if part is None:
            raise FormatError(f"no part of the kind {kind}", public=ODD)
        return part

    def _write_sheet(self, plan: Plan, sheet: SheetPlan, source: Worksheet, before: Sheet) -> None:
        written = self._sheet_written(plan, sheet, source, before)
        if written != source.scan.content:
            self.parts[source.part] = written

    def _sheet_written(self, plan: Plan, sheet: SheetPlan, source: Worksheet, before: Sheet) -> bytes:
        prefix = prefix_of(source.scan.content, source.root)
        cells = CellWriter(prefix, partial(self._formula_text, plan, sheet), self._number_text)
        tools = SheetTools(self._style_of, partial(self._old_text, sheet, before), self._limits, self._moves)
        written = SheetWriter(source, before, sheet, cells, tools).written()
        self._without_value = self._without_value or cells.without_value
        return written

    def _formula_text(self, plan: Plan, sheet: SheetPlan, formula: Formula) -> str:
        return to_xlsx(formula, plan.ids, sheet.id)

    def _old_text(self, sheet: SheetPlan, before: Sheet, row: int, col: int) -> str:
        """The text of a formula that stays as it is."""
        formula = before.cell(row, col).formula
        return to_xlsx(formula or [], self._workbook.ids, sheet_id(sheet.source or 0))

    def _style_of(self, edit: CellEdit, old: int) -> int:
        if edit.look is None:
            return old
        if edit.style[:1] == "x" and edit.style[1:].isdigit() and edit.style in self._book.styles:
            return int(edit.style[1:])
        return self._styles.index(old, edit.look)

    def _number_text(self, value: float, style: int) -> str:
        if self._workbook.since_1904 and self._is_date(style):
            value -= EPOCH_1904
        if isinstance(value, int) or (value == int(value) and abs(value) < 2**53):
            return str(int(value))
        return repr(value)

    def _is_date(self, style: int) -> bool:
        if style not in self._dates:
            look = self._styles.look(style)
            self._dates[style] = format_kind(str(look.get("format", ""))) == DATE
        return self._dates[style]

    def _write_headers(self, plan: Plan, sheet: SheetPlan, tab: Tab) -> None:
        """The columns of tables are named by their cells: both must say the same."""
        for relation in tab.relations.values():
            if relation.kind == "table" and relation.part in self._workbook.package:
                table = scan(self._workbook.package.read(relation.part), self._limits, NAMES)
                changed = header_patches(table, sheet, self._book)
                if changed is not None:
                    self.parts[relation.part] = changed

    # -- the calculation chain --

    def _write_chain(self, plan: Plan, tabs: TabWriter) -> None:
        chain = self._chain()
        if chain is None:
            return
        part, found = chain
        moves = any(sheet.moves_rows or sheet.moves_cols for sheet in plan.sheets) or tabs.deletes
        new = rewritten(found, self._formula_cells(plan)) if moves else self._chain_without(plan, found)
        if new is None:
            tabs.drop(part)
        elif new != found.content:
            self.parts[part] = new

    def _chain(self) -> tuple[str, Scan] | None:
        for relation in self._workbook.relations.values():
            if relation.kind == "calcChain" and relation.part in self._workbook.package:
                return relation.part, scan(self._workbook.package.read(relation.part), self._limits, NAMES)
        return None

    def _chain_without(self, plan: Plan, chain: Scan) -> bytes | None:
        gone: dict[str, set[Place]] = {}
        for sheet in plan.sheets:
            if sheet.source is None:
                continue
            before, number = self._book.sheets[sheet.source], self._number(sheet.source)
            for row, edits in sheet.edits.items():
                for col, edit in edits.items():
                    if _loses_formula(edit, before.cell(row, col)):
                        gone.setdefault(number, set()).add((row, col))
        return without(chain, gone) if gone else chain.content

    def _number(self, source: int) -> str:
        return self._workbook.tabs[source].node.attrs.get("sheetId", "")

    def _formula_cells(self, plan: Plan) -> list[tuple[str, list[Place]]]:
        """All cells that will have a formula, by the number of their sheet."""
        found = []
        for sheet in plan.sheets:
            if sheet.source is not None:
                before = self._book.sheets[sheet.source]
                found.append((self._number(sheet.source), sorted(_formulas_after(sheet, before))))
        return found


def _loses_formula(edit: CellEdit, before: Cell) -> bool:
    return before.formula is not None and edit.content is not None and edit.content.formula is None


def _formulas_after(sheet: SheetPlan, before: Sheet) -> set[Place]:
    rows: Mapping[int, int] = {row: place for place, row in enumerate(sheet.rows) if row is not None}
    cols: Mapping[int, int] = {col: place for place, col in enumerate(sheet.cols) if col is not None}
    found = {
        (rows[row], cols[col])
        for row, cells in before.cells.items()
        for col, cell in cells.items()
        if cell.formula is not None and row in rows and col in cols
    }
    for row, edits in sheet.edits.items():
        for col, edit in edits.items():
            if edit.content is not None:
                (found.discard if edit.content.formula is None else found.add)((row, col))
    return found
