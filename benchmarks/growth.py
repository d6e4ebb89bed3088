"""What a document weighs after long editing, and what a rebase brings.

    python -m benchmarks.growth [--operations 10000000] [--documents 24] [--keystrokes 720000] [--authors 8]

Two parts; 0 leaves a part out. First many documents of eight authors each (`journal_size` plays them), each rebased:
live state against a fresh document of the same text, and what the journal takes with the old histories kept. Then one
document of many operations: how long it takes to load, what a keystroke and a join cost, how much memory; its rebase;
and an edit that was made on the old history, merged as text. Times are CPU seconds of this process, where a child did
the work wall seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.edited import Edited
from benchmarks.journal_size import MIB, NOW, append_all, folder_size, history_of, written
from collab.clock import SystemClock
from collab.document import Document, Splice, compact
from collab.formats.text import TextFormat
from collab.limits import Limits
from collab.rooms.rebase import Rebased, Rebasing
from collab.sandbox.pool import Sandbox
from collab.store.base import Alias, DocumentId, HistoryId, SaveBase, Snapshot
from collab.store.sqlite import SqliteStore

PLENTY = replace(Limits(), format_cpu_s=3600.0, format_timeout_s=7200.0, format_memory_bytes=16 * 1024 * MIB)
"""For the one huge document: `COLLAB_LIMITS_FORMAT_…` of an operator who rebases such a thing."""


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print what something took."""
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    print(f"  {what}: {time.process_time() - cpu:.2f} s CPU, {time.perf_counter() - wall:.2f} s wall", flush=True)


def rss_mib() -> float:
    """The memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / MIB


async def rebased(store: SqliteStore, sandbox: Sandbox, document_id: DocumentId) -> Rebased:
    """Rebase one document as the server does."""
    record = await store.document(document_id)
    if record is None:
        raise SystemExit("the document is gone")
    fresh = iter(range(1, 9))
    rebasing = Rebasing(store, sandbox, SystemClock(), lambda: next(fresh), lambda: f"fresh-{document_id}")
    return await rebasing.rebase(record, TextFormat(), None)


async def settle(store: SqliteStore, document_id: DocumentId, text: str, seq: int) -> None:
    """The storage has the text: what a rebase asks for."""
    content_hash = await store.put_content(text.encode())
    await store.set_save_base(document_id, SaveBase("v1", content_hash, seq, b"\x00", NOW))


async def many(documents: int, keystrokes: int, authors: int) -> None:
    """Documents of several authors, before and after."""
    each = keystrokes // documents
    print(f"{documents} documents, {authors} authors, {each * documents} keystrokes")
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder))
        await store.open()
        before = compacted = after = fresh = 0
        async with Sandbox(Limits()) as sandbox:
            for number in range(documents):
                one = written(each, authors, number)
                document_id = await append_all(store, number, one.entries)
                await settle(store, document_id, one.document.text(), len(one.entries))
                state = compact(one.document.diff())
                snapshot = Snapshot(len(one.entries), state, one.entries[-1].at_ms)
                await store.write_snapshot(document_id, history_of(number), snapshot)
                done = await rebased(store, sandbox, document_id)
                before, compacted = before + one.live, compacted + len(state)
                after, fresh = after + done.after_bytes, fresh + one.fresh
        await store.maintain(NOW)
        print(f"  live {before} bytes, compacted {compacted}, fresh documents {fresh}")
        print(f"  before: {compacted / fresh:.2f}x; after the rebase: {after / fresh:.2f}x")
        print(f"  journal and old histories: {folder_size(Path(folder)) / MIB:.1f} MiB", flush=True)
        await store.close()


def edited_for_long(operations: int, authors: int) -> bytes:
    """The state of the huge document, as a server keeps it: compacted."""
    edited = Edited(authors, seed=1)
    with timed("made"):
        edited.edit(operations)
        made = edited.state()
    print(f"  {edited.operations} operations, {len(made) / MIB:.1f} MiB as one update")
    with timed("compacted"):
        state = compact(made)
    return state


def use(state: bytes) -> Document:
    """Load it and use it as a room does."""
    with timed(f"loaded ({len(state) / MIB:.1f} MiB)"):
        document = Document.from_updates([state], client_id=4711)
    print(f"  memory of this process, the document and its state in it: {rss_mib():.0f} MiB")
    with timed("100 keystrokes in the middle"):
        for number in range(100):
            middle = len(document.text()) // 2
            document.changed_by(lambda at=middle, key=number: document.edit_text([Splice(at, 0, str(key % 10))]))
    with timed("100 keystrokes of a peer"):
        peer = Document.from_updates([document.diff()], client_id=4712)
        for _ in range(100):
            update = peer.changed_by(lambda: peer.edit_text([Splice(0, 0, "x")]))
            document.apply(update)
    with timed("whole state for a join"):
        document.diff()
    return document


async def huge(operations: int, authors: int) -> None:
    """One document of very many operations."""
    print(f"one document of {operations} operations by {authors} authors")
    state = edited_for_long(operations, authors)
    document = use(state)
    text, old = document.text(), document.diff()
    offline = Document.from_updates([old], client_id=9999)
    known = offline.state_vector()
    offline.edit_text([Splice(0, 0, "typed while away\n")])
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder))
        await store.open()
        document_id = (await store.resolve(Alias("root:benchmark", "huge.md"), NOW)).document_id
        await store.create_history(document_id, None, HistoryId("old"), "text", old, None, NOW)
        await settle(store, document_id, text, 0)
        async with Sandbox(PLENTY) as sandbox:
            with timed("rebased, in a child"):
                done = await rebased(store, sandbox, document_id)
            now = await store.load(document_id)
            if now is None or now.snapshot is None:
                raise SystemExit(f"not rebased: {done}")
            with timed("an edit on the old history taken over, in a child"):
                forked = await sandbox.fork("text", text.encode(), [old], offline.diff(known))
            fresh = Document.from_updates([now.snapshot.state])
            TextFormat().merge(forked.base, forked.theirs, fresh, "away", NOW)
            if fresh.text() != "typed while away\n" + text:
                raise SystemExit("the merged text is not what it should be")
        await store.close()
    print(f"  {done.outcome}: {done.before_bytes} -> {done.after_bytes} bytes")
    print(
        f"  {done.before_bytes / done.after_bytes:.2f}x before, {len(now.snapshot.state) / done.after_bytes:.2f}x after"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=10_000_000)
    parser.add_argument("--documents", type=int, default=24)
    parser.add_argument("--keystrokes", type=int, default=720_000)
    parser.add_argument("--authors", type=int, default=8)
    options = parser.parse_args()
    print(
        f"$ python -m benchmarks.growth --operations {options.operations} --documents {options.documents}"
        f" --keystrokes {options.keystrokes} --authors {options.authors}",
        flush=True,
    )
    if options.documents and options.keystrokes:
        asyncio.run(many(options.documents, options.keystrokes, options.authors))
    if options.operations:
        asyncio.run(huge(options.operations, options.authors))


if __name__ == "__main__":
    main()
