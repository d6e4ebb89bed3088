"""Owns new values for formulas that depend on an edit; knows cells by sheet and place, no file and no document.

What does not depend on an edit is given to the engine as the value that the file has for it, so nothing is computed
that need not be, and what the engine does not know spoils nothing. Where it cannot say for certain the answer is None:
the old value goes, and an office computes it when it opens the file.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import NamedTuple

from collab.formats.sheet.formula.a1 import LENGTH, TOKEN, unquoted
from collab.formats.sheet.formula.dependents import Dependents, Spot
from collab.formats.sheet.formula.engine import Engine, Fault, Value, sheet_name, unknown_functions
from collab.formats.sheet.formula.precedents import Area, Precedents, precedents_of

__all__ = ["Computed", "Fault", "Grid", "Spot", "Value", "compute", "without_engine"]


class Computed(NamedTuple):
    """A formula, its text without `=`, and the value that the file has for it."""

    text: str
    cached: Value | None = None


Grid = Mapping[str, Mapping[tuple[int, int], Value | Computed]]
"""Sheet name -> place, counted from 0 -> what is there. Formulas that cannot be read are there by their value alone."""

DEPTH = 200
_TEXT_LENGTH = 32_767
_VISITS = 40_000_000
"""Cells that all formulas together may look at: a few seconds of the engine."""
_FORMULAS = 200_000
_NOT_AS_MEANT = frozenset(("CELL", "INFO", "SHEET", "SHEETS", "FORMULATEXT", "ISFORMULA", "SUBTOTAL"))
"""Functions that look at more than the values here."""
_PLAIN_FAULTS = frozenset(("#DIV/0!", "#N/A", "#NUM!", "#REF!"))
"""Errors that say something about the values; all others may be the engine's own."""
_LOOKS_AT_USED = frozenset(
    """SUM SUMIF SUMIFS COUNT COUNTA COUNTIF COUNTIFS AVERAGE AVERAGEIF AVERAGEIFS MAX MIN MAXIFS MINIFS VLOOKUP HLOOKUP
    LOOKUP XLOOKUP MATCH INDEX IF IFERROR IFNA AND OR NOT ROUND ROUNDUP ROUNDDOWN ROWS COLUMNS ROW COLUMN ABS
    ISERROR ISNA ISBLANK ISNUMBER ISTEXT PRODUCT""".split()
)
"""Functions that take no longer for a whole column than for its used part."""


_WITHOUT_ENGINE = ContextVar("without_engine", default=False)


@contextmanager
def without_engine() -> Iterator[None]:
    """Nothing is computed meanwhile: no value that depends on an edit is known."""
    token = _WITHOUT_ENGINE.set(True)
    try:
        yield
    finally:
        _WITHOUT_ENGINE.reset(token)


def compute(grid: Grid, edited: Iterable[Spot], names: Mapping[str, str] | None = None) -> dict[Spot, Value | None]:
    """New values of the formulas that depend on edited cells; formulas that were edited themselves are among them.

    `names` are defined names with their text. None: not known, the old value is not to be kept.
    """
    edited = set(edited)
    return _Computation(grid, names or {}).run(edited) if edited else {}


class _Computation:
    def __init__(self, grid: Grid, names: Mapping[str, str]) -> None:
        self._grid = grid
        self._sheets = {name.casefold(): name for name in grid}
        self._numbers = {name: number for number, name in enumerate(grid)}
        self._names = {name.casefold(): text for name, text in names.items()}
        self._precedents = {
            (sheet, *place): precedents_of(held.text[:LENGTH], sheet, self._sheets, self._names)
            for sheet, cells in grid.items()
            for place, held in cells.items()
            if isinstance(held, Computed)
        }

    def run(self, edited: set[Spot]) -> dict[Spot, Value | None]:
        extents = self._extents(edited)
        graph = Dependents({spot: found.areas for spot, found in self._precedents.items()}, extents)
        roaming = {spot for spot, found in self._precedents.items() if found.anywhere}
        own = {spot for spot in edited if spot in self._precedents}
        dirty = graph.reached(edited | roaming) | roaming | own
        if not dirty or _WITHOUT_ENGINE.get():
            return dict.fromkeys(dirty)
        doubtful = {spot for spot in dirty if not self._is_certain(self._precedents[spot])}
        doubtful |= self._too_much(dirty - doubtful, extents)
        unknown = doubtful | (graph.reached(doubtful) & dirty)
        values: dict[Spot, Value | None] = dict.fromkeys(unknown)
        results = self._evaluated(dirty - unknown, dirty)
        # Who stands on a value that nobody knows, knows nothing, though IFERROR may have made a value of it.
        lost = {spot for spot, value in results.items() if value is None}
        lost |= graph.reached(lost) & dirty
        values.update({spot: None if isinstance(value, Fault) else value for spot, value in results.items()})
        values.update(dict.fromkeys(lost))
        return values

    def _extents(self, edited: Iterable[Spot]) -> dict[str, tuple[int, int]]:
        extents = dict.fromkeys(self._grid, (-1, -1))
        for sheet, cells in self._grid.items():
            if cells:
                extents[sheet] = (max(row for row, _ in cells), max(col for _, col in cells))
        for sheet, row, col in edited:
            last_row, last_col = extents.get(sheet, (-1, -1))
            extents[sheet] = (max(last_row, row), max(last_col, col))
        return extents

    def _is_certain(self, found: Precedents) -> bool:
        strange = found.functions & _NOT_AS_MEANT or any(map(_is_unknown, found.functions))
        return not (found.unknown or strange or found.depth > DEPTH)

    def _too_much(self, spots: set[Spot], extents: Mapping[str, tuple[int, int]]) -> set[Spot]:
        """Formulas for which the engine would need too long, and all others where there are too many."""
        if len(spots) > _FORMULAS:
            return spots
        left, refused = _VISITS, set()
        for spot in sorted(spots, key=lambda spot: sum(area.size for area in self._precedents[spot].areas)):
            found = self._precedents[spot]
            sparse = found.functions <= _LOOKS_AT_USED
            visits = sum(_used(area, extents) if sparse else area.size for area in found.areas)
            if visits > left:
                refused.add(spot)
            else:
                left -= visits
        return refused

    def _evaluated(self, spots: set[Spot], dirty: set[Spot]) -> dict[Spot, Value | None]:
        engine = Engine(max(1, len(self._numbers)))
        put = self._feed(engine, spots, dirty)
        for name, text in self._names.items():
            engine.define(name, self._for_engine(text))
        for sheet, row, col in spots:
            held = self._grid[sheet][(row, col)]
            if isinstance(held, Computed) and engine.put_formula(
                self._numbers[sheet], row, col, self._for_engine(held.text)
            ):
                put.add((sheet, row, col))
        if not spots or not engine.evaluate():
            return dict.fromkeys(spots)
        return {spot: self._result(engine, spot, put) for spot in spots}

    def _feed(self, engine: Engine, spots: set[Spot], dirty: set[Spot]) -> set[Spot]:
        """Put what the formulas stand on; the cells that got something."""
        put: set[Spot] = set()
        for spot in self._needed(spots):
            sheet, row, col = spot
            held = self._grid[sheet][(row, col)]
            if spot in dirty or spot in put:
                continue
            value = held.cached if isinstance(held, Computed) else held
            if value is not None and value != "":
                engine.put(self._numbers[sheet], row, col, value)
                put.add(spot)
        return put

    def _needed(self, spots: set[Spot]) -> Iterator[Spot]:
        if any(self._precedents[spot].anywhere for spot in spots):
            for sheet, cells in self._grid.items():
                yield from ((sheet, *place) for place in cells)
            return
        areas = {area for spot in spots for area in self._precedents[spot].areas}
        by_sheet: dict[str, list[Area]] = {}
        for area in areas:
            by_sheet.setdefault(area.sheet, []).append(area)
        for sheet, wanted in by_sheet.items():
            cells = self._grid.get(sheet, {})
            if sum(area.size for area in wanted) > 4 * len(cells):
                yield from ((sheet, *place) for place in cells)  # more than needed does no harm
                continue
            for area in wanted:
                for row in range(area.top, area.bottom + 1):
                    for col in range(area.left, area.right + 1):
                        if (row, col) in cells:
                            yield (sheet, row, col)

    def _for_engine(self, text: str) -> str:
        """The text with the engine's names of sheets."""
        if "!" not in text:
            return text
        words = []
        for token in TOKEN.finditer(text):
            word = token.group()
            if token.lastgroup == "sheet":
                name = self._sheets.get(unquoted(word[:-1]).casefold())
                word = f"{sheet_name(self._numbers[name])}!" if name is not None else word
            words.append(word)
        return "".join(words)

    def _result(self, engine: Engine, spot: Spot, put: set[Spot]) -> Value | None:
        if spot not in put:
            return None
        sheet, row, col = spot
        number = self._numbers[sheet]
        value = engine.value(number, row, col)
        spilled = any(
            (sheet, *place) not in put and not engine.is_empty(number, *place)
            for place in ((row + 1, col), (row, col + 1))
        )
        if spilled:
            return None  # an array where the file has one value: an older formula means something else by it
        if isinstance(value, Fault):
            return value if value in _PLAIN_FAULTS else None
        if isinstance(value, str):
            return value if len(value) <= _TEXT_LENGTH else None
        return value if isinstance(value, bool) or math.isfinite(value) else None


def _used(area: Area, extents: Mapping[str, tuple[int, int]]) -> int:
    last_row, last_col = extents.get(area.sheet, (-1, -1))
    rows = min(area.bottom, last_row) - area.top + 1
    cols = min(area.right, last_col) - area.left + 1
    return max(rows, 0) * max(cols, 0)


@lru_cache(maxsize=4096)
def _is_unknown(function: str) -> bool:
    """Whether the engine lacks a function."""
    return bool(unknown_functions([function]))
