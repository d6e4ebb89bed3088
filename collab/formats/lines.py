"""Owns line ends: a document has "\\n" only, a file keeps what each of its lines ended with; knows no charset.

A text is its lines joined by "\\n"; so a final newline is an empty last line, and every text has at least one line.
Only \\r\\n, \\r and \\n end a line: U+2028, form feeds and the like are characters as any other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from collab.formats.linediff import diff_lines

_LINE_END = re.compile(r"\r\n|\r|\n")
_NAMES = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}


def unify(text: str) -> str:
    """The text with "\\n" as its only line end."""
    if "\r" not in text:
        return text
    return text.replace("\r\n", "\n").replace("\r", "\n")


def line_ends_label(text: str) -> str:
    """What the lines of a file's text end with, for people's eyes."""
    kinds = _kinds(text)
    return "mixed" if len(kinds) > 1 else _NAMES[next(iter(kinds), "\n")]


def restore_line_ends(text: str, base: str) -> str:
    """`text` (with "\\n") with the line ends of `base` (as in the file): each line that is still there keeps its own,
    a changed one that of the line it stands for, a new one its neighbour's."""
    kinds = _kinds(base)
    if kinds <= {"\n"}:
        return text
    if len(kinds) == 1:
        return text.replace("\n", kinds.pop())
    return _restore_mixed(text, base)


def _kinds(text: str) -> set[str]:
    if "\r" not in text:
        return {"\n"} if "\n" in text else set()
    without_pairs = text.replace("\r\n", "")
    kinds = {"\r\n"} if len(without_pairs) < len(text) else set()
    return kinds | {end for end in "\r\n" if end in without_pairs}


def _restore_mixed(text: str, base: str) -> str:
    lines = text.split("\n")
    base_ends = _LINE_END.findall(base)
    aligned = _aligned_ends(lines, unify(base).split("\n"), base_ends)
    ends = [*_filled(aligned, Counter(base_ends).most_common(1)[0][0]), ""]
    _keep_apart(lines, ends)
    return "".join(part for pair in zip(lines, ends, strict=True) for part in pair)


def _aligned_ends(lines: Sequence[str], base_lines: Sequence[str], base_ends: Sequence[str]) -> list[str | None]:
    """The line end of each line but the last, where it has a counterpart in base."""
    ends: list[str | None] = []
    at = 0
    available: list[str | None] = [*base_ends, None]
    for change in diff_lines(base_lines, lines):
        ends += available[at : change.a_start]
        replaced, new = available[change.a_start : change.a_end], change.b_end - change.b_start
        ends += (replaced + [None] * new)[:new]
        at = change.a_end
    ends += available[at:]
    return ends[: len(lines) - 1]


def _filled(ends: Sequence[str | None], dominant: str) -> Iterator[str]:
    """A new line takes the end of the line before it; the first ones that of the line behind them."""
    last = next((end for end in ends if end), dominant)
    for end in ends:
        last = end or last
        yield last


def _keep_apart(lines: Sequence[str], ends: list[str]) -> None:
    """A lone CR, an empty line and LF would be read as one CRLF: that line ends with CR then."""
    for index in range(len(ends) - 1):
        if ends[index] == "\r" and not lines[index + 1] and ends[index + 1] == "\n":
            ends[index + 1] = "\r"
