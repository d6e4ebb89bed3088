"""Owns the contract of a format: bytes <-> document <-> merge, pure and synchronous; knows no storage and no room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from collab.document import Document, Kind
from collab.limits import Limits

READ_ONLY = "read_only"
"""Key of the document's `state` map and of the facts: why nobody may edit this document (a stable slug)."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file as a live document: the update that makes it, what kind it is, and facts for people.

    The kind may be another one than the format's: a broken notebook is a text. `facts` go to the status bar:
    `encoding`, `line_ends`, …
    """

    update: bytes
    kind: Kind
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A passage that both sides changed; the document now holds both, live first, theirs behind it."""

    conflict_id: str
    base: str
    live: str
    theirs: str


@dataclass(frozen=True, slots=True)
class ChangedPlace:
    """A passage that a merge wrote, as encoded relative positions; where it only deleted, both are the same place.

    Relative positions name the text they are in, so they may be in any text of the document: a cell's, for instance.
    """

    start: bytes
    end: bytes


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome of a merge: `changes` hunks were taken over from the storage; `conflicts` need a person."""

    changes: int
    conflicts: tuple[Conflict, ...] = ()
    places: tuple[ChangedPlace, ...] = ()
    """Where the first of these changes are now."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """A document, and a fresh one of the same content: each with its state vector."""

    state: bytes
    state_vector: bytes
    fresh: bytes
    fresh_vector: bytes


@dataclass(frozen=True, slots=True)
class Forked:
    """A past state of a document, and the same with edits that were made on it, both as files."""

    update: bytes
    """What of the edits is new and sound; empty when nothing is."""
    base: bytes
    theirs: bytes


class Format(Protocol):
    """One format. `base` is always the bytes last loaded or saved, so no state is kept between calls."""

    name: str
    kind: Kind
    sandboxed: bool
    """Whether `encode` and `merge` read a stranger's file too, so that they have to run in the sandbox."""

    def decode(self, content: bytes, limits: Limits, client_id: int) -> Decoded:
        """Make the update of a fresh document. Raises: FormatError (public text says why), LimitExceeded."""
        ...

    def encode(self, document: Document, base: bytes) -> bytes:
        """The file: what nobody touched keeps the bytes of `base`. Raises: FormatError (charset)."""
        ...

    def rescue(self, document: Document) -> bytes:
        """The content as a file that can always be written, where `encode` cannot keep to the file's manner."""
        ...

    def is_blank(self, content: bytes) -> bool:
        """Whether a file has nothing that could be lost by overwriting it."""
        ...

    def common(self, document: Document, theirs: bytes) -> bytes:
        """A stand-in for a lost ancestor: what live document and file share. Raises: FormatError.

        A merge from there keeps what either side has, and nothing twice. What one side deleted comes back, which costs
        a person a keystroke; the other guess would cost content.
        """
        ...

    def renew(self, document: Document, client_id: int) -> Document:
        """A fresh document of the same content, without what was deleted and by whom.

        Raises: FormatError when something of it cannot be carried over; it then keeps its history.
        """
        ...

    def merge(self, base: bytes, theirs: bytes, document: Document, source: str, at_ms: int) -> Merged:
        """Three-way merge into the live document, as one transaction; `source` names who changed the file.

        A hunk that is equal on both sides changes nothing. Where both changed the same lines differently both
        texts stay, and the document's `conflicts` map says where. Raises: FormatError when `theirs` is not of
        this format; the document is then unchanged.
        """
        ...
