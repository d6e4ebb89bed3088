"""Owns the contract of a format: bytes <-> document <-> merge, pure and synchronous; knows no storage and no room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from collab.document import Document, Kind
from collab.limits import Limits


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file as a live document: the update that makes it, what kind it is, and facts for people.

    `facts` go to the status bar: `encoding`, `line_ends`, …
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
    """A passage that a merge wrote, as encoded relative positions; where it only deleted, both are the same place."""

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

    def decode(self, content: bytes, limits: Limits, client_id: int) -> Decoded:
        """Make the update of a fresh document. Raises: FormatError (public text says why), LimitExceeded."""
        ...

    def encode(self, document: Document, base: bytes) -> bytes:
        """The file: what nobody touched keeps the bytes of `base`. Raises: FormatError (charset)."""
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
