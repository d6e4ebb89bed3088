"""Owns which formulas stand on a cell, directly or through others; knows areas and places, no formula's text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from collab.formats.sheet.formula.precedents import Area

Spot = tuple[str, int, int]
"""Sheet, row and column."""

_FEW_CELLS = 32
_ROWS_SHIFT, _COLS_SHIFT = 6, 3
_MANY_BLOCKS = 512
_STEPS = 20_000_000


class Dependents:
    """Formulas by the cells that they stand on: small areas cell by cell, others by blocks of 64 x 8 cells."""

    def __init__(self, formulas: Mapping[Spot, Sequence[Area]], extents: Mapping[str, tuple[int, int]]) -> None:
        """`extents`: the last used row and column of each sheet; what lies behind is empty and never edited."""
        self._by_cell: dict[Spot, list[Spot]] = defaultdict(list)
        self._by_block: dict[Spot, list[tuple[Area, Spot]]] = defaultdict(list)
        self._wide: dict[Area, list[Spot]] = defaultdict(list)
        for spot, areas in formulas.items():
            for area in set(areas):
                self._add(area, spot, extents.get(area.sheet, (-1, -1)))

    def _add(self, area: Area, spot: Spot, extent: tuple[int, int]) -> None:
        sheet, top, left = area.sheet, area.top, area.left
        bottom, right = min(area.bottom, extent[0]), min(area.right, extent[1])
        if bottom < top or right < left:
            return
        if (bottom - top + 1) * (right - left + 1) <= _FEW_CELLS:
            for row in range(top, bottom + 1):
                for col in range(left, right + 1):
                    self._by_cell[(sheet, row, col)].append(spot)
            return
        rows = range(top >> _ROWS_SHIFT, (bottom >> _ROWS_SHIFT) + 1)
        cols = range(left >> _COLS_SHIFT, (right >> _COLS_SHIFT) + 1)
        if len(rows) * len(cols) > _MANY_BLOCKS:
            self._wide[area].append(spot)
            return
        for row in rows:
            for col in cols:
                self._by_block[(sheet, row, col)].append((area, spot))

    def reached(self, edited: Iterable[Spot]) -> set[Spot]:
        """All formulas that stand on these cells, or on formulas that do. The cells themselves are not in it.

        When that takes too long, everything that has wide areas counts as reached.
        """
        found: set[Spot] = set()
        wide = dict(self._wide)
        todo = list(edited)
        steps = 0
        while todo:
            spot = todo.pop()
            new = list(self._by_cell.get(spot, ()))
            block = self._by_block.get((spot[0], spot[1] >> _ROWS_SHIFT, spot[2] >> _COLS_SHIFT), ())
            new += [formula for area, formula in block if _has(area, spot)]
            hit = list(wide) if steps > _STEPS else [area for area in wide if _has(area, spot)]
            steps += len(wide) + len(block)
            for area in hit:
                new += wide.pop(area)
            for formula in new:
                if formula not in found:
                    found.add(formula)
                    todo.append(formula)
        return found


def _has(area: Area, spot: Spot) -> bool:
    return area.sheet == spot[0] and area.top <= spot[1] <= area.bottom and area.left <= spot[2] <= area.right
