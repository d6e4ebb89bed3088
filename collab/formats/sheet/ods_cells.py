"""Owns single cells of an OpenDocument sheet: what one holds, and how a value is written; knows no rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from collab.formats.sheet.clean import TEXT_LENGTH, clean_text, number_of
from collab.formats.sheet.model import BOOLEAN, EMPTY, ERROR, NUMBER, TEXT, Comment, Content, Look
from collab.formats.sheet.number_formats import DATE, DURATION, PERCENT, TIME, format_kind
from collab.formats.sheet.ods_names import VALUE_TYPE, Names
from collab.formats.sheet.serials import date_of_serial, duration_of_serial, serial_of_date, serial_of_duration
from collab.formats.zipped.patch import escape_text
from collab.formats.zipped.scan import Node, Text

PARAGRAPH = "text:p"
ANNOTATION = "office:annotation"
_ERROR = re.compile(r"#[A-Z0-9/!?]{2,12}|Err:\d{3}")
_ASIDE = ("office:annotation", "text:note", "draw:", "text:ruby-text", "#")
_UNEVEN = re.compile(r"^ |[\t\r\n\ufdd0-\ufdd2]|  | \Z")
"""Blanks of which some do not count."""
_BLANKS = re.compile(r"[ \t\r\n]+")
_SPACE, _TAB, _BREAK = "text:s", "text:tab", "text:line-break"
_NUMBERS = ("float", "percentage", "currency")


def value_of(cell: Node) -> tuple[str, float | str | bool | None]:
    """Kind and value of a cell as it stands there."""
    attrs = cell.attrs
    kind = attrs.get(VALUE_TYPE, "")
    if attrs.get("calcext:value-type") == "error":
        return ERROR, text_of(cell) or "#VALUE!"
    number = None
    if kind in _NUMBERS:
        number = _float(attrs.get("office:value", ""))
    elif kind == "date":
        number = serial_of_date(attrs.get("office:date-value", ""))
    elif kind == "time":
        number = serial_of_duration(attrs.get("office:time-value", ""))
    elif kind == "boolean" and attrs.get("office:boolean-value") in ("true", "false"):
        return BOOLEAN, attrs["office:boolean-value"] == "true"
    if number is not None:
        shown = text_of(cell) if "table:formula" in attrs else ""
        return (ERROR, shown) if _ERROR.fullmatch(shown) else (NUMBER, number)
    text = attrs["office:string-value"] if kind == "string" and "office:string-value" in attrs else text_of(cell)
    text = clean_text(text)
    if "table:formula" in attrs and _ERROR.fullmatch(text):
        return ERROR, text
    if not text and not kind:
        return EMPTY, None
    return (TEXT, text) if text or "table:formula" in attrs else (EMPTY, None)


def _float(text: str) -> int | float | None:
    try:
        return number_of(float(text))
    except ValueError:
        return None


def text_of(cell: Node) -> str:
    """The paragraphs of a cell, a line feed between two."""
    children = cell.children
    if len(children) == 1 and not isinstance(children[0], Text) and children[0].name == PARAGRAPH:
        return _paragraph(children[0])[: TEXT_LENGTH * 4]
    paragraphs = [child for child in cell.elements if child.name in (PARAGRAPH, "text:h")]
    return "\n".join(_paragraph(paragraph) for paragraph in paragraphs)[: TEXT_LENGTH * 4]


def _paragraph(node: Node) -> str:
    """Blanks as they count: several are one, and none at either end."""
    children = node.children
    if not children:
        return ""
    if len(children) == 1 and isinstance(children[0], Text):
        plain = children[0].value
        if not _UNEVEN.search(plain):
            return plain
    pieces = list(_pieces(node))
    plain = "".join(pieces)
    joined = _BLANKS.sub(" ", plain).strip(" ")
    return joined.translate(_REAL)


_REAL = {0xFDD0: " ", 0xFDD1: "\t", 0xFDD2: "\n"}
"""Blanks that were written as elements, until the others are joined."""


def _pieces(node: Node) -> Iterator[str]:
    for child in node.children:
        if isinstance(child, Text):
            yield child.value
        elif child.name == _SPACE:
            count = child.attrs.get("text:c", "1")
            yield "\ufdd0" * (min(int(count), TEXT_LENGTH) if count.isdigit() and len(count) < 9 else 1)
        elif child.name == _TAB:
            yield "\ufdd1"
        elif child.name == _BREAK:
            yield "\ufdd2"
        elif not child.name.startswith(_ASIDE):
            yield from _pieces(child)


def comment_of(cell: Node) -> Comment | None:
    """The remark on a cell."""
    found = next((child for child in cell.elements if child.name == ANNOTATION), None)
    if found is None:
        return None
    facts = {child.name: child.text() for child in found.elements if child.name.startswith("dc:")}
    return Comment(facts.get("dc:creator", "")[:200], text_of(found), facts.get("dc:date", "")[:40])


# -- writing --


def value_attributes(content: Content, look: Look, currency: str) -> dict[str, str]:
    """The attributes that say what a cell holds; `currency` is the one that the cell had."""
    value = content.value
    if content.kind == NUMBER and isinstance(value, int | float):
        return _number_attributes(value, look, currency)
    if content.kind == BOOLEAN:
        return {VALUE_TYPE: "boolean", "office:boolean-value": "true" if value else "false"}
    if content.kind == ERROR:
        return {VALUE_TYPE: "string", "office:string-value": "", "calcext:value-type": "error"}
    return {VALUE_TYPE: "string"} if content.kind == TEXT else {}


def _number_attributes(value: float, look: Look, currency: str) -> dict[str, str]:
    kind = format_kind(str(look.get("format", "")))
    number = {"office:value": repr(value)}
    if kind == DATE and abs(value) < 3_000_000:
        return {VALUE_TYPE: "date", "office:date-value": date_of_serial(value)}
    if kind in (TIME, DURATION) and abs(value) < 1_000_000:
        return {VALUE_TYPE: "time", "office:time-value": duration_of_serial(value)}
    if kind == PERCENT:
        return {VALUE_TYPE: "percentage", **number}
    if currency:
        return {VALUE_TYPE: "currency", "office:currency": currency, **number}
    return {VALUE_TYPE: "float", **number}


def paragraphs(text: str, names: Names) -> bytes:
    """A text as paragraphs, every blank of it kept."""
    start, end = names.start(PARAGRAPH, {}), names.end(PARAGRAPH)
    return b"".join(b"%b%b%b" % (start, _written(line, names), end) for line in text.split("\n"))


def _written(line: str, names: Names) -> bytes:
    out: list[bytes] = []
    for piece in re.split(r"(\t|^ +| +$| {2,})", line):
        if piece == "\t":
            out.append(names.start(_TAB, {}, empty=True))
        elif piece.startswith(" ") and not piece.strip(" "):
            inner = piece != line and not line.startswith(piece) and not line.endswith(piece)
            spaces = len(piece) - inner
            out.append(b" " if inner else b"")
            out.append(
                names.start(_SPACE, {"text:c": str(spaces)} if spaces > 1 else {}, empty=True) if spaces else b""
            )
        else:
            out.append(escape_text(piece))
    return b"".join(out)
