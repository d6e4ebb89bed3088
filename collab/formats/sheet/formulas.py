"""Owns the seam to formulas: which text of a file is which formula; the language itself is `formula`'s."""

from __future__ import annotations

from collab.formats.sheet.clean import clean_formula
from collab.formats.sheet.model import UNREAD, Formula, Ids


def read_odf(text: str, ids: Ids, sheet: str) -> Formula:
    """A formula of an OpenDocument file; what cannot be read is kept as it is."""
    return [UNREAD + text]


def write_odf(formula: Formula, ids: Ids, sheet: str) -> str:
    """A formula as OpenDocument writes it, `of:=` included."""
    if is_unread(formula):
        return str(formula[0])[1:]
    return "of:=" + "".join(str(part) for part in formula)


def is_unread(formula: Formula | None) -> bool:
    """Whether this is a formula that is only kept."""
    return bool(formula) and isinstance(formula[0], str) and formula[0].startswith(UNREAD)


def references(formula: Formula) -> bool:
    """Whether a formula names any cell."""
    return any(not isinstance(part, str) for part in formula)


def checked(formula: Formula | None, text: str) -> Formula:
    """What was read, when it is a formula of the shared document; else the text as it is."""
    return clean_formula(formula) or [UNREAD + text]
