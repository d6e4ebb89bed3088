"""Owns what workers ask each other for an operator: one frozen dataclass per question and answer. Knows no room."""

from __future__ import annotations

from dataclasses import dataclass

from collab.store.base import DocumentId


@dataclass(frozen=True, slots=True)
class ListRooms:
    """The rooms that this worker has in memory, as `Roll.rooms`."""


@dataclass(frozen=True, slots=True)
class ListConnections:
    """The connections of this worker, as `Roll.connections`."""

    document_id: DocumentId | None
    user_id: str | None


@dataclass(frozen=True, slots=True)
class Kick:
    """Close connections, as `Roll.kick`; a number counts at the worker in that seat."""

    user_id: str | None
    seat: str | None
    number: int | None


@dataclass(frozen=True, slots=True)
class Unload:
    """Save a document and forget its room, as `Roll.unload`."""

    document_id: DocumentId


OperatorCall = ListRooms | ListConnections | Kick | Unload


@dataclass(frozen=True, slots=True)
class Kicked:
    """The answer to `Kick`."""

    connections: int


@dataclass(frozen=True, slots=True)
class Unloaded:
    """The answer to `Unload`; False: there was no such room."""

    done: bool
