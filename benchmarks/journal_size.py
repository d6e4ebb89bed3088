"""How large the journal of a long typing session is, and what the live document weighs beside a fresh one.

    python -m benchmarks.journal_size [--keystrokes 720000] [--authors 8]

Eight people write one text: they type words at their own place, move, delete words, correct. Every key is one real
update of their own document. The journal gets them in batches of what a commit delay collects (Poisson, 4 on average).
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

import pycrdt

from collab.config import StoreConfig
from collab.document import SOURCE, Document, Splice
from collab.store.base import Alias, HistoryId, JournalEntry, Snapshot
from collab.store.sqlite import SqliteStore

MIB = 1024 * 1024
NOW = 1_700_000_000_000
HISTORY = HistoryId("benchmark")
KEYS_PER_SECOND = 6
SHARED_EVERY = 400
"""Authors see what others wrote after so many keys of all together."""


@dataclass(slots=True)
class Author:
    """One person at one place of the text."""

    name: str
    doc: pycrdt.Doc[object] = field(default_factory=pycrdt.Doc)
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


async def journalled(data: Path, entries: Sequence[JournalEntry], document: Document) -> Figures:
    """Append all, with snapshots on the way, and maintain."""
    figures = Figures(raw=sum(len(entry.update) for entry in entries))
    store = SqliteStore(data, StoreConfig(commit_delay_ms=0.0))
    await store.open()
    document_id = (await store.resolve(Alias("benchmark", "text"), NOW)).document_id
    await store.create_history(document_id, None, HISTORY, "text", None, None, NOW)
    chance = random.Random(1)  # noqa: S311 a simulation
    start = 0
    while start < len(entries):
        batch = entries[start : start + max(1, round(chance.expovariate(1 / 4)))]
        began = time.perf_counter()
        await store.append(document_id, HISTORY, batch)
        figures.append_s += time.perf_counter() - began
        start += len(batch)
    await store.write_snapshot(document_id, HISTORY, Snapshot(len(entries), document.diff(), entries[-1].at_ms))
    figures.before = folder_size(data)
    began = time.perf_counter()
    await store.maintain(entries[-1].at_ms)
    figures.maintain_s = time.perf_counter() - began
    figures.after = folder_size(data)
    kept = await store.updates(document_id, HISTORY, after_seq=0, limit=len(entries) + 1)
    if [one.entry for one in kept] != list(entries):
        raise SystemExit("the journal did not give back what was put in")
    await store.close()
    return figures


def folder_size(data: Path) -> int:
    """Bytes of all files of the store."""
    return sum(path.stat().st_size for path in data.iterdir())


def live_document(entries: Sequence[JournalEntry]) -> tuple[Document, float]:
    """The server's document, update by update, and the seconds it took."""
    document = Document()
    began = time.perf_counter()
    for entry in entries:
        document.apply(entry.update)
    return document, time.perf_counter() - began


def fresh_document(text: str) -> Document:
    """The same text in one piece."""
    fresh = Document()
    fresh.edit_text([Splice(0, 0, text)])
    return fresh


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keystrokes", type=int, default=720_000)
    parser.add_argument("--authors", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.perf_counter()
    entries = list(session(options.keystrokes, options.authors, options.seed))
    print(f"{len(entries)} keystrokes of {options.authors} authors made in {time.perf_counter() - began:.0f} s")
    document, apply_s = live_document(entries)
    text = document.text()
    live, fresh = len(document.diff()), len(fresh_document(text).diff())
    deletions = (len(entries) - len(text)) // 2
    print(f"text {len(text)} characters, {deletions} deletions, applied in {apply_s:.1f} s")
    print(f"live state {live} bytes, fresh document of the same text {fresh} bytes: {live / fresh:.2f}x")
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(journalled(Path(folder), entries, document))
    rate = len(entries) / figures.append_s
    print(f"updates alone {figures.raw / MIB:.1f} MiB; appended at {rate:.0f} entries/s, one commit at a time")
    print(f"journal {figures.before / MIB:.1f} MiB, after maintain {figures.after / MIB:.1f} MiB", end=" ")
    print(f"({figures.after / len(entries):.1f} bytes an entry) in {figures.maintain_s:.1f} s")


if __name__ == "__main__":
    main()
