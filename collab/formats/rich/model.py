"""Owns the model of a document's body: blocks, and in text blocks pieces of text and atoms; knows no file format.

A block of a file knows where its bytes are (`node`); a block of the live document does not. Two blocks are the same
when their digests are: what a person can see or change, and nothing of where it is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from collab.formats.zipped.scan import Node
from collab.xmltree import Element, Run, Value

TEXT_BLOCKS = {"paragraph", "heading"}
CONTAINERS = {"list", "list_item", "table", "table_row", "table_cell", "section"}
SECTION = "section"
OPAQUE_BLOCK = "opaque_block"
OPAQUE_INLINE = "opaque_inline"
TAB, HARD_BREAK, PAGE_BREAK, IMAGE = "tab", "hard_break", "page_break", "image"
ATOMS = {TAB, HARD_BREAK, PAGE_BREAK, IMAGE, OPAQUE_INLINE}
TOGGLES = ("strong", "em", "underline", "strike", "sub", "sup")
LINK, SPAN = "link", "span"
_MARK_VALUE = {LINK: "href", SPAN: "name"}
_IDENTITY = {IMAGE: ("ref",), OPAQUE_INLINE: ("ref",), OPAQUE_BLOCK: ("ref",)}
"""Of these only the reference says what they are; the rest is for people's eyes."""
_DEFAULTS: Mapping[str, tuple[object, ...]] = {"colspan": (1,), "rowspan": (1,), "level": ()}
_SHOWN_ONLY = {"colwidth", "fixed", "numbered", "label", "preview", "text", "header"}

Marks = tuple[tuple[str, str], ...]
"""Mark and its value, "" where it has none; sorted."""
Attrs = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Piece:
    """Text with the same marks, or one atom (then `text` is empty)."""

    text: str = ""
    marks: Marks = ()
    atom: str = ""
    attrs: tuple[tuple[str, str], ...] = ()

    @property
    def is_reference(self) -> bool:
        """Whether it only names a piece of source."""
        return self.atom in _IDENTITY

    def get(self, key: str) -> str:
        """An attribute of an atom."""
        return dict(self.attrs).get(key, "")


@dataclass(slots=True)
class Block:
    """One block with its attributes, all as text; a text block has pieces, others have children."""

    kind: str
    attrs: dict[str, str] = field(default_factory=dict)
    children: list[Block] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    node: Node | None = None
    inner: Node | None = None
    """The element that has the children, where that is another one within `node`."""
    _digest: str = ""

    @property
    def is_text(self) -> bool:
        return self.kind in TEXT_BLOCKS

    @property
    def text(self) -> str:
        """Its characters, atoms as U+FFFC; of a container those of all within."""
        if self.is_text:
            return "".join(piece.text or "\ufffc" for piece in self.pieces)
        return "\n".join(child.text for child in self.children)

    @property
    def identity(self) -> dict[str, str]:
        """The attributes that are part of what it is."""
        chosen = _IDENTITY.get(self.kind)
        return {
            key: value
            for key, value in sorted(self.attrs.items())
            if (key in chosen if chosen else key not in _SHOWN_ONLY)
        }

    @property
    def digest(self) -> str:
        if not self._digest:
            hashed = hashlib.blake2b(repr((self.kind, self.identity)).encode("utf-8", "replace"), digest_size=16)
            for piece in self.pieces:
                hashed.update(repr(atom_identity(piece)).encode("utf-8", "replace"))
            for child in self.children:
                hashed.update(child.digest.encode())
            self._digest = hashed.hexdigest()
        return self._digest

    def walk(self) -> Iterator[Block]:
        """Itself and all blocks within, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


def atom_identity(piece: Piece) -> tuple[object, ...]:
    chosen = _IDENTITY.get(piece.atom)
    attrs = tuple(pair for pair in piece.attrs if pair[0] in chosen and pair[1]) if chosen else piece.attrs
    return (piece.text, piece.marks if piece.text else (), piece.atom, attrs)


def tokens(pieces: list[Piece]) -> list[tuple[object, ...]]:
    """One token for each character and atom; equal tokens are the same to a person."""
    flat: list[tuple[object, ...]] = []
    for piece in pieces:
        if piece.text:
            flat += [(character, piece.marks) for character in piece.text]
        else:
            flat.append(atom_identity(piece))
    return flat


def joined(pieces: list[Piece]) -> list[Piece]:
    """Neighbouring text with the same marks as one piece; empty text is dropped."""
    done: list[Piece] = []
    for piece in pieces:
        last = done[-1] if done else None
        if piece.text and last is not None and last.text and last.marks == piece.marks:
            done[-1] = Piece(last.text + piece.text, piece.marks)
        elif piece.text or piece.atom:
            done.append(piece)
    return done


# -- between the model and the shared tree --


def to_element(block: Block) -> Element:
    """The block as it stands in the shared document."""
    attrs: dict[str, Value] = {key: _typed(key, value) for key, value in block.attrs.items() if value}
    children: list[Element | Run] = [to_element(child) for child in block.children]
    for piece in block.pieces:
        if piece.text:
            children.append(Run(piece.text, {name: _mark_attrs(name, value) for name, value in piece.marks}))
        else:
            children.append(Element(piece.atom, {key: value for key, value in piece.attrs if value}))
    return Element(block.kind, attrs, children)


def _typed(key: str, value: str) -> Value:
    return int(value) if key in _DEFAULTS else value


def _mark_attrs(name: str, value: str) -> dict[str, Value]:
    return {_MARK_VALUE[name]: value} if name in _MARK_VALUE else {}


def from_element(element: Element) -> Block | None:
    """The block of an element of the shared document; None for what the schema does not know."""
    if element.tag in TEXT_BLOCKS:
        pieces = [piece for child in element.children if (piece := _piece(child)) is not None]
        return Block(element.tag, _plain(element.attrs), pieces=joined(pieces))
    if element.tag in CONTAINERS or element.tag == OPAQUE_BLOCK:
        found = [from_element(child) for child in element.children if isinstance(child, Element)]
        return Block(element.tag, _plain(element.attrs), [child for child in found if child is not None])
    return None


def _plain(attrs: Mapping[str, Value]) -> dict[str, str]:
    plain = {}
    for key, value in attrs.items():
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, str | int | float) and value not in ("", *_DEFAULTS.get(key, ())):
            plain[key] = str(value)
    return plain


def _piece(child: Element | Run) -> Piece | None:
    if isinstance(child, Run):
        marks = [(name, str(attrs.get(_MARK_VALUE.get(name, ""), ""))) for name, attrs in child.marks.items()]
        known = [mark for mark in marks if mark[0] in TOGGLES or (mark[0] in _MARK_VALUE and mark[1])]
        return Piece(clean(child.text), tuple(sorted(known)))
    if child.tag in ATOMS:
        return Piece(atom=child.tag, attrs=tuple(sorted(_plain(child.attrs).items())))
    return None


@cache
def _forbidden() -> dict[int, str | None]:
    """What XML cannot hold, and line ends, which a text block has as atoms."""
    table: dict[int, str | None] = dict.fromkeys([*range(32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF])
    return {**table, 9: " ", 10: " ", 13: " "}


def clean(text: str) -> str:
    """Text as a file can hold it."""
    return text if text.isprintable() else text.translate(_forbidden())
