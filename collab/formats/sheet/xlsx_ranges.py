"""Owns the ranges that stand beside a worksheet's cells: links, rules, conditions, filters; and names of the workbook.

Each is moved along with its rows and columns, or the sheet is locked because something of it is not understood.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from collab.formats.sheet.formula.parts import Ids
from collab.formats.sheet.formula.xlsx import from_xlsx
from collab.formats.sheet.model import Range, sheet_id
from collab.formats.sheet.xlsx_moves import Moves, torn_apart
from collab.formats.sheet.xlsx_names import range_of, range_text
from collab.formats.sheet.xlsx_sheet import Worksheet
from collab.formats.sheet.xlsx_tags import closing, opened, with_attributes
from collab.formats.zipped.patch import Patch, escape_text
from collab.formats.zipped.scan import Node, Scan

CONDITIONS, RULES, LINKS, FILTER, IGNORED = (
    "x:conditionalFormatting",
    "x:dataValidations",
    "x:hyperlinks",
    "x:autoFilter",
    "x:ignoredErrors",
)
_FORMULAS = ("x:formula", "x:formula1", "x:formula2")


def areas_of(text: str) -> list[Range] | None:
    """`A1:B2 C3` as ranges; None when one is none."""
    found = [range_of(one) for one in text.split()]
    known = [one for one in found if one is not None]
    return known if known and len(known) == len(found) else None


def is_understood(node: Node, sheet: int, ids: Ids) -> bool:
    """Whether an element beside the cells can be moved along."""
    here = sheet_id(sheet)
    if node.name == CONDITIONS:
        return _is_ruled(node, here, ids)
    if node.name == RULES:
        return all(one.name == "x:dataValidation" and _is_ruled(one, here, ids) for one in node.elements)
    if node.name == LINKS:
        return all(range_of(one.attrs.get("ref", "")) and _is_place(one, here, ids) for one in node.elements)
    if node.name == FILTER:
        return range_of(node.attrs.get("ref", "")) is not None
    return node.name == IGNORED and all(areas_of(one.attrs.get("sqref", "")) for one in node.elements)


def _is_ruled(node: Node, here: str, ids: Ids) -> bool:
    texts = [one.text() for one in node.walk() if one.name in _FORMULAS]
    strange = any(one.name == "x:extLst" or (one.name == "x:cfvo" and _names_cells(one)) for one in node.walk())
    readable = all(from_xlsx(text, ids, here) is not None for text in texts)
    return areas_of(node.attrs.get("sqref", "")) is not None and readable and not strange


def _names_cells(node: Node) -> bool:
    return node.attrs.get("type") == "formula"


def _is_place(node: Node, here: str, ids: Ids) -> bool:
    location = node.attrs.get("location")
    return location is None or from_xlsx(location, ids, here) is not None


def is_name_understood(node: Node, tabs: Sequence[int | None], ids: Ids) -> bool:
    """Whether a defined name can be moved along; `tabs`: place in the workbook -> number of the worksheet."""
    return from_xlsx(node.text(), ids, sheet_id(_home(node, tabs))) is not None


def _home(node: Node, tabs: Sequence[int | None]) -> int:
    local = node.attrs.get("localSheetId", "")
    place = int(local) if local.isdigit() and len(local) < 6 else -1
    return (tabs[place] if 0 <= place < len(tabs) else None) or 0


def name_patches(names: Sequence[Node], tabs: Sequence[int | None], moves: Moves) -> list[Patch]:
    """Defined names as they are to be. Raises: FormatError."""
    found = []
    for node in names:
        text = node.text()
        new = moves.text(text, _home(node, tabs))
        if new != text and node.inner_start >= 0:
            found.append(Patch(node.inner_start, node.inner_end, escape_text(new)))
    return found


class RangeWriter:
    """Moves what stands beside the cells of one worksheet."""

    def __init__(self, sheet: Worksheet, source: int, moves: Moves) -> None:
        self._scan: Scan = sheet.scan
        self._source = source
        self._moves = moves

    def patches(self) -> Iterator[Patch]:
        """Raises: FormatError."""
        for node in self._scan.root.elements:
            if node.name == CONDITIONS:
                yield from self._changed(node, self._ruled(node))
            elif node.name in (RULES, IGNORED):
                yield from self._changed(node, self._list(node, [self._ruled(one) for one in node.elements]))
            elif node.name == LINKS:
                yield from self._changed(node, self._list(node, [self._link(one) for one in node.elements]))
            elif node.name == FILTER:
                yield from self._changed(node, self._filter(node))

    def _changed(self, node: Node, new: bytes) -> Iterator[Patch]:
        if new != self._scan.source(node):
            yield Patch(node.start, node.end, new)

    def _list(self, node: Node, items: Sequence[bytes]) -> bytes:
        """A list with what is left of its elements; without any it goes."""
        if [self._scan.source(one) for one in node.elements] == items:
            return self._scan.source(node)
        kept = [item for item in items if item]
        tag = opened(self._scan.tag(node))
        if "count" in node.attrs:
            tag = with_attributes(tag, {"count": str(len(kept))})
        return tag + b"".join(kept) + closing(tag) if kept else b""

    def _ruled(self, node: Node) -> bytes:
        """An element for some ranges, with formulas that are meant from their upper left cell."""
        old = areas_of(node.attrs.get("sqref", "")) or []
        new = [area for one in old if (area := self._moves.area(one, self._source)) is not None]
        if not new:
            return b""
        formulas = [one for one in node.walk() if one.name in _FORMULAS]
        source = self._scan.source(node)
        if formulas and not self._keeps_corner(old, new):
            if new == old:
                return source  # rows changed places within it: the formula is meant from its first cell as before
            raise torn_apart()
        for one in reversed(formulas):
            text = self._moves.text(one.text(), self._source)
            if text != one.text() and one.inner_start >= 0:
                start, end = one.inner_start - node.start, one.inner_end - node.start
                source = source[:start] + escape_text(text) + source[end:]
        tag = self._scan.tag(node)
        if new != old:
            sqref = " ".join(range_text(area) for area in new)
            return with_attributes(tag, {"sqref": sqref}) + source[len(tag) :]
        return source

    def _keeps_corner(self, old: Sequence[Range], new: Sequence[Range]) -> bool:
        row, col = min(area[0] for area in old), min(area[1] for area in old)
        corner = self._moves.area((row, col, row, col), self._source)
        return corner is not None and corner[:2] == (min(area[0] for area in new), min(area[1] for area in new))

    def _link(self, node: Node) -> bytes:
        area = self._moves.area(range_of(node.attrs.get("ref", "")) or (0, 0, 0, 0), self._source)
        if area is None:
            return b""
        values: dict[str, str | None] = {"ref": range_text(area)}
        location = node.attrs.get("location")
        if location is not None:
            values["location"] = self._moves.text(location, self._source)
        changed = {key: value for key, value in values.items() if value != node.attrs.get(key)}
        return (
            with_attributes(self._scan.source(node), changed)
            if changed and not node.children
            else self._kept(node, changed)
        )

    def _kept(self, node: Node, changed: dict[str, str | None]) -> bytes:
        tag = self._scan.tag(node)
        return with_attributes(tag, changed) + self._scan.source(node)[len(tag) :]

    def _filter(self, node: Node) -> bytes:
        old = range_of(node.attrs.get("ref", ""))
        new = self._moves.area(old, self._source) if old is not None else None
        if new is None:
            return b""
        if old is not None and new[3] - new[1] != old[3] - old[1] and any(node.elements):
            # Its criteria count columns from the first one.
            raise torn_apart()
        return self._kept(node, {"ref": range_text(new)}) if new != old else self._scan.source(node)
