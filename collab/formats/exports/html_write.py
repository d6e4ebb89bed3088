"""Owns a rich document as one web page: structure, the look of its styles, its pictures; knows no file format.

All text is escaped, links lead to harmless addresses only, and no script, form or frame is ever written.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from html import escape

from collab.formats.exports.links import safe_href
from collab.formats.exports.page import web_page
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
from collab.formats.rich.model import HARD_BREAK, IMAGE, LINK, OPAQUE_BLOCK, PAGE_BREAK, SPAN, TAB, Block, Piece

_TAGS = {"strong": "strong", "em": "em", "underline": "u", "strike": "s", "sub": "sub", "sup": "sup", CODE: "code"}
_PICTURES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "svg": "image/svg+xml",
}
"""What a browser shows; within `img` nothing in an SVG runs."""
_LENGTH = re.compile(r"^\d{1,4}(\.\d{1,6})?(cm|mm|in|pt|px)$")
_CSS_NAME, _CSS_VALUE = re.compile(r"^[a-z-]{1,30}$"), re.compile(r"^[\w #%.,'-]{1,100}$")
_SPAN_MAX = 1000


def to_html(body: Body, title: str, pictures_size_bytes: int) -> str:
    """The page; pictures beyond that size in all are named only."""
    writer = _Writer(body, pictures_size_bytes)
    content = writer.document()
    return web_page(title, content, writer.style())


class _Writer:
    def __init__(self, body: Body, pictures_size_bytes: int) -> None:
        self._body = body
        self._pictures_left = pictures_size_bytes
        self._notes: list[str] = []
        self._classes: dict[str, str] = {}

    def document(self) -> str:
        content = self._blocks(self._body.blocks)
        if not self._notes:
            return content
        notes = "\n".join(
            f'<p id="note-{number}"><a href="#ref-{number}">{number}</a> {escape(note)}</p>'
            for number, note in enumerate(self._notes, 1)
        )
        return f'{content}\n<section class="notes">\n{notes}\n</section>'

    def style(self) -> str:
        """The look of the styles that are used."""
        rules = []
        for key, name in self._classes.items():
            entry = self._body.looks.get(key)
            css = entry.get("css") if isinstance(entry, Mapping) else None
            if isinstance(css, Mapping):
                lines = [f"{k}:{v}" for k, v in css.items() if _CSS_NAME.match(str(k)) and _CSS_VALUE.match(str(v))]
                rules.append(f".{name}{{{';'.join(lines)}}}\n")
        return "".join(rules)

    # -- blocks --

    def _blocks(self, blocks: Sequence[Block]) -> str:
        done: list[str] = []
        index = 0
        while index < len(blocks):
            role = self._role(blocks[index])
            if role in (CODE, QUOTE):
                end = next((at for at in range(index, len(blocks)) if self._role(blocks[at]) != role), len(blocks))
                done.append(self._code(blocks[index:end]) if role == CODE else self._quote(blocks[index:end]))
                index = end
            else:
                done.append(self._block(blocks[index], role))
                index += 1
        return "\n".join(done)

    def _role(self, block: Block) -> str:
        return self._body.role(block.attrs.get("style", "")) if block.kind == "paragraph" else ""

    def _block(self, block: Block, role: str = "") -> str:
        if block.is_text:
            return self._text_block(block, role)
        if block.kind == "list":
            tag = "ol" if is_ordered(block) else "ul"
            items = "".join(f"<li>{self._blocks(item.children)}</li>\n" for item in block.children)
            return f"<{tag}>\n{items}</{tag}>"
        if block.kind == "table":
            rows = "".join(f"<tr>{''.join(map(self._cell, row.children))}</tr>\n" for row in block.children)
            return f"<table>\n{rows}</table>"
        if block.kind == OPAQUE_BLOCK:
            return "\n".join(f"<p>{escape(line)}</p>" for line in opaque_lines(block))
        return self._blocks(block.children)

    def _cell(self, cell: Block) -> str:
        spans = "".join(
            f' {name}="{min(int(cell.attrs[name]), _SPAN_MAX)}"'
            for name in ("colspan", "rowspan")
            if cell.attrs.get(name, "").isdecimal()
        )
        return f"<td{spans}>{self._blocks(cell.children)}</td>"

    def _text_block(self, block: Block, role: str) -> str:
        if role == RULE:
            return "<hr>"
        tag = "p"
        if block.kind == "heading" or role == TITLE:
            tag = f"h{heading_level(block)}"
        style, props, align = (block.attrs.get(key, "") for key in ("style", "props", "align"))
        names = [self._class(f"p:{style}"), self._class(f"d:{props}") if props else ""]
        classes = " ".join(name for name in names if name)
        looks = f' class="{classes}"' if classes else ""
        if align in ("left", "right", "center", "justify"):
            looks += f' style="text-align:{align}"'
        return f"<{tag}{looks}>{self._inline(block) or '<br>'}</{tag}>"

    def _code(self, blocks: Sequence[Block]) -> str:
        return f"<pre>{chr(10).join(self._inline(block, chr(10)) for block in blocks)}</pre>"

    def _quote(self, blocks: Sequence[Block]) -> str:
        return f"<blockquote>{''.join(self._text_block(block, '') for block in blocks)}</blockquote>"

    def _class(self, key: str) -> str:
        """The class for a style that has a look."""
        if key not in self._body.looks:
            return ""
        return self._classes.setdefault(key, f"s{len(self._classes)}")

    # -- a line --

    def _inline(self, block: Block, line_break: str = "<br>") -> str:
        return "".join(self._piece(piece, line_break) for piece in block.pieces)

    def _piece(self, piece: Piece, line_break: str) -> str:
        note = self._body.note(piece)
        if note is not None:
            self._notes.append(note)
            number = len(self._notes)
            return f'<sup id="ref-{number}"><a href="#note-{number}">{number}</a></sup>'
        if piece.text:
            return self._marked(piece)
        if piece.atom == TAB:
            return "&emsp;"
        if piece.atom == IMAGE:
            return self._picture(piece)
        return line_break if piece.atom in (HARD_BREAK, PAGE_BREAK) else escape(shown_text(piece))

    def _marked(self, piece: Piece) -> str:
        text = escape(piece.text)
        marks = marks_of(piece, self._body.role)
        for name, tag in _TAGS.items():
            if name in marks:
                text = f"<{tag}>{text}</{tag}>"
        spans = dict(piece.marks).get(SPAN, "").split()
        names = [name for span in spans for key in ("c", "d") if (name := self._class(f"{key}:{span}"))]
        if names and CODE not in marks:
            text = f'<span class="{" ".join(names)}">{text}</span>'
        target = safe_href(marks.get(LINK, ""))
        return f'<a href="{escape(target)}" rel="noreferrer">{text}</a>' if target else text

    def _picture(self, piece: Piece) -> str:
        name, alt = piece.get("part"), escape(piece.get("alt"))
        media_type = _PICTURES.get(name.rpartition(".")[2].lower())
        content = self._body.part(name) if media_type and name else None
        if content is None or len(content) > self._pictures_left:
            return f'<span class="quiet">[{alt or escape(name.rpartition("/")[2])}]</span>'
        self._pictures_left -= len(content)
        sizes = "".join(f"{side}:{piece.get(side)};" for side in ("width", "height") if _LENGTH.match(piece.get(side)))
        style = f' style="{sizes}"' if sizes.startswith("width") else ""
        encoded = base64.b64encode(content).decode()
        return f'<img alt="{alt}"{style} src="data:{media_type};base64,{encoded}">'
