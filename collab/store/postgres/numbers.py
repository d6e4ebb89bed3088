"""Owns the numbers that stand for histories, authors and nodes in the journal's rows: asked once, then remembered.

A number never changes its meaning while the history is there; who is erased keeps the number under another name.
"""

from __future__ import annotations

from collections.abc import Iterable

from collab.store.base import DocumentId, HistoryId, JournalEntry
from collab.store.packing import PackedEntry
from collab.store.postgres.driver import Connection, plain_text

REMEMBERED = 50_000
"""So many of a kind are remembered before all are forgotten and asked again."""

_FIND_AUTHORS = """
    SELECT a.author_id, a.name, max(a.id) FROM authors a
    JOIN unnest($1::text[], $2::text[]) AS wanted (author_id, name) USING (author_id, name) GROUP BY 1, 2
"""
_MAKE_AUTHOR = """
    INSERT INTO authors (author_id, name) VALUES ($1, $2)
    ON CONFLICT (author_id, name) WHERE author_id <> 'erased' DO UPDATE SET name = excluded.name RETURNING id
"""


class Numbers:
    """What one process knows. Everything is asked before the transaction that uses it."""

    def __init__(self) -> None:
        self._histories: dict[tuple[DocumentId, HistoryId], int] = {}
        self._authors: dict[tuple[int, str, str], int] = {}
        self._nodes: dict[str, int] = {}

    def forget(self) -> None:
        """The tables were changed in a way that may take numbers away."""
        self._histories.clear()
        self._authors.clear()
        self._nodes.clear()

    def history(self, document_id: DocumentId, history_id: HistoryId) -> int | None:
        """None: there is none, or it was not learnt."""
        return self._histories.get((document_id, history_id))

    def pack(self, history: int, entry: JournalEntry) -> PackedEntry:
        """An entry whose names were learnt."""
        author = self._authors[history, entry.author_id, entry.author_name]
        return PackedEntry(entry.update, author, self._nodes[entry.node], entry.connection, entry.at_ms)

    async def learn_histories(self, connection: Connection, wanted: set[tuple[DocumentId, HistoryId]]) -> None:
        """Ask for the histories that are not known."""
        unknown = [one for one in wanted if one not in self._histories]
        if not unknown:
            return
        _bound(self._histories)
        rows = await connection.fetch(
            "SELECT d.document_id, h.history_id, h.id FROM histories h JOIN documents d ON d.id = h.document"
            " JOIN unnest($1::text[], $2::text[]) AS wanted (document_id, history_id)"
            " ON wanted.document_id = d.document_id AND wanted.history_id = h.history_id",
            [one[0] for one in unknown],
            [one[1] for one in unknown],
        )
        for document_id, history_id, number in rows:
            self._histories[DocumentId(document_id), HistoryId(history_id)] = int(number)

    async def learn_names(self, connection: Connection, written: Iterable[tuple[int, JournalEntry]]) -> None:
        """Ask for the names in entries of these histories; new ones are made."""
        names: set[tuple[int, str, str]] = set()
        for history, entry in written:
            names.add((history, entry.author_id, entry.author_name))
            if entry.node not in self._nodes:
                await self._learn_node(connection, entry.node)
        unknown = sorted(name for name in names if name not in self._authors)
        if unknown:
            _bound(self._authors)
            for name in unknown:
                await self._learn_author(connection, name)
            _add = [(history, self._authors[history, who, called]) for history, who, called in unknown]
            await connection.executemany(
                "INSERT INTO history_authors SELECT $1, $2 WHERE EXISTS (SELECT 1 FROM histories WHERE id = $1)"
                " ON CONFLICT DO NOTHING",
                _add,
            )

    async def _learn_author(self, connection: Connection, key: tuple[int, str, str]) -> None:
        author_id, name = plain_text(key[1]), plain_text(key[2])
        rows = await connection.fetch(_FIND_AUTHORS, [author_id], [name])
        number = rows[0][2] if rows else await connection.fetchval(_MAKE_AUTHOR, author_id, name)
        self._authors[key] = int(number)

    async def _learn_node(self, connection: Connection, name: str) -> None:
        _bound(self._nodes)
        await connection.execute("INSERT INTO nodes (name) VALUES ($1) ON CONFLICT DO NOTHING", plain_text(name))
        self._nodes[name] = int(await connection.fetchval("SELECT id FROM nodes WHERE name = $1", plain_text(name)))


def _bound(known: dict[tuple[DocumentId, HistoryId], int] | dict[tuple[int, str, str], int] | dict[str, int]) -> None:
    if len(known) >= REMEMBERED:
        known.clear()
