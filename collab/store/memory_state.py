"""Owns what the store that forgets holds, as plain dictionaries, and the rules on them; knows no call and no fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from collab.errors import HistoryChanged
from collab.store.base import (
    ERASED_ID,
    ERASED_NAME,
    Absorbed,
    Alias,
    ContentHash,
    DocumentId,
    DocumentRecord,
    HistoryId,
    JournalEntry,
    Note,
    Point,
    PointName,
    QuarantinedUpdate,
    RetiredHistory,
    SaveBase,
    SaveIntent,
    SealedCredential,
    Share,
    Snapshot,
    StoredUpdate,
)
from collab.store.retention import Cutoffs, kept_snapshots, log_horizon


@dataclass(slots=True)
class History:
    """One history: its log, its snapshots, the names of points, and how it was retired."""

    document_id: DocumentId
    history_id: HistoryId
    snapshots: list[Snapshot] = field(default_factory=list)
    entries: list[JournalEntry] = field(default_factory=list)
    dropped: int = 0
    names: dict[int, PointName] = field(default_factory=dict)
    retired: RetiredHistory | None = None

    @property
    def last_seq(self) -> int:
        return self.dropped + len(self.entries)

    def updates(self, after_seq: int, upto_seq: int, skipped: set[int]) -> list[StoredUpdate]:
        first = max(after_seq - self.dropped, 0)
        kept = enumerate(self.entries[first : max(upto_seq - self.dropped, 0)], self.dropped + first + 1)
        return [StoredUpdate(seq, entry) for seq, entry in kept if seq not in skipped]


@dataclass(slots=True)
class Stored:
    """All that the store holds."""

    documents: dict[DocumentId, DocumentRecord] = field(default_factory=dict)
    histories: dict[HistoryId, History] = field(default_factory=dict)
    contents: dict[ContentHash, bytes] = field(default_factory=dict)
    unused: set[ContentHash] = field(default_factory=set)
    intents: dict[DocumentId, list[SaveIntent]] = field(default_factory=dict)
    quarantine: list[tuple[HistoryId | None, QuarantinedUpdate]] = field(default_factory=list)
    shares: dict[str, Share] = field(default_factory=dict)
    revocations: dict[str, int] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)
    credentials: dict[tuple[DocumentId, str], SealedCredential] = field(default_factory=dict)
    counter: int = 0

    def next_number(self) -> int:
        self.counter += 1
        return self.counter


def record_at(stored: Stored, alias: Alias) -> DocumentRecord | None:
    """The document at an alias."""
    return next((record for record in stored.documents.values() if record.alias == alias), None)


def put_record(stored: Stored, record: DocumentRecord) -> None:
    """Keep a registry row."""
    stored.documents[record.document_id] = record


def move_base(stored: Stored, document_id: DocumentId, save_base: SaveBase) -> None:
    """Move the ancestor of later merges."""
    if document_id in stored.documents:
        put_record(stored, replace(stored.documents[document_id], save_base=save_base))


def find_history(stored: Stored, document_id: DocumentId, history_id: HistoryId | None) -> History | None:
    """A history of the document; the current one by default."""
    record = stored.documents.get(document_id)
    wanted = history_id or (record.history_id if record else None)
    history = stored.histories.get(wanted) if wanted else None
    return history if history is not None and history.document_id == document_id else None


def current_history(stored: Stored, document_id: DocumentId, history_id: HistoryId) -> History:
    """The history that may be appended to. Raises: HistoryChanged."""
    record = stored.documents.get(document_id)
    if record is None or record.history_id != history_id:
        raise HistoryChanged(f"{document_id} has not the history {history_id}")
    return stored.histories[history_id]


def skipped_seqs(stored: Stored, history_id: HistoryId) -> set[int]:
    """What is quarantined of a history."""
    return {item.seq for owner, item in stored.quarantine if owner == history_id and item.seq is not None}


def used_contents(stored: Stored) -> Iterable[ContentHash]:
    """The contents that something refers to."""
    for record in stored.documents.values():
        if record.save_base is not None:
            yield record.save_base.content_hash
    for intent in (intent for intents in stored.intents.values() for intent in intents):
        yield intent.content_hash
        if intent.base_hash is not None:
            yield intent.base_hash


def take_note(stored: Stored, document_id: DocumentId, note: Note) -> None:
    """Something was merged: what the storage held, or what was handed over."""
    if isinstance(note, SaveBase):
        move_base(stored, document_id, note)
    else:
        _note_absorbed(stored, document_id, note)


def _note_absorbed(stored: Stored, document_id: DocumentId, absorbed: Absorbed) -> None:
    history = find_history(stored, document_id, absorbed.history_id)
    if history is not None and history.retired is not None:
        seq = max(history.retired.absorbed_seq, absorbed.seq)
        history.retired = replace(history.retired, absorbed_seq=seq)


def points_of(stored: Stored, document_id: DocumentId) -> list[Point]:
    """All points of a document, newest first."""
    histories = [history for history in stored.histories.values() if history.document_id == document_id]
    return [
        Point(history.history_id, snapshot.seq, snapshot.at_ms, history.names.get(snapshot.seq))
        for history in reversed(histories)
        for snapshot in sorted(history.snapshots, key=lambda one: -one.seq)
    ]


def thin(history: History, horizon: int, points_ms: int = 0) -> None:
    """Drop the snapshots that nobody needs."""
    ages = [(one.seq, one.at_ms) for one in history.snapshots]
    keep = kept_snapshots(ages, horizon, history.names.keys(), points_ms)
    history.snapshots = [snapshot for snapshot in history.snapshots if snapshot.seq in keep]


def retain(history: History, is_current: bool, cutoffs: Cutoffs) -> None:
    """Drop what retention does not keep."""
    ages = [(snapshot.seq, snapshot.at_ms) for snapshot in history.snapshots]
    horizon = log_horizon(ages, is_current, cutoffs.log_ms)
    if history.retired is not None:
        horizon = min(horizon, history.retired.absorbed_seq)
    thin(history, max(horizon, history.dropped), cutoffs.points_ms)
    drop = max(horizon - history.dropped, 0)
    del history.entries[:drop]
    history.dropped += drop


def erase_author(history: History, author_id: str) -> int:
    """Take a person out; returns how many entries changed."""
    theirs = [index for index, entry in enumerate(history.entries) if entry.author_id == author_id]
    for index in theirs:
        history.entries[index] = replace(history.entries[index], author_id=ERASED_ID, author_name=ERASED_NAME)
    for seq, name in history.names.items():
        if name.author_id == author_id:
            history.names[seq] = replace(name, author_id=ERASED_ID, author_name=ERASED_NAME)
    return len(theirs)
