"""Owns the rows of packs and snapshots: their bytes, checksums, and the names behind the numbers in them. Knows SQL.

The packs are those of the embedded store: authors and nodes are numbers, so that erasing a person changes one row.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import structlog

from collab.store import packing
from collab.store.base import DocumentId, HistoryId, JournalEntry, Snapshot
from collab.store.packing import DamagedPack, PackedEntry
from collab.store.postgres.driver import Connection, Row

_ROWS_AT_ONCE = 256
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pack:
    """One row of the journal."""

    history: int
    first_seq: int
    entries: int
    form: int
    checksum: int
    body: bytes

    @property
    def last_seq(self) -> int:
        return self.first_seq + self.entries - 1

    @classmethod
    def of(cls, history: int, first_seq: int, entries: Sequence[PackedEntry], *, sealed: bool = False) -> Pack:
        """Slow when sealed."""
        body = packing.encode_pack(entries)
        if sealed:
            body = packing.seal(body)
        form = packing.SEALED if sealed else packing.PLAIN
        return cls(history, first_seq, len(entries), form, checksum_of(history, first_seq, body), body)

    def open(self) -> list[PackedEntry]:
        """Raises: DamagedPack."""
        if checksum_of(self.history, self.first_seq, self.body) != self.checksum:
            raise DamagedPack("the checksum does not match")
        entries = packing.open_pack(self.form, self.body)
        if len(entries) != self.entries:
            raise DamagedPack(f"{len(entries)} entries where {self.entries} were written")
        return entries


def checksum_of(history: int, seq: int, body: bytes) -> int:
    """Guards a row's bytes and that they stand under their own key."""
    return zlib.crc32(body, zlib.crc32(history.to_bytes(8, "little") + seq.to_bytes(8, "little")))


# -- packs --


async def insert_packs(connection: Connection, packs: Sequence[Pack]) -> None:
    """Write rows of the journal, all in one statement."""
    await connection.execute(
        "INSERT INTO packs SELECT * FROM"
        " unnest($1::bigint[], $2::bigint[], $3::integer[], $4::smallint[], $5::bigint[], $6::bytea[])",
        [pack.history for pack in packs],
        [pack.first_seq for pack in packs],
        [pack.entries for pack in packs],
        [pack.form for pack in packs],
        [pack.checksum for pack in packs],
        [pack.body for pack in packs],
    )


async def packs_behind(connection: Connection, history: int, after_seq: int) -> AsyncIterator[Pack]:
    """The rows that hold what stands behind a seq, in order, read a few at a time."""
    first = await connection.fetchval(
        "SELECT max(first_seq) FROM packs WHERE history = $1 AND first_seq <= $2", history, after_seq + 1
    )
    seq = 0 if first is None else int(first)
    while True:
        rows = await connection.fetch(
            "SELECT history, first_seq, entries, form, checksum, body FROM packs"
            " WHERE history = $1 AND first_seq >= $2 ORDER BY first_seq LIMIT $3",
            history,
            seq,
            _ROWS_AT_ONCE,
        )
        for row in rows:
            pack = Pack(*row)
            if pack.last_seq > after_seq:
                yield pack
        if len(rows) < _ROWS_AT_ONCE:
            return
        seq = int(rows[-1][1]) + 1


async def entries_behind(
    connection: Connection, history: int, after_seq: int
) -> AsyncIterator[tuple[int, PackedEntry | None]]:
    """(seq, entry) in order; None where a row is damaged or missing."""
    expected = after_seq + 1
    async for pack in packs_behind(connection, history, after_seq):
        if pack.first_seq > expected:
            _log.error("journal_rows_missing", history=history, first_seq=expected, entries=pack.first_seq - expected)
            yield expected, None
        expected = pack.last_seq + 1
        try:
            entries = pack.open()
        except DamagedPack as error:
            note_damage(pack, error)
            yield pack.first_seq, None
            continue
        for seq, entry in enumerate(entries, pack.first_seq):
            if seq > after_seq:
                yield seq, entry


def note_damage(pack: Pack, error: DamagedPack) -> None:
    """A damaged row costs itself only; it is named in the log."""
    _log.error(
        "journal_row_damaged",
        history=pack.history,
        first_seq=pack.first_seq,
        entries=pack.entries,
        error=str(error),
    )


class Names:
    """Numbers of packed entries back to names, of one history, asked once."""

    def __init__(self, authors: Sequence[Row], nodes: Sequence[Row]) -> None:
        self._authors = {int(row[0]): (row[1], row[2]) for row in authors}
        self._nodes = {int(row[0]): row[1] for row in nodes}

    @classmethod
    async def of(cls, connection: Connection, history: int) -> Names:
        """The names that a history uses."""
        authors = await connection.fetch(
            "SELECT a.id, a.author_id, a.name FROM authors a JOIN history_authors h ON h.author = a.id"
            " WHERE h.history = $1",
            history,
        )
        return cls(authors, await connection.fetch("SELECT id, name FROM nodes"))

    def entry(self, packed: PackedEntry) -> JournalEntry:
        author_id, name = self._authors.get(packed.author, ("", ""))
        node = self._nodes.get(packed.node, "")
        return JournalEntry(packed.update, author_id, name, packed.at_ms, node, packed.connection)


# -- snapshots --


def pack_state(state: bytes) -> bytes:
    """A snapshot's state as it is kept; slow for a large one."""
    return zlib.compress(state, 1)


async def insert_snapshot(connection: Connection, history: int, snapshot: Snapshot) -> None:
    """Write a packed snapshot."""
    await connection.execute(
        "INSERT INTO snapshots VALUES ($1, $2, $3, $4, $5) ON CONFLICT (history, seq) DO UPDATE"
        " SET at_ms = excluded.at_ms, checksum = excluded.checksum, state = excluded.state",
        history,
        snapshot.seq,
        snapshot.at_ms,
        checksum_of(history, snapshot.seq, snapshot.state),
        snapshot.state,
    )


async def drop_snapshots(connection: Connection, history: int, ages: Sequence[tuple[int, int]], keep: set[int]) -> None:
    """Remove the snapshots that are not to be kept."""
    gone = [seq for seq, _ in ages if seq not in keep]
    if gone:
        await connection.execute("DELETE FROM snapshots WHERE history = $1 AND seq = ANY($2::bigint[])", history, gone)


async def snapshot_ages(connection: Connection, history: int) -> Sequence[tuple[int, int]]:
    """(seq, at_ms) of the kept snapshots."""
    rows = await connection.fetch("SELECT seq, at_ms FROM snapshots WHERE history = $1", history)
    return [(int(row[0]), int(row[1])) for row in rows]


async def named_seqs(connection: Connection, history: int) -> set[int]:
    """Where points have names."""
    rows = await connection.fetch("SELECT seq FROM points WHERE history = $1", history)
    return {int(row[0]) for row in rows}


async def read_snapshot(connection: Connection, history: int, upto_seq: int) -> tuple[Snapshot | None, bool]:
    """The newest readable snapshot not after a seq, and whether no newer one was damaged."""
    rows = await connection.fetch(
        "SELECT seq FROM snapshots WHERE history = $1 AND seq <= $2 ORDER BY seq DESC", history, upto_seq
    )
    for (seq,) in rows:
        row = await connection.fetchrow(
            "SELECT at_ms, checksum, state FROM snapshots WHERE history = $1 AND seq = $2", history, seq
        )
        if row is not None and checksum_of(history, seq, row[2]) == row[1]:
            return Snapshot(int(seq), zlib.decompress(row[2]), int(row[0])), True
        _log.error("journal_snapshot_damaged", history=history, seq=seq)
    return None, not rows


# -- heads --


@dataclass(frozen=True, slots=True)
class Head:
    """Where a history stands."""

    history: int
    history_id: HistoryId
    last_seq: int
    dropped_seq: int


_HEAD = """
    SELECT h.id, h.history_id, h.last_seq, h.dropped_seq FROM documents d JOIN histories h ON h.document = d.id
    WHERE d.document_id = $1 AND (h.history_id = $2 OR $2::text IS NULL AND h.is_current)
"""


async def find_head(
    connection: Connection, document_id: DocumentId, history_id: HistoryId | None, *, locked: bool = False
) -> Head | None:
    """Where a history of the document stands; the current one by default. `locked`: it stays there meanwhile."""
    lock = " FOR NO KEY UPDATE OF h" if locked else ""
    row = await connection.fetchrow(f"{_HEAD}{lock}", document_id, history_id)
    return None if row is None else Head(int(row[0]), HistoryId(row[1]), int(row[2]), int(row[3]))
