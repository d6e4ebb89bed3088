"""Owns the store's contract on PostgreSQL. Knows no statement (they are in the modules beside it)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from collab.config import StoreConfig
from collab.store.base import (
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
    Position,
    QuarantinedUpdate,
    RetiredHistory,
    SaveBase,
    SaveIntent,
    Share,
    Since,
    Snapshot,
    StoredHistory,
    StoredUpdate,
    hash_content,
)
from collab.store.postgres import access, histories, leases, reading, registry, upkeep
from collab.store.postgres.appending import Append
from collab.store.postgres.committer import Committer
from collab.store.postgres.doors import PostgresDoors
from collab.store.postgres.driver import Connection, Target
from collab.store.postgres.export import export
from collab.store.postgres.export import restore as restore_rows
from collab.store.postgres.histories import NewHistory
from collab.store.postgres.numbers import Numbers
from collab.store.postgres.pool import Pool
from collab.store.postgres.rows import pack_state
from collab.store.retention import Cutoffs


class PostgresStore(PostgresDoors):
    """Registry and journal in one schema of a database, for any number of nodes."""

    def __init__(self, config: StoreConfig) -> None:
        """Raises: ConfigError (no database is named, its password cannot be read)."""
        self._config = config
        self._pool = Pool(Target.of(config))
        self._numbers = Numbers()
        self._committer = Committer(self._pool, self._numbers, config.commit_delay_ms / 1000, config.queued_calls)

    async def open(self) -> None:
        """Connect and bring the schema up to date. Raises: ConfigError (of a newer server, foreign), JournalError."""
        await self._pool.open()
        self._committer.start()

    async def close(self) -> None:
        """Commit what is queued and disconnect; may be called twice."""
        await self._committer.stop()
        await self._pool.close()

    # -- registry --

    async def resolve(self, alias: Alias, at_ms: int) -> DocumentRecord:
        known = await self._pool.glance(lambda on: registry.find(on, alias))
        if known is not None:
            return known
        return await self._pool.write(lambda on: registry.resolve(on, alias, at_ms))

    async def document(self, document_id: DocumentId) -> DocumentRecord | None:
        return await self._pool.glance(lambda on: registry.document(on, document_id))

    async def documents(self, door: str | None = None) -> Sequence[DocumentRecord]:
        return await self._pool.glance(lambda on: registry.documents(on, door))

    async def move_alias(self, old: Alias, new: Alias) -> None:
        await self._pool.write(lambda on: registry.move_alias(on, old, new))

    async def set_lock_id(self, document_id: DocumentId, lock_id: str | None) -> None:
        await self._pool.write(lambda on: registry.set_lock_id(on, document_id, lock_id))

    async def note_seen(self, document_ids: Sequence[DocumentId], at_ms: int) -> None:
        await self._pool.write(lambda on: registry.note_seen(on, document_ids, at_ms))

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
        packed = None if state is None else await asyncio.to_thread(pack_state, state)
        new = NewHistory(history_id, packed, save_base, at_ms, kind)
        return await self._pool.write(lambda on: histories.create(on, document_id, expected, new))

    # -- rebase --

    async def rebase(
        self, document_id: DocumentId, expected: HistoryId, seq: int, fresh: FreshHistory, at_ms: int
    ) -> bool:
        packed = await asyncio.to_thread(pack_state, fresh.state)
        new = NewHistory(fresh.history_id, packed, fresh.save_base, at_ms, retired_vector=fresh.retired_vector)
        return await self._pool.write(lambda on: histories.rebase(on, document_id, expected, seq, new))

    async def retired(self, document_id: DocumentId) -> Sequence[RetiredHistory]:
        return await self._pool.glance(lambda on: reading.retired(on, document_id))

    async def hand_over(self, document_id: DocumentId, history_id: HistoryId, entry: JournalEntry) -> int:
        return await self._committer.append(Append((document_id, history_id), [entry], behind_end=True))

    # -- journal --

    async def append(
        self,
        document_id: DocumentId,
        history_id: HistoryId,
        entries: Sequence[JournalEntry],
        notes: Sequence[Note] = (),
        lease: Lease | None = None,
    ) -> int:
        return await self._committer.append(Append((document_id, history_id), entries, notes, lease))

    async def load(
        self, document_id: DocumentId, history_id: HistoryId | None = None, *, upto_seq: int | None = None
    ) -> StoredHistory | None:
        return await self._pool.read(lambda on: reading.load(on, document_id, history_id, upto_seq))

    async def size_bytes(self, document_id: DocumentId) -> int:
        return await self._pool.read(lambda on: reading.size_bytes(on, document_id))

    async def updates(
        self, document_id: DocumentId, history_id: HistoryId, *, after_seq: int, limit: int
    ) -> Sequence[StoredUpdate]:
        return await self._pool.read(lambda on: reading.updates(on, document_id, history_id, after_seq, limit))

    async def write_snapshot(self, document_id: DocumentId, history_id: HistoryId, snapshot: Snapshot) -> None:
        packed = await _packed(snapshot)
        await self._pool.write(lambda on: histories.write_snapshot(on, document_id, history_id, packed))

    # -- points --

    async def points(self, document_id: DocumentId) -> Sequence[Point]:
        return await self._pool.glance(lambda on: reading.points(on, document_id))

    async def name_point(
        self, document_id: DocumentId, history_id: HistoryId, snapshot: Snapshot, name: PointName
    ) -> Point:
        packed = await _packed(snapshot)
        return await self._pool.write(lambda on: histories.name_point(on, document_id, history_id, packed, name))

    async def forget_point(self, document_id: DocumentId, history_id: HistoryId, seq: int) -> bool:
        return await self._pool.write(lambda on: histories.forget_point(on, document_id, history_id, seq))

    # -- nodes --

    async def positions(self, document_ids: Sequence[DocumentId]) -> Mapping[DocumentId, Position]:
        return await self._pool.glance(lambda on: reading.positions(on, document_ids))

    async def since(
        self, document_id: DocumentId, history_id: HistoryId, *, after_seq: int, limit: int
    ) -> Since | None:
        return await self._pool.read(lambda on: reading.since(on, document_id, history_id, after_seq, limit))

    async def acquire_lease(self, document_id: DocumentId, owner: str, ttl_ms: int) -> Lease:
        return await self._pool.write(lambda on: leases.acquire(on, document_id, owner, ttl_ms))

    async def renew_lease(self, lease: Lease, ttl_ms: int) -> bool:
        return await self._pool.glance(lambda on: leases.renew(on, lease, ttl_ms))

    async def release_lease(self, lease: Lease) -> None:
        await self._pool.glance(lambda on: leases.release(on, lease))

    async def holds_lease(self, lease: Lease) -> bool:
        return await self._pool.glance(lambda on: leases.holds(on, lease))

    # -- saves --

    async def put_content(self, content: bytes) -> ContentHash:
        content_hash = await asyncio.to_thread(hash_content, content)
        await self._pool.write(lambda on: registry.put_content(on, content_hash, content))
        return content_hash

    async def content(self, content_hash: ContentHash) -> bytes | None:
        return await self._pool.glance(lambda on: registry.content(on, content_hash))

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
        asked = SaveIntent(0, content_hash, seq, state_vector, if_version, base_hash, at_ms)
        return await self._pool.write(lambda on: registry.open_intent(on, document_id, asked, lease))

    async def close_intent(self, document_id: DocumentId, intent_id: int, save_base: SaveBase | None) -> bool:
        return await self._pool.write(lambda on: registry.close_intent(on, document_id, intent_id, save_base))

    async def intents(self, document_id: DocumentId) -> Sequence[SaveIntent]:
        return await self._pool.glance(lambda on: registry.intents(on, document_id))

    async def set_save_base(self, document_id: DocumentId, save_base: SaveBase, lease: Lease | None = None) -> None:
        async def move(on: Connection) -> None:
            await leases.check_lease(on, lease)
            await registry.set_save_base(on, document_id, save_base)

        await self._pool.write(move)

    # -- quarantine --

    async def quarantine(
        self, document_id: DocumentId, *, seq: int | None, connection: int, update: bytes, reason: str, at_ms: int
    ) -> None:
        item = QuarantinedUpdate(0, document_id, seq, connection, update, reason, at_ms)
        await self._pool.write(lambda on: access.quarantine(on, item))

    async def quarantined(self, document_id: DocumentId | None = None) -> Sequence[QuarantinedUpdate]:
        return await self._pool.glance(lambda on: access.quarantined(on, document_id))

    # -- shares, revocations, keys --

    async def add_share(self, share: Share) -> None:
        await self._pool.write(lambda on: access.add_share(on, share))

    async def share(self, secret_digest: str) -> Share | None:
        return await self._pool.glance(lambda on: access.share(on, secret_digest))

    async def shares(self, document_id: DocumentId) -> Sequence[Share]:
        return await self._pool.glance(lambda on: access.shares(on, document_id))

    async def revoke_share(self, share_id: str, at_ms: int) -> None:
        await self._pool.write(lambda on: access.revoke_share(on, share_id, at_ms))

    async def revoke(self, subject: str, expires_ms: int, at_ms: int) -> None:
        await self._pool.write(lambda on: access.revoke(on, subject, expires_ms))

    async def revocations(self, at_ms: int) -> Sequence[str]:
        return await self._pool.glance(lambda on: access.revocations(on, at_ms))

    async def key(self, name: str) -> bytes | None:
        return await self._pool.glance(lambda on: access.key(on, name))

    async def set_key_once(self, name: str, value: bytes) -> bytes:
        return await self._pool.write(lambda on: access.set_key_once(on, name, value))

    # -- operations --

    async def maintain(self, at_ms: int) -> None:
        cutoffs = Cutoffs.at(at_ms, self._config.retention_days, self._config.point_days)
        await upkeep.maintain(self._pool, cutoffs, at_ms)

    async def purge(self, document_id: DocumentId) -> None:
        """The rows are gone at once; their bytes leave the database's files with its next vacuum."""
        await self._pool.write(partial(upkeep.purge, document_id=document_id), slow=True)
        self._numbers.forget()

    async def erase_person(self, author_id: str) -> int:
        """Dumps made before keep the name."""
        changed = await self._pool.write(partial(upkeep.erase_person, author_id=author_id), slow=True)
        self._numbers.forget()
        return changed

    async def backup(self, target: str) -> None:
        """Write registry and journal to a new file that any store can be restored from. Raises: ConfigError."""
        await export(self._pool, Path(target))

    async def restore(self, source: Path) -> None:
        """Fill this store, which must be empty, from a backup of any store. Raises: ConfigError, JournalError."""
        await restore_rows(self._pool, source)


async def _packed(snapshot: Snapshot) -> Snapshot:
    return Snapshot(snapshot.seq, await asyncio.to_thread(pack_state, snapshot.state), snapshot.at_ms)
