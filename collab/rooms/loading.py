"""Owns how a document comes to life: from its history if there is one, else from its file; knows no connection.

A known history is never rebuilt from the file: it is replayed, and what the storage holds meanwhile is merged by the
room's saver before anybody joins. Only a document without a history is decoded, and its history is made by a
compare-and-set, so that it is made once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from collab.document import STATE, Document, Kind, decode_state_vector
from collab.errors import CollabError, FormatError, HistoryChanged, InternalError, NotFound, StorageError
from collab.formats.base import READ_ONLY, Decoded
from collab.formats.table import format_for, format_of
from collab.rooms.parts import Parts
from collab.rooms.storage_file import StorageFile
from collab.store.base import (
    DocumentId,
    DocumentRecord,
    HistoryId,
    JournalEntry,
    SaveBase,
    SaveIntent,
    Store,
    StoredHistory,
    hash_content,
)
from collab.store.recovery import recover
from connectors.base import Content

_log = structlog.get_logger(__name__)

CREATE_ATTEMPTS = 3
REPLAY_PAGE = 500
STORAGE_AUTHOR = "storage:"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document and all that its room needs to know of it."""

    record: DocumentRecord
    history_id: HistoryId
    kind: str
    document: Document
    last_seq: int
    snapshot_seq: int
    facts: Mapping[str, str] = field(default_factory=dict)
    file: StorageFile | None = None
    intents: Sequence[SaveIntent] = ()
    suspect: bool = False
    """Updates are to be tried in the sandbox first."""
    past_clients: frozenset[int] = frozenset()
    """Client ids of retired histories: who knows them has not the document of now."""

    @property
    def read_only(self) -> str | None:
        """Why nobody may edit this document; None: it may be edited."""
        found = self.document.map_value(STATE, READ_ONLY)
        return found if isinstance(found, str) else None

    @property
    def save_base(self) -> SaveBase | None:
        return self.record.save_base


async def load(parts: Parts, record: DocumentRecord, file: StorageFile | None) -> Loaded:
    """Bring a document to life. Raises: StorageError, FormatError, LimitExceeded, JournalError."""
    for _ in range(CREATE_ATTEMPTS):
        if record.history_id is None:
            await _create_history(parts, record, file)
        known = await parts.store.document(record.document_id)
        if known is None:
            raise NotFound(f"document {record.document_id} was purged")
        record = known
        if record.history_id is not None:
            loaded = await _replay(parts, record, file)
            if loaded.read_only is None or file is None or not await _was_replaced(file, record):
                return loaded
            file.format = format_of(file.path)
            await _create_history(parts, record, file)
    raise InternalError(f"document {record.document_id} has no history although one was made")


async def _was_replaced(file: StorageFile, record: DocumentRecord) -> bool:
    """Whether the storage has another file than the one that was shown. What nobody may edit goes with its file: there
    is nothing of anybody in it, and the file of now may be one that can be edited."""
    base = record.save_base
    try:
        if base is None or (await file.stat()).version == base.version:
            return False
        return hash_content((await file.read()).content) != base.content_hash
    except (StorageError, FormatError):
        return False


async def rebuild(parts: Parts, document_id: DocumentId, extra: Sequence[bytes] = ()) -> tuple[Document, StoredHistory]:
    """Replay the current history and `extra` on top of it; an update that poisons the document is set aside.

    Raises: JournalError, DocumentPoisoned (too many of them, or not from the journal), HistoryChanged (none there).
    """
    recovered = await recover(
        parts.store, document_id, parts.slot, parts.clock.wall_ms(), client_id=parts.new_client_id()
    )
    if recovered is None:
        raise HistoryChanged(f"document {document_id} has no history")
    for update in extra:
        recovered.document.apply(update)
    return recovered.document, recovered.history


async def _is_suspect(parts: Parts, document_id: DocumentId) -> bool:
    """Whether an update of a peer ended a worker or broke the document not long ago: it may be sent again."""
    since_ms = parts.clock.wall_ms() - round(parts.limits.suspect_s * 1000)
    return any(item.seq is None and item.at_ms >= since_ms for item in await parts.store.quarantined(document_id))


async def _create_history(parts: Parts, record: DocumentRecord, file: StorageFile | None) -> None:
    """Make the first history: of the file's content, or empty. Whoever is first wins; all go on with the winner's."""
    history_id = HistoryId(parts.new_id())
    now_ms = parts.clock.wall_ms()
    if file is None:
        await parts.store.create_history(
            record.document_id, record.history_id, history_id, Kind.SCRATCH, None, None, now_ms
        )
        return
    stored = await file.read()
    decoded = await parts.sandbox.decode(file.format.name, stored.content, parts.new_client_id())
    base = await _first_base(parts, stored, decoded, now_ms)
    await parts.store.create_history(
        record.document_id, record.history_id, history_id, decoded.kind, decoded.update, base, now_ms
    )


async def _first_base(parts: Parts, stored: Content, decoded: Decoded, now_ms: int) -> SaveBase:
    content_hash = await parts.store.put_content(stored.content)
    vector = Document.from_updates([decoded.update]).state_vector()
    return SaveBase(stored.version, content_hash, 0, vector, now_ms)


async def _replay(parts: Parts, record: DocumentRecord, file: StorageFile | None) -> Loaded:
    document, history = await rebuild(parts, record.document_id)
    intents = () if file is None else await parts.store.intents(record.document_id)
    facts = {} if file is None else await _facts(parts, record, file)
    kind = record.kind or Kind.TEXT
    if file is not None:
        file.format = format_for(kind, file.format)
    return Loaded(
        record=record,
        history_id=history.history_id,
        kind=kind,
        document=document,
        last_seq=history.last_seq,
        snapshot_seq=0 if history.snapshot is None else history.snapshot.seq,
        facts=facts,
        file=file,
        intents=intents,
        suspect=await _is_suspect(parts, record.document_id),
        past_clients=await _past_clients(parts, record.document_id, document),
    )


async def _past_clients(parts: Parts, document_id: DocumentId, document: Document) -> frozenset[int]:
    """Whoever brings one of these has a document of a retired history in hand, and would double the content."""
    retired = await parts.store.retired(document_id)
    clients = {client for one in retired for client in decode_state_vector(one.state_vector)}
    return frozenset(clients - document.clocks().keys()) if clients else frozenset()


async def has_person_deleted(store: Store, document_id: DocumentId, history_id: HistoryId) -> bool:
    """Whether a person's journalled edit of this history deleted something. Raises: JournalError."""
    after_seq = 0
    while page := await store.updates(document_id, history_id, after_seq=after_seq, limit=REPLAY_PAGE):
        if any(is_persons(stored.entry) and deletes(stored.entry.update) for stored in page):
            return True
        after_seq = page[-1].seq
    return False


def is_persons(entry: JournalEntry) -> bool:
    """False for what the storage or the server itself changed."""
    return not entry.author_id.startswith(STORAGE_AUTHOR)


def deletes(update: bytes) -> bool:
    """Whether an update has a delete set that is not empty: the empty one is the single byte 0 at the end."""
    return bool(update) and update[-1] != 0


async def _facts(parts: Parts, record: DocumentRecord, file: StorageFile) -> Mapping[str, str]:
    """What the status bar shows of the file last loaded or saved; nothing when that is not kept any more."""
    content = None if record.save_base is None else await parts.store.content(record.save_base.content_hash)
    if content is None:
        return {}
    try:
        decoded = await parts.sandbox.decode(file.format.name, content, 1)
        if decoded.kind != record.kind:  # the kind belongs to the history: a notebook that is open as text, say
            decoded = await parts.sandbox.decode(format_for(record.kind or Kind.TEXT, file.format).name, content, 1)
        return decoded.facts
    except CollabError as error:
        _log.warning("facts_unknown", document_id=record.document_id, code=error.code)
        return {}
