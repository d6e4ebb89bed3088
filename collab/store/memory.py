"""Owns the store that forgets: the whole contract in dictionaries, for tests and for trying things out.

Knows no file. Closing and opening again keeps what was stored, as a restart of the server would.
Tests switch faults on through `faults`, a plain `FaultPlan`.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from collab.errors import ConfigError, HistoryChanged, JournalError, NotFound
from collab.store.base import (
    ERASED_ID,
    ERASED_NAME,
    Alias,
    ContentHash,
    DocumentId,
    DocumentRecord,
    HistoryId,
    JournalEntry,
    QuarantinedUpdate,
    SaveBase,
    SaveIntent,
    Share,
    Snapshot,
    StoredHistory,
    StoredUpdate,
    hash_content,
    retired_alias,
    stored_size_bytes,
)
from collab.store.retention import DAY_MS, kept_snapshots, log_horizon


@dataclass(slots=True)
class FaultPlan:
    """What goes wrong next; a test sets and clears the fields as it likes."""

    fail_appends: int = 0
    """So many of the next appends raise JournalError."""
    fail_calls: int = 0
    """So many of the next calls of any kind raise JournalError."""
    full: bool = False
    """Every call that writes raises JournalError until this is cleared."""
    away: bool = False
    """Every call raises JournalError until this is cleared."""
    append_gate: asyncio.Event | None = None
    """While set to an event that is not set, appends wait: committed only when it is."""


@dataclass(slots=True)
class _History:
    document_id: DocumentId
    history_id: HistoryId
    snapshots: list[Snapshot] = field(default_factory=list)
    entries: list[JournalEntry] = field(default_factory=list)
    dropped: int = 0

    @property
    def last_seq(self) -> int:
        return self.dropped + len(self.entries)

    def ages(self) -> list[tuple[int, int]]:
        return [(snapshot.seq, snapshot.at_ms) for snapshot in self.snapshots]

    def updates(self, after_seq: int, upto_seq: int, skipped: set[int]) -> list[StoredUpdate]:
        kept = enumerate(self.entries[: max(upto_seq - self.dropped, 0)], self.dropped + 1)
        return [StoredUpdate(seq, entry) for seq, entry in kept if seq > after_seq and seq not in skipped]


@dataclass(slots=True)
class _Stored:
    """All that the store holds."""

    documents: dict[DocumentId, DocumentRecord] = field(default_factory=dict)
    histories: dict[HistoryId, _History] = field(default_factory=dict)
    contents: dict[ContentHash, bytes] = field(default_factory=dict)
    unused: set[ContentHash] = field(default_factory=set)
    intents: dict[DocumentId, list[SaveIntent]] = field(default_factory=dict)
    quarantine: list[tuple[HistoryId | None, QuarantinedUpdate]] = field(default_factory=list)
    shares: dict[str, Share] = field(default_factory=dict)
    revocations: dict[str, int] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)
    counter: int = 0

    def next_number(self) -> int:
        self.counter += 1
        return self.counter


class MemoryStore:
    """The store contract without a disk."""

    def __init__(self, retention_days: float = 30.0) -> None:
        self.faults = FaultPlan()
        self.backups: dict[str, object] = {}
        self._retention_ms = round(retention_days * DAY_MS)
        self._stored = _Stored()
        self._is_open = False

    async def open(self) -> None:
        self._is_open = True

    async def close(self) -> None:
        self._is_open = False

    # -- registry --

    async def resolve(self, alias: Alias, at_ms: int) -> DocumentRecord:
        stored = self._writing()
        found = _at_alias(stored, alias)
        if found is not None:
            return found
        document_id = DocumentId(f"d{stored.next_number()}")
        record = DocumentRecord(document_id, alias, None, None, None, None, at_ms)
        stored.documents[document_id] = record
        return record

    async def document(self, document_id: DocumentId) -> DocumentRecord | None:
        return self._reading().documents.get(document_id)

    async def documents(self, door: str | None = None) -> Sequence[DocumentRecord]:
        return [record for record in self._reading().documents.values() if door in (None, record.alias.door)]

    async def move_alias(self, old: Alias, new: Alias) -> None:
        stored = self._writing()
        moving, standing = _at_alias(stored, old), _at_alias(stored, new)
        if moving is None or old == new:
            return
        if standing is not None:
            _change(stored, replace(standing, alias=retired_alias(new, standing.document_id)))
        _change(stored, replace(moving, alias=new))

    async def set_lock_id(self, document_id: DocumentId, lock_id: str | None) -> None:
        stored = self._writing()
        if document_id in stored.documents:
            _change(stored, replace(stored.documents[document_id], lock_id=lock_id))

    async def create_history(
        self,
        document_id: DocumentId,
        expected: HistoryId | None,
        history_id: HistoryId,
        kind: str,
        state: bytes | None,
        save_base: SaveBase | None,
        at_ms: int,
    ) -> bool:
        stored = self._writing()
        record = stored.documents.get(document_id)
        if record is None or record.history_id != expected:
            return False
        history = _History(document_id, history_id)
        if state is not None:
            history.snapshots.append(Snapshot(0, state, at_ms))
        stored.histories[history_id] = history
        _change(stored, replace(record, history_id=history_id, kind=kind, save_base=save_base))
        return True

    # -- journal --

    async def append(self, document_id: DocumentId, history_id: HistoryId, entries: Sequence[JournalEntry]) -> int:
        if self.faults.append_gate is not None:
            await self.faults.append_gate.wait()
        if self.faults.fail_appends > 0:
            self.faults.fail_appends -= 1
            raise JournalError("append refused by the fault plan")
        history = _current(self._writing(), document_id, history_id)
        history.entries.extend(entries)
        return history.last_seq

    async def load(
        self, document_id: DocumentId, history_id: HistoryId | None = None, *, upto_seq: int | None = None
    ) -> StoredHistory | None:
        stored = self._reading()
        history = _history(stored, document_id, history_id)
        if history is None:
            return None
        last_seq = history.last_seq if upto_seq is None else min(upto_seq, history.last_seq)
        candidates = [one for one in history.snapshots if one.seq <= last_seq]
        snapshot = max(candidates, key=lambda one: one.seq, default=None)
        start = snapshot.seq if snapshot else 0
        if start < history.dropped:
            return None
        updates = history.updates(start, last_seq, _skipped(stored, history.history_id))
        return StoredHistory(history.history_id, snapshot, updates, last_seq)

    async def size_bytes(self, document_id: DocumentId) -> int:
        history = await self.load(document_id)
        return 0 if history is None else stored_size_bytes(history)

    async def updates(
        self, document_id: DocumentId, history_id: HistoryId, *, after_seq: int, limit: int
    ) -> Sequence[StoredUpdate]:
        stored = self._reading()
        history = _history(stored, document_id, history_id) or _History(document_id, history_id)
        return history.updates(after_seq, history.last_seq, _skipped(stored, history_id))[:limit]

    async def write_snapshot(self, document_id: DocumentId, history_id: HistoryId, snapshot: Snapshot) -> None:
        history = _current(self._writing(), document_id, history_id)
        history.snapshots = [*(one for one in history.snapshots if one.seq != snapshot.seq), snapshot]
        _thin(history, 0)

    # -- saves --

    async def put_content(self, content: bytes) -> ContentHash:
        stored = self._writing()
        content_hash = hash_content(content)
        stored.contents[content_hash] = content
        stored.unused.discard(content_hash)
        return content_hash

    async def content(self, content_hash: ContentHash) -> bytes | None:
        return self._reading().contents.get(content_hash)

    async def open_intent(
        self,
        document_id: DocumentId,
        *,
        content_hash: ContentHash,
        seq: int,
        state_vector: bytes,
        if_version: str | None,
        base_hash: ContentHash | None,
        at_ms: int,
    ) -> SaveIntent:
        stored = self._writing()
        if document_id not in stored.documents:
            raise NotFound(f"no document {document_id}")
        intent_id = stored.next_number()
        intent = SaveIntent(intent_id, content_hash, seq, state_vector, if_version, base_hash, at_ms)
        stored.intents.setdefault(document_id, []).append(intent)
        return intent

    async def close_intent(self, document_id: DocumentId, intent_id: int, save_base: SaveBase | None) -> None:
        stored = self._writing()
        opened = stored.intents.get(document_id, [])
        stored.intents[document_id] = [intent for intent in opened if intent.intent_id != intent_id]
        if save_base is not None:
            _move_base(stored, document_id, save_base)

    async def intents(self, document_id: DocumentId) -> Sequence[SaveIntent]:
        return list(self._reading().intents.get(document_id, []))

    async def set_save_base(self, document_id: DocumentId, save_base: SaveBase) -> None:
        _move_base(self._writing(), document_id, save_base)

    # -- quarantine --

    async def quarantine(
        self, document_id: DocumentId, *, seq: int | None, connection: int, update: bytes, reason: str, at_ms: int
    ) -> None:
        stored = self._writing()
        record = stored.documents.get(document_id)
        item = QuarantinedUpdate(stored.next_number(), document_id, seq, connection, update, reason, at_ms)
        stored.quarantine.append((record.history_id if record else None, item))

    async def quarantined(self, document_id: DocumentId | None = None) -> Sequence[QuarantinedUpdate]:
        return [item for _, item in self._reading().quarantine if document_id in (None, item.document_id)]

    # -- shares, revocations, keys --

    async def add_share(self, share: Share) -> None:
        self._writing().shares[share.share_id] = share

    async def share(self, secret_digest: str) -> Share | None:
        shares = self._reading().shares.values()
        return next((share for share in shares if share.secret_digest == secret_digest), None)

    async def shares(self, document_id: DocumentId) -> Sequence[Share]:
        return [share for share in self._reading().shares.values() if share.document_id == document_id]

    async def revoke_share(self, share_id: str, at_ms: int) -> None:
        shares = self._writing().shares
        if share_id in shares and shares[share_id].revoked_ms is None:
            shares[share_id] = replace(shares[share_id], revoked_ms=at_ms)

    async def revoke(self, subject: str, expires_ms: int, at_ms: int) -> None:
        revocations = self._writing().revocations
        revocations[subject] = max(expires_ms, revocations.get(subject, 0))

    async def revocations(self, at_ms: int) -> Sequence[str]:
        return [subject for subject, expires_ms in self._reading().revocations.items() if expires_ms > at_ms]

    async def key(self, name: str) -> bytes | None:
        return self._reading().keys.get(name)

    async def set_key_once(self, name: str, value: bytes) -> bytes:
        return self._writing().keys.setdefault(name, value)

    # -- operations --

    async def maintain(self, at_ms: int) -> None:
        stored = self._writing()
        for history in stored.histories.values():
            _retain(stored, history, at_ms - self._retention_ms)
        unused = set(stored.contents) - set(_used_contents(stored))
        for content_hash in unused & stored.unused:
            del stored.contents[content_hash]
        stored.unused = unused
        stored.revocations = {subject: until for subject, until in stored.revocations.items() if until > at_ms}

    async def purge(self, document_id: DocumentId) -> None:
        stored = self._writing()
        stored.documents.pop(document_id, None)
        stored.intents.pop(document_id, None)
        kept = [history for history in stored.histories.values() if history.document_id != document_id]
        stored.histories = {history.history_id: history for history in kept}
        stored.quarantine = [pair for pair in stored.quarantine if pair[1].document_id != document_id]
        stored.shares = {key: share for key, share in stored.shares.items() if share.document_id != document_id}

    async def erase_person(self, author_id: str) -> int:
        stored = self._writing()
        changed = sum(_erase(history, author_id) for history in stored.histories.values())
        for share in [share for share in stored.shares.values() if share.created_by == author_id]:
            stored.shares[share.share_id] = replace(share, created_by=ERASED_ID)
        return changed

    async def backup(self, target: str) -> None:
        """Keeps the copy in `backups` under the name of the target."""
        if target in self.backups:
            raise ConfigError(f"{target} exists already; a backup never overwrites.")
        self.backups[target] = copy.deepcopy(self._reading())

    def _reading(self) -> _Stored:
        if not self._is_open:
            raise JournalError("the store is not open")
        if self.faults.away:
            raise JournalError("away by the fault plan")
        if self.faults.fail_calls > 0:
            self.faults.fail_calls -= 1
            raise JournalError("call refused by the fault plan")
        return self._stored

    def _writing(self) -> _Stored:
        if self.faults.full:
            raise JournalError("full by the fault plan")
        return self._reading()


def _at_alias(stored: _Stored, alias: Alias) -> DocumentRecord | None:
    return next((record for record in stored.documents.values() if record.alias == alias), None)


def _change(stored: _Stored, record: DocumentRecord) -> None:
    stored.documents[record.document_id] = record


def _move_base(stored: _Stored, document_id: DocumentId, save_base: SaveBase) -> None:
    if document_id in stored.documents:
        _change(stored, replace(stored.documents[document_id], save_base=save_base))


def _history(stored: _Stored, document_id: DocumentId, history_id: HistoryId | None) -> _History | None:
    record = stored.documents.get(document_id)
    wanted = history_id or (record.history_id if record else None)
    history = stored.histories.get(wanted) if wanted else None
    return history if history is not None and history.document_id == document_id else None


def _current(stored: _Stored, document_id: DocumentId, history_id: HistoryId) -> _History:
    record = stored.documents.get(document_id)
    if record is None or record.history_id != history_id:
        raise HistoryChanged(f"{document_id} has not the history {history_id}")
    return stored.histories[history_id]


def _skipped(stored: _Stored, history_id: HistoryId) -> set[int]:
    return {item.seq for owner, item in stored.quarantine if owner == history_id and item.seq is not None}


def _used_contents(stored: _Stored) -> Iterable[ContentHash]:
    for record in stored.documents.values():
        if record.save_base is not None:
            yield record.save_base.content_hash
    for intent in (intent for intents in stored.intents.values() for intent in intents):
        yield from filter(None, (intent.content_hash, intent.base_hash))


def _thin(history: _History, horizon: int) -> None:
    keep = kept_snapshots(history.ages(), horizon)
    history.snapshots = [snapshot for snapshot in history.snapshots if snapshot.seq in keep]


def _retain(stored: _Stored, history: _History, cutoff_ms: int) -> None:
    is_current = stored.documents[history.document_id].history_id == history.history_id
    horizon = log_horizon(history.ages(), is_current, cutoff_ms)
    _thin(history, horizon)
    del history.entries[: max(horizon - history.dropped, 0)]
    history.dropped = max(horizon, history.dropped)


def _erase(history: _History, author_id: str) -> int:
    theirs = [index for index, entry in enumerate(history.entries) if entry.author_id == author_id]
    for index in theirs:
        history.entries[index] = replace(history.entries[index], author_id=ERASED_ID, author_name=ERASED_NAME)
    return len(theirs)
