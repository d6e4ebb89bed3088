"""Owns shared formulas: one text for many cells, whose relative references move along with them."""

from __future__ import annotations

from collab.formats.sheet.formula.a1 import TOKEN
from collab.formats.sheet.formula.parts import (
    ABSOLUTE_COLUMN,
    ABSOLUTE_ROW,
    GONE,
    LAST_COLUMN,
    LAST_ROW,
    Corner,
    column_name,
)


class SharedFormula:
    """A formula as it stands in one cell, to be read from others."""

    def __init__(self, text: str, row: int, col: int) -> None:
        self._row = row
        self._col = col
        self._pieces: list[str | list[Corner]] = []
        for token in TOKEN.finditer(text):
            word = token.group()
            corners = [Corner.read(corner) for corner in word.split(":")] if token.lastgroup == "area" else [None]
            known = [corner for corner in corners if corner is not None]
            self._pieces.append(known if len(known) == len(corners) else word)

    def text_at(self, row: int, col: int) -> str:
        """Its text in another cell; what would lie outside of the sheet is `#REF!`."""
        rows, cols = row - self._row, col - self._col
        return "".join(piece if isinstance(piece, str) else _moved(piece, rows, cols) for piece in self._pieces)


def _moved(corners: list[Corner], rows: int, cols: int) -> str:
    texts = [_moved_corner(corner, rows, cols) for corner in corners]
    return GONE if GONE in texts else ":".join(texts)


def _moved_corner(corner: Corner, rows: int, cols: int) -> str:
    text = ""
    if corner.column is not None:
        fixed = corner.flags & ABSOLUTE_COLUMN
        column = corner.column if fixed else corner.column + cols
        if not 0 <= column <= LAST_COLUMN:
            return GONE
        text += ("$" if fixed else "") + column_name(column)
    if corner.row is not None:
        fixed = corner.flags & ABSOLUTE_ROW
        row = corner.row if fixed else corner.row + rows
        if not 0 <= row <= LAST_ROW:
            return GONE
        text += ("$" if fixed else "") + str(row + 1)
    return text
