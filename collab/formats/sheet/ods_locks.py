"""Owns which sheets keep their rows and columns where they are, because something names places that is not shifted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from collab.formats.sheet.formulas import is_unread
from collab.formats.sheet.model import Book
from collab.formats.sheet.ods_looks import CellStyles
from collab.formats.sheet.ods_table import Table
from collab.formats.zipped.scan import Node

_SLUGS = {
    "table:named-expressions": "names",
    "table:database-ranges": "filters",
    "table:data-pilot-tables": "pivots",
    "table:content-validations": "validations",
    "calcext:conditional-formats": "conditions",
    "table:consolidation": "consolidation",
    "table:dde-links": "links",
    "table:scenario": "scenarios",
    "table:label-ranges": "labels",
}
_OBJECTS = "charts"
_SHEET = re.compile(r"""\$?('(?:[^']|'')+'|[^\s.$';:,\[\]()"=<>+*/&^~!-]+)\.\$?[A-Z]{1,3}\$?\d""")
_OWN = re.compile(r"(?:^|[\s\[(;])\.\$?[A-Z]{1,3}\$?\d")


def lock(book: Book, tables: Sequence[Table], spreadsheet: Node, styles: CellStyles) -> None:
    """Set `locked` of the sheets that have to stay, and `named` of the book."""
    by_name = {table.name.casefold(): number for number, table in enumerate(tables)}
    for holder, own in _holders(spreadsheet, tables):
        slug = _SLUGS[holder.name]
        for number in _mentioned(holder, by_name, own):
            book.sheets[number].locked = book.sheets[number].locked or slug
            book.named = book.named or slug
    for number, table in enumerate(tables):
        for _, frame in [*table.frames, *_shapes(table.node)]:
            if _tied(frame):
                _lock_all_named(book, frame, by_name, number)
        if table.matrices:
            book.sheets[number].locked = book.sheets[number].locked or "arrays"
    if _has_conditions(styles):
        for sheet in book.sheets:
            sheet.locked = sheet.locked or "conditions"
    if any(is_unread(cell.formula) for sheet in book.sheets for row in _distinct(sheet.cells) for cell in row.values()):
        book.named = book.named or "formulas"
        for sheet in book.sheets:
            sheet.locked = sheet.locked or "formulas"


def _distinct(cells: dict[int, dict]) -> Iterator[dict]:  # type: ignore[type-arg]
    last = None
    for row in cells.values():
        if row is not last:
            yield row
        last = row


def _holders(spreadsheet: Node, tables: Sequence[Table]) -> Iterator[tuple[Node, int | None]]:
    """What names places, with the sheet that it stands in."""
    for child in spreadsheet.elements:
        if child.name in _SLUGS:
            yield child, None
    for number, table in enumerate(tables):
        for child in table.node.elements:
            if child.name in _SLUGS:
                yield child, number


def _mentioned(holder: Node, by_name: dict[str, int], own: int | None) -> set[int]:
    """The sheets that something names."""
    found: set[int] = set()
    for node in holder.walk():
        for key, value in node.attrs.items():
            if key == "table:base-cell-address":
                continue
            sheets = [_unquoted(name) for name in _SHEET.findall(value)]
            found.update(by_name[name] for name in sheets if name in by_name)
            if _OWN.search(value):
                found.update([own] if own is not None else _base(node, by_name))
    return found


def _base(node: Node, by_name: dict[str, int]) -> set[int]:
    """A place without a sheet is in that of the base cell; where there is none, in any."""
    base = _SHEET.search(node.attrs.get("table:base-cell-address", ""))
    name = _unquoted(base[1]) if base else ""
    return {by_name[name]} if name in by_name else set(by_name.values())


def _unquoted(name: str) -> str:
    return (name[1:-1].replace("''", "'") if name.startswith("'") else name).casefold()


def _shapes(node: Node) -> list[tuple[None, Node]]:
    shapes = node.find("table:shapes")
    return [(None, one) for one in shapes.elements] if shapes else []


def _tied(frame: Node) -> bool:
    """Whether a drawing names cells: an end, a source of data, a linked cell."""
    return any(
        node.name in ("draw:object", "draw:control") or "table:end-cell-address" in node.attrs
        for node in (frame, *frame.walk())
    )


def _lock_all_named(book: Book, frame: Node, by_name: dict[str, int], own: int) -> None:
    """A chart's sheet stays, and those that it takes its data from; where it does not say which, all."""
    ranges = next(
        (found for node in frame.walk() if (found := node.attrs.get("draw:notify-on-update-of-ranges"))), None
    )
    objects = any(node.name in ("draw:object", "draw:control") for node in (frame, *frame.walk()))
    named = {by_name[name] for text in _SHEET.findall(ranges or "") if (name := _unquoted(text)) in by_name}
    numbers = {own, *named} if named or not objects else set(range(len(book.sheets)))
    for number in numbers:
        book.sheets[number].locked = book.sheets[number].locked or _OBJECTS
    if objects:
        book.named = book.named or _OBJECTS


def _has_conditions(styles: CellStyles) -> bool:
    """Whether a cell style depends on a condition that names cells."""
    return any("[" in condition for condition in styles.conditions())
