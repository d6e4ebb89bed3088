"""Owns one row as bytes: the cells of an edit put into it, at the same or at another place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from collab.formats.sheet.model import CellEdit
from collab.formats.sheet.xlsx_cells import CellWriter, Old, is_nothing
from collab.formats.sheet.xlsx_names import NAMES, place_of, reference_of
from collab.formats.sheet.xlsx_sheet import CELL, Line, Worksheet
from collab.formats.sheet.xlsx_tags import closing, opened, with_attributes
from collab.formats.zipped.patch import Patch, apply_patches
from collab.formats.zipped.scan import Node, Scan, scan
from collab.limits import Limits

_SPANS = re.compile(r"(\d+):(\d+)")


@dataclass(slots=True)
class RowChange:
    """What becomes of one row."""

    row: int
    """Where it will be."""
    edits: Mapping[int, CellEdit]
    formulas: Mapping[int, bytes]
    """Column -> bytes of a formula element, for cells that keep their formula and say it in another way."""
    attributes: Mapping[str, str | None]


class RowWriter:
    """Writes the rows of one sheet."""

    def __init__(
        self, sheet: Worksheet, cells: CellWriter, style_of: Callable[[CellEdit, int], int], limits: Limits
    ) -> None:
        """`style_of` tells the cell format of an edited cell that had another one."""
        self._sheet = sheet
        self._cells = cells
        self._style_of = style_of
        self._limits = limits
        self._head = opened(sheet.scan.tag(sheet.root))
        self.columns: dict[int, int] = {}
        """Styles of columns, for cells that are not there."""

    def written(self, line: Line, change: RowChange) -> bytes:
        """A row that stays where it is, with its changes."""
        part = self._alone(line)
        node = next(part.root.elements)
        by_col = _by_column(node)
        patches, explicit = [], all("r" in cell.attrs for cell in by_col.values())
        added: dict[int, bytes] = {}
        for col in sorted({*change.edits, *change.formulas}):
            old = self._old(part, by_col.get(col), line, col)
            new = self._cell(old, line.row, col, change)
            if old.node is None:
                added[col] = new
            elif new or explicit:
                patches.append(Patch(old.node.start, old.node.end, new))
            else:
                patches.append(Patch(old.node.start, old.node.end, self._placeholder(line.row, col)))
        if added:
            patches += _insertions(node, by_col, added)
        tag = part.tag(node)
        new_tag = with_attributes(tag, {**change.attributes, **_spans(node, added)})
        if node.inner_start < 0 and any(added.values()):
            return opened(new_tag) + b"".join(added[col] for col in sorted(added)) + closing(new_tag)
        if new_tag != tag:
            patches.append(Patch(node.start, node.start + len(tag), new_tag))
        kept = [patch for patch in patches if patch.start != patch.end or patch.new]
        return apply_patches(part.content, kept)[node.start : len(part.content) - self._tail() + _growth(kept)]

    def moved(self, line: Line, change: RowChange, col_of: Callable[[int], int | None]) -> bytes:
        """A row at another place, its columns at other places; what is in deleted columns goes."""
        part = self._alone(line)
        node = next(part.root.elements)
        cells: dict[int, bytes] = {}
        done = set()
        for source, cell in _by_column(node).items():
            col = col_of(source)
            if col is None:
                continue
            done.add(col)
            old = self._old(part, cell, line, source)
            if col in change.edits or col in change.formulas:
                cells[col] = self._cell(old, change.row, col, change)
            else:
                cells[col] = with_attributes(part.tag(cell), {"r": reference_of(change.row, col)}) + (
                    part.content[cell.inner_start : cell.end] if cell.inner_start >= 0 else b""
                )
        for col in change.edits:
            if col not in done:
                cells[col] = self._cell(self._old(part, None, line, col), change.row, col, change)
        others = [part.source(one) for one in node.elements if one.name != CELL]
        tag = with_attributes(opened(part.tag(node)), {"r": str(change.row + 1), "spans": None, **change.attributes})
        return tag + b"".join(cells[col] for col in sorted(cells)) + b"".join(others) + closing(tag)

    def new(self, change: RowChange, prefix: bytes) -> bytes:
        """A row that was not there; empty when nothing is in it."""
        line = Line(change.row, 0, 0, None, False, 0)
        cells = []
        for col in sorted(change.edits):
            old = self._old(self._sheet.scan, None, line, col)
            cells.append(self._cell(old, change.row, col, change))
        body = b"".join(cells)
        if not body and not change.attributes:
            return b""
        tag = with_attributes(b"<" + prefix + b'row r="' + str(change.row + 1).encode() + b'">', change.attributes)
        return tag + body + closing(tag)

    def _cell(self, old: Old, row: int, col: int, change: RowChange) -> bytes:
        edit = change.edits.get(col) or CellEdit()
        style = self._style_of(edit, old.style)
        if is_nothing(edit) and not style:
            return b""
        return self._cells.written(old, row, col, edit, style, change.formulas.get(col))

    def _old(self, part: Scan, cell: Node | None, line: Line, col: int) -> Old:
        if cell is None:
            return Old(part, None, line.style or self.columns.get(col, 0))
        style = cell.attrs.get("s", "0")
        return Old(part, cell, int(style) if style.isdigit() and len(style) < 9 else 0)

    def _alone(self, line: Line) -> Scan:
        """A row scanned by itself, in the worksheet's own tag."""
        source = self._sheet.scan.content[line.start : line.end]
        return scan(self._head + source + closing(self._head), self._limits, NAMES)

    def _tail(self) -> int:
        return len(closing(self._head))

    def _placeholder(self, row: int, col: int) -> bytes:
        """An empty cell, so that the following ones that do not say where they are stay there."""
        prefix = self._head[1 : self._head.index(b":") + 1] if re.match(rb"<[\w.-]+:", self._head) else b""
        return b"<" + prefix + b'c r="' + reference_of(row, col).encode() + b'"/>'


def _by_column(node: Node) -> dict[int, Node]:
    found: dict[int, Node] = {}
    last = -1
    for cell in node.elements:
        if cell.name == CELL:
            place = place_of(cell.attrs["r"]) if "r" in cell.attrs else None
            last = last + 1 if place is None else place[1]
            found[last] = cell
    return found


def _insertions(node: Node, by_col: Mapping[int, Node], added: Mapping[int, bytes]) -> list[Patch]:
    if node.inner_start < 0:
        return []
    patches = []
    for col in sorted(added):
        following = min((other for other in by_col if other > col), default=None)
        last = max(by_col, default=None)
        if following is not None:
            at = by_col[following].start
        else:
            at = by_col[last].end if last is not None else node.inner_start
        patches.append(Patch(at, at, added[col]))
    return patches


def _spans(node: Node, added: Mapping[int, bytes]) -> dict[str, str | None]:
    """The optimisation `spans`, grown where it is there."""
    match = _SPANS.fullmatch(node.attrs.get("spans", ""))
    cols = [col + 1 for col, new in added.items() if new]
    if match is None or not cols:
        return {}
    first, last = min(int(match[1]), *cols), max(int(match[2]), *cols)
    return {} if (first, last) == (int(match[1]), int(match[2])) else {"spans": f"{first}:{last}"}


def _growth(patches: list[Patch]) -> int:
    return sum(len(patch.new) - (patch.end - patch.start) for patch in patches)
