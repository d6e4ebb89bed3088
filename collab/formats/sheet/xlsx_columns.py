"""Owns the columns of a worksheet: widths, what is hidden, and the styles of cells that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from collab.formats.sheet.formula.parts import LAST_COLUMN
from collab.formats.sheet.model import SheetPlan
from collab.formats.sheet.xlsx_read import PIXELS_A_CHARACTER
from collab.formats.sheet.xlsx_sheet import Worksheet
from collab.formats.sheet.xlsx_tags import closing, with_attributes
from collab.formats.zipped.patch import Patch
from collab.formats.zipped.scan import Node

DEFAULT_WIDTH = 9.140625


def column_styles(root: Node) -> dict[int, int]:
    """Column -> cell format of its cells that are not there."""
    found: dict[int, int] = {}
    for first, last, node in _columns(root):
        style = node.attrs.get("style", "0")
        if style.isdigit() and style != "0":
            found.update(dict.fromkeys(range(first, last + 1), int(style)))
    return found


def _columns(root: Node) -> Iterator[tuple[int, int, Node]]:
    node = root.find("x:cols")
    for col in node.elements if node is not None else ():
        first, last = col.attrs.get("min", ""), col.attrs.get("max", "")
        if first.isdigit() and last.isdigit() and 0 < int(first) <= int(last) <= LAST_COLUMN + 1:
            yield int(first) - 1, int(last) - 1, col


def columns_written(sheet: Worksheet, plan: SheetPlan, prefix: bytes) -> list[Patch]:
    """The columns anew: each as its element was, with what changes."""
    tags: dict[int, bytes] = {}
    for first, last, node in _columns(sheet.root):
        bare = with_attributes(sheet.scan.source(node), {"min": None, "max": None})
        tags.update(dict.fromkeys(range(first, last + 1), bare))
    moved = _moved(tags, plan) if plan.moves_cols else tags
    for col in {*plan.col_sizes, *plan.col_hides}:
        moved[col] = _changed(moved.get(col, b"<" + prefix + b"col/>"), col, plan)
    return _patches(sheet, moved, prefix)


def _moved(tags: dict[int, bytes], plan: SheetPlan) -> dict[int, bytes]:
    further = len(plan.cols) - plan.used[1]
    places = {col: place for place, col in enumerate(plan.cols) if col is not None}
    found: dict[int, bytes] = {}
    for col, tag in tags.items():
        place = col + further if col >= plan.used[1] else places.get(col)
        if place is not None and place <= LAST_COLUMN:
            found[place] = tag
    return found


def _changed(tag: bytes, col: int, plan: SheetPlan) -> bytes:
    values: dict[str, str | None] = {}
    if col in plan.col_sizes:
        size = plan.col_sizes[col]
        values["width"] = str(DEFAULT_WIDTH if size is None else int(size * 256 / PIXELS_A_CHARACTER) / 256)
        values["customWidth"] = None if size is None else "1"
    elif b"width=" not in tag:
        values["width"] = str(DEFAULT_WIDTH)
    if col in plan.col_hides:
        values["hidden"] = "1" if plan.col_hides[col] else None
    return with_attributes(tag, values)


def _patches(sheet: Worksheet, tags: dict[int, bytes], prefix: bytes) -> list[Patch]:
    runs: list[tuple[int, int, bytes]] = []
    for col in sorted(tags):
        if runs and runs[-1][1] == col - 1 and runs[-1][2] == tags[col]:
            runs[-1] = (runs[-1][0], col, tags[col])
        else:
            runs.append((col, col, tags[col]))
    items = [with_attributes(tag, {"min": str(first + 1), "max": str(last + 1)}) for first, last, tag in runs]
    tag = b"<" + prefix + b"cols>"
    new = tag + b"".join(items) + closing(tag) if items else b""
    found, data = sheet.root.find("x:cols"), sheet.root.find("x:sheetData")
    if found is not None:
        return [Patch(found.start, found.end, new)]
    return [Patch(data.start, data.start, new)] if data is not None and new else []
