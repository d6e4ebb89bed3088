"""Owns which sheets charts, shapes, controls and tables of a workbook name: their rows and columns cannot move."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping

from collab.errors import FormatError
from collab.formats.sheet.formula.a1 import TOKEN, unquoted
from collab.formats.sheet.xlsx_package import Relation, relations_of
from collab.formats.zipped.package import Package
from collab.limits import Limits

_FORMULA = re.compile(rb"<(?:[\w.-]+:)?(?:f|calculatedColumnFormula|totalsRowFormula)(?:\s[^>]*)?>([^<]*)</")
_LINK = re.compile(rb'\s(?:textlink|fmlaLink|fmlaRange|fmlaTxbx|macro)="([^"]*)"')
_OLD_LINK = re.compile(rb"<(?:[\w.-]+:)?Fmla\w+>([^<]*)</")
_KINDS = ("drawing", "vmlDrawing", "chart", "chartEx", "ctrlProp", "control", "chartUserShapes", "table")
_DEPTH = 3
ALL = "*"


def sheets_shown(package: Package, relations: Iterable[Mapping[str, Relation]], limits: Limits) -> set[str]:
    """Folded names of the sheets that are named; `*` when a part cannot be read."""
    names: set[str] = set()
    seen: set[str] = set()
    for own in relations:
        _collect(package, own, limits, names, seen, 0)
    return names


def _collect(
    package: Package, relations: Mapping[str, Relation], limits: Limits, names: set[str], seen: set[str], depth: int
) -> None:
    for relation in relations.values():
        part = relation.part
        if relation.kind not in _KINDS or part in seen or part not in package:
            continue
        seen.add(part)
        try:
            content = package.read(part)
            below = relations_of(package, part, limits)
        except FormatError:
            names.add(ALL)
            continue
        for found in (_FORMULA, _LINK, _OLD_LINK):
            for text in found.findall(content):
                names |= _named(html.unescape(text.decode("utf-8", "replace")))
        if depth < _DEPTH:
            _collect(package, below, limits, names, seen, depth + 1)


def _named(text: str) -> set[str]:
    """The sheets in a formula; a name without a sheet may be anywhere, and names are looked at elsewhere."""
    found = set()
    for token in TOKEN.finditer(text.lstrip("=")):
        if token.lastgroup == "sheet":
            name = token.group()[:-1]
            found.add(ALL if ":" in name else unquoted(name).casefold())
    return found
