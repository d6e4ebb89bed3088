"""Owns the names of table columns: a header cell and its column must say the same, or Excel calls the file damaged."""

from __future__ import annotations

from collab.errors import FormatError
from collab.formats.sheet.formulas import is_unread
from collab.formats.sheet.model import TEXT, Book, Content, SheetPlan
from collab.formats.sheet.xlsx_names import escaped, range_of
from collab.formats.sheet.xlsx_tags import with_attributes
from collab.formats.zipped.patch import Patch, apply_patches
from collab.formats.zipped.scan import Scan

HEADER = "The heads of a table's columns must be texts that differ from each other: “{name}” cannot be one."
NAMED = "The column “{name}” is used by its name in formulas, so its head cannot be changed here."


def header_patches(table: Scan, sheet: SheetPlan, book: Book) -> bytes | None:
    """The table's part with new names; None when no head changes. Raises: FormatError."""
    area, columns = range_of(table.root.attrs.get("ref", "")), table.root.find("x:tableColumns")
    if area is None or columns is None or table.root.attrs.get("headerRowCount", "1") == "0":
        return None
    edits = sheet.edits.get(area[0], {})
    heads = list(columns.elements)
    names = [node.attrs.get("name", "") for node in heads]
    patches = []
    for number, node in enumerate(heads):
        edit = edits.get(area[1] + number)
        if edit is None or edit.content is None:
            continue
        name = _name(edit.content)
        if not name or name.casefold() in {other.casefold() for at, other in enumerate(names) if at != number}:
            raise FormatError("a table's head", public=HEADER.format(name=name or "…"))
        if any(f"[{names[number]}]" in text for text in _unread_formulas(book)):
            raise FormatError("a table's head is named", public=NAMED.format(name=names[number]))
        names[number] = name
        tag = table.tag(node)
        patches.append(Patch(node.start, node.start + len(tag), with_attributes(tag, {"name": escaped(name)})))
    return apply_patches(table.content, patches) if patches else None


def _name(content: Content) -> str:
    is_text = content.kind == TEXT and content.formula is None
    return str(content.value)[:255].replace("\n", "_x000a_") if is_text else ""


def _unread_formulas(book: Book) -> list[str]:
    cells = (cell for sheet in book.sheets for row in sheet.cells.values() for cell in row.values())
    return [str(cell.formula[0]) for cell in cells if cell.formula is not None and is_unread(cell.formula)]
