"""Owns one transaction of appends: what is locked, in which order, and what each call gets. Knows no queue.

The database numbers: a history's row is locked, its last seq is read, the rows of this transaction follow it. So the
numbers of a history have no gaps for anybody who reads, whichever node appends. Locks are taken in the order of the
histories' numbers, then of leases, so that nodes which write the same documents wait for each other and do not get
stuck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from collab.errors import CollabError, HistoryChanged, LeaseLost
from collab.store.base import DocumentId, HistoryId, JournalEntry, Lease, Note, SaveBase
from collab.store.packing import SEGMENT_ENTRIES
from collab.store.postgres import histories, registry
from collab.store.postgres.driver import Connection
from collab.store.postgres.leases import check_lease
from collab.store.postgres.numbers import Numbers
from collab.store.postgres.rows import Pack, insert_packs

_LOCK = """
    SELECT id, last_seq, is_current, retired_seq IS NOT NULL FROM histories WHERE id = ANY($1::bigint[])
    ORDER BY id FOR NO KEY UPDATE
"""
_MOVE = """
    UPDATE histories h SET last_seq = moved.seq FROM unnest($1::bigint[], $2::bigint[]) AS moved (id, seq)
    WHERE h.id = moved.id
"""

Place = tuple[DocumentId, HistoryId]


@dataclass(slots=True, eq=False)
class Append:
    """One call, and what it got."""

    place: Place
    entries: Sequence[JournalEntry]
    notes: Sequence[Note] = ()
    lease: Lease | None = None
    behind_end: bool = False
    """It goes behind the end of a retired history."""
    seq: int = 0
    error: CollabError | None = None


@dataclass(frozen=True, slots=True)
class Landed:
    """Entries whose commit got no answer and has happened: where they stand."""

    entries: Sequence[JournalEntry]
    last_seq: int


@dataclass(slots=True)
class Batch:
    """Calls that share a transaction."""

    calls: Sequence[Append]
    numbers: Numbers
    landed: dict[Place, Landed] = field(default_factory=dict)
    xid: str = ""
    written: bool = False
    """Whether anything is to be committed."""

    async def learn(self, connection: Connection) -> None:
        """What must be known before the transaction."""
        await self.numbers.learn_histories(connection, {call.place for call in self.calls})
        known = [(self.numbers.history(*call.place), call) for call in self.calls]
        names = [(number, entry) for number, call in known if number is not None for entry in call.entries]
        await self.numbers.learn_names(connection, names)

    async def write(self, connection: Connection) -> None:
        """Within a transaction: everything that may be written; calls that may not get their error."""
        numbers = {call.place: self.numbers.history(*call.place) for call in self.calls}
        wanted = sorted({number for number in numbers.values() if number is not None})
        rows = await connection.fetch(_LOCK, wanted) if wanted else []
        heads = {int(row[0]): (int(row[1]), bool(row[2]), bool(row[3])) for row in rows}
        seqs = {number: head[0] for number, head in heads.items()}
        packs: list[Pack] = []
        for call in self.calls:
            call.error = None
            number = numbers[call.place]
            head = None if number is None else heads.get(number)
            if number is None or head is None or not (head[2] if call.behind_end else head[1]):
                call.error = HistoryChanged(f"{call.place[0]} has not the history {call.place[1]}")
            elif await self._may(connection, call):
                packs += self._packs(call, number, seqs)
        await self._store(connection, packs, {number: seq for number, seq in seqs.items() if seq != heads[number][0]})
        for call in self.calls:
            if call.error is None:
                await _take_notes(connection, call)
                self.written = self.written or bool(call.notes)

    async def _may(self, connection: Connection, call: Append) -> bool:
        try:
            await check_lease(connection, call.lease)
        except LeaseLost as error:
            call.error = error
        return call.error is None

    def _packs(self, call: Append, number: int, seqs: dict[int, int]) -> list[Pack]:
        entries = list(call.entries)
        landed = self.landed.get(call.place)
        if (
            landed is not None
            and landed.last_seq == seqs[number]
            and entries[: len(landed.entries)] == list(landed.entries)
        ):
            entries = entries[len(landed.entries) :]  # this call is the one that got no answer, made again
        packs = []
        for start in range(0, len(entries), SEGMENT_ENTRIES):
            packed = [self.numbers.pack(number, entry) for entry in entries[start : start + SEGMENT_ENTRIES]]
            packs.append(Pack.of(number, seqs[number] + 1, packed))
            seqs[number] += len(packed)
        call.seq = seqs[number]
        return packs

    async def _store(self, connection: Connection, packs: list[Pack], moved: dict[int, int]) -> None:
        if not packs:
            return
        self.written = True
        await insert_packs(connection, packs)
        await connection.execute(_MOVE, list(moved), list(moved.values()))
        self.xid = await connection.fetchval("SELECT pg_current_xact_id()::text")


async def _take_notes(connection: Connection, call: Append) -> None:
    for note in call.notes:
        if isinstance(note, SaveBase):
            await registry.set_save_base(connection, call.place[0], note)
        else:
            await histories.note_absorbed(connection, call.place[0], note)
