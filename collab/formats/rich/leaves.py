"""Owns where the characters and atoms of a source paragraph are: leaves with byte spans, and tokens down to the byte.

Knows no vocabulary. What is not a leaf (bookmarks, range ends, change marks, proofing marks) is in no token, so that no
edit of text around it can touch it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from collab.formats.rich.model import Marks, Piece, atom_identity, clean
from collab.formats.zipped.scan import Node, Text

_UNIT = re.compile(rb"&[^;]*;|\r\n|[\xc0-\xff][\x80-\xbf]*|[\x00-\xbf]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Context:
    """Where a leaf stands: the elements round it within its paragraph, outermost first, and what they mean."""

    wrappers: tuple[Node, ...] = ()
    marks: Marks = ()
    run: Node | None = None
    """The run that holds it, in a format that has runs."""
    holder: Node | None = None
    """The element that holds just this text, in a format that has one."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text or an atom of a paragraph."""

    piece: Piece
    start: int
    end: int
    context: Context
    kept: tuple[int, ...] | None = ()
    """Which characters of the source are in the piece; None: all. `()` where it can only be written as a whole."""
    literal: bool = False
    """Whether it is written as characters."""


@dataclass(frozen=True, slots=True)
class Token:
    """One character or atom of the source."""

    value: tuple[object, ...]
    start: int
    end: int
    leaf: Leaf
    whole: bool
    """Can only be cut together with the others of its leaf."""


def text_leaf(text: Text, value: str, kept: tuple[int, ...] | None, context: Context) -> Leaf:
    """A leaf of characters."""
    return Leaf(Piece(clean(value), context.marks), text.start, text.end, context, kept, literal=True)


def tokens_of(leaves: Sequence[Leaf], content: bytes) -> list[Token]:
    """The tokens of a paragraph with their bytes."""
    return [token for leaf in leaves for token in _tokens(leaf, content)]


def _tokens(leaf: Leaf, content: bytes) -> list[Token]:
    piece = leaf.piece
    if not piece.text:
        return [Token(atom_identity(piece), leaf.start, leaf.end, leaf, whole=False)] if piece.atom else []
    spans = _spans(leaf, content) if leaf.literal else None
    if spans is None or len(spans) != len(piece.text):
        whole = (leaf.start, leaf.end)
        return [Token((one, piece.marks), *whole, leaf, whole=True) for one in piece.text]
    return [Token((one, piece.marks), *span, leaf, whole=False) for one, span in zip(piece.text, spans, strict=True)]


def _spans(leaf: Leaf, content: bytes) -> list[tuple[int, int]] | None:
    raw = content[leaf.start : leaf.end]
    if b"<" in raw:  # CDATA
        return None
    spans = [(leaf.start + found.start(), leaf.start + found.end()) for found in _UNIT.finditer(raw)]
    if leaf.kept is None:
        return spans
    # What is left out behind a character belongs to it: blanks that would count if that one went.
    starts = [spans[index][0] for index in leaf.kept if index < len(spans)]
    return list(zip(starts, [*starts[1:], leaf.end], strict=True))
