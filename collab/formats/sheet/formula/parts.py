"""Owns a formula as the shared document holds it: text and references by ids (docs/sheets.md, "Formulas").

Knows no syntax of a file and no document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from collab.formats.sheet.model import UNREAD, Formula, Json, Part

ABSOLUTE_ROW, ABSOLUTE_COLUMN = 1, 2
GONE = "#REF!"
LAST_ROW, LAST_COLUMN = 1_048_575, 16_383

Place = str | int | None
"""An id, or a place beyond the end as an index counted from 0; None stands for a whole column or row."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One corner. Both corners of a range carry the sheet, when the formula names one."""

    row: Place
    column: Place
    flags: int = 0
    sheet: str | None = None


Piece = str | Reference
"""A part of a formula that was read from JSON."""


class Ids(Protocol):
    """Where rows, columns and sheets are now."""

    def row_id(self, sheet: str, index: int, /) -> str | int:
        """The id at an index counted from 0; the index itself beyond the end."""
        ...

    def col_id(self, sheet: str, index: int, /) -> str | int: ...

    def row_index(self, sheet: str, place: str | int, /) -> int | None:
        """None: it is gone. A place beyond the end is its own index."""
        ...

    def col_index(self, sheet: str, place: str | int, /) -> int | None: ...

    def sheet_id(self, name: str, /) -> str | None: ...

    def sheet_name(self, sheet: str, /) -> str | None: ...


def dump(pieces: Iterable[Piece]) -> Formula:
    """As the JSON arrays of the shared document."""
    return [piece if isinstance(piece, str) else _dump_reference(piece) for piece in pieces]


def _dump_reference(reference: Reference) -> list[Json]:
    corner = [reference.row, reference.column, reference.flags]
    return corner if reference.sheet is None else [*corner, reference.sheet]


def load(formula: Sequence[Part]) -> list[Piece]:
    """From JSON arrays that were checked (`clean.py`), strings joined where two follow each other."""
    pieces: list[Piece] = []
    for part in formula:
        if not isinstance(part, str):
            pieces.append(Reference(part[0], part[1], part[2], part[3] if len(part) > 3 else None))
        elif pieces and isinstance(pieces[-1], str):
            pieces[-1] += part
        else:
            pieces.append(part)
    return pieces


def unread(text: str) -> Formula:
    """A formula that cannot be read, by its text in the file's own syntax."""
    return [UNREAD + text]


def unread_text(formula: Sequence[Part]) -> str | None:
    """The file's own text of a formula that cannot be read; None when it can."""
    first = formula[0] if formula else ""
    return first[1:] if isinstance(first, str) and first.startswith(UNREAD) else None


def column_name(index: int) -> str:
    """`A` for 0, `AA` for 26."""
    name = ""
    index += 1
    while index > 0:
        index, letter = divmod(index - 1, 26)
        name = chr(65 + letter) + name
    return name


def column_index(name: str) -> int:
    """0 for `A`, in either case."""
    index = 0
    for letter in name.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


_CORNER = re.compile(r"(\$?)([A-Za-z]*)(\$?)([0-9]*)")


@dataclass(frozen=True, slots=True)
class Corner:
    """A corner as text has it: indexes from 0, None for what it does not say."""

    row: int | None
    column: int | None
    flags: int

    @classmethod
    def read(cls, text: str) -> Corner | None:
        """`$A$1`, `A`, `$1`; None when no sheet has such a place."""
        match = _CORNER.fullmatch(text)
        if match is None:
            return None
        mark, letters, row_mark, digits = match.groups()
        if not letters and not digits:
            return None
        row = int(digits) - 1 if digits else None
        column = column_index(letters) if letters else None
        if len(letters) > 3 or (column or 0) > LAST_COLUMN or not -1 < (row or 0) <= LAST_ROW or digits[:1] == "0":
            return None
        # `$1` has one mark, and it is the row's.
        row_mark, mark = (row_mark, mark) if letters else (mark, "")
        return cls(row, column, (ABSOLUTE_ROW if row_mark else 0) + (ABSOLUTE_COLUMN if mark else 0))

    def reference(self, ids: Ids, here: str, sheet: str | None) -> Reference:
        """By ids; `sheet` is None when the text names none."""
        on = here if sheet is None else sheet
        row = None if self.row is None else ids.row_id(on, self.row)
        column = None if self.column is None else ids.col_id(on, self.column)
        return Reference(row, column, self.flags, sheet)


def corner_text(reference: Reference, ids: Ids, here: str) -> str | None:
    """`$A$1` without a sheet; None when its row or column is gone."""
    on = here if reference.sheet is None else reference.sheet
    row = None if reference.row is None else ids.row_index(on, reference.row)
    column = None if reference.column is None else ids.col_index(on, reference.column)
    if (row is None and reference.row is not None) or (column is None and reference.column is not None):
        return None
    text = ""
    if column is not None:
        text += ("$" if reference.flags & ABSOLUTE_COLUMN else "") + column_name(column)
    if row is not None:
        text += ("$" if reference.flags & ABSOLUTE_ROW else "") + str(row + 1)
    return text


@dataclass(frozen=True, slots=True)
class Range:
    """Two corners with what stands between them (a colon, and blanks)."""

    start: Reference
    colon: str
    end: Reference


def with_ranges(parts: Sequence[Piece]) -> Iterable[Piece | Range]:
    """The parts, with ranges as one."""
    at = 0
    while at < len(parts):
        part = parts[at]
        if isinstance(part, Reference) and at + 2 < len(parts):
            colon, end = parts[at + 1], parts[at + 2]
            if isinstance(colon, str) and colon.strip() == ":" and isinstance(end, Reference):
                yield Range(part, colon, end)
                at += 3
                continue
        yield part
        at += 1
