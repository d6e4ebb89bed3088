"""Owns formulas as xlsx stores them: A1 text whose later functions carry a prefix (`_xlfn.CONCAT`)."""

from __future__ import annotations

from collections.abc import Callable

from collab.formats.sheet.formula.a1 import TOKEN, from_a1, to_a1
from collab.formats.sheet.formula.names import from_xlsx_name, to_xlsx_name
from collab.formats.sheet.formula.parts import Ids, unread_text
from collab.formats.sheet.model import Formula


def from_xlsx(text: str, ids: Ids, here_sheet: str) -> Formula | None:
    """A formula's parts; None when it has something that this program cannot read. `text` has no leading `=`."""
    formula = from_a1(text, ids, here_sheet)
    if formula is None or "_xlfn." not in text.lower():
        return formula
    return [_renamed(part, from_xlsx_name) if isinstance(part, str) else part for part in formula]


def to_xlsx(formula: Formula, ids: Ids, here_sheet: str) -> str:
    """A formula as xlsx stores it. One that is not read is its own text."""
    kept = unread_text(formula)
    return _renamed(to_a1(formula, ids, here_sheet), to_xlsx_name) if kept is None else kept


def _renamed(text: str, name_of: Callable[[str], str]) -> str:
    tokens = TOKEN.finditer(text)
    return "".join(name_of(token.group()) if token.lastgroup == "function" else token.group() for token in tokens)
