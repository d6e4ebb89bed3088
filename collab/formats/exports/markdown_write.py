"""Owns a rich document as Markdown (CommonMark with tables and strike-through); knows no file format.

What Markdown cannot say is left out: styles, pictures (their names stay), spans of cells. Nothing of the document is
ever markup: every character that could be is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from collab.formats.exports.markdown_inline import BREAK, Segment, escaped, inline, line_start
from collab.formats.exports.plain_write import text_of
from collab.formats.exports.tree import (
    CODE,
    QUOTE,
    RULE,
    TITLE,
    Body,
    heading_level,
    is_ordered,
    marks_of,
    opaque_lines,
    shown_text,
)
from collab.formats.rich.model import HARD_BREAK, IMAGE, OPAQUE_BLOCK, TAB, Block

_SPAN_MAX = 100
_BULLETS, _COUNTS = "-*", ".)"


def to_markdown(body: Body) -> str:
    """The whole document."""
    return _Writer(body).document()


class _Writer:
    def __init__(self, body: Body) -> None:
        self._body = body
        self._notes: list[str] = []

    def document(self) -> str:
        text = self._blocks(self._body.blocks)
        notes = [f"[^{number}]: {note}" for number, note in enumerate(self._notes, 1)]
        return "\n\n".join(part for part in (text, *notes) if part) + "\n"

    # -- blocks --

    def _blocks(self, blocks: Sequence[Block]) -> str:
        done: list[str] = []
        index, lists = 0, 0
        while index < len(blocks):
            block = blocks[index]
            role = self._role(block)
            if role in (CODE, QUOTE):
                end = next((at for at in range(index, len(blocks)) if self._role(blocks[at]) != role), len(blocks))
                done.append(self._fence(blocks[index:end]) if role == CODE else self._quote(blocks[index:end]))
                index = end
                continue
            lists = lists + 1 if block.kind == "list" else 0
            done.append(self._list(block, lists) if lists else self._block(block, role))
            index += 1
        return "\n\n".join(part for part in done if part)

    def _role(self, block: Block) -> str:
        return self._body.role(block.attrs.get("style", "")) if block.kind == "paragraph" else ""

    def _block(self, block: Block, role: str = "") -> str:
        if block.kind == "table":
            return self._table(block)
        if block.kind == OPAQUE_BLOCK:
            return "\n\n".join(line_start(escaped(line)) for line in opaque_lines(block))
        if not block.is_text:
            return self._blocks(block.children)
        if role == RULE:
            return "---"
        if block.kind == "heading" or role == TITLE:
            text = inline(self._segments(block), " ")
            return f"{'#' * heading_level(block)} {_without_closing_hashes(text)}" if text else ""
        return inline(self._segments(block))

    def _fence(self, blocks: Sequence[Block]) -> str:
        text = "\n".join(text_of(block) for block in blocks)
        longest = max((len(run) for run in re.findall("`+", text)), default=0)
        fence = "`" * max(3, longest + 1)
        return f"{fence}\n{text}\n{fence}"

    def _quote(self, blocks: Sequence[Block]) -> str:
        lines = "\n\n".join(self._block(block) for block in blocks).split("\n")
        return "\n".join(f"> {line}" if line else ">" for line in lines)

    def _list(self, block: Block, nth: int) -> str:
        """A list that follows another one has another sign, or they would be one."""
        ordered, done = is_ordered(block), []
        start = block.attrs.get("start", "")
        number = int(start) if start.isdecimal() else 1
        for item in block.children:
            sign = f"{number}{_COUNTS[nth % 2 - 1]} " if ordered else f"{_BULLETS[nth % 2 - 1]} "
            text = self._blocks(item.children)
            number += 1
            indent = " " * len(sign)
            done.append(sign + "\n".join(indent + line if line else "" for line in text.split("\n")).strip(" "))
        loose = any(len(item.children) > 1 and item.children[1].is_text for item in block.children)
        return ("\n\n" if loose else "\n").join(line.rstrip(" ") for line in done)

    # -- tables --

    def _table(self, block: Block) -> str:
        rows = [self._row(row) for row in block.children]
        width = max((len(row) for row in rows), default=0)
        if not width:
            return ""
        filled = [row + [""] * (width - len(row)) for row in rows]
        lines = [f"| {' | '.join(row)} |" for row in filled]
        return "\n".join([lines[0], f"|{' --- |' * width}", *lines[1:]])

    def _row(self, row: Block) -> list[str]:
        cells = []
        for cell in row.children:
            parts = [inline(self._segments(block), "<br>") for block in cell.walk() if block.is_text]
            cells.append("<br>".join(part for part in parts if part))
            span = cell.attrs.get("colspan", "")
            cells += [""] * (min(int(span), _SPAN_MAX) - 1 if span.isdecimal() else 0)
        return cells

    # -- a line --

    def _segments(self, block: Block) -> list[Segment]:
        found = []
        for piece in block.pieces:
            marks = tuple(marks_of(piece, self._body.role).items())
            note = self._body.note(piece)
            if note is not None:
                self._notes.append(line_start(escaped(note)))
                found.append(Segment(f"[^{len(self._notes)}]", raw=True))
            elif piece.text:
                found.append(Segment(piece.text, marks))
            elif piece.atom == HARD_BREAK:
                found.append(Segment(BREAK))
            elif piece.atom == TAB:
                found.append(Segment(" "))
            elif piece.atom == IMAGE:
                found.append(Segment(f"[{piece.get('alt') or piece.get('part').rpartition('/')[2] or '…'}]"))
            elif text := shown_text(piece):
                found.append(Segment(text))
        return found


def _without_closing_hashes(text: str) -> str:
    return re.sub(r"(^|\s)(#+)$", r"\1\\\2", text)
