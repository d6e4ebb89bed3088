"""Owns what a number format of xlsx' language is for: dates, times, percents; knows no file format."""

from __future__ import annotations

import re
from functools import lru_cache

GENERAL = "General"
NUMBER, DATE, TIME, DURATION, PERCENT, TEXT = "number", "date", "time", "duration", "percent", "text"
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)


@lru_cache(maxsize=4096)
def format_kind(code: str) -> str:
    """What a number with this format is shown as."""
    if not code or code == GENERAL:
        return NUMBER
    if code == "@":
        return TEXT
    bare = _LITERAL.sub("", code.partition(";")[0]).lower()
    if "[" in bare:
        return DURATION
    if (
        re.search(r"[yd]", bare)
        or re.search(r"m{3,}", bare)
        or (re.search("m", bare) and not re.search(r"[hs0#]", bare))
    ):
        return DATE
    if re.search(r"[hs]", bare) and "general" not in bare:
        return TIME
    return PERCENT if "%" in bare else NUMBER
