"""Owns the half of the store's contract that nodes need who share one database: where a journal stands, and who saves.

Knows no database. It is part of the contract in `base.py`, which gives it on.

Every node journals what its own clients write, so several nodes append to one history. The store numbers: the entries
of one append stand one after another, and who reads a history finds its numbers without gaps at any moment. So a node
that holds everything up to `seq` and gets `last` for an append of `n` entries has missed `seq + 1 .. last - n`, and
asks `since` for them. A snapshot or save intent at a `seq` says that everything up to there is in it: it may be made
only by who holds all that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from collab.store.past import HistoryId
from collab.store.records import DocumentId, StoredUpdate


@dataclass(frozen=True, slots=True)
class Position:
    """Where the journal of a document stands: its current history and the last seq of that."""

    history_id: HistoryId
    seq: int


@dataclass(frozen=True, slots=True)
class Since:
    """What came to a history behind a position, in order."""

    updates: Sequence[StoredUpdate]
    """Without those that are quarantined or damaged."""
    seq: int
    """Up to here the answer goes: who applied it asks behind this next."""
    last_seq: int
    """Where the history ends at the moment; more is to be asked for while `seq` is less."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to store a document, of one node at a time."""

    document_id: DocumentId
    owner: str
    epoch: int
    """Greater with everyone who got it: the fencing token."""
    remaining_ms: int
    """By the store's own clock, when it was asked. 0: over."""


class ClusterStore(Protocol):
    """What a store offers to nodes that share it; part of `Store`."""

    async def positions(self, document_ids: Sequence[DocumentId]) -> Mapping[DocumentId, Position]:
        """Where the journals of these documents stand, in one cheap question; unknown ones are left out."""
        ...

    async def since(
        self, document_id: DocumentId, history_id: HistoryId, *, after_seq: int, limit: int
    ) -> Since | None:
        """At most `limit` updates behind `after_seq`.

        None when the document has another history now, or when that far back is no longer kept: load it whole then.
        """
        ...

    async def acquire_lease(self, document_id: DocumentId, owner: str, ttl_ms: int) -> Lease:
        """Take the lease if it is free, over, or the owner's already; returns the one that stands afterwards.

        It is the asker's when `owner` says so, with an epoch of its own: a lease that the owner had before is over.
        Raises: NotFound (no such document), JournalError.
        """
        ...

    async def renew_lease(self, lease: Lease, ttl_ms: int) -> bool:
        """Hold it for longer. False when somebody else got it meanwhile; one that merely ran out goes on."""
        ...

    async def release_lease(self, lease: Lease) -> None:
        """Let the next one have it at once; nothing happens when it is not ours any more."""
        ...

    async def holds_lease(self, lease: Lease) -> bool:
        """Whether it is ours and not over, by the store's clock."""
        ...
