"""Owns how a room whose document cannot be trusted gets it back from the journal; knows no connection's state."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from collab.document import Document
from collab.errors import JournalError
from collab.rooms.intake import Poison
from collab.rooms.loading import rebuild
from collab.rooms.parts import Parts
from collab.store.base import DocumentId

_log = structlog.get_logger(__name__)


async def repaired(parts: Parts, document_id: DocumentId, poison: Poison, pending: Sequence[bytes]) -> Document:
    """The document without the poison: what is journalled and, on top, what is still on its way there.

    Waits while the journal is away. Raises: DocumentPoisoned (it is not the one update), HistoryChanged.
    """
    parts.metrics.count("documents_poisoned_total")
    _log.error("document_poisoned", document_id=document_id, reason=poison.reason)
    if poison.connection is not None:
        await _quarantine(parts, document_id, poison, poison.connection.number)
    while True:
        try:
            document, _ = await rebuild(parts, document_id, pending)
            return document
        except JournalError as error:
            _log.warning("rebuild_waits", document_id=document_id, reason=str(error))
            await asyncio.sleep(parts.room.journal_retry_s)


async def _quarantine(parts: Parts, document_id: DocumentId, poison: Poison, connection: int) -> None:
    parts.metrics.count("updates_quarantined_total")
    try:
        await parts.store.quarantine(
            document_id,
            seq=None,
            connection=connection,
            update=poison.update,
            reason=poison.reason,
            at_ms=parts.clock.wall_ms(),
        )
    except JournalError as error:
        _log.error("quarantine_failed", document_id=document_id, reason=str(error))
