"""Owns Markdown as blocks: what a text says, for the formats that are made of blocks; writes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from collab.formats.exports.links import safe_href
from collab.formats.exports.page import web_page
from collab.formats.rich.model import HARD_BREAK, LINK, SPAN, Block, Piece, joined
from collab.formats.rich.model import clean as clean_text

CODE_STYLE, QUOTE_STYLE, RULE_STYLE = "Preformatted_20_Text", "Quotations", "Horizontal_20_Line"
SPAN_STYLE = "Source_20_Text"
_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(?:.*\r?\n)*?(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)")
_TASK = re.compile(r"^\[([ xX])\] ")
_TOGGLES = {"strong": "strong", "em": "em", "s": "strike"}


def _parser() -> MarkdownIt:
    """Without raw HTML: what looks like tags is text."""
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def markdown_blocks(text: str) -> list[Block]:
    """The blocks of a text."""
    tree = SyntaxTreeNode(_parser().parse(_FRONT_MATTER.sub("", text)))
    return [block for node in tree.children for block in _blocks(node)]


def markdown_page(text: str, title: str) -> str:
    """The text as a web page; pictures and links that are not harmless are text."""
    parser = _parser()
    tokens = parser.parse(_FRONT_MATTER.sub("", text))
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                child.attrs["href"] = safe_href(str(child.attrs.get("href", "")))
    return web_page(title, parser.renderer.render(tokens, parser.options, {}))


def plain_blocks(text: str) -> list[Block]:
    """Any text, each line a paragraph in a font of equal widths."""
    return _code_lines(text)


def _code_lines(text: str) -> list[Block]:
    lines = text.expandtabs(8).removesuffix("\n").split("\n")
    return [_paragraph([Piece(clean_text(line))] if line else [], CODE_STYLE) for line in lines]


def _paragraph(pieces: Sequence[Piece], style: str = "") -> Block:
    return Block("paragraph", {"style": style} if style else {}, pieces=joined(list(pieces)))


def _blocks(node: SyntaxTreeNode, style: str = "") -> Iterator[Block]:
    if node.type == "heading":
        yield Block("heading", {"level": node.tag[1:]}, pieces=_inline(node))
    elif node.type == "paragraph":
        yield _paragraph(_inline(node), style)
    elif node.type in ("fence", "code_block"):
        yield from _code_lines(node.content)
    elif node.type == "blockquote":
        yield from (block for child in node.children for block in _blocks(child, QUOTE_STYLE))
    elif node.type in ("bullet_list", "ordered_list"):
        yield _list(node)
    elif node.type == "table":
        yield _table(node)
    elif node.type == "hr":
        yield _paragraph([], RULE_STYLE)
    elif node.type == "html_block":
        yield _paragraph([Piece(clean_text(node.content))], style)


def _list(node: SyntaxTreeNode) -> Block:
    ordered = node.type == "ordered_list"
    attrs = {"ordered": "1", "numbered": "1"} if ordered else {}
    if ordered and node.attrs.get("start", 1) != 1:
        attrs["start"] = str(node.attrs["start"])
    items = [
        Block("list_item", children=[b for child in item.children for b in _blocks(child)]) for item in node.children
    ]
    for item in items:
        _tick(item)
    return Block("list", attrs, items)


def _tick(item: Block) -> None:
    """A task's box as a sign."""
    first = item.children[0] if item.children else None
    if first is None or not first.is_text or not first.pieces:
        return
    piece = first.pieces[0]
    found = _TASK.match(piece.text)
    if found:
        box = "☐ " if found[1] == " " else "☑ "
        first.pieces[0] = Piece(box + piece.text[found.end() :], piece.marks)


def _table(node: SyntaxTreeNode) -> Block:
    rows = []
    for part in node.children:
        for row in part.children:
            cells = [_cell(cell) for cell in row.children]
            rows.append(Block("table_row", children=cells))
    return Block("table", children=rows)


def _cell(node: SyntaxTreeNode) -> Block:
    align = str(node.attrs.get("style", "")).removeprefix("text-align:")
    paragraph = _paragraph(_inline(node))
    if align in ("center", "right"):
        paragraph.attrs["align"] = align
    if node.type == "th":
        paragraph.pieces = [
            Piece(p.text, tuple(sorted({*p.marks, ("strong", "")})), p.atom, p.attrs) for p in paragraph.pieces
        ]
    return Block("table_cell", children=[paragraph])


def _inline(node: SyntaxTreeNode) -> list[Piece]:
    return joined([piece for child in node.children for piece in _pieces(child, {})])


def _pieces(node: SyntaxTreeNode, marks: dict[str, str]) -> Iterator[Piece]:
    now = tuple(sorted(marks.items()))
    if node.type == "text":
        yield Piece(clean_text(node.content), now)
    elif node.type == "softbreak":
        yield Piece(" ", now)
    elif node.type == "hardbreak":
        yield Piece(atom=HARD_BREAK)
    elif node.type == "code_inline":
        yield Piece(clean_text(node.content), tuple(sorted({**marks, SPAN: SPAN_STYLE}.items())))
    elif node.type == "image":
        target = safe_href(str(node.attrs.get("src", "")))
        alt = "".join(piece.text for child in node.children for piece in _pieces(child, {})) or target
        yield Piece(f"[{clean_text(alt)}]", tuple(sorted({LINK: target, **marks}.items())) if target else now)
    elif node.type == "link":
        target = safe_href(str(node.attrs.get("href", "")))
        inside = {**marks, LINK: target} if target else marks
        yield from (piece for child in node.children for piece in _pieces(child, inside))
    else:
        inside = {**marks, _TOGGLES[node.type]: ""} if node.type in _TOGGLES else marks
        for child in node.children:
            yield from _pieces(child, inside)


def markdown_fragment(text: str) -> str:
    """A piece of a page, for a cell of a notebook."""
    return _parser().render(text) if text.strip() else escape(text)
