"""Owns where the rows, columns and sheets of a file are after a save: for ranges and formulas outside of the cells.

It answers by the file's own ids (`r1` is its first row), so it fits the protocol `Ids` for writing.
"""

from __future__ import annotations

from collections.abc import Sequence

from collab.errors import FormatError
from collab.formats.sheet.formula.parts import LAST_COLUMN, LAST_ROW, Ids
from collab.formats.sheet.formula.xlsx import from_xlsx, to_xlsx
from collab.formats.sheet.model import Plan, Range, SheetPlan, sheet_id
from collab.formats.sheet.shrink import Lines, shrunk
from collab.formats.zipped.patch import refuse

TORN = "A rule, filter, link or name belongs to cells that would no longer stand together, so this cannot be saved."


def torn_apart() -> FormatError:
    """The error for lines that leave the range in which they stood."""
    return FormatError("a range is torn apart", public=TORN)


class _Line:
    """The rows or the columns of one sheet."""

    def __init__(self, letter: str, sources: Sequence[int | None], used: int, last: int) -> None:
        self._letter = letter
        self._places = {source: place for place, source in enumerate(sources) if source is not None}
        self._used = used
        self._further = len(sources) - used
        self._last = last
        ids = [f"{letter}{source + 1}" for source in self._places]
        self.lines = Lines.of(ids, letter)

    def index(self, place: str | int) -> int | None:
        """Where a line is; what lies behind the used ones moves along with their end."""
        number = place if isinstance(place, int) else int(place[1:]) - 1 if place[1:].isdigit() else -1
        return self.of(number)

    def of(self, number: int) -> int | None:
        if number >= self._used:
            return min(number + self._further, self._last) if number < self._last else self._last
        return self._places.get(number)

    def span(self, first: int, last: int) -> tuple[int, int] | None:
        """Where lines that stand beside each other are; None when none is left. Raises: FormatError (torn apart)."""
        inside = range(first, min(last + 1, self._used))
        places = [self._places[number] for number in inside if number in self._places]
        if places and self._strangers(min(places), max(places), first, last):
            raise torn_apart()
        ends = [place for number in (first, last) if number >= self._used and (place := self.of(number)) is not None]
        found = [*places, *ends]
        return (min(found), max(found)) if found else None

    def _strangers(self, start: int, end: int, first: int, last: int) -> bool:
        """Whether lines from elsewhere came in between."""
        inside = range(start, end + 1)
        return any(place in inside and not first <= number <= last for number, place in self._places.items())


class Moves:
    """What becomes of places and names."""

    def __init__(self, ids: Ids, plan: Plan) -> None:
        """`ids` are the file's own."""
        self._ids = ids
        self._plans: dict[str, SheetPlan] = {sheet_id(one.source): one for one in plan.sheets if one.source is not None}
        self._rows = {key: _Line("r", one.rows, one.used[0], LAST_ROW) for key, one in self._plans.items()}
        self._cols = {key: _Line("c", one.cols, one.used[1], LAST_COLUMN) for key, one in self._plans.items()}
        self._lines = {key: (self._rows[key].lines, self._cols[key].lines) for key in self._plans}

    def text(self, text: str, source: int) -> str:
        """A formula of a sheet of the file as it is to be. Raises: FormatError (it cannot be read)."""
        here = sheet_id(source)
        formula = from_xlsx(text, self._ids, here)
        if formula is None:
            raise refuse("a formula beside the cells that is not understood")
        return to_xlsx(shrunk(formula, here, self._lines), self, here)

    def area(self, area: Range, source: int) -> Range | None:
        """A range of a sheet of the file; None when nothing is left of it. Raises: FormatError (torn apart)."""
        key = sheet_id(source)
        rows = self._rows[key].span(area[0], area[2])
        cols = self._cols[key].span(area[1], area[3])
        return None if rows is None or cols is None else (rows[0], cols[0], rows[1], cols[1])

    # -- the protocol Ids --

    def row_id(self, sheet: str, index: int) -> str | int:
        return self._ids.row_id(sheet, index)

    def col_id(self, sheet: str, index: int) -> str | int:
        return self._ids.col_id(sheet, index)

    def row_index(self, sheet: str, place: str | int) -> int | None:
        return self._rows[sheet].index(place) if sheet in self._rows else None

    def col_index(self, sheet: str, place: str | int) -> int | None:
        return self._cols[sheet].index(place) if sheet in self._cols else None

    def sheet_id(self, name: str) -> str | None:
        return self._ids.sheet_id(name)

    def sheet_name(self, sheet: str) -> str | None:
        return self._plans[sheet].name if sheet in self._plans else None
