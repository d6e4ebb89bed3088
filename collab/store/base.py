"""Owns the contract of the store: registry and journal in one; knows no database and no room.

One row of the registry is one document: its aliases (door + external id), kind, current history, save base,
lock id, open save intents. A history is a chain of journalled updates on top of an optional snapshot.
Implementations: `sqlite.py` (embedded), `memory.py` (tests); PostgreSQL comes behind the same contract.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NewType, Protocol

from collab.store.past import Absorbed as Absorbed
from collab.store.past import HistoryId as HistoryId
from collab.store.past import Point as Point
from collab.store.past import PointName as PointName
from collab.store.past import RetiredHistory as RetiredHistory

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


class Store(Protocol):
    """Registry and journal. Methods return after their transaction is durable.

    Every method raises `JournalError` when the store cannot take or give data now (disk full, I/O error);
    after such an error nothing of the call has happened, and the call may be repeated.
    """

    async def open(self) -> None:
        """Open or create the store, run migrations, recover. Raises: ConfigError (in use by another server)."""
        ...

    async def close(self) -> None:
        """Commit what is queued and close; may be called twice."""
        ...

    # -- registry --
    async def resolve(self, alias: Alias, at_ms: int) -> DocumentRecord:
        """The document behind an alias, made if there is none."""
        ...

    async def document(self, document_id: DocumentId) -> DocumentRecord | None: ...

    async def documents(self, door: str | None = None) -> Sequence[DocumentRecord]: ...

    async def move_alias(self, old: Alias, new: Alias) -> None:
        """Follow a rename. A document that already stood at `new` keeps its history under a retired alias."""
        ...

    async def set_lock_id(self, document_id: DocumentId, lock_id: str | None) -> None: ...

    async def note_seen(self, document_ids: Sequence[DocumentId], at_ms: int) -> None:
        """Somebody is, or just was, connected to these documents."""
        ...

    async def create_history(
        self,
        document_id: DocumentId,
        expected: HistoryId | None,
        history_id: HistoryId,
        kind: str,
        state: bytes | None,
        save_base: SaveBase | None,
        at_ms: int,
    ) -> bool:
        """Compare-and-set the document's history; `state` becomes its snapshot at seq 0.

        False when the current history is not `expected`: somebody else was first, load theirs.
        """
        ...

    # -- rebase --
    async def rebase(
        self, document_id: DocumentId, expected: HistoryId, seq: int, fresh: FreshHistory, at_ms: int
    ) -> bool:
        """Retire the current history at `seq` and go on with a fresh one, by compare-and-set.

        False, and nothing changed, when the current history is not `expected`, does not end at `seq`, has no snapshot
        there, or when a save intent is open. The retired history stays readable by its id.
        """
        ...

    async def retired(self, document_id: DocumentId) -> Sequence[RetiredHistory]:
        """The histories that were retired by `rebase`, oldest first."""
        ...

    async def hand_over(self, document_id: DocumentId, history_id: HistoryId, entry: JournalEntry) -> int:
        """Journal an edit of a client that still has a retired history; returns its seq there.

        Raises: HistoryChanged (not a retired history of this document), JournalError.
        """
        ...

    # -- journal --
    async def append(
        self,
        document_id: DocumentId,
        history_id: HistoryId,
        entries: Sequence[JournalEntry],
        notes: Sequence[Note] = (),
    ) -> int:
        """Journal the entries in order; returns the last seq once they are durable.

        The notes are taken in the same transaction, in order and after those of earlier appends; there may be notes
        without entries. Calls from many rooms share commits. Raises: HistoryChanged, JournalError.
        """
        ...

    async def load(
        self, document_id: DocumentId, history_id: HistoryId | None = None, *, upto_seq: int | None = None
    ) -> StoredHistory | None:
        """What rebuilds the document: its current history, or a retired one by its id.

        With `upto_seq` as it was then: the newest snapshot not after it, and the updates up to it.
        None when there is no such history, or when that far back is no longer kept.
        """
        ...

    async def size_bytes(self, document_id: DocumentId) -> int:
        """About how large the document is, without loading it: by its stored file, snapshot and updates. 0: unknown."""
        ...

    async def updates(
        self, document_id: DocumentId, history_id: HistoryId, *, after_seq: int, limit: int
    ) -> Sequence[StoredUpdate]:
        """The kept log in order, sealed parts included, for replay, blame and history."""
        ...

    async def write_snapshot(self, document_id: DocumentId, history_id: HistoryId, snapshot: Snapshot) -> None: ...

    # -- points --
    async def points(self, document_id: DocumentId) -> Sequence[Point]:
        """What can be loaded of the past, of all histories, newest first.

        Automatic points are snapshots: the newest two, one a day while history is kept in full, one a week after that
        until they are too old. Named ones stay. `load` with a point's history and seq gives the document as it was.
        """
        ...

    async def name_point(
        self, document_id: DocumentId, history_id: HistoryId, snapshot: Snapshot, name: PointName
    ) -> Point:
        """Name the past at the snapshot's seq; the snapshot is kept if there is none there yet.

        Raises: HistoryChanged (the document has no such history), JournalError.
        """
        ...

    async def forget_point(self, document_id: DocumentId, history_id: HistoryId, seq: int) -> bool:
        """Take a point's name away: it is thinned like an automatic one from now on. False when it had none."""
        ...

    # -- saves --
    async def put_content(self, content: bytes) -> ContentHash:
        """Keep bytes under their hash, until two `maintain` later nobody uses them."""
        ...

    async def content(self, content_hash: ContentHash) -> bytes | None: ...

    async def open_intent(
        self,
        document_id: DocumentId,
        *,
        content_hash: ContentHash,
        seq: int,
        state_vector: bytes,
        if_version: str | None,
        base_hash: ContentHash | None,
        at_ms: int,
    ) -> SaveIntent: ...

    async def close_intent(self, document_id: DocumentId, intent_id: int, save_base: SaveBase | None) -> None:
        """End an intent; with `save_base` the save happened and the base moves in the same transaction."""
        ...

    async def intents(self, document_id: DocumentId) -> Sequence[SaveIntent]: ...

    async def set_save_base(self, document_id: DocumentId, save_base: SaveBase) -> None: ...

    # -- quarantine --
    async def quarantine(
        self,
        document_id: DocumentId,
        *,
        seq: int | None,
        connection: int,
        update: bytes,
        reason: str,
        at_ms: int,
    ) -> None:
        """Keep an update aside; one that has a `seq` is skipped by every later load."""
        ...

    async def quarantined(self, document_id: DocumentId | None = None) -> Sequence[QuarantinedUpdate]: ...

    # -- shares, revocations, keys --
    async def add_share(self, share: Share) -> None: ...

    async def share(self, secret_digest: str) -> Share | None: ...

    async def shares(self, document_id: DocumentId) -> Sequence[Share]: ...

    async def revoke_share(self, share_id: str, at_ms: int) -> None: ...

    async def revoke(self, subject: str, expires_ms: int, at_ms: int) -> None:
        """Refuse the token or person `subject` (`jti:…`, `sub:…`, `share:…`) until `expires_ms`."""
        ...

    async def revocations(self, at_ms: int) -> Sequence[str]: ...

    async def key(self, name: str) -> bytes | None: ...

    async def set_key_once(self, name: str, value: bytes) -> bytes:
        """Store a key if there is none under that name; returns the one that stands."""
        ...

    # -- operations --
    async def maintain(self, at_ms: int) -> None:
        """Seal and squash old updates and thin old points as retention says, drop unreferenced contents and
        expired revocations.

        Contents go at the second `maintain` that finds nobody using them, so that one put just now is safe.
        """
        ...

    async def purge(self, document_id: DocumentId) -> None:
        """Remove a document with its history, bases, shares and quarantine for good."""
        ...

    async def erase_person(self, author_id: str) -> int:
        """Replace a person's id and name in every kept entry and point; returns how many entries changed.

        Shares keep working; a revocation of the person stays until it expires.
        """
        ...

    async def backup(self, target: str) -> None:
        """Write a consistent copy to a new file while running. Raises: ConfigError (there is a file)."""
        ...
