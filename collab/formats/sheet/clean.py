"""Owns what values of the shared document may be: cells, formulas and looks as browsers write them, checked.

Nothing here raises: what is not as docs/sheets.md says is None or left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from collab.formats.sheet.model import BOOLEAN, EMPTY, NUMBER, TEXT, Content, Formula, Json, Look

TEXT_LENGTH = 32_767
"""The longest text that the common offices take in one cell."""
FORMULA_LENGTH = 8_192
INDEX_MAX = 2**24
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_NO_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
"""What XML cannot hold."""
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_FLAGS = ("bold", "italic", "underline", "strike", "wrap")
_WORDS = {"align": ("left", "center", "right"), "valign": ("top", "middle", "bottom")}
_SIZES = (1.0, 400.0)
GENERAL = "General"


def is_id(value: Json) -> bool:
    """Whether this can be the id of a row, a column or a sheet."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def clean_name(name: str) -> str:
    """A name that every office takes: no longer than 31 characters, none of `[]*?:/\\`, no quote at either end."""
    cleaned = re.sub(r"[\[\]*?:/\\\x00-\x1f]", "_", clean_text(name))
    return cleaned[:31].strip("'").strip() or "Sheet"


def names_apart(names: Sequence[str]) -> list[str]:
    """Names of sheets; two people, and some files, give one name to two: the later one gets a number."""
    taken: set[str] = set()
    found: list[str] = []
    for raw in names:
        name = clean_text(raw).replace("\n", " ") or "Sheet"
        apart, number = name, 1
        while apart.casefold() in taken:
            number += 1
            apart = f"{name[:26]} ({number})"
        taken.add(apart.casefold())
        found.append(apart)
    return found


def clean_text(text: str) -> str:
    """Characters that a file can hold, lines ended by a line feed."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _NO_CHARACTER.sub("", text) if _NO_CHARACTER.search(text) else text


def number_of(value: Json) -> int | float | None:
    """A finite number, whole where it is; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return value if abs(value) < 2**53 else float(value) if abs(value) < 10**300 else None
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def clean_content(raw: Json) -> Content | None:
    """What a person put into a cell: a value, a formula, or null for nothing."""
    if raw is None:
        return Content(EMPTY)
    if not isinstance(raw, dict):
        return None
    if "f" in raw:
        formula = clean_formula(raw["f"])
        return None if formula is None else Content(EMPTY, None, formula)
    value = raw.get("v")
    if isinstance(value, bool):
        return Content(BOOLEAN, value)
    if isinstance(value, str):
        text = clean_text(value)[:TEXT_LENGTH]
        return Content(TEXT, text) if text else Content(EMPTY)
    number = number_of(value)
    return None if number is None else Content(NUMBER, number)


def clean_formula(raw: Json) -> Formula | None:
    """A formula, its strings joined where two follow each other."""
    if not isinstance(raw, list) or not raw:
        return None
    parts: Formula = []
    for item in raw:
        if isinstance(item, str):
            # What is unread keeps its mark, which no file may hold.
            text = item[:1] + clean_text(item[1:]) if item.startswith("\0") and not parts else clean_text(item)
            if parts and isinstance(parts[-1], str):
                parts[-1] += text
            elif text:
                parts.append(text)
            continue
        reference = _reference(item)
        if reference is None:
            return None
        parts.append(reference)
    length = sum(len(part) if isinstance(part, str) else 10 for part in parts)
    return parts if parts and length <= FORMULA_LENGTH * 4 else None


def _reference(raw: Json) -> list[Json] | None:
    if not isinstance(raw, list) or not 3 <= len(raw) <= 4:
        return None
    row, col, flags = _line(raw[0]), _line(raw[1]), number_of(raw[2])
    if _NO_LINE in (row, col) or flags not in (0, 1, 2, 3) or [row, col] == [None, None]:
        return None
    if len(raw) == 3 or raw[3] is None:
        return [row, col, int(flags)]
    return [row, col, int(flags), raw[3]] if is_id(raw[3]) else None


_NO_LINE = -1


def _line(raw: Json) -> Json:
    if raw is None or is_id(raw):
        return raw
    number = number_of(raw)
    return number if isinstance(number, int) and 0 <= number < INDEX_MAX else _NO_LINE


def clean_look(raw: Json, *, taking_away: bool = False) -> Look:
    """The keys of a look that are as they should be; `taking_away`: None stays, else it is left out."""
    look: Look = {}
    for key, value in raw.items() if isinstance(raw, dict) else ():
        if value is None and taking_away:
            look[key] = None
        elif key in _FLAGS:
            if value is True:
                look[key] = True
            elif value is False and taking_away:
                look[key] = None
        elif _fits(key, value):
            look[key] = number_of(value) if key == "size" else value.lower() if key in ("color", "fill") else value
    return look


def _fits(key: str, value: Json) -> bool:
    if key in ("color", "fill"):
        return isinstance(value, str) and _COLOR.fullmatch(value) is not None
    if key in _WORDS:
        return value in _WORDS[key]
    if key == "size":
        size = number_of(value)
        return size is not None and _SIZES[0] <= size <= _SIZES[1]
    if key == "font":
        return isinstance(value, str) and 0 < len(value) <= 100 and clean_text(value) == value
    return key == "format" and isinstance(value, str) and 0 < len(value) <= 255 and clean_text(value) == value
