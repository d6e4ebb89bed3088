"""Owns the records of the store's contract: documents, entries, snapshots, saves, shares. Knows no store.

They are part of the contract in `base.py`, which gives them on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NewType

from collab.store.past import Absorbed, HistoryId

DocumentId = NewType("DocumentId", str)
ContentHash = NewType("ContentHash", str)
"""`sha256:` and 64 hex digits."""
ERASED_ID = "erased"
ERASED_NAME = ""
"""What stands in every entry of a person who was erased."""


@dataclass(frozen=True, slots=True)
class Alias:
    """One way to a document: a door (`root:NAME`, `scratch`, `wopi:HOST`) and the id used there."""

    door: str
    external_id: str


@dataclass(frozen=True, slots=True)
class SaveBase:
    """What the storage held when we last loaded or saved: the ancestor of every later merge."""

    version: str
    content_hash: ContentHash
    seq: int
    """The journal position that this content covers (0: the loaded file itself)."""
    state_vector: bytes
    at_ms: int


Note = Absorbed | SaveBase
"""What a merge settles. It is journalled in the transaction of the merge, so that nothing is merged twice."""


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A registry row."""

    document_id: DocumentId
    alias: Alias
    kind: str | None
    history_id: HistoryId | None
    save_base: SaveBase | None
    lock_id: str | None
    created_ms: int
    seen_ms: int = 0
    """When somebody was last known to be connected."""
    name: str | None = None
    """How people call the file, where the alias does not tell."""


@dataclass(slots=True, unsafe_hash=True)  # not frozen: one is made for each message, and that takes half the time
class JournalEntry:
    """One update with its author. `connection` tells an author's tabs apart in one node's life."""

    update: bytes
    author_id: str
    author_name: str
    at_ms: int
    node: str
    connection: int


@dataclass(frozen=True, slots=True)
class StoredUpdate:
    """A journalled update; `seq` counts from 1 within a history, without gaps."""

    seq: int
    entry: JournalEntry


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole document (update v1) as of `seq`, inclusive."""

    seq: int
    state: bytes
    at_ms: int


@dataclass(frozen=True, slots=True)
class StoredHistory:
    """What is needed to rebuild a document: the newest snapshot and the updates behind it."""

    history_id: HistoryId
    snapshot: Snapshot | None
    updates: Sequence[StoredUpdate]
    last_seq: int
    complete: bool = True
    """False when rows of it were damaged and are missing here; the log names them."""


@dataclass(frozen=True, slots=True)
class FreshHistory:
    """What a document goes on with when its history is retired: the same content without its past."""

    history_id: HistoryId
    state: bytes
    save_base: SaveBase | None
    retired_vector: bytes
    """The state vector of the history that goes: who is in it comes from before."""


@dataclass(frozen=True, slots=True)
class SaveIntent:
    """Written before a save touches the storage, so that a crash cannot make our own bytes look foreign."""

    intent_id: int
    content_hash: ContentHash
    seq: int
    state_vector: bytes
    if_version: str | None
    base_hash: ContentHash | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class QuarantinedUpdate:
    """An update that killed a worker or that the document refused; kept for the operator, never replayed."""

    quarantine_id: int
    document_id: DocumentId
    seq: int | None
    connection: int
    update: bytes
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Share:
    """A link to one document with a role; only the digest of its secret is kept."""

    share_id: str
    document_id: DocumentId
    secret_digest: str
    role: str
    created_by: str
    created_ms: int
    expires_ms: int | None
    revoked_ms: int | None


def hash_content(content: bytes) -> ContentHash:
    """The name that bytes have in the store."""
    return ContentHash(f"sha256:{hashlib.sha256(content).hexdigest()}")


def stored_size_bytes(history: StoredHistory) -> int:
    """How many bytes rebuild a document."""
    snapshot = 0 if history.snapshot is None else len(history.snapshot.state)
    return snapshot + sum(len(stored.entry.update) for stored in history.updates)


def retired_alias(alias: Alias, document_id: DocumentId) -> Alias:
    """Where a document goes when a rename puts another one in its place."""
    return Alias(f"retired:{alias.door}", f"{alias.external_id}#{document_id}")
