"""Owns a rich document as plain text; knows no file format."""

from __future__ import annotations

from collections.abc import Sequence

from collab.formats.exports.tree import Body, is_ordered, opaque_lines, shown_text
from collab.formats.rich.model import HARD_BREAK, IMAGE, OPAQUE_BLOCK, PAGE_BREAK, TAB, Block

_ATOMS = {TAB: "\t", HARD_BREAK: "\n", PAGE_BREAK: "\n"}
_INDENT = "  "


def to_plain_text(body: Body) -> str:
    """Its paragraphs, one on a line; cells of a table with tabs between."""
    return "\n".join([*_lines(body.blocks, ""), ""])


def _lines(blocks: Sequence[Block], indent: str) -> list[str]:
    return [line for block in blocks for line in _block(block, indent)]


def _block(block: Block, indent: str) -> list[str]:
    if block.is_text:
        return [indent + line for line in text_of(block).split("\n")]
    if block.kind == OPAQUE_BLOCK:
        return [indent + line for line in opaque_lines(block)]
    if block.kind == "table":
        return [indent + "\t".join(_cell(cell) for cell in row.children) for row in block.children]
    if block.kind != "list":
        return _lines(block.children, indent)
    done: list[str] = []
    for number, item in enumerate(block.children, 1):
        sign = f"{number}. " if is_ordered(block) else "- "
        lines = _lines(item.children, indent + _INDENT)
        if lines:
            done += [indent + sign + lines[0][len(indent + _INDENT) :], *lines[1:]]
    return done


def _cell(cell: Block) -> str:
    return " ".join(text_of(block).replace("\n", " ").replace("\t", " ") for block in cell.walk() if block.is_text)


def text_of(block: Block) -> str:
    """A paragraph's text with what its atoms show."""
    return "".join(
        piece.text or _ATOMS.get(piece.atom) or (piece.get("alt") if piece.atom == IMAGE else shown_text(piece))
        for piece in block.pieces
    )
