"""Owns the seam between files and formulas: what cannot be read is kept, what cannot be written is refused."""

from __future__ import annotations

from collab.errors import FormatError
from collab.formats.sheet.clean import clean_formula
from collab.formats.sheet.formula.odf import from_odf, to_odf
from collab.formats.sheet.model import UNREAD, Formula, Ids

NO_WORDS = "A formula has something that this kind of file cannot hold: {formula}"


def read_odf(text: str, ids: Ids, sheet: str) -> Formula:
    """A formula of an OpenDocument file; what cannot be read, or would not come back the same, is kept as it is."""
    found = from_odf(text, ids, sheet)
    return clean_formula(found) or [UNREAD + text]


def write_odf(formula: Formula, ids: Ids, sheet: str) -> str:
    """A formula as OpenDocument writes it, `of:=` included. Raises: FormatError (it has no words for it)."""
    text = to_odf(formula, ids, sheet)
    if text is None:
        words = "".join(part if isinstance(part, str) else "…" for part in formula)
        raise FormatError("a formula without words", public=NO_WORDS.format(formula=words[:200]))
    return text


def is_unread(formula: Formula | None) -> bool:
    """Whether this is a formula that is only kept."""
    return bool(formula) and isinstance(formula, list) and str(formula[0]).startswith(UNREAD)
