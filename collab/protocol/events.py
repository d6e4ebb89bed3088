"""Owns the events that a `Session` hands out; plain values, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass

from collab.errors import CollabError


@dataclass(frozen=True, slots=True)
class SyncRequested:
    """The peer sent sync step 1: answer with what it lacks, and ask for what we lack."""

    state_vector: bytes


@dataclass(slots=True, unsafe_hash=True)  # not frozen: one is made for each message, and that takes half the time
class UpdateReceived:
    """The peer sent an update (`in_sync`: as sync step 2). The role allows it; the checker has not seen it yet."""

    update: bytes
    in_sync: bool


@dataclass(slots=True, unsafe_hash=True)  # not frozen: one is made for each message, and that takes half the time
class AwarenessEntry:
    """One client's presence: `state` is JSON of an object, None when the client leaves.

    As received it is any text; what an `AwarenessTable` hands out is compact and strict.
    """

    client_id: int
    clock: int
    state: str | None


@dataclass(slots=True, unsafe_hash=True)  # not frozen: one is made for each message, and that takes half the time
class AwarenessReceived:
    """The peer sent presence; ownership is still to be decided by the room's `AwarenessTable`."""

    entries: tuple[AwarenessEntry, ...]


@dataclass(frozen=True, slots=True)
class AwarenessRequested:
    """The peer wants all presence states."""


@dataclass(frozen=True, slots=True)
class SaveRequested:
    """The peer wants the file stored now, and an answer with this number."""

    request_id: int


@dataclass(frozen=True, slots=True)
class StatelessReceived:
    """The peer has a text for the others who are there."""

    text: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message was refused. When `fatal`, the session is over and only discards."""

    error: CollabError
    fatal: bool
    updates: int = 0
    """Update messages that were refused with it (0 or 1): they count as dealt with in acknowledgements."""
    in_sync: bool = False
    """It was a sync step 2, which stock providers send unasked by the person: nobody needs to be told."""


Event = (
    SyncRequested
    | UpdateReceived
    | AwarenessReceived
    | AwarenessRequested
    | SaveRequested
    | StatelessReceived
    | Rejected
)
