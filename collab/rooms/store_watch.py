"""Owns the look into the shared store: what other nodes journalled that was not heard. Knows no message between nodes.

It is how nodes converge while they cannot hear each other, and what makes up for anything that was lost unnoticed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from collab.errors import JournalError
from collab.rooms.parts import Parts
from collab.rooms.room import Room
from collab.store.base import DocumentId

_log = structlog.get_logger(__name__)

DOCUMENTS = 1_000
"""So many are asked for in one question."""


async def watch_store(parts: Parts, live: Mapping[DocumentId, Room]) -> None:
    """Ask where the journals of the live documents stand, for ever: often while nodes cannot hear each other."""
    while parts.saver is not None:
        troubled = parts.fanout is None or parts.fanout.troubled
        await asyncio.sleep(parts.redis.poll_s if troubled else parts.redis.watch_s)
        documents = list(live)
        for start in range(0, len(documents), DOCUMENTS):
            await _look(parts, live, documents[start : start + DOCUMENTS], hurry=troubled)


async def _look(parts: Parts, live: Mapping[DocumentId, Room], documents: list[DocumentId], *, hurry: bool) -> None:
    try:
        positions = await parts.store.positions(documents)
    except JournalError as error:
        _log.debug("store_not_watched", reason=str(error))
        return
    for document_id in documents:
        room, position = live.get(document_id), positions.get(document_id)
        if room is not None and room.company is not None:
            room.company.note_position(position, hurry=hurry)
