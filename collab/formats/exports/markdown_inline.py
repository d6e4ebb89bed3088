"""Owns the Markdown of one line of text: escapes, and marks that a CommonMark reader finds again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from collab.formats.exports.links import safe_href
from collab.formats.exports.tree import CODE
from collab.formats.rich.model import LINK

BREAK = "\n"
"""In a segment's text: a line ends here."""
_DELIMITERS = {"strong": "**", "em": "*", "strike": "~~"}
_TAGS = {"strong": "strong", "em": "em", "strike": "s", "underline": "u", "sub": "sub", "sup": "sup"}
_ORDER = (LINK, "strong", "em", "strike", "underline", "sub", "sup", CODE)
_SPECIAL = re.compile(r"[\\`*\[\]<~|]|_|&(?=#|\w)")
_LINE_START = re.compile(r"^(?:(>|[-+#=](?=\s|$|[-=#]))|(\d{1,9})([.)])(?=\s|$))")
_URL_SAFE = "/:?#[]@!$&'*+,;=%~-._"


@dataclass(frozen=True, slots=True)
class Segment:
    """Text with its marks; `raw` is Markdown already."""

    text: str
    marks: tuple[tuple[str, str], ...] = ()
    raw: bool = False


def inline(segments: Sequence[Segment], line_break: str = "\\\n") -> str:
    """One paragraph, or the text of a heading or a cell."""
    written = _Line(_without_loose_blanks(segments), line_break).written()
    return "\n".join(line_start(line) for line in written.split("\n")).strip()


def escaped(text: str) -> str:
    """Text that stands for itself anywhere in a line."""
    return _SPECIAL.sub(lambda found: _escape(found, text), text)


def _escape(found: re.Match[str], text: str) -> str:
    at = found.start()
    inside = 0 < at < len(text) - 1 and text[at - 1].isalnum() and text[at + 1].isalnum()
    return found[0] if found[0] == "_" and inside else "\\" + found[0]


def line_start(text: str) -> str:
    """Text as the first of a line, where some characters begin a list, a heading or a quote."""
    return _LINE_START.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", text.lstrip(" \t"))


def code_span(text: str) -> str:
    """Text between as many backticks as it needs."""
    text = text.replace(BREAK, " ")
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    pad = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return "`" * (longest + 1) + pad + text + pad + "`" * (longest + 1)


def _without_loose_blanks(segments: Sequence[Segment]) -> list[Segment]:
    """Blanks at the edges of marked text are marked no more: no reader takes `** bold**` for bold."""
    done: list[Segment] = []
    for segment in segments:
        stripped = segment.text.strip()
        if segment.raw or not segment.marks or stripped == segment.text:
            done.append(segment)
            continue
        if not stripped:
            done.append(Segment(segment.text))
            continue
        at = segment.text.index(stripped)
        loose = (Segment(segment.text[:at]), Segment(segment.text[at + len(stripped) :]))
        done += [one for one in (loose[0], Segment(stripped, segment.marks), loose[1]) if one.text]
    return _bridged([segment for segment in done if segment.text])


def _bridged(segments: list[Segment]) -> list[Segment]:
    """Blanks between two pieces keep the marks that both have."""
    for index in range(1, len(segments) - 1):
        if not segments[index].raw and segments[index].text.isspace() and not segments[index].marks:
            around = set(segments[index - 1].marks) & set(segments[index + 1].marks)
            shared = tuple(mark for mark in segments[index - 1].marks if mark in around and mark[0] != CODE)
            segments[index] = Segment(segments[index].text, shared)
    return segments


class _Line:
    """Writes segments with a stack of open marks."""

    def __init__(self, segments: Sequence[Segment], line_break: str) -> None:
        self._segments = segments
        self._break = line_break
        self._done: list[str] = []
        self._open: list[tuple[tuple[str, str], str]] = []
        self._just_closed = False

    def written(self) -> str:
        for index, segment in enumerate(self._segments):
            wanted = set(segment.marks)
            keep = next((at for at, (mark, _) in enumerate(self._open) if mark not in wanted), len(self._open))
            self._close(keep)
            new = [mark for mark in segment.marks if mark not in {mark for mark, _ in self._open}]
            for mark in sorted(new, key=lambda mark: (-self._until(mark, index), _ORDER.index(mark[0]))):
                self._begin(mark, index)
            self._done.append(self._text(segment))
        self._close(0)
        return "".join(self._done)

    def _text(self, segment: Segment) -> str:
        if segment.raw:
            return segment.text
        if any(name == CODE for name, _ in segment.marks):
            return code_span(segment.text)
        return self._break.join(escaped(line) for line in segment.text.split(BREAK))

    def _until(self, mark: tuple[str, str], index: int) -> int:
        """Behind the last segment of a run with this mark."""
        while index < len(self._segments) and mark in self._segments[index].marks:
            index += 1
        return index

    def _begin(self, mark: tuple[str, str], index: int) -> None:
        name, value = mark
        if name == CODE:
            return
        if name == LINK:
            target = safe_href(value)
            opened, closed = ("[", f"]({quote(target, safe=_URL_SAFE)})") if target else ("", "")
        elif name in _DELIMITERS and self._delimited(mark, index):
            opened = closed = _DELIMITERS[name]
        else:
            opened, closed = f"<{_TAGS[name]}>", f"</{_TAGS[name]}>"
        self._done.append(opened)
        self._open.append((mark, closed))

    def _delimited(self, mark: tuple[str, str], index: int) -> bool:
        """Whether delimiters will be read as meant: by the rules of CommonMark for what stands beside them."""
        if self._just_closed:
            return False
        until = self._until(mark, index)
        before = self._segments[index - 1].text[-1:] if index else " "
        behind = self._segments[until].text[:1] if until < len(self._segments) else " "
        first, last = self._segments[index], self._segments[until - 1]
        return _edge(mark, first, before, 0) and _edge(mark, last, behind, -1)

    def _close(self, keep: int) -> None:
        for _, closed in reversed(self._open[keep:]):
            self._done.append(closed)
        self._just_closed = keep < len(self._open)
        del self._open[keep:]


def _edge(mark: tuple[str, str], segment: Segment, outside: str, at: int) -> bool:
    """Beside a blank all is read; beside a letter only what begins with one, and with no other mark in between."""
    plain = segment.marks == (mark,) and not segment.raw and segment.text[at].isalnum()
    return outside.isspace() or plain
