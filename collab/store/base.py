"""Owns the contract of the store: registry and journal in one; knows no database and no room.

One row of the registry is one document: its aliases (door + external id), kind, current history, save base,
lock id, open save intents. A history is a chain of journalled updates on top of an optional snapshot.
Implementations: `sqlite.py` (embedded), `postgres/` (several nodes), `memory.py` (tests).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from collab.store.cluster import ClusterStore as ClusterStore
from collab.store.cluster import Lease as Lease
from collab.store.cluster import Position as Position
from collab.store.cluster import Since as Since
from collab.store.doors import DoorStore as DoorStore
from collab.store.doors import SealedCredential as SealedCredential
from collab.store.past import Absorbed as Absorbed
from collab.store.past import HistoryId as HistoryId
from collab.store.past import Point as Point
from collab.store.past import PointName as PointName
from collab.store.past import RetiredHistory as RetiredHistory
from collab.store.records import ERASED_ID as ERASED_ID
from collab.store.records import ERASED_NAME as ERASED_NAME
from collab.store.records import Alias as Alias
from collab.store.records import ContentHash as ContentHash
from collab.store.records import DocumentId as DocumentId
from collab.store.records import DocumentRecord as DocumentRecord
from collab.store.records import FreshHistory as FreshHistory
from collab.store.records import JournalEntry as JournalEntry
from collab.store.records import Note as Note
from collab.store.records import QuarantinedUpdate as QuarantinedUpdate
from collab.store.records import SaveBase as SaveBase
from collab.store.records import SaveIntent as SaveIntent
from collab.store.records import Share as Share
from collab.store.records import Snapshot as Snapshot
from collab.store.records import StoredHistory as StoredHistory
from collab.store.records import StoredUpdate as StoredUpdate
from collab.store.records import hash_content as hash_content
from collab.store.records import retired_alias as retired_alias
from collab.store.records import stored_size_bytes as stored_size_bytes


class Store(ClusterStore, DoorStore, Protocol):
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
        lease: Lease | None = None,
    ) -> int:
        """Journal the entries in order and one after another; returns the last seq once they are durable.

        The notes are taken in the same transaction, in order and after those of earlier appends; there may be notes
        without entries. With `lease` nothing happens when somebody else got that meanwhile. Calls from many rooms share
        commits. Raises: HistoryChanged, LeaseLost, JournalError.
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
        lease: Lease | None = None,
    ) -> SaveIntent:
        """Say what is about to be written. With `lease`: only while that is held, by the store's clock.

        Raises: NotFound, LeaseLost, JournalError.
        """
        ...

    async def close_intent(self, document_id: DocumentId, intent_id: int, save_base: SaveBase | None) -> bool:
        """End an intent; with `save_base` the save happened and the base moves in the same transaction.

        False, and the base stays, when it was not open any more: who took the saves over has settled it.
        """
        ...

    async def intents(self, document_id: DocumentId) -> Sequence[SaveIntent]: ...

    async def set_save_base(self, document_id: DocumentId, save_base: SaveBase, lease: Lease | None = None) -> None:
        """Move the ancestor of later merges; with `lease` not when somebody else got that. Raises: LeaseLost."""
        ...

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
