"""Owns the rich formats' contract: file to shared document and back; knows no vocabulary and no room.

A save is proved: what was written is read again and must be the live document, block by block, or it is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Protocol

from collab.document import CONFLICTS, STATE, Document, Kind
from collab.errors import FormatError, LimitExceeded
from collab.formats.base import READ_ONLY, Conflict, Decoded, Merged
from collab.formats.diff3 import Outcome, merge_lines
from collab.formats.rich.model import OPAQUE_BLOCK, SECTION, Block, from_element, joined, to_element
from collab.formats.rich.source import Fragments, Source
from collab.formats.zipped.patch import refuse
from collab.limits import Limits
from collab.xmltree import read_tree, read_values, replace_tree, write_tree, write_values

BODY, META, STYLES, SOURCES = "body", "meta", "styles", "sources"
SCHEMA_VERSION = 1
UNKNOWN = "unknown"
OTHER_SCHEMA = "Somebody edits with another version of this page. Reload the page to go on."
NO_ANCESTOR = "The file was changed elsewhere, and the version that this document began with is not kept any more."
MORE_THAN_SCHEMA = "The document holds more than can be carried over, so it keeps its history."
SIGNED = "This document is signed. An edit would break the signature, so it is read-only here."


class RichFile(Protocol):
    """One opened file of a rich format."""

    content: bytes
    source: Source

    @property
    def read_only(self) -> str: ...

    def saved(self, live: Sequence[Block], fragments: Fragments) -> bytes: ...

    def looks(self) -> dict[str, object]: ...

    def lists(self) -> dict[str, str]:
        """How lists are made: `nested`, or which numbering is for bullets and which counts."""
        ...


class RichFormat:
    """One rich format; `opened` reads its files."""

    kind = Kind.RICH
    sandboxed = True

    def __init__(self, name: str, opened: Callable[[bytes, Limits], RichFile]) -> None:
        self.name = name
        self.limits = Limits()
        self._opened = opened

    def decode(self, content: bytes, limits: Limits, client_id: int) -> Decoded:
        """Make the update of a fresh document. Raises: FormatError, LimitExceeded."""
        if len(content) > limits.file_size_bytes:
            raise LimitExceeded("file_size_bytes", f"{len(content)} bytes")
        file = self._opened(content, limits)
        document = Document(client_id)
        with document.transaction():
            write_tree(document, BODY, [to_element(block) for block in file.source.blocks])
            write_values(document, META, self._about(content, file))
            _carry(document, file)
            if file.read_only:
                document.set_map_value(STATE, READ_ONLY, file.read_only)
        facts = {READ_ONLY: file.read_only} if file.read_only else {}
        return Decoded(document.diff(), self.kind, facts)

    def _about(self, content: bytes, file: RichFile) -> dict[str, object]:
        return {
            "format": self.name,
            "schema": SCHEMA_VERSION,
            "base": hashlib.sha256(content).hexdigest(),
            "page": file.source.page,
            "lists": file.lists(),
        }

    def encode(self, document: Document, base: bytes) -> bytes:
        """The file: what nobody touched keeps its bytes. Raises: FormatError, LimitExceeded."""
        file = self._opened(base, self.limits)
        live = live_blocks(document)
        if [block.digest for block in live] == [block.digest for block in file.source.blocks]:
            return base
        if any(block.kind == UNKNOWN for block in live):
            raise FormatError("an element that the schema does not know", public=OTHER_SCHEMA)
        if file.read_only:
            raise FormatError("an edit of a signed file", public=SIGNED)
        fragments = Fragments(dict(file.source.fragments.known))
        fragments.add_packed(read_values(document, SOURCES))
        live = _known_only(live, fragments)
        saved = file.saved(live, fragments)
        self._prove(saved, live)
        return saved

    def _prove(self, saved: bytes, live: Sequence[Block]) -> None:
        """Raises: FormatError: what was written reads as something else."""
        found = self._opened(saved, self.limits).source.blocks
        wanted = [shape for block in live for shape in shapes(block)]
        if [shape for block in found for shape in shapes(block)] != wanted:
            raise refuse("what was written reads otherwise")

    def rescue(self, document: Document) -> bytes:
        """The text alone."""
        return "\n".join(block.text for block in live_blocks(document)).encode("utf-8", "replace")

    def is_blank(self, content: bytes) -> bool:
        """Whether a file has no byte: a document without a word still has its styles and pictures."""
        return not content

    def common(self, document: Document, theirs: bytes) -> bytes:
        """Raises: FormatError: without an ancestor nobody can say what of two documents belongs together."""
        raise FormatError("the file that was loaded is not kept any more", public=NO_ANCESTOR)

    def renew(self, document: Document, client_id: int) -> Document:
        """A fresh document of the same content. Raises: FormatError (something would be lost)."""
        strange = document.roots() - {BODY, META, STYLES, SOURCES, STATE, CONFLICTS}
        elements = read_tree(document, BODY)
        if strange or any(from_element(element) is None for element in elements):
            raise FormatError("it has more than the schema knows", public=MORE_THAN_SCHEMA)
        fresh = Document(client_id)
        with fresh.transaction():
            write_tree(fresh, BODY, elements)
            for root in (META, STYLES, SOURCES, STATE):
                write_values(fresh, root, read_values(document, root))
        if [block.digest for block in live_blocks(fresh)] != [block.digest for block in live_blocks(document)]:
            raise FormatError("the fresh document is not the same")
        return fresh

    def merge(self, base: bytes, theirs: bytes, document: Document, source: str, at_ms: int) -> Merged:
        """Three-way merge by block, as one transaction. Raises: FormatError; the document is then unchanged."""
        their_file = self._opened(theirs, self.limits)
        base_blocks, their_blocks = self._opened(base, self.limits).source.blocks, their_file.source.blocks
        live = live_blocks(document)
        hunks = merge_lines(_digests(base_blocks), _digests(live), _digests(their_blocks))
        wanted = [hunk for hunk in hunks if hunk.outcome in (Outcome.THEIRS, Outcome.CONFLICT)]
        conflicts = []
        with document.transaction():
            for hunk in reversed(wanted):
                new = [to_element(block) for block in their_blocks[hunk.theirs.start : hunk.theirs.end]]
                if hunk.outcome is Outcome.CONFLICT:
                    replace_tree(document, BODY, hunk.live.end, hunk.live.end, new)
                    sides = (base_blocks[hunk.base.start : hunk.base.end], live[hunk.live.start : hunk.live.end])
                    conflicts.append(_conflict(*sides, their_blocks[hunk.theirs.start : hunk.theirs.end], at_ms))
                else:
                    replace_tree(document, BODY, hunk.live.start, hunk.live.end, new)
            if wanted:
                _carry(document, their_file)
        return Merged(sum(hunk.outcome is Outcome.THEIRS for hunk in wanted), tuple(reversed(conflicts)))


def _known_only(blocks: Sequence[Block], fragments: Fragments) -> list[Block]:
    """Without what was pasted from another document: things of which only a reference came along."""
    kept: list[Block] = []
    for block in blocks:
        known = block.attrs.get("ref", "") in fragments.known
        block.pieces = joined(
            [one for one in block.pieces if not one.is_reference or one.get("ref") in fragments.known]
        )
        block.children = _known_only(block.children, fragments)
        if block.kind == SECTION and not known:
            kept += block.children
        elif block.kind != OPAQUE_BLOCK or known:
            kept.append(block)
    return kept


def _carry(document: Document, file: RichFile) -> None:
    """Put what a file's blocks refer to into the document, where it is not there yet."""
    for root, values in ((STYLES, file.looks()), (SOURCES, file.source.fragments.packed())):
        known = read_values(document, root)
        write_values(document, root, {key: value for key, value in values.items() if key not in known})


def _digests(blocks: Sequence[Block]) -> list[str]:
    return [block.digest for block in blocks]


def _conflict(base: Sequence[Block], live: Sequence[Block], theirs: Sequence[Block], at_ms: int) -> Conflict:
    texts = ["\n".join(block.text for block in side) for side in (base, live, theirs)]
    name = hashlib.sha256(repr((texts, at_ms)).encode()).hexdigest()[:16]
    return Conflict(name, *texts)


def live_blocks(document: Document) -> list[Block]:
    """The body of the shared document. Raises: DocumentPoisoned."""
    return [from_element(element) or Block(UNKNOWN) for element in read_tree(document, BODY)]


def shapes(block: Block) -> list[tuple[object, ...]]:
    """What must come back exactly: kinds, text, and which atoms; a difference in marks alone is no loss of content."""
    own = (block.kind, block.attrs.get("ref", ""), block.text if block.is_text else "")
    atoms = tuple((piece.atom, piece.get("ref")) for piece in block.pieces if piece.atom)
    return [(*own, atoms), *(shape for child in block.children for shape in shapes(child))]
