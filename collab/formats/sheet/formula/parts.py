"""Owns a formula as the shared document holds it: text and references by ids (docs/sheets.md, "Formulas").

Knows no syntax of a file and no document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeGuard

ABSOLUTE_ROW, ABSOLUTE_COLUMN = 1, 2
SHEET_WITHOUT_MARK = 4
"""Of ods only: the sheet is written without `$`."""
UNREAD = "\0"
"""What begins a formula that cannot be read: its text in the file's own syntax follows."""
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


Part = str | Reference


class Ids(Protocol):
    """Where rows, columns and sheets are now."""

    def row_id(self, sheet: str, index: int) -> str | int:
        """The id at an index counted from 0; the index itself beyond the end."""
        ...

    def col_id(self, sheet: str, index: int) -> str | int: ...

    def row_index(self, sheet: str, place: str | int) -> int | None:
        """None: it is gone. A place beyond the end is its own index."""
        ...

    def col_index(self, sheet: str, place: str | int) -> int | None: ...

    def sheet_id(self, name: str) -> str | None: ...

    def sheet_name(self, sheet: str) -> str | None: ...


def dump(parts: Iterable[Part]) -> list[object]:
    """As JSON arrays."""
    return [part if isinstance(part, str) else _dump_reference(part) for part in parts]


def _dump_reference(reference: Reference) -> list[object]:
    corner: list[object] = [reference.row, reference.column, reference.flags]
    return corner if reference.sheet is None else [*corner, reference.sheet]


def load(value: object) -> list[Part] | None:
    """From JSON arrays; None when it is no formula. Numbers may have come back as floats."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return None
    parts: list[Part] = []
    for item in value:
        part = item if isinstance(item, str) else _load_reference(item)
        if part is None:
            return None
        parts.append(part)
    return parts


def _load_reference(item: object) -> Reference | None:
    if not isinstance(item, Sequence) or isinstance(item, bytes) or len(item) not in (3, 4):
        return None
    row, column, flags = _place(item[0]), _place(item[1]), _place(item[2])
    sheet = item[3] if len(item) == 4 else None
    if row is False or column is False or not _is_index(flags) or not (sheet is None or isinstance(sheet, str)):
        return None
    return None if row is None and column is None else Reference(row, column, flags, sheet)


def _place(value: object) -> Place:
    """False when it is none (False is an int to the type checker, and no index here)."""
    if value is None or isinstance(value, str):
        return value
    is_index = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9
    return int(value) if is_index and int(value) == value else False  # type: ignore[call-overload, no-any-return]


def _is_index(value: Place) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def unread(text: str) -> list[Part]:
    """A formula that cannot be read, by its text in the file's own syntax."""
    return [UNREAD + text]


def unread_text(parts: Sequence[Part]) -> str | None:
    """The file's own text of a formula that cannot be read; None when it can."""
    first = parts[0] if parts else ""
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

    def reference(self, ids: Ids, here: str, sheet: str | None, flags: int = 0) -> Reference:
        """By ids; `sheet` is None when the text names none."""
        on = here if sheet is None else sheet
        row = None if self.row is None else ids.row_id(on, self.row)
        column = None if self.column is None else ids.col_id(on, self.column)
        return Reference(row, column, self.flags | flags, sheet)


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


def with_ranges(parts: Sequence[Part]) -> Iterable[Part | Range]:
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
