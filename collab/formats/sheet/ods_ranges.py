"""Owns the places that attributes of a file name, as `Sheet.A1:Sheet.B2`: where they are when rows have moved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from collab.errors import FormatError
from collab.formats.sheet.formula.parts import column_index, column_name
from collab.formats.sheet.model import Book, Plan, SheetPlan

NOT_MOVED = "A range that the file names could not be moved along, so the change was not written."
_NAME = r"(\$?(?:'(?:[^']|'')*'|[^.'\s:$]*))"
_CORNER = r"\.(\$?)([A-Z]{1,3})(\$?)(\d{1,7})"
_AREA = re.compile(f"{_NAME}{_CORNER}(?::{_NAME}{_CORNER})?")
_PLAIN = re.compile(r"[\w]+")


@dataclass(frozen=True, slots=True)
class _Corner:
    sheet: str
    marks: tuple[str, str]
    row: int
    col: int


def moved_print_ranges(text: str, plan: Plan, book: Book) -> str | None:
    """A list of ranges as it reads now; None when nothing of it is left. Raises: FormatError (not understood)."""
    moved = []
    at = 0
    for found in _AREA.finditer(text):
        if text[at : found.start()].strip():
            break
        at = found.end()
        now = _moved(found, plan, book)
        if now is not None:
            moved.append(now)
    if text[at:].strip():
        if any(sheet.moves_rows or sheet.moves_cols or _renamed(sheet, book) for sheet in plan.sheets):
            raise FormatError("a range that is not understood", public=NOT_MOVED)
        return text
    return " ".join(moved) if moved else None


def _renamed(sheet: SheetPlan, book: Book) -> bool:
    return sheet.source is not None and sheet.name != book.sheets[sheet.source].name


def _moved(found: re.Match[str], plan: Plan, book: Book) -> str | None:
    name = _unquoted(found[1])
    number = next((n for n, sheet in enumerate(book.sheets) if sheet.name.casefold() == name.casefold()), None)
    sheet = next((one for one in plan.sheets if one.source == number and number is not None), None)
    if sheet is None:
        return None if number is not None else found[0]
    before = book.sheets[sheet.source or 0]
    if not sheet.moves_rows and not sheet.moves_cols and sheet.name == before.name:
        return found[0]
    first = _Corner(found[1], (found[2], found[4]), int(found[5]) - 1, column_index(found[3]))
    last = first
    if found[10]:
        last = _Corner(found[6], (found[7], found[9]), int(found[10]) - 1, column_index(found[8]))
    rows = moved_span(first.row, last.row, sheet.rows, sheet.used[0])
    cols = moved_span(first.col, last.col, sheet.cols, sheet.used[1])
    if rows is None or cols is None:
        return None
    texts = [
        _text(corner, sheet, before.name, row, col) for corner, row, col in zip((first, last), rows, cols, strict=True)
    ]
    return ":".join(texts) if found[10] else texts[0]


def moved_span(first: int, last: int, sources: Sequence[int | None], used: int) -> tuple[int, int] | None:
    """Where the lines from `first` to `last` are now, shrunk by what was deleted; None when nothing is left."""
    places = {source: place for place, source in enumerate(sources) if source is not None}
    grown = len(sources) - max(used, max(places, default=-1) + 1)

    def place(line: int) -> int | None:
        return places.get(line, line + grown if line >= used and line > max(places, default=-1) else None)

    lines = [now for line in _near(first, last, used) if (now := place(line)) is not None]
    return (min(lines), max(lines)) if lines else None


def _near(first: int, last: int, used: int) -> range | list[int]:
    """The lines of a range; of those behind the used area the ends are enough."""
    return range(first, last + 1) if last < used else [*range(first, used), max(first, used), last]


def _text(corner: _Corner, sheet: SheetPlan, before: str, row: int, col: int) -> str:
    name = corner.sheet
    if name and sheet.name != before:
        mark = "$" if name.startswith("$") else ""
        name = mark + (sheet.name if _PLAIN.fullmatch(sheet.name) else "'" + sheet.name.replace("'", "''") + "'")
    return f"{name}.{corner.marks[0]}{column_name(col)}{corner.marks[1]}{row + 1}"


def _unquoted(name: str) -> str:
    name = name.removeprefix("$")
    return name[1:-1].replace("''", "'") if name.startswith("'") else name
