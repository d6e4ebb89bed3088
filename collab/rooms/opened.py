"""Owns what others are told of a document that is live; plain values, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collab.document import Kind
from collab.formats.table import file_type, language_of
from collab.protocol.roles import Identity
from collab.rooms.room import Room
from collab.rooms.storage_file import StorageFile
from collab.store.base import DocumentId, HistoryId


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """A document that is live now."""

    document_id: DocumentId
    root: str | None
    path: str
    kind: str
    format: str
    """The language by the file's name (`markdown`, `python`, …)."""
    facts: Mapping[str, str]
    history_id: HistoryId
    writable: bool
    deleted: bool = False
    """The file is gone; what is shown comes from the journal and can be restored."""


@dataclass(frozen=True, slots=True)
class LiveDocument:
    """A document that somebody has open, and who."""

    document_id: DocumentId
    root: str | None
    path: str
    format: str
    people: tuple[Identity, ...]


def describe_opened(room: Room, file: StorageFile | None, *, writable: bool, name: str = "") -> OpenedDocument:
    """What who opened it wants to know."""
    saver = room.saver
    path = name if saver is None else saver.file.shown_path
    return OpenedDocument(
        document_id=room.document_id,
        root=None if file is None else file.root.name,
        path=path,
        kind=room.kind,
        format=language_of(path, room.kind) if file is not None else Kind.TEXT,
        facts=room.facts,
        history_id=room.history_id,
        writable=writable,
        deleted=saver is not None and saver.deleted,
    )


def name_of(room: Room) -> str:
    """Where people say that it is; empty for a room without a file."""
    return "" if room.saver is None else room.saver.file.shown_path


def describe_live(room: Room) -> LiveDocument:
    """What others may know of it."""
    people = {connection.identity.user_id: connection.identity for connection in room.connections}
    file = None if room.saver is None else room.saver.file
    root, path = (None, "") if file is None else (file.root.name, file.shown_path)
    return LiveDocument(room.document_id, root, path, file_type(path).language, tuple(people.values()))
