"""Owns JSON as text: where each member and element stands, the file's own style, and rewriting of a part of it.

What is not changed keeps its bytes, blanks and escapes included. Knows nothing of notebooks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_BLANKS = re.compile(r"[ \t\n\r]*")
_ESCAPE = re.compile(r"\\u(?!00[0-7])[0-9a-fA-F]{4}")
_DECODER = json.JSONDecoder()
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A member of an object (from its key on) or an element of an array."""

    start: int
    value_start: int
    end: int
    value: Any
    key: str = ""

    def value_text(self, text: str) -> str:
        return text[self.value_start : self.end]


@dataclass(frozen=True, slots=True)
class Container:
    """An object or array: from its bracket to behind the closing one."""

    start: int
    end: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """How a file is laid out; `indent` is one level, None: everything on one line."""

    indent: str | None = " "
    newline: str = "\n"
    item_separator: str = ","
    key_separator: str = ": "
    ascii: bool = False

    def dump(self, value: object, level: int) -> str:
        """A value whose brackets stand at this level."""
        separators = (self.item_separator, self.key_separator)
        text = json.dumps(value, indent=self.indent, ensure_ascii=self.ascii, separators=separators)
        return text if self.indent is None else text.replace("\n", self.line(level))

    def dump_flat(self, value: object) -> str:
        """The same on one line."""
        return json.dumps(value, ensure_ascii=self.ascii, separators=(", ", ": "))

    def line(self, level: int) -> str:
        """A line break and the blanks of a level."""
        return "" if self.indent is None else self.newline + self.indent * level


def parse_at(text: str, at: int) -> tuple[Any, int]:
    """A value and the offset behind it. Raises: JSONDecodeError, RecursionError."""
    return _DECODER.raw_decode(text, at)


def skip(text: str, at: int) -> int:
    """Behind the blanks."""
    found = _BLANKS.match(text, at)
    return at if found is None else found.end()


def scan_object(
    text: str, at: int, value_of: Callable[[str, int], tuple[Any, int]] = lambda _, at: (None, at)
) -> Container:
    """The members of the object at `at`; `value_of` may read a value itself, or leave it (same offset).

    Raises: JSONDecodeError, RecursionError.
    """
    pieces: list[Piece] = []
    place = _opened(text, at, "{")
    while text[place : place + 1] != "}":
        key, end = parse_at(text, place)
        if not isinstance(key, str):
            raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, place)
        colon = skip(text, end)
        if text[colon : colon + 1] != ":":
            raise json.JSONDecodeError("Expecting ':' delimiter", text, colon)
        value_start = skip(text, colon + 1)
        value, end = value_of(key, value_start)
        if end == value_start:
            value, end = parse_at(text, value_start)
        pieces.append(Piece(place, value_start, end, value, key))
        place = _next(text, end, "}")
    return Container(at, place + 1, tuple(pieces))


def scan_array(text: str, at: int) -> Container:
    """The elements of the array at `at`. Raises: JSONDecodeError, RecursionError."""
    pieces: list[Piece] = []
    place = _opened(text, at, "[")
    while text[place : place + 1] != "]":
        value, end = parse_at(text, place)
        pieces.append(Piece(place, place, end, value))
        place = _next(text, end, "]")
    return Container(at, place + 1, tuple(pieces))


def _opened(text: str, at: int, bracket: str) -> int:
    if text[at : at + 1] != bracket:
        raise json.JSONDecodeError(f"Expecting '{bracket}'", text, at)
    return skip(text, at + 1)


def _next(text: str, end: int, closing: str) -> int:
    place = skip(text, end)
    if text[place : place + 1] == closing:
        return place
    if text[place : place + 1] != ",":
        raise json.JSONDecodeError("Expecting ',' delimiter", text, place)
    behind = skip(text, place + 1)
    if text[behind : behind + 1] == closing:
        raise json.JSONDecodeError("Illegal trailing comma", text, place)
    return behind


def style_of(text: str, top: Container) -> Style:
    """The style of a file, told by its first member and by the characters it escapes."""
    if not top.pieces:
        return Style()
    first = top.pieces[0]
    blank = text[top.start + 1 : first.start]
    key_end = parse_at(text, first.start)[1]
    key_separator = text[key_end : first.value_start]
    ascii_only = text.isascii() and _ESCAPE.search(text) is not None
    if "\n" not in blank:
        second = top.pieces[1] if len(top.pieces) > 1 else None
        comma = "," if second is None else text[first.end : second.start]
        return Style(None, "\n", comma, key_separator, ascii_only)
    newline = "\r\n" if "\r\n" in blank else "\n"
    return Style(blank.rpartition("\n")[2], newline, ",", key_separator, ascii_only)


def rewrite(text: str, was: Container, wanted: Sequence[Piece | str], style: Style, level: int) -> str:
    """A container with other pieces: those of before keep their text, and what stands between two that stay."""
    if not wanted:
        return text[was.start] + text[was.end - 1]
    first_blank, last_blank, joiner = _blanks(text, was, style, level)
    numbers = {id(piece): number for number, piece in enumerate(was.pieces)}
    parts = [text[was.start], first_blank]
    before: int | None = None
    for position, piece in enumerate(wanted):
        number = None if isinstance(piece, str) else numbers[id(piece)]
        if position:
            parts.append(_between(text, was, before, number, joiner))
        parts.append(piece if isinstance(piece, str) else text[piece.start : piece.end])
        before = number
    return "".join([*parts, last_blank, text[was.end - 1]])


def _between(text: str, was: Container, before: int | None, number: int | None, joiner: str) -> str:
    if before is None or number != before + 1:
        return joiner
    return text[was.pieces[before].end : was.pieces[number].start]


def _blanks(text: str, was: Container, style: Style, level: int) -> tuple[str, str, str]:
    inner, outer = style.line(level + 1), style.line(level)
    comma = style.item_separator
    if not was.pieces:
        return inner, outer, comma + inner
    first, last = was.pieces[0], was.pieces[-1]
    first_blank, last_blank = text[was.start + 1 : first.start], text[last.end : was.end - 1]
    if len(was.pieces) > 1:
        comma = text[first.end : was.pieces[1].start]
    else:
        comma = comma.rstrip() + (first_blank or comma[1:]) if style.indent is not None else comma
    return first_blank, last_blank, comma


def member(key: str, value_text: str, style: Style) -> str:
    """The text of an object's member."""
    return json.dumps(key, ensure_ascii=style.ascii) + style.key_separator + value_text


def rewrite_object(text: str, was: Container, changes: Mapping[str, str | None], style: Style, level: int) -> str:
    """An object with other values: None removes a member; new ones stand where the order of the keys wants them."""
    keys = [piece.key for piece in was.pieces]
    kept = [piece for piece in was.pieces if changes.get(piece.key, "") is not None]
    wanted: list[Piece | str] = [
        piece if piece.key not in changes else _replaced(text, piece, changes) for piece in kept
    ]
    order = [piece.key for piece in kept]
    in_order = keys == sorted(keys)
    for key, value in changes.items():
        if value is None or key in keys:
            continue
        place = sum(other < key for other in order) if in_order else len(order)
        wanted.insert(place, member(key, value, style))
        order.insert(place, key)
    return rewrite(text, was, wanted, style, level)


def _replaced(text: str, piece: Piece, changes: Mapping[str, str | None]) -> str:
    return text[piece.start : piece.value_start] + (changes[piece.key] or "")
