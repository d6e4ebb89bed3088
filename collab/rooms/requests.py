"""Owns what other tasks may ask of a room's owner task; plain values, no behaviour."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from collab.errors import CollabError, DocumentPoisoned
from collab.fanout.base import RoomEvent
from collab.protocol.events import Event
from collab.protocol.update import Checked
from collab.rooms.connection import Connection
from collab.store.base import Lease, Note

_Result = TypeVar("_Result")


@dataclass(slots=True)  # not frozen: one is made for each message, and that takes half the time
class Received:
    """What one message of a connection meant."""

    connection: Connection
    event: Event
    size_bytes: int


@dataclass(frozen=True, slots=True)
class CheckedElsewhere:
    """A large update came back from the sandbox."""

    received: Received
    outcome: Checked | CollabError


@dataclass(frozen=True, slots=True)
class Left:
    """The connection's socket is gone."""

    connection: Connection


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """A connection is judged by another role from now on."""

    connection: Connection


@dataclass(frozen=True, slots=True)
class Drained:
    """A connection that needs a resync has read what was queued."""

    connection: Connection


@dataclass(frozen=True, slots=True)
class Captured(Generic[_Result]):
    """Something made of a state that is journalled whole, with where that state stands."""

    result: _Result
    seq: int
    state_vector: bytes
    covers: Mapping[int, int]
    """Connection number -> update messages of it that this state contains."""


@dataclass(frozen=True, slots=True)
class Changed(Generic[_Result]):
    """What an edit of the server itself gave, and its place in the journal; None when nothing changed."""

    result: _Result
    seq: int | None


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done between two messages. `run` raises nothing but DocumentPoisoned; else `fail` is called."""

    run: Callable[[], None]
    fail: Callable[[CollabError], None]
    captures: bool
    """What it sees is only told when it is journalled; fails when the journal is away."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Other nodes said something."""

    event: RoomEvent


@dataclass(frozen=True, slots=True)
class Settled:
    """What is settled by a change, in its commit, if the right to settle it is still ours by then."""

    note: Note
    lease: Lease | None = None


Message = Heard | Received | CheckedElsewhere | Left | RoleChanged | Drained | Job


def answer(future: asyncio.Future[_Result], compute: Callable[[], _Result]) -> None:
    """Set the future's result or error. Raises: DocumentPoisoned, which the room has to know too."""
    try:
        result = compute()
    except CollabError as error:
        answer_error(future, error)
        if isinstance(error, DocumentPoisoned):
            raise
    else:
        if not future.done():
            future.set_result(result)


def answer_error(future: asyncio.Future[_Result], error: CollabError) -> None:
    """Set the future's error unless nobody waits any more."""
    if not future.done():
        future.set_exception(error)
