"""Owns the store that forgets: the whole contract in dictionaries, for tests and for trying things out.

Knows no file. Closing and opening again keeps what was stored, as a restart of the server would.
Tests switch faults on through `faults`, a plain `FaultPlan`.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

from collab.clock import Clock
from collab.errors import ConfigError, HistoryChanged, JournalError, NotFound
from collab.store.base import (
    ERASED_ID,
    Alias,
    ContentHash,
    DocumentId,
    DocumentRecord,
    FreshHistory,
    HistoryId,
    JournalEntry,
    Lease,
    Note,
    Point,
    PointName,
    QuarantinedUpdate,
    RetiredHistory,
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
from collab.store.memory_cluster import FaultPlan as FaultPlan
from collab.store.memory_cluster import MemoryCluster
from collab.store.memory_doors import MemoryDoors, drop_credentials, drop_expired
from collab.store.memory_state import (
    History,
    current_history,
    erase_author,
    find_history,
    move_base,
    points_of,
    put_record,
    record_at,
    retain,
    skipped_seqs,
    take_note,
    thin,
    used_contents,
)
from collab.store.retention import Cutoffs


class MemoryStore(MemoryCluster, MemoryDoors):
    """The store contract without a disk."""

    def __init__(self, retention_days: float = 30.0, point_days: float = 365.0, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.backups: dict[str, object] = {}
        self._kept_days = (retention_days, point_days)

    async def open(self) -> None:
        self._is_open = True

    async def close(self) -> None:
        self._is_open = False

    # -- registry --

    async def resolve(self, alias: Alias, at_ms: int) -> DocumentRecord:
        stored = self._writing()
        found = record_at(stored, alias)
        if found is not None:
            return found
        document_id = DocumentId(f"d{stored.next_number()}")
        record = DocumentRecord(document_id, alias, None, None, None, None, at_ms, at_ms)
        stored.documents[document_id] = record
        return record

    async def document(self, document_id: DocumentId) -> DocumentRecord | None:
        return self._reading().documents.get(document_id)

    async def documents(self, door: str | None = None) -> Sequence[DocumentRecord]:
        return [record for record in self._reading().documents.values() if door in (None, record.alias.door)]

    async def move_alias(self, old: Alias, new: Alias) -> None:
        stored = self._writing()
        moving, standing = record_at(stored, old), record_at(stored, new)
        if moving is None or old == new:
            return
        if standing is not None:
            put_record(stored, replace(standing, alias=retired_alias(new, standing.document_id)))
        put_record(stored, replace(moving, alias=new))

    async def set_lock_id(self, document_id: DocumentId, lock_id: str | None) -> None:
        stored = self._writing()
        if document_id in stored.documents:
            put_record(stored, replace(stored.documents[document_id], lock_id=lock_id))

    async def note_seen(self, document_ids: Sequence[DocumentId], at_ms: int) -> None:
        stored = self._writing()
        for document_id in document_ids:
            if document_id in stored.documents:
                record = stored.documents[document_id]
                put_record(stored, replace(record, seen_ms=max(record.seen_ms, at_ms)))

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
        history = History(document_id, history_id)
        if state is not None:
            history.snapshots.append(Snapshot(0, state, at_ms))
        stored.histories[history_id] = history
        put_record(stored, replace(record, history_id=history_id, kind=kind, save_base=save_base))
        return True

    # -- rebase --

    async def rebase(
        self, document_id: DocumentId, expected: HistoryId, seq: int, fresh: FreshHistory, at_ms: int
    ) -> bool:
        stored = self._writing()
        record = stored.documents.get(document_id)
        if record is None or record.history_id != expected or stored.intents.get(document_id):
            return False
        old = stored.histories[expected]
        if old.last_seq != seq or all(snapshot.seq != seq for snapshot in old.snapshots):
            return False
        old.retired = RetiredHistory(expected, seq, seq, seq, fresh.retired_vector)
        new = History(document_id, fresh.history_id, [Snapshot(0, fresh.state, at_ms)])
        stored.histories[fresh.history_id] = new
        put_record(stored, replace(record, history_id=fresh.history_id, save_base=fresh.save_base))
        return True

    async def retired(self, document_id: DocumentId) -> Sequence[RetiredHistory]:
        histories = [one for one in self._reading().histories.values() if one.document_id == document_id]
        return [replace(one.retired, last_seq=one.last_seq) for one in histories if one.retired is not None]

    async def hand_over(self, document_id: DocumentId, history_id: HistoryId, entry: JournalEntry) -> int:
        history = find_history(self._writing(), document_id, history_id)
        if history is None or history.retired is None:
            raise HistoryChanged(f"{document_id} has no retired history {history_id}")
        history.entries.append(entry)
        return history.last_seq

    # -- journal --

    async def append(
        self,
        document_id: DocumentId,
        history_id: HistoryId,
        entries: Sequence[JournalEntry],
        notes: Sequence[Note] = (),
        lease: Lease | None = None,
    ) -> int:
        if self.faults.append_gate is not None:
            await self.faults.append_gate.wait()
        if self.faults.fail_appends > 0:
            self.faults.fail_appends -= 1
            raise JournalError("append refused by the fault plan")
        stored = self._writing()
        history = current_history(stored, document_id, history_id)
        self._check_lease(lease)
        history.entries.extend(entries)
        for note in notes:
            take_note(stored, document_id, note)
        return history.last_seq

    async def load(
        self, document_id: DocumentId, history_id: HistoryId | None = None, *, upto_seq: int | None = None
    ) -> StoredHistory | None:
        stored = self._reading()
        history = find_history(stored, document_id, history_id)
        if history is None:
            return None
        last_seq = history.last_seq if upto_seq is None else min(upto_seq, history.last_seq)
        candidates = [one for one in history.snapshots if one.seq <= last_seq]
        snapshot = max(candidates, key=lambda one: one.seq, default=None)
        start = snapshot.seq if snapshot else 0
        if start < history.dropped and start != last_seq:
            return None
        updates = history.updates(start, last_seq, skipped_seqs(stored, history.history_id))
        return StoredHistory(history.history_id, snapshot, updates, last_seq)

    async def size_bytes(self, document_id: DocumentId) -> int:
        history = await self.load(document_id)
        return 0 if history is None else stored_size_bytes(history)

    async def updates(
        self, document_id: DocumentId, history_id: HistoryId, *, after_seq: int, limit: int
    ) -> Sequence[StoredUpdate]:
        stored = self._reading()
        history = find_history(stored, document_id, history_id)
        if history is None:
            return []
        return history.updates(after_seq, history.last_seq, skipped_seqs(stored, history_id))[:limit]

    async def write_snapshot(self, document_id: DocumentId, history_id: HistoryId, snapshot: Snapshot) -> None:
        history = current_history(self._writing(), document_id, history_id)
        history.snapshots = [*(one for one in history.snapshots if one.seq != snapshot.seq), snapshot]
        thin(history, 0)

    # -- points --

    async def points(self, document_id: DocumentId) -> Sequence[Point]:
        return points_of(self._reading(), document_id)

    async def name_point(
        self, document_id: DocumentId, history_id: HistoryId, snapshot: Snapshot, name: PointName
    ) -> Point:
        history = find_history(self._writing(), document_id, history_id)
        if history is None or snapshot.seq > history.last_seq:
            raise HistoryChanged(f"{document_id} has nothing at {snapshot.seq} of the history {history_id}")
        kept = next((one for one in history.snapshots if one.seq == snapshot.seq), None)
        if kept is None:
            history.snapshots.append(snapshot)
        history.names[snapshot.seq] = name
        return Point(history_id, snapshot.seq, (kept or snapshot).at_ms, name)

    async def forget_point(self, document_id: DocumentId, history_id: HistoryId, seq: int) -> bool:
        history = find_history(self._writing(), document_id, history_id)
        return history is not None and history.names.pop(seq, None) is not None

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
        lease: Lease | None = None,
    ) -> SaveIntent:
        stored = self._writing()
        if document_id not in stored.documents:
            raise NotFound(f"no document {document_id}")
        self._check_lease(lease, in_time=True)
        intent_id = stored.next_number()
        intent = SaveIntent(intent_id, content_hash, seq, state_vector, if_version, base_hash, at_ms)
        stored.intents.setdefault(document_id, []).append(intent)
        return intent

    async def close_intent(self, document_id: DocumentId, intent_id: int, save_base: SaveBase | None) -> bool:
        stored = self._writing()
        opened = stored.intents.get(document_id, [])
        left = [intent for intent in opened if intent.intent_id != intent_id]
        stored.intents[document_id] = left
        if save_base is not None and len(left) < len(opened):
            move_base(stored, document_id, save_base)
        return len(left) < len(opened)

    async def intents(self, document_id: DocumentId) -> Sequence[SaveIntent]:
        return list(self._reading().intents.get(document_id, []))

    async def set_save_base(self, document_id: DocumentId, save_base: SaveBase, lease: Lease | None = None) -> None:
        stored = self._writing()
        self._check_lease(lease)
        move_base(stored, document_id, save_base)

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
            is_current = stored.documents[history.document_id].history_id == history.history_id
            retain(history, is_current, Cutoffs.at(at_ms, *self._kept_days))
        unused = set(stored.contents) - set(used_contents(stored))
        for content_hash in unused & stored.unused:
            del stored.contents[content_hash]
        stored.unused = unused
        stored.revocations = {subject: until for subject, until in stored.revocations.items() if until > at_ms}
        drop_expired(stored, at_ms)

    async def purge(self, document_id: DocumentId) -> None:
        stored = self._writing()
        stored.documents.pop(document_id, None)
        stored.intents.pop(document_id, None)
        self._leases.pop(document_id, None)
        kept = [history for history in stored.histories.values() if history.document_id != document_id]
        stored.histories = {history.history_id: history for history in kept}
        stored.quarantine = [pair for pair in stored.quarantine if pair[1].document_id != document_id]
        stored.shares = {key: share for key, share in stored.shares.items() if share.document_id != document_id}
        drop_credentials(stored, document_id=document_id)

    async def erase_person(self, author_id: str) -> int:
        stored = self._writing()
        drop_credentials(stored, holder=author_id)
        changed = sum(erase_author(history, author_id) for history in stored.histories.values())
        for share in [share for share in stored.shares.values() if share.created_by == author_id]:
            stored.shares[share.share_id] = replace(share, created_by=ERASED_ID)
        return changed

    async def backup(self, target: str) -> None:
        """Keeps the copy in `backups` under the name of the target."""
        stored = self._reading()
        if target in self.backups:
            raise ConfigError(f"{target} exists already; a backup never overwrites.")
        self.backups[target] = copy.deepcopy(stored)
