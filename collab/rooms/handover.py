"""Owns how edits on a retired history come into the journal: checked on that history, bounded, before any merge.

A client that was away while its document got a fresh history cannot sync any more: its structs mean nothing there. It
hands over what it has made on the old history; that is journalled behind the old history's end, and the room merges it
as text. Knows no connection and no HTTP.
"""

from __future__ import annotations

from collab.errors import HistoryChanged, LimitExceeded
from collab.protocol.roles import Identity
from collab.rooms.parts import Parts
from collab.rooms.storage_file import StorageFile
from collab.store.base import DocumentId, DocumentRecord, HistoryId, JournalEntry, RetiredHistory

UNKNOWN = "The server does not have the history that these edits were made on."


async def retired_history(parts: Parts, document_id: DocumentId, history_id: HistoryId) -> RetiredHistory:
    """A history that a client may hand edits over to. Raises: HistoryChanged (there is none), JournalError."""
    for retired in await parts.store.retired(document_id):
        if retired.history_id == history_id:
            return retired
    raise HistoryChanged(f"{history_id} is no retired history of {document_id}", public=UNKNOWN)


async def journal_handed_over(
    parts: Parts, record: DocumentRecord, file: StorageFile, history_id: HistoryId, update: bytes, author: Identity
) -> bool:
    """Check edits on a retired history and journal them there; False when nothing of them is new.

    Raises: HistoryChanged, MalformedMessage, LimitExceeded, FormatError, JournalError.
    """
    if len(update) > parts.limits.sync_size_bytes:
        raise LimitExceeded("sync_size_bytes", f"{len(update)} bytes")
    await retired_history(parts, record.document_id, history_id)
    history = await parts.store.load(record.document_id, history_id)
    if history is None:
        raise HistoryChanged(f"the history {history_id} is not kept any more", public=UNKNOWN)
    states = [] if history.snapshot is None else [history.snapshot.state]
    states += [stored.entry.update for stored in history.updates]
    if sum(map(len, states)) + len(update) > parts.limits.document_size_bytes:
        raise LimitExceeded("document_size_bytes")
    base = record.save_base
    content = None if base is None else await parts.store.content(base.content_hash)
    forked = await parts.sandbox.fork(file.format.name, content or b"", states, update)
    if not forked.update:
        return False
    entry = JournalEntry(forked.update, author.user_id, author.name, parts.clock.wall_ms(), parts.node, 0)
    await parts.store.hand_over(record.document_id, history_id, entry)
    parts.metrics.count("handed_over_total")
    return True
