"""Owns the rich formats' contract: file to shared document and back; knows no vocabulary and no room.

A save is proved: what was written is read again and must be the live document, block by block, or it is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Protocol

from collab.document import Document, Kind
from collab.errors import FormatError, LimitExceeded
from collab.formats.base import Decoded, Merged
from collab.formats.rich.model import Block, from_element, to_element
from collab.formats.rich.source import Fragments, Source
from collab.formats.zipped.patch import refuse
from collab.limits import Limits
from collab.xmltree import read_tree, write_tree, write_values

BODY, META, STYLES, SOURCES = "body", "meta", "styles", "sources"
SCHEMA_VERSION = 1
SIGNED = "This document is signed. An edit would break the signature, so it is read-only here."


class RichFile(Protocol):
    """One opened file of a rich format."""

    content: bytes
    source: Source

    @property
    def read_only(self) -> str: ...

    def saved(self, live: Sequence[Block], fragments: Fragments) -> bytes: ...

    def looks(self) -> dict[str, object]: ...


class RichFormat:
    """One rich format; `opened` reads its files."""

    kind = Kind.RICH

    def __init__(self, name: str, opened: Callable[[bytes, Limits], RichFile], limits: Limits | None = None) -> None:
        self.name = name
        self._opened = opened
        self._limits = limits or Limits()

    def decode(self, content: bytes, limits: Limits, client_id: int) -> Decoded:
        """Make the update of a fresh document. Raises: FormatError, LimitExceeded."""
        if len(content) > limits.file_size_bytes:
            raise LimitExceeded("file_size_bytes", f"{len(content)} bytes")
        file = self._opened(content, limits)
        document = Document(client_id)
        with document.transaction():
            write_tree(document, BODY, [to_element(block) for block in file.source.blocks])
            write_values(document, META, self._facts(content, file))
            write_values(document, STYLES, file.looks())
            write_values(document, SOURCES, file.source.fragments.packed())
        facts = {"read_only": file.read_only} if file.read_only else {}
        return Decoded(document.diff(), self.kind, facts)

    def _facts(self, content: bytes, file: RichFile) -> dict[str, object]:
        return {
            "format": self.name,
            "schema": SCHEMA_VERSION,
            "base": hashlib.sha256(content).hexdigest(),
            "generation": 0,
            "page": file.source.page,
        }

    def encode(self, document: Document, base: bytes) -> bytes:
        """The file: what nobody touched keeps its bytes. Raises: FormatError, LimitExceeded."""
        file = self._opened(base, self._limits)
        live = live_blocks(document)
        if [block.digest for block in live] == [block.digest for block in file.source.blocks]:
            return base
        if file.read_only:
            raise FormatError("an edit of a signed file", public=SIGNED)
        fragments = Fragments()
        fragments.add_packed(document.map_values(SOURCES))
        saved = file.saved(live, fragments)
        self._prove(saved, live)
        return saved

    def _prove(self, saved: bytes, live: Sequence[Block]) -> None:
        """Raises: FormatError: what was written reads as something else."""
        found = self._opened(saved, self._limits).source.blocks
        wanted = [shape for block in live for shape in shapes(block)]
        if [shape for block in found for shape in shapes(block)] != wanted:
            raise refuse("what was written reads otherwise")

    def renew(self, document: Document, client_id: int) -> Document:
        """A fresh document of the same content. Raises: FormatError (something would be lost)."""
        raise FormatError("rich documents keep their history")

    def merge(self, base: bytes, theirs: bytes, document: Document, source: str, at_ms: int) -> Merged:
        """Three-way merge by block, as one transaction. Raises: FormatError; the document is then unchanged."""
        raise FormatError("not yet")


def live_blocks(document: Document) -> list[Block]:
    """The body of the shared document. Raises: DocumentPoisoned."""
    found = (from_element(element) for element in read_tree(document, BODY))
    return [block for block in found if block is not None]


def shapes(block: Block) -> list[tuple[object, ...]]:
    """What must come back exactly: kinds, text, and which atoms; a difference in marks alone is no loss of content."""
    own = (block.kind, block.attrs.get("ref", ""), block.text if block.is_text else "")
    atoms = tuple((piece.atom, piece.get("ref")) for piece in block.pieces if piece.atom)
    return [(*own, atoms), *(shape for child in block.children for shape in shapes(child))]
