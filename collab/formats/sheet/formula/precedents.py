"""Owns what a formula stands on: the areas that it names, its functions, and whether it can reach anywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from collab.formats.sheet.formula.a1 import TOKEN, unquoted
from collab.formats.sheet.formula.parts import LAST_COLUMN, LAST_ROW, Corner

_ANYWHERE = frozenset(("INDIRECT", "OFFSET"))
_CONSTANTS = frozenset(("true", "false"))
_NAMES_DEPTH = 8


class Area(NamedTuple):
    """Cells of one sheet, places counted from 0, corners included."""

    sheet: str
    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> int:
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)


@dataclass(slots=True)
class Precedents:
    """What one formula stands on."""

    areas: list[Area] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    anywhere: bool = False
    """It makes references while it is computed."""
    unknown: bool = False
    """It has a name, a sheet or a word that nobody knows here."""
    depth: int = 0
    """How many brackets are open at once."""


def precedents_of(text: str, sheet: str, sheets: Mapping[str, str], names: Mapping[str, str]) -> Precedents:
    """`sheets` has folded name -> name; `names` the text of defined names by their folded name."""
    found = Precedents()
    _read(found, text, sheet, sheets, names, 0)
    return found


def _read(
    found: Precedents, text: str, sheet: str, sheets: Mapping[str, str], names: Mapping[str, str], level: int
) -> None:
    tokens = [(token.lastgroup or "", token.group()) for token in TOKEN.finditer(text)]
    depth = 0
    named: str | None = None
    for number, (kind, word) in enumerate(tokens):
        if kind == "sheet":
            named = sheets.get(unquoted(word[:-1]).casefold())
            found.unknown |= named is None
            continue
        if kind == "area":
            found.unknown |= not _add_area(found.areas, word, named or sheet, _joins(tokens, number))
        elif kind == "function":
            found.functions.add(word.upper())
            # `A1:INDEX(…)`: the range ends where the function says.
            found.anywhere |= word.upper() in _ANYWHERE or _joins(tokens, number)
        elif kind == "word" and not _is_constant(word):
            _read_name(found, word, sheet, sheets, names, level)
        elif kind == "unknown":
            found.unknown = True
        depth += (word == "(") - (word == ")")
        found.depth = max(found.depth, depth)
        named = named if word == ":" or _before_colon(tokens, number) else None


def _joins(tokens: list[tuple[str, str]], number: int) -> bool:
    """Whether a colon stands before a token."""
    return number > 1 and tokens[number - 1][1] == ":" and tokens[number - 2][0] in ("area", "operator")


def _before_colon(tokens: list[tuple[str, str]], number: int) -> bool:
    return number + 1 < len(tokens) and tokens[number + 1][1] == ":"


def _is_constant(word: str) -> bool:
    return word[0].isdigit() or word[0] == "." or word.casefold() in _CONSTANTS


def _read_name(
    found: Precedents, word: str, sheet: str, sheets: Mapping[str, str], names: Mapping[str, str], level: int
) -> None:
    text = names.get(word.casefold())
    if text is None or level >= _NAMES_DEPTH:
        found.unknown = True
    else:
        _read(found, text, sheet, sheets, names, level + 1)


def _add_area(areas: list[Area], word: str, sheet: str, joins: bool) -> bool:
    """Add an area, or stretch the last one to it; False when no sheet has such a place."""
    corners = [corner for corner in map(Corner.read, word.split(":")) if corner]
    if len(corners) != word.count(":") + 1:
        return False
    rows = [row for corner in corners for row in ((0, LAST_ROW) if corner.row is None else (corner.row,))]
    cols = [col for corner in corners for col in ((0, LAST_COLUMN) if corner.column is None else (corner.column,))]
    area = Area(sheet, min(rows), min(cols), max(rows), max(cols))
    if joins and areas:
        other = areas.pop()
        area = Area(
            other.sheet,
            min(other.top, area.top),
            min(other.left, area.left),
            max(other.bottom, area.bottom),
            max(other.right, area.right),
        )
    areas.append(area)
    return True
