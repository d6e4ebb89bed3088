"""Owns the way between OpenFormula (`of:=SUM([.A1:.B2];1)`) and formulas as people write them, with references by ids.

What would not come back the same is not translated: other documents, labels, ranges over several sheets, automatic
intersections.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from collab.formats.sheet.formula.a1 import LENGTH, TOKEN, from_a1, quoted, to_a1, unquoted
from collab.formats.sheet.formula.names import from_odf_name, to_odf_name
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

OPEN_FORMULA, OLD, EXCEL = "of:", "oooc:", "msoxl:"
_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"]|"")*")
      | (?P<area>\[(?:'(?:[^']|'')*'|[^\]'])*\])
      | (?P<error>\#(?:N/A|DIV/0!|[A-Z_]+[!?]))
      | (?P<function>[\w.]+(?=\())
      | (?P<word>[\w.$\\?]+)
      | (?P<space>\s+)
      | (?P<unknown>[\['\]!])
      | (?P<operator><>|<=|>=|.)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_SHEET = r"(?:\$?(?P<{0}>'(?:[^']|'')*'|[^.'$:\#\[\]]+))?"
_CORNER = r"\.(?P<{0}>[$A-Za-z0-9]+|[$A-Za-z0-9]*\#REF!(?:[0-9]+)?)"
_AREA = re.compile(
    r"\[" + _SHEET.format("sheet") + _CORNER.format("start")
    + "(?::" + _SHEET.format("sheet2") + _CORNER.format("end") + r")?\]"
)  # fmt: skip
_CELL_NAME = re.compile(r"\$?[A-Za-z]{1,3}\$?[0-9]{1,7}")
_PREFIX = re.compile(r"([A-Za-z][\w.-]*:)?=")
_COMMA, _SEMICOLON, _UNION, _BAR = ",", ";", "~", "|"


def split_prefix(text: str) -> tuple[str, str]:
    """`of:=SUM(1)` -> `of:` and `SUM(1)`; the prefix is empty when there is none."""
    match = _PREFIX.match(text)
    return (match[1] or "", text[match.end() :]) if match else ("", text)


def from_odf(text: str, ids: Ids, here_sheet: str) -> Formula | None:
    """A formula's parts, from the whole attribute; None when it has something that this program cannot read."""
    prefix, formula = split_prefix(text)
    if len(text) > LENGTH or UNREAD in text:
        return None
    if prefix == EXCEL:
        return from_a1(formula, ids, here_sheet)
    if prefix not in (OPEN_FORMULA, OLD, ""):
        return None
    reader = _Reader(ids, here_sheet, from_odf_name if prefix == OPEN_FORMULA else str)
    if not all(reader.take(token) for token in _TOKEN.finditer(formula)):
        return None
    return dump(reader.pieces)


class _Nesting:
    """Which brackets are open: a separator means another thing in each of them."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._before = ""

    def take(self, kind: str, word: str) -> None:
        if word == "(":
            self._open.append("call" if self._before == "function" else "group")
        elif word == "{":
            self._open.append("array")
        elif word in (")", "}") and self._open:
            self._open.pop()
        if kind != "space":
            self._before = kind

    @property
    def inmost(self) -> str:
        """`call`, `group`, `array`, or empty."""
        return self._open[-1] if self._open else ""


class _Reader:
    def __init__(self, ids: Ids, here: str, name_of: Callable[[str], str]) -> None:
        self.pieces: list[Piece] = []
        self._ids = ids
        self._here = here
        self._name_of = name_of
        self._nesting = _Nesting()

    def take(self, token: re.Match[str]) -> bool:
        """Add a token; False when it cannot be read."""
        kind, word = token.lastgroup or "", token.group()
        self._nesting.take(kind, word)
        if kind == "area":
            return self._area(word)
        if kind == "unknown" or (kind == "word" and _CELL_NAME.fullmatch(word)) or word.startswith("$$"):
            return False
        if kind == "function":
            word = self._name_of(word)
        elif kind == "operator":
            separator = self._separator(word)
            if separator is None:
                return False
            word = separator
        self._words(word)
        return True

    def _separator(self, word: str) -> str | None:
        inmost = self._nesting.inmost
        if word == _COMMA:
            return None
        if word == _SEMICOLON:
            return _COMMA if inmost in ("call", "array") else None
        if word == _BAR:
            return _SEMICOLON if inmost == "array" else None
        if word == _UNION:
            return _COMMA if inmost == "group" else None
        return word

    def _words(self, words: str) -> None:
        if self.pieces and isinstance(self.pieces[-1], str):
            self.pieces[-1] += words
        else:
            self.pieces.append(words)

    def _area(self, area: str) -> bool:
        match = _AREA.fullmatch(area)
        if match is None:
            if area == f"[{GONE}]":
                self._words(GONE)
            return area == f"[{GONE}]"
        names = [unquoted(match[key]) if match[key] else None for key in ("sheet", "sheet2")]
        if names[1] is not None and names[1] != names[0]:
            return False
        texts = [text for text in (match["start"], match["end"]) if text]
        if any(GONE in text for text in texts):
            self._words(GONE)
            return True
        corners = [corner for corner in map(Corner.read, texts) if corner]
        sheet = None if names[0] is None else self._ids.sheet_id(names[0])
        if len(corners) < len(texts) or (sheet is None and names[0] is not None) or not _is_area(corners):
            return False
        for index, corner in enumerate(corners):
            if index:
                self._words(":")
            self.pieces.append(corner.reference(self._ids, self._here, sheet))
        return True


def _is_area(corners: list[Corner]) -> bool:
    """A whole row or column is said by two corners of the same kind."""
    kinds = {(corner.row is None, corner.column is None) for corner in corners}
    return len(kinds) == 1 and (len(corners) == 2 or kinds == {(False, False)})


def to_odf(formula: Formula, ids: Ids, here_sheet: str, prefix: str = OPEN_FORMULA) -> str | None:
    """The whole attribute; None when OpenFormula has no words for it. A formula that is not read is its own text."""
    kept = unread_text(formula)
    if kept is not None:
        return kept
    if prefix == EXCEL:
        return f"{prefix}={to_a1(formula, ids, here_sheet)}"
    if _names_places(formula):
        # Another client may have left references in the text.
        read = from_a1(to_a1(formula, ids, here_sheet), ids, here_sheet)
        if read is None:
            return None
        formula = read
    writer = _Writer(ids, here_sheet, to_odf_name if prefix == OPEN_FORMULA else str)
    body = writer.run(formula)
    return None if body is None else f"{prefix}={body}"


def _names_places(formula: Formula) -> bool:
    texts = (part for part in formula if isinstance(part, str))
    return any(token.lastgroup in ("area", "sheet") for text in texts for token in TOKEN.finditer(text))


class _Writer:
    def __init__(self, ids: Ids, here: str, name_of: Callable[[str], str]) -> None:
        self._ids = ids
        self._here = here
        self._name_of = name_of
        self._nesting = _Nesting()

    def run(self, formula: Formula) -> str | None:
        words: list[str] = []
        before: object = None
        for piece in with_ranges(load(formula)):
            if isinstance(piece, str):
                written = self._written(piece)
                if written is None:
                    return None
                words.append(written)
            elif isinstance(before, str) and before.isspace() and len(words) > 1:
                return None  # two references with a blank between them: an intersection
            else:
                words.append(self._area(piece))
            before = piece
        return "".join(words)

    def _written(self, text: str) -> str | None:
        words: list[str] = []
        for token in TOKEN.finditer(text):
            kind, word = token.lastgroup or "", token.group()
            self._nesting.take(kind, word)
            separator = self._separator(word) if kind == "operator" else word
            if kind == "unknown" or separator is None:
                return None
            words.append(self._name_of(word) if kind == "function" else separator)
        return "".join(words)

    def _separator(self, word: str) -> str | None:
        inmost = self._nesting.inmost
        if word == _COMMA:
            return {"call": _SEMICOLON, "array": _SEMICOLON, "group": _UNION}.get(inmost)
        if word == _SEMICOLON:
            return _BAR if inmost == "array" else None
        return None if word in "~|!#@" else word

    def _area(self, piece: Reference | Range) -> str:
        corners = [piece.start, piece.end] if isinstance(piece, Range) else [piece]
        texts = [corner_text(corner, self._ids, self._here) for corner in corners]
        sheet = corners[0].sheet
        name = "" if sheet is None else self._ids.sheet_name(sheet)
        if None in texts or name is None or any(corner.sheet != sheet for corner in corners):
            return GONE
        return f"[{'$' + _odf_quoted(name) if name else ''}." + ":.".join(text for text in texts if text) + "]"


def _odf_quoted(name: str) -> str:
    """A name with a dot is quoted here."""
    return "'" + name.replace("'", "''") + "'" if "." in name else quoted(name)
