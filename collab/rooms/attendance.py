"""Owns which rooms each person is in, and how many that may be; knows no room and no connection."""

from __future__ import annotations

from collections import Counter

from collab.errors import LimitExceeded
from collab.limits import Limits
from collab.store.base import DocumentId


class Attendance:
    """The connections of all rooms, counted by person and room."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.rooms_per_user
        self._rooms: dict[str, Counter[DocumentId]] = {}

    def enter(self, user_id: str, document_id: DocumentId) -> None:
        """One more connection of a person. Raises: LimitExceeded (rooms_per_user)."""
        rooms = self._rooms.get(user_id) or Counter()
        if document_id not in rooms and len(rooms) >= self._most:
            raise LimitExceeded("rooms_per_user")
        rooms[document_id] += 1
        self._rooms[user_id] = rooms

    def leave(self, user_id: str, document_id: DocumentId) -> None:
        """One connection less."""
        rooms = self._rooms[user_id]
        rooms[document_id] -= 1
        if not rooms[document_id]:
            del rooms[document_id]
        if not rooms:
            del self._rooms[user_id]

    def rooms_of(self, user_id: str) -> int:
        """How many rooms a person is in."""
        return len(self._rooms.get(user_id, ()))
