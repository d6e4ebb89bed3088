"""How large the journal of a long typing session is, and what the live document weighs beside a fresh one.

    python -m benchmarks.journal_size [--keystrokes 720000] [--documents 24] [--authors 8]

In every document eight people write one text: they type words at their own place, move, delete, correct. Every key
is one real update of their own replica. Each document hands the journal what has come since its last commit, four
updates on average; the documents append beside each other, as rooms do.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pycrdt

from collab.config import StoreConfig
from collab.document import SOURCE, Document, Splice
from collab.store.base import Alias, DocumentId, HistoryId, JournalEntry, Snapshot
from collab.store.sqlite import SqliteStore

MIB = 1024 * 1024
NOW = 1_700_000_000_000
KEYS_PER_SECOND = 6
SHARED_EVERY = 400
"""Authors see what others wrote after so many keys of all together."""


@dataclass(slots=True)
class Author:
    """One person at one place of the text."""

    name: str
    doc: pycrdt.Doc[Any] = field(default_factory=pycrdt.Doc)
    made: list[bytes] = field(default_factory=list)
    cursor: int = 0
    until_move: int = 0
    deleting: int = 0

    def __post_init__(self) -> None:
        self.doc.observe(lambda event: self.made.append(event.update))

    def press(self, chance: random.Random) -> bytes:
        """One key; returns its update."""
        text = self.doc.get(SOURCE, type=pycrdt.Text)
        length = len(text)
        self.cursor = min(self.cursor, length)
        if self.until_move == 0:
            self.cursor = chance.randrange(length + 1)
            self.until_move = chance.randrange(30, 300)
        self.until_move -= 1
        if self.deleting == 0 and self.cursor > 20 and chance.random() < 0.02:
            self.deleting = chance.randrange(1, 15)
        self.made.clear()
        if self.deleting and self.cursor:
            self.deleting -= 1
            self.cursor -= 1
            del text[self.cursor : self.cursor + 1]
        else:
            text.insert(self.cursor, chance.choice("etaoinshrdlu etaoin \n"))
            self.cursor += 1
        return self.made[0]

    def catch_up(self, updates: Sequence[bytes]) -> None:
        with self.doc.transaction():
            for update in updates:
                self.doc.apply_update(update)


def session(keystrokes: int, authors: int, seed: int) -> Iterator[JournalEntry]:
    """The entries of a whole session, in order."""
    chance = random.Random(seed)  # noqa: S311 a simulation
    people = [Author(f"Author Number {number}") for number in range(authors)]
    unseen: list[tuple[Author, bytes]] = []
    at_ms = NOW
    for _ in range(keystrokes):
        author = chance.choice(people)
        update = author.press(chance)
        unseen.append((author, update))
        at_ms += round(chance.expovariate(authors * KEYS_PER_SECOND) * 1000)
        number = people.index(author)
        yield JournalEntry(update, f"user-{number}@example.org", author.name, at_ms, "node-1", number)
        if len(unseen) >= SHARED_EVERY:
            for one in people:
                one.catch_up([made for maker, made in unseen if maker is not one])
            unseen.clear()


@dataclass(slots=True)
class Figures:
    """What is printed."""

    raw: int = 0
    append_s: float = 0.0
    maintain_s: float = 0.0
    before: int = 0
    after: int = 0


@dataclass(slots=True)
class Written:
    """One document's session and what became of it."""

    entries: list[JournalEntry]
    document: Document
    live: int
    fresh: int
    characters: int


def written(keystrokes: int, authors: int, seed: int) -> Written:
    """Play one session through a server's document."""
    entries = list(session(keystrokes, authors, seed))
    document = Document()
    for entry in entries:
        document.apply(entry.update)
    text = document.text()
    fresh = Document()
    fresh.edit_text([Splice(0, 0, text)])
    return Written(entries, document, len(document.diff()), len(fresh.diff()), len(text))


async def append_all(store: SqliteStore, number: int, entries: Sequence[JournalEntry]) -> DocumentId:
    """Append one document's session in batches."""
    document_id = (await store.resolve(Alias("benchmark", str(number)), NOW)).document_id
    await store.create_history(document_id, None, history_of(number), "text", None, None, NOW)
    chance = random.Random(number)  # noqa: S311 a simulation
    start = 0
    while start < len(entries):
        batch = entries[start : start + max(1, round(chance.expovariate(1 / 4)))]
        await store.append(document_id, history_of(number), batch)
        start += len(batch)
    return document_id


async def journalled(data: Path, sessions: Sequence[Written]) -> Figures:
    """Append all, snapshot and maintain; everything must come back."""
    figures = Figures(raw=sum(len(entry.update) for one in sessions for entry in one.entries))
    store = SqliteStore(data, StoreConfig())
    await store.open()
    began = time.perf_counter()
    ids = await asyncio.gather(*(append_all(store, number, one.entries) for number, one in enumerate(sessions)))
    figures.append_s = time.perf_counter() - began
    for number, one in enumerate(sessions):
        snapshot = Snapshot(len(one.entries), one.document.diff(), one.entries[-1].at_ms)
        await store.write_snapshot(ids[number], history_of(number), snapshot)
    figures.before = folder_size(data)
    began = time.perf_counter()
    await store.maintain(max(one.entries[-1].at_ms for one in sessions))
    figures.maintain_s = time.perf_counter() - began
    figures.after = folder_size(data)
    for number, one in enumerate(sessions):
        kept = await store.updates(ids[number], history_of(number), after_seq=0, limit=len(one.entries) + 1)
        if [stored.entry for stored in kept] != one.entries:
            raise SystemExit("the journal did not give back what was put in")
    await store.close()
    return figures


def history_of(number: int) -> HistoryId:
    """The one history of a document."""
    return HistoryId(f"benchmark-{number}")


def folder_size(data: Path) -> int:
    """Bytes of all files of the store."""
    return sum(path.stat().st_size for path in data.iterdir())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keystrokes", type=int, default=720_000)
    parser.add_argument("--documents", type=int, default=24)
    parser.add_argument("--authors", type=int, default=8)
    options = parser.parse_args()
    began = time.perf_counter()
    each = options.keystrokes // options.documents
    sessions = [written(each, options.authors, seed) for seed in range(options.documents)]
    count = each * options.documents
    print(f"{count} keystrokes, {options.documents} documents of {options.authors} authors", end=" ")
    print(f"made in {time.perf_counter() - began:.0f} s", flush=True)
    characters, live, fresh = (sum(getattr(one, name) for one in sessions) for name in ("characters", "live", "fresh"))
    print(f"{characters} characters stand, {(count - characters) // 2} were deleted")
    print(f"live state {live} bytes, fresh documents of the same texts {fresh} bytes: {live / fresh:.2f}x", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(journalled(Path(folder), sessions))
    print(f"updates alone {figures.raw / MIB:.1f} MiB; appended at {count / figures.append_s:.0f} entries/s")
    print(f"all files {figures.before / MIB:.1f} MiB, after maintain {figures.after / MIB:.1f} MiB", end=" ")
    print(f"({figures.after / count:.1f} bytes an entry) in {figures.maintain_s:.1f} s")


if __name__ == "__main__":
    main()
