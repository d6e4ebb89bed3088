"""Owns one worksheet part with its changes: rows, columns, merges, panes; knows no workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from collab.errors import FormatError
from collab.formats.sheet.changes import moved_ranges
from collab.formats.sheet.model import CellEdit, Range, Sheet, SheetPlan
from collab.formats.sheet.xlsx_cells import CellWriter
from collab.formats.sheet.xlsx_columns import column_styles, columns_written
from collab.formats.sheet.xlsx_moves import Moves
from collab.formats.sheet.xlsx_names import range_of, range_text, reference_of
from collab.formats.sheet.xlsx_package import prefix_of
from collab.formats.sheet.xlsx_ranges import RangeWriter
from collab.formats.sheet.xlsx_read import PIXELS_A_POINT
from collab.formats.sheet.xlsx_rows import RowChange, RowWriter
from collab.formats.sheet.xlsx_shared import SharedFormula
from collab.formats.sheet.xlsx_sheet import RawCell, RawFormula, Worksheet
from collab.formats.sheet.xlsx_tags import closing, opened, with_attributes
from collab.formats.zipped.patch import Patch, apply_patches, refuse
from collab.formats.zipped.scan import Node
from collab.limits import Limits

IN_ARRAY = "Part of an array formula cannot be changed by itself. Change the whole array in an office program."
_BEHIND_MERGES = (
    "phoneticPr conditionalFormatting dataValidations hyperlinks printOptions pageMargins pageSetup headerFooter "
    "rowBreaks colBreaks customProperties cellWatches ignoredErrors smartTags drawing legacyDrawing legacyDrawingHF "
    "drawingHF picture oleObjects controls webPublishItems tableParts extLst"
).split()
"""What stands behind merged ranges in a worksheet."""
Group = list[tuple[int, RawCell]]


@dataclass(frozen=True, slots=True)
class SheetTools:
    """What a sheet needs of its workbook."""

    style_of: Callable[[CellEdit, int], int]
    formula_text: Callable[[int, int], str]
    """The text of a formula that stays as it is, by its old place."""
    limits: Limits
    moves: Moves | None = None
    """Where everything is after the save; None when nothing moves and no sheet gets another name."""


class SheetWriter:
    """Writes one worksheet."""

    def __init__(self, sheet: Worksheet, before: Sheet, plan: SheetPlan, cells: CellWriter, tools: SheetTools) -> None:
        self._sheet = sheet
        self._before = before
        self._plan = plan
        self._cells = cells
        self._tools = tools
        self._prefix = prefix_of(sheet.scan.content, sheet.root)
        self._rows = RowWriter(sheet, cells, tools.style_of, tools.limits)
        self._rows.columns = column_styles(sheet.root)
        self._moves = plan.moves_rows or plan.moves_cols
        self._patches: list[Patch] = []
        self.formulas_gone = False
        """Whether a formula is no longer there."""

    def written(self) -> bytes:
        """The part. Raises: FormatError."""
        plan = self._plan
        if self._sheet.odd and (plan.edits or self._moves or plan.row_sizes or plan.row_hides):
            raise refuse("rows or cells are not in their order")
        if self._moves:
            self._move_rows()
        else:
            self._refuse_parts_of_arrays()
            self._change_rows()
        if plan.moves_cols or plan.col_sizes or plan.col_hides:
            self._patches += columns_written(self._sheet, plan, self._prefix)
        if self._tools.moves is not None and plan.source is not None:
            self._patches += RangeWriter(self._sheet, plan.source, self._tools.moves).patches()
        self._merge()
        self._freeze()
        self._measure()
        return apply_patches(self._sheet.scan.content, self._patches)

    # -- rows that stay where they are --

    def _change_rows(self) -> None:
        formulas = self._unshared()
        lines = {line.row: line for line in self._sheet.lines}
        rows = {*self._plan.edits, *formulas, *self._plan.row_sizes, *self._plan.row_hides}
        new: dict[int, bytes] = {}
        for row in sorted(rows):
            change = RowChange(row, self._plan.edits.get(row, {}), formulas.get(row, {}), self._attributes(row))
            if row in lines:
                line = lines[row]
                self._patches.append(Patch(line.start, line.end, self._rows.written(line, change)))
            else:
                new[row] = self._rows.new(change, self._prefix)
        self._insert_rows({row: content for row, content in new.items() if content})

    def _insert_rows(self, new: Mapping[int, bytes]) -> None:
        data = self._data()
        if not new:
            return
        if data.inner_start < 0:
            tag = opened(self._sheet.scan.tag(data))
            body = b"".join(new[row] for row in sorted(new))
            self._patches.append(Patch(data.start, data.end, tag + body + closing(tag)))
            return
        lines = self._sheet.lines
        at = 0
        for row in sorted(new):
            while at < len(lines) and lines[at].row < row:
                at += 1
            place = lines[at].start if at < len(lines) else lines[-1].end if lines else data.inner_start
            self._patches.append(Patch(place, place, new[row]))

    def _data(self) -> Node:
        data = self._sheet.root.find("x:sheetData")
        if data is None:
            raise refuse("a worksheet without rows")
        return data

    def _attributes(self, row: int) -> dict[str, str | None]:
        values: dict[str, str | None] = {}
        if row in self._plan.row_sizes:
            size = self._plan.row_sizes[row]
            values["ht"] = None if size is None else _number(size / PIXELS_A_POINT)
            values["customHeight"] = None if size is None else "1"
        if row in self._plan.row_hides:
            values["hidden"] = "1" if self._plan.row_hides[row] else None
        return values

    # -- formulas that stand in several cells --

    def _refuse_parts_of_arrays(self) -> None:
        for area in self._sheet.arrays:
            if area[:2] == area[2:]:
                continue
            for row, edits in self._plan.edits.items():
                if area[0] <= row <= area[2] and any(
                    area[1] <= col <= area[3] and edit.content is not None for col, edit in edits.items()
                ):
                    raise FormatError("a part of an array", public=IN_ARRAY)

    def _unshared(self) -> dict[int, dict[int, bytes]]:
        """Formula elements of cells that shared the formula of a cell that gets another one."""
        found: dict[int, dict[int, bytes]] = {}
        for group in self._groups().values():
            master = next(((row, cell) for row, cell in group if cell.formula and cell.formula.text), None)
            if master is None or not self._is_touched(*_place(master)):
                continue
            left = [one for one in group if one is not master and not self._is_touched(*_place(one))]
            for row, col, element in self._shared_again(master, left):
                found.setdefault(row, {})[col] = element
        return found

    def _groups(self) -> dict[str, Group]:
        if not any(edit.content or edit.formula for row in self._plan.edits.values() for edit in row.values()):
            return {}
        groups: dict[str, Group] = {}
        for row, cells in self._sheet.cells.items():
            for cell in cells:
                if cell.formula is not None and cell.formula.shared:
                    groups.setdefault(cell.formula.shared, []).append((row, cell))
        return groups

    def _is_touched(self, row: int, col: int) -> bool:
        edit = self._edited(row, col)
        return edit is not None and (edit.content is not None or edit.formula is not None)

    def _edited(self, row: int, col: int) -> CellEdit | None:
        return self._plan.edits.get(row, {}).get(col)

    def _shared_again(self, master: tuple[int, RawCell], left: Group) -> Iterator[tuple[int, int, bytes]]:
        """In a line of cells the next one takes the formula over; else each gets its own text."""
        row, cell = master
        raw = cell.formula
        if raw is None or not left:
            return
        shared = SharedFormula(raw.text, row, cell.col)
        area = range_of(raw.area)
        is_line = area is not None and (area[0] == area[2] or area[1] == area[3])
        first_row, first = left[0]
        if area is not None and is_line and (first_row, first.col) > (row, cell.col):
            start = range_text((first_row, first.col, max(area[2], first_row), max(area[3], first.col)))
            attributes = f' t="shared" ref="{start}" si="{_plain(raw.shared)}"'.encode()
            text = shared.text_at(first_row, first.col)
            yield first_row, first.col, self._cells.formula_element(text, attributes)
            return
        for other_row, other in left:
            yield other_row, other.col, self._cells.formula_element(shared.text_at(other_row, other.col))

    # -- rows and columns that move --

    def _move_rows(self) -> None:
        plan, used = self._plan, self._plan.used
        rows = {row: place for place, row in enumerate(plan.rows) if row is not None}
        cols = {col: place for place, col in enumerate(plan.cols) if col is not None}
        further_rows, further_cols = len(plan.rows) - used[0], len(plan.cols) - used[1]

        def col_of(col: int) -> int | None:
            return col + further_cols if col >= used[1] else cols.get(col)

        written: dict[int, bytes] = {}
        for line in self._sheet.lines:
            row = line.row + further_rows if line.row >= used[0] else rows.get(line.row)
            if row is not None:
                change = self._change(line.row, row, col_of)
                written[row] = self._rows.moved(line, change, col_of)
        for row in {*plan.edits, *plan.row_sizes, *plan.row_hides} - set(written):
            written[row] = self._rows.new(
                RowChange(row, plan.edits.get(row, {}), {}, self._attributes(row)), self._prefix
            )
        data = self._data()
        tag = opened(self._sheet.scan.tag(data))
        body = b"".join(written[row] for row in sorted(written))
        self._patches.append(Patch(data.start, data.end, tag + body + closing(tag)))

    def _change(self, source: int, row: int, col_of: Callable[[int], int | None]) -> RowChange:
        """Shared formulas are no longer shared: their cells are at other distances now."""
        edits = self._plan.edits.get(row, {})
        formulas = {}
        for cell in self._sheet.cells.get(source, ()):
            col = col_of(cell.col)
            if col is None or not _is_shared(cell.formula):
                continue
            formulas[col] = self._cells.formula_element(self._tools.formula_text(source, cell.col))
        return RowChange(row, edits, formulas, self._attributes(row))

    # -- what stands around the rows --

    def _merge(self) -> None:
        plan = self._plan
        if plan.merges is None and not self._moves:
            return
        shown = self._sheet.shown_merges
        wanted = plan.merges
        if wanted is None:
            wanted = [one for one in moved_ranges(shown, plan) if one is not None]
        hidden = [one for one in self._sheet.merges() if one not in shown]
        if self._moves and hidden:
            raise refuse("merged cells far behind the content")
        self._write_merges([*wanted, *hidden])

    def _write_merges(self, merges: Sequence[Range]) -> None:
        scan, found = self._sheet.scan, self._sheet.root.find("x:mergeCells")
        tag = b"<" + self._prefix + b'mergeCells count="' + str(len(merges)).encode() + b'">'
        items = [b"<" + self._prefix + b'mergeCell ref="' + range_text(one).encode() + b'"/>' for one in merges]
        new = tag + b"".join(items) + closing(tag) if merges else b""
        if found is not None:
            if [range_of(one.attrs.get("ref", "")) for one in found.elements] != list(merges):
                self._patches.append(Patch(found.start, found.end, new))
        elif new:
            at = next((node.start for node in scan.root.elements if node.name[2:] in _BEHIND_MERGES), None)
            place = scan.root.inner_end if at is None else at
            self._patches.append(Patch(place, place, new))

    def _freeze(self) -> None:
        if self._plan.frozen is None:
            return
        scan = self._sheet.scan
        view = scan.root.find("x:sheetViews", "x:sheetView")
        rows, cols = self._plan.frozen
        pane = self._pane(rows, cols)
        if view is None:
            body = self._wrapped("sheetViews", self._wrapped("sheetView", pane, b' workbookViewId="0"'))
            before = ("x:sheetPr", "x:dimension")
            at = max((node.end for node in scan.root.elements if node.name in before), default=scan.root.inner_start)
            self._patches.append(Patch(at, at, body))
            return
        # Selections name the panes that there were.
        kept = [node for node in view.elements if node.name not in ("x:pane", "x:selection")]
        tag = opened(scan.tag(view))
        inner = pane + b"".join(scan.source(node) for node in kept)
        self._patches.append(Patch(view.start, view.end, tag + inner + closing(tag) if inner else tag[:-1] + b"/>"))

    def _pane(self, rows: int, cols: int) -> bytes:
        if not rows and not cols:
            return b""
        which = "bottomRight" if rows and cols else "bottomLeft" if rows else "topRight"
        values = {
            "xSplit": str(cols) if cols else None,
            "ySplit": str(rows) if rows else None,
            "topLeftCell": reference_of(rows, cols),
            "activePane": which,
            "state": "frozen",
        }
        selection = with_attributes(b"<" + self._prefix + b"selection/>", {"pane": which})
        return with_attributes(b"<" + self._prefix + b"pane/>", values) + selection

    def _wrapped(self, name: str, inner: bytes, attributes: bytes = b"") -> bytes:
        tag = b"<" + self._prefix + name.encode() + attributes + b">"
        return tag + inner + closing(tag)

    def _measure(self) -> None:
        """The stated dimension grows with what is written outside of it."""
        node = self._sheet.root.find("x:dimension")
        old = range_of(node.attrs.get("ref", "")) if node is not None else None
        if node is None or old is None:
            return
        spots = [(row, col) for row, edits in self._plan.edits.items() for col, edit in edits.items() if edit.content]
        top, left, bottom, right = old
        if self._moves:
            bottom = max(0, bottom + len(self._plan.rows) - self._plan.used[0])
            right = max(0, right + len(self._plan.cols) - self._plan.used[1])
            top, left = (0, 0) if bottom < top or right < left or self._plan.moves_rows else (top, left)
        for row, col in spots:
            top, left, bottom, right = min(top, row), min(left, col), max(bottom, row), max(right, col)
        new = (top, left, max(top, bottom), max(left, right))
        if new != old:
            tag = with_attributes(self._sheet.scan.tag(node), {"ref": range_text(new)})
            self._patches.append(Patch(node.start, node.start + len(self._sheet.scan.tag(node)), tag))


def _place(one: tuple[int, RawCell]) -> tuple[int, int]:
    return one[0], one[1].col


def _is_shared(formula: RawFormula | None) -> bool:
    return formula is not None and formula.kind == "shared"


def _plain(text: str) -> str:
    return text if text.isdigit() else "0"


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")
