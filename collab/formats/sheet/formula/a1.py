"""Owns the way between formulas as Excel and people write them (A1, English names, commas) and references by ids."""

from __future__ import annotations

import re
from collections.abc import Sequence

from collab.formats.sheet.formula.parts import (
    GONE,
    Corner,
    Ids,
    Piece,
    Range,
    Reference,
    corner_text,
    dump,
    load,
    unread_text,
    with_ranges,
)
from collab.formats.sheet.model import UNREAD, Formula

_CELL = r"\$?[A-Za-z]{1,3}\$?[1-9][0-9]{0,6}(?![\w.$(!\\?])"
_ROWS = r"\$?[0-9]{1,7}:\$?[0-9]{1,7}(?![\w.$(!])"
_COLUMNS = r"\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}(?![\w.$(!])"
TOKEN = re.compile(
    r"""(?P<string>"(?:[^"]|"")*")
      | (?P<sheet>(?:'(?:[^']|'')*'|[\w.\\?]+(?::[\w.\\?]+)?)!)
      | (?P<area>"""
    + "|".join((_ROWS, _COLUMNS, _CELL))
    + r""")
      | (?P<error>\#(?:N/A|DIV/0!|[A-Z_]+[!?]))
      | (?P<function>[\w.]+(?=\())
      | (?P<word>[\w.$\\?]+)
      | (?P<space>\s+)
      | (?P<unknown>[\["'\]])
      | (?P<operator><>|<=|>=|.)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
"""The words of an A1 formula; together they are the text. The browser has the same (`tokens.ts`)."""
LENGTH = 32_768
"""Characters of a formula; the common offices take 8,192."""
_PLAIN_NAME = re.compile(r"[^\W\d][\w.]*")
_LIKE_PLACE = re.compile(r"[a-z]{1,3}[0-9]+|r[0-9]*(?:c[0-9]*)?|c[0-9]*|true|false", re.IGNORECASE)


def from_a1(text: str, ids: Ids, here_sheet: str) -> Formula | None:
    """A formula's parts; None when it has something that this program cannot read. `text` is without the leading `=`.

    Not read are other files, tables' columns, ranges over several sheets, and names of one sheet.
    """
    parts: list[Piece] = []
    if len(text) > LENGTH or UNREAD in text:
        return None
    tokens = TOKEN.finditer(text)
    for token in tokens:
        kind, word = token.lastgroup, token.group()
        if kind == "unknown":
            return None
        if kind == "sheet":
            following = next(tokens, None)
            if following is None or not _qualified(parts, word, following, ids, here_sheet):
                return None
        elif kind == "area" and (corners := _corners(word)):
            _add_area(parts, corners, ids, here_sheet, _sheet_of_range(parts))
        else:
            _add_words(parts, word)
    return dump(parts)


def _add_words(parts: list[Piece], words: str) -> None:
    last = parts[-1] if parts else None
    if isinstance(last, str):
        parts[-1] = last + words
    else:
        parts.append(words)


def _qualified(parts: list[Piece], word: str, following: re.Match[str], ids: Ids, here_sheet: str) -> bool:
    """Add what stands on a named sheet; False for names of that sheet and for sheets that are not there."""
    if following.group() == GONE:
        _add_words(parts, word + GONE)
        return True
    name = word[:-1]
    if not name.startswith("'") and ":" in name:
        return False
    sheet = ids.sheet_id(unquoted(name))
    corners = _corners(following.group()) if following.lastgroup == "area" else None
    if sheet is None or corners is None:
        return False
    _add_area(parts, corners, ids, here_sheet, sheet)
    return True


def _corners(area: str) -> list[Corner] | None:
    corners = [corner for corner in map(Corner.read, area.split(":")) if corner]
    return corners if len(corners) == area.count(":") + 1 else None


def _add_area(parts: list[Piece], corners: Sequence[Corner], ids: Ids, here_sheet: str, sheet: str | None) -> None:
    for index, corner in enumerate(corners):
        if index:
            _add_words(parts, ":")
        parts.append(corner.reference(ids, here_sheet, sheet))


def _sheet_of_range(parts: Sequence[Piece]) -> str | None:
    """`B2` of `Sheet1!A1:B2` is on Sheet1 too."""
    if len(parts) < 2:
        return None
    before, colon = parts[-2:]
    is_range = isinstance(before, Reference) and isinstance(colon, str) and colon.strip() == ":"
    return before.sheet if is_range and isinstance(before, Reference) else None


def to_a1(formula: Formula, ids: Ids, here_sheet: str) -> str:
    """A formula as text, without the leading `=`; what is gone is `#REF!`. One that is not read is its own text."""
    kept = unread_text(formula)
    if kept is not None:
        return kept
    words = []
    for part in with_ranges(load(formula)):
        if isinstance(part, str):
            words.append(part)
        elif isinstance(part, Range):
            words.append(_range_text(part, ids, here_sheet))
        else:
            words.append(_reference_text(part, ids, here_sheet))
    return "".join(words)


def _range_text(area: Range, ids: Ids, here_sheet: str) -> str:
    """A range of which one corner is gone is gone: `#REF!:B2` says nothing to anybody."""
    first = _reference_text(area.start, ids, here_sheet)
    if area.start.sheet == area.end.sheet:
        last = corner_text(area.end, ids, here_sheet) or GONE
    else:
        last = _reference_text(area.end, ids, here_sheet)
    return GONE if GONE in (first, last) else first + area.colon + last


def _reference_text(reference: Reference, ids: Ids, here_sheet: str) -> str:
    corner = corner_text(reference, ids, here_sheet)
    if corner is None or reference.sheet is None:
        return corner or GONE
    name = ids.sheet_name(reference.sheet)
    return GONE if name is None else f"{quoted(name)}!{corner}"


def unquoted(name: str) -> str:
    """A sheet's name as a formula writes it -> its name."""
    return name[1:-1].replace("''", "'") if name.startswith("'") else name


def quoted(name: str) -> str:
    """A sheet's name as a formula writes it."""
    if _PLAIN_NAME.fullmatch(name) and not _LIKE_PLACE.fullmatch(name):
        return name
    return "'" + name.replace("'", "''") + "'"
