"""Owns how the saver of a loaded document is put together; knows nothing of when it acts."""

from __future__ import annotations

from collab.rooms.book import SaveBook
from collab.rooms.loading import Loaded
from collab.rooms.lock_keeper import LockKeeper
from collab.rooms.parts import Parts
from collab.rooms.saver import Saver
from collab.rooms.saving_room import SavingRoom


def saver_of(parts: Parts, room: SavingRoom, loaded: Loaded) -> Saver | None:
    """The saver of a loaded document, None when it has no file."""
    file, record = loaded.file, loaded.record
    if file is None:
        return None
    book = SaveBook(parts.store, parts.clock, record.document_id, record.save_base, loaded.intents)
    refresh_s = parts.save.lock_refresh_s
    locks = LockKeeper(parts.store, parts.clock, record.document_id, file, refresh_s, parts.new_id, record.lock_id)
    return Saver(parts, room, file, book, locks)
