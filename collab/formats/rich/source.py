"""Owns what a file of the rich formats is once it is read, and what its format must be able to write.

Knows no vocabulary: one class for each format fills this in.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from collab.formats.rich.leaves import Context, Leaf
from collab.formats.rich.model import Block, Piece
from collab.formats.zipped.patch import Patch
from collab.formats.zipped.scan import Node, Scan

_SOURCE_MAX = 4_000_000
_CHILDREN = b"\0"
"""Where the children of a section stand in what is kept of it."""


def reference(fragment: bytes) -> str:
    """The name of a piece of source: by what it is, so that it is found in whatever file holds it."""
    return "x" + hashlib.sha256(fragment).hexdigest()[:20]


@dataclass(slots=True)
class Fragments:
    """Pieces of source by reference, of the file and those that the document carries along."""

    known: dict[str, bytes] = field(default_factory=dict)

    def note(self, fragment: bytes) -> str:
        """Keep a piece; returns its reference."""
        name = reference(fragment)
        self.known.setdefault(name, fragment)
        return name

    def note_around(self, content: bytes, outer: Node, inner: Node) -> str:
        """Keep what stands round the children of a section; returns its reference."""
        return self.note(content[outer.start : inner.inner_start] + _CHILDREN + content[inner.inner_end : outer.end])

    def around(self, name: str, children: bytes) -> bytes:
        """Children with what stood round those of a section."""
        head, _, tail = self.known.get(name, _CHILDREN).partition(_CHILDREN)
        return head + children + tail

    def packed(self) -> dict[str, bytes]:
        """As the document carries them."""
        return {name: zlib.compress(fragment) for name, fragment in self.known.items()}

    def add_packed(self, packed: Mapping[str, object]) -> None:
        """Take over what a document carries; what is not what its name says is left out."""
        for name, content in packed.items():
            if name in self.known or not isinstance(content, bytes):
                continue
            inflater = zlib.decompressobj()
            try:
                fragment = inflater.decompress(content, _SOURCE_MAX)
            except zlib.error:
                continue
            if reference(fragment) == name:
                self.known[name] = fragment


@dataclass(slots=True)
class Source:
    """A read body: its blocks, and what the look of it needs."""

    scan: Scan
    body: Node
    blocks: list[Block]
    fragments: Fragments
    styles: dict[str, object] = field(default_factory=dict)
    page: dict[str, object] = field(default_factory=dict)


class Writer(Protocol):
    """What a format writes; `patches` collects what it has to change elsewhere in the part."""

    source: Source

    def leaves(self, block: Block) -> Sequence[Leaf]:
        """Where the text of a source block is."""
        ...

    def block(self, block: Block, beside: Block | None) -> bytes:
        """A new block, in the manner of the one beside it."""
        ...

    def restyle(self, base: Block, live: Block) -> list[Patch]:
        """The patches that give a source block the live one's attributes."""
        ...

    def insertion(self, pieces: Sequence[Piece], place: Place) -> Patch:
        """New pieces at a place within a paragraph."""
        ...

    def filled(self, base: Block, inner: bytes) -> bytes:
        """A source block that was written as an empty tag, with something in it."""
        ...

    def markers(self, block: Block) -> bytes:
        """What of a block that goes other blocks may need: range ends, change marks."""
        ...

    def touched(self, holder: Node) -> list[Patch]:
        """The patches that let blanks count in an element whose text changes."""
        ...

    def literal_blank_at_risk(self, previous: tuple[object, ...] | None, literal: bool) -> bool:
        """Whether a blank that stands literally in the source would vanish behind that token."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a source paragraph: where new bytes go, and between what they stand."""

    at: int
    context: Context
    left: Leaf | None
    right: Leaf | None
    inside: bool
    """Within one leaf of characters, so that a change of marks has to split what holds it."""
    previous: tuple[object, ...] | None = None
    """The token before the place."""
    previous_literal: bool = False
