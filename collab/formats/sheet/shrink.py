"""Owns ranges of which a corner was deleted: they end at the nearest line inside that is still there.

Lines as loaded are numbered in their ids, so every reader of the document finds the same one (docs/sheets.md).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from collab.formats.sheet.live import LiveBook
from collab.formats.sheet.model import Content, Formula, Json


@dataclass(frozen=True, slots=True)
class Lines:
    """The rows or columns of one sheet that are there, and the numbers of the loaded ones among them."""

    letter: str
    there: frozenset[str]
    numbers: Sequence[int]

    @classmethod
    def of(cls, ids: Sequence[str], letter: str) -> Lines:
        numbers = sorted(number for name in ids if (number := _number(name, letter)) is not None)
        return cls(letter, frozenset(ids), numbers)

    def corner(self, line: Json, other: Json, *, first: bool) -> Json:
        """What a corner is now; the other one says that this is a range."""
        number = _number(line, self.letter)
        if line in self.there or number is None:
            return line
        at = bisect_left(self.numbers, number) - (0 if first else 1)
        if not 0 <= at < len(self.numbers):
            return line
        found = self.numbers[at]
        limit = _number(other, self.letter)
        if limit is not None and (found > limit if first else found < limit):
            return line
        return f"{self.letter}{found}"


def _number(line: Json, letter: str) -> int | None:
    return int(line[1:]) if isinstance(line, str) and line[:1] == letter and line[1:].isdigit() else None


def shrink(live: LiveBook) -> None:
    """Let every range of the live document end where something still is."""
    lines = {sheet.id: (Lines.of(sheet.rows, "r"), Lines.of(sheet.cols, "c")) for sheet in live.sheets}
    for sheet in live.sheets:
        for cells in sheet.base.values():
            for col, cell in cells.items():
                if cell.formula is not None:
                    cells[col] = cell._replace(formula=shrunk(cell.formula, sheet.id, lines))
        for key, content in sheet.edits.items():
            if content.formula is not None:
                sheet.edits[key] = Content(content.kind, content.value, shrunk(content.formula, sheet.id, lines))


def shrunk(formula: Formula, here: str, lines: dict[str, tuple[Lines, Lines]]) -> Formula:
    """A formula with its ranges as they are now."""
    found = list(formula)
    for at in range(len(found) - 2):
        start, colon, end = found[at : at + 3]
        if isinstance(start, str) or isinstance(end, str) or not isinstance(colon, str) or colon.strip() != ":":
            continue
        sheet = start[3] if len(start) > 3 else here
        if sheet not in lines:
            continue
        rows, cols = lines[sheet]
        corners = [list(start), list(end)]
        for place, kind in ((0, rows), (1, cols)):
            one, other = start[place], end[place]
            corners[0][place] = kind.corner(one, other, first=True)
            corners[1][place] = kind.corner(other, one, first=False)
        found[at], found[at + 2] = corners
    return found
