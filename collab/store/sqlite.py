"""Owns the embedded store: the contract on one SQLite file. Knows no statement (they are in the modules beside it).

One server per data folder; in each process of it one thread that commits and one that reads. Workers share the file:
they commit in turns, and each document is written by one of them only (whoever has claimed it).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from collab.clock import Clock, SystemClock
from collab.config import StoreConfig
from collab.errors import ConfigError
from collab.store import datafile, histories, points, reading, registry, upkeep
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
from collab.store.database import Database, DatabaseSettings
from collab.store.driver import Connection, Driver, SqliteModule
from collab.store.fence import Alone, Fence, Shared
from collab.store.journal import Appender, NewHistory, pack_state
from collab.store.retention import Cutoffs
from collab.store.sqlite_doors import SqliteDoors


class SqliteStore(SqliteDoors):
    """Registry and journal in `DATA/journal.db`."""

    def __init__(
        self,
        data: Path,
        config: StoreConfig | None = None,
        *,
        driver: Driver | None = None,
        clock: Clock | None = None,
        shared: bool = False,
    ) -> None:
        """`shared`: the folder is held by a supervisor, and its other workers use the same file."""
        config = config or StoreConfig()
        self._data = data
        self._driver = driver or SqliteModule()
        self._clock = clock or SystemClock()
        self._config = config
        self._appender = Appender()
        self._hold: Alone | Shared = Shared(data) if shared else Alone(data)
        self._settings = DatabaseSettings(
            data / datafile.FILE_NAME,
            self._driver,
            config.commit_delay_ms / 1000,
            config.queued_calls,
            self._hold.turn,
        )
        self._database = Database(self._settings, self._appender.forget)

    async def open(self) -> None:
        """Open or create the store. Raises: ConfigError (in use, of a newer server), JournalError."""
        await asyncio.to_thread(self._make_ready)
        try:
            self._database = Database(self._settings, self._appender.forget)
            await self._database.open()
        except BaseException:
            self._hold.release()
            raise

    async def close(self) -> None:
        """Commit what is queued and close; may be called twice."""
        try:
            await self._database.close()
            if self._database.damaged:
                await asyncio.to_thread(datafile.suspect, self._data)
        finally:
            self._hold.release()

    def _make_ready(self) -> None:
        try:
            self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"the data folder {self._data} cannot be made: {error.strerror}") from error
        self._hold.acquire(partial(datafile.make_ready, self._data, self._driver, self._clock))

    # -- registry --

    async def resolve(self, alias: Alias, at_ms: int) -> DocumentRecord:
        known = await self._database.read(lambda connection: registry.find(connection, alias))
        if known is not None:
            return known
        return await self._database.write(lambda connection: registry.resolve(connection, alias, at_ms))

    async def document(self, document_id: DocumentId) -> DocumentRecord | None:
        return await self._database.read(lambda connection: registry.document(connection, document_id))

    async def documents(self, door: str | None = None) -> Sequence[DocumentRecord]:
        return await self._database.read(lambda connection: registry.documents(connection, door))

    async def move_alias(self, old: Alias, new: Alias) -> None:
        await self._database.write(lambda connection: registry.move_alias(connection, old, new))

    async def set_lock_id(self, document_id: DocumentId, lock_id: str | None) -> None:
        await self._database.write(lambda connection: registry.set_lock_id(connection, document_id, lock_id))

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
        packed = None if state is None else await self._database.compute(partial(pack_state, state))
        new = NewHistory(history_id, packed, save_base, at_ms, kind)
        return await self._database.write(
            lambda connection: self._appender.create_history(connection, document_id, expected, new)
        )

    async def note_seen(self, document_ids: Sequence[DocumentId], at_ms: int) -> None:
        await self._database.write(lambda connection: registry.note_seen(connection, document_ids, at_ms))

    # -- rebase --

    async def rebase(
        self, document_id: DocumentId, expected: HistoryId, seq: int, fresh: FreshHistory, at_ms: int
    ) -> bool:
        packed = await self._database.compute(partial(pack_state, fresh.state))
        new = NewHistory(fresh.history_id, packed, fresh.save_base, at_ms, retired_vector=fresh.retired_vector)
        return await self._database.write(
            lambda connection: self._appender.rebase(connection, document_id, expected, seq, new)
        )

    async def retired(self, document_id: DocumentId) -> Sequence[RetiredHistory]:
        return await self._database.read(lambda connection: histories.retired(connection, document_id))

    async def hand_over(self, document_id: DocumentId, history_id: HistoryId, entry: JournalEntry) -> int:
        return await self._database.write(
            lambda connection: self._appender.hand_over(connection, document_id, history_id, entry)
        )

    # -- journal --

    async def append(
        self,
        document_id: DocumentId,
        history_id: HistoryId,
        entries: Sequence[JournalEntry],
        notes: Sequence[Note] = (),
        lease: Lease | None = None,
    ) -> int:
        return await self._database.write(
            lambda connection: self._appender.append(connection, document_id, history_id, entries, notes),
            patient=True,
        )

    async def load(
        self, document_id: DocumentId, history_id: HistoryId | None = None, *, upto_seq: int | None = None
    ) -> StoredHistory | None:
        if history_id is None:
            self._appender.forget_document(document_id)  # who loads it again may find what another worker wrote
        return await self._database.read(lambda connection: reading.load(connection, document_id, history_id, upto_seq))

    async def size_bytes(self, document_id: DocumentId) -> int:
        return await self._database.read(lambda connection: reading.size_bytes(connection, document_id))

    async def updates(
        self, document_id: DocumentId, history_id: HistoryId, *, after_seq: int, limit: int
    ) -> Sequence[StoredUpdate]:
        return await self._database.read(
            lambda connection: reading.updates(connection, document_id, history_id, after_seq, limit)
        )

    async def write_snapshot(self, document_id: DocumentId, history_id: HistoryId, snapshot: Snapshot) -> None:
        state = await self._database.compute(partial(pack_state, snapshot.state))
        packed = Snapshot(snapshot.seq, state, snapshot.at_ms)
        await self._database.write(
            lambda connection: self._appender.write_snapshot(connection, document_id, history_id, packed)
        )

    # -- points --

    async def points(self, document_id: DocumentId) -> Sequence[Point]:
        return await self._database.read(lambda connection: points.points(connection, document_id))

    async def name_point(
        self, document_id: DocumentId, history_id: HistoryId, snapshot: Snapshot, name: PointName
    ) -> Point:
        state = await self._database.compute(partial(pack_state, snapshot.state))
        packed = Snapshot(snapshot.seq, state, snapshot.at_ms)
        return await self._database.write(
            lambda connection: points.name_point(connection, document_id, history_id, packed, name)
        )

    async def forget_point(self, document_id: DocumentId, history_id: HistoryId, seq: int) -> bool:
        return await self._database.write(
            lambda connection: points.forget_point(connection, document_id, history_id, seq)
        )

    # -- nodes: a data folder has one, and in that each document is open in one worker only --

    async def positions(self, document_ids: Sequence[DocumentId]) -> Mapping[DocumentId, Position]:
        return await self._database.read(lambda connection: reading.positions(connection, document_ids))

    async def since(
        self, document_id: DocumentId, history_id: HistoryId, *, after_seq: int, limit: int
    ) -> Since | None:
        return await self._database.read(
            lambda connection: reading.since(connection, document_id, history_id, after_seq, limit)
        )

    async def acquire_lease(self, document_id: DocumentId, owner: str, ttl_ms: int) -> Lease:
        return Lease(document_id, owner, 1, ttl_ms)

    async def renew_lease(self, lease: Lease, ttl_ms: int) -> bool:
        return True

    async def release_lease(self, lease: Lease) -> None:
        pass

    async def holds_lease(self, lease: Lease) -> bool:
        return True

    # -- saves --

    async def put_content(self, content: bytes) -> ContentHash:
        content_hash = await self._database.compute(partial(hash_content, content))
        await self._database.write(lambda connection: registry.put_content(connection, content_hash, content))
        return content_hash

    async def content(self, content_hash: ContentHash) -> bytes | None:
        return await self._database.read(lambda connection: registry.content(connection, content_hash))

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
        return await self._database.write(lambda connection: registry.open_intent(connection, document_id, asked))

    async def close_intent(self, document_id: DocumentId, intent_id: int, save_base: SaveBase | None) -> bool:
        return await self._database.write(
            lambda connection: registry.close_intent(connection, document_id, intent_id, save_base)
        )

    async def intents(self, document_id: DocumentId) -> Sequence[SaveIntent]:
        return await self._database.read(lambda connection: registry.intents(connection, document_id))

    async def set_save_base(self, document_id: DocumentId, save_base: SaveBase, lease: Lease | None = None) -> None:
        await self._database.write(lambda connection: registry.set_save_base(connection, document_id, save_base))

    # -- quarantine --

    async def quarantine(
        self, document_id: DocumentId, *, seq: int | None, connection: int, update: bytes, reason: str, at_ms: int
    ) -> None:
        item = QuarantinedUpdate(0, document_id, seq, connection, update, reason, at_ms)
        await self._database.write(lambda on: registry.quarantine(on, item))

    async def quarantined(self, document_id: DocumentId | None = None) -> Sequence[QuarantinedUpdate]:
        return await self._database.read(lambda connection: registry.quarantined(connection, document_id))

    # -- shares, revocations, keys --

    async def add_share(self, share: Share) -> None:
        await self._database.write(lambda connection: registry.add_share(connection, share))

    async def share(self, secret_digest: str) -> Share | None:
        return await self._database.read(lambda connection: registry.share(connection, secret_digest))

    async def shares(self, document_id: DocumentId) -> Sequence[Share]:
        return await self._database.read(lambda connection: registry.shares(connection, document_id))

    async def revoke_share(self, share_id: str, at_ms: int) -> None:
        await self._database.write(lambda connection: registry.revoke_share(connection, share_id, at_ms))

    async def revoke(self, subject: str, expires_ms: int, at_ms: int) -> None:
        await self._database.write(lambda connection: registry.revoke(connection, subject, expires_ms))

    async def revocations(self, at_ms: int) -> Sequence[str]:
        return await self._database.read(lambda connection: registry.revocations(connection, at_ms))

    async def key(self, name: str) -> bytes | None:
        return await self._database.read(lambda connection: registry.key(connection, name))

    async def set_key_once(self, name: str, value: bytes) -> bytes:
        return await self._database.write(lambda connection: registry.set_key_once(connection, name, value))

    # -- operations --

    async def maintain(self, at_ms: int) -> None:
        for history, sealed_seq in await self._database.read(upkeep.to_seal):
            await self._seal(history, sealed_seq, at_ms)
        cutoffs = Cutoffs.at(at_ms, self._config.retention_days, self._config.point_days)
        for retention in await self._database.read(lambda connection: upkeep.to_retain(connection, cutoffs)):
            await self._database.write(partial(upkeep.retain, retention=retention))
        await self._database.write(lambda connection: upkeep.sweep(connection, at_ms))
        while await self._database.write(upkeep.shrink):
            pass
        await self._database.alone(upkeep.empty_log)

    async def purge(self, document_id: DocumentId) -> None:
        """What was removed is overwritten in the file, and the write-ahead log is emptied."""
        await self._database.write(partial(self._purge, document_id=document_id))
        await self._database.alone(upkeep.empty_log)

    async def erase_person(self, author_id: str) -> int:
        """The name is overwritten in the file, and the write-ahead log is emptied; backups made before keep it."""
        authors = await self._database.write(partial(self._erase, author_id=author_id))
        await self._database.alone(upkeep.empty_log)
        return await self._database.read(lambda connection: upkeep.count_entries(connection, authors))

    async def backup(self, target: str) -> None:
        """Write a consistent copy to a new file while running. Raises: ConfigError, JournalError."""
        await asyncio.to_thread(datafile.back_up, self._settings.path, Path(target), self._driver)

    async def _seal(self, history: int, sealed_seq: int, at_ms: int) -> None:
        while True:
            segment = await self._database.read(
                partial(upkeep.next_segment, history=history, sealed_seq=sealed_seq, at_ms=at_ms)
            )
            if segment is None:
                return
            try:
                await self._database.write(partial(upkeep.seal, segment=segment))
            except upkeep.SegmentChanged:
                return
            sealed_seq = segment.last_seq

    def _purge(self, connection: Connection, document_id: DocumentId) -> None:
        self._appender.forget()
        upkeep.purge(connection, document_id)

    def _erase(self, connection: Connection, author_id: str) -> set[int]:
        self._appender.forget()
        return upkeep.erase_person(connection, author_id)


def restore(source: Path, data: Path, driver: Driver | None = None) -> None:
    """Put a backup into a data folder that no server uses and that holds no journal.

    Raises: ConfigError (not a backup, the folder is in use or not empty).
    """
    driver = driver or SqliteModule()
    datafile.check_copy(source, driver)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    fence = Fence(data)
    fence.acquire()
    try:
        datafile.place_copy(source, data)
    finally:
        fence.release()
