"""Owns the operator's commands on a journal: replay, backup, restore, purge, erase."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console

from collab.audit import Event
from collab.commands.auditing import note
from collab.commands.pasts import When, past
from collab.commands.storing import chosen, copied, data_folder, opened
from collab.config import Config
from collab.document import Document
from collab.errors import CollabError, ConfigError
from collab.formats.table import format_of
from collab.logs import token_digest
from collab.startup import default_data_of
from collab.store.base import DocumentRecord, Point, Store, StoredHistory
from collab.store.choice import database_of
from collab.store.sqlite import SqliteStore
from collab.store.sqlite import restore as restore_copy

_PAGE = 500
_EMPTY = b"\x00\x00"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay of one document found; `problem` is empty when all agrees."""

    updates: int
    characters: int
    problem: str = ""
    stored: str = "no file"


def replay(config: Config, document: str | None, console: Console) -> int:
    """Rebuild documents and compare; returns 1 when something does not agree. Raises: ConfigError."""
    return asyncio.run(_replay(config, document, console))


def rebuild(config: Config, document: str, at: When, target: Path, console: Console) -> None:
    """Write a document as it is in the journal, or was at a time or point, to a new file.

    Raises: ConfigError, CollabError.
    """
    if target.exists():
        raise ConfigError(f"{target} is there already; nothing is overwritten.")
    seq, content = asyncio.run(_rebuilt_at(config, document, at))
    target.write_bytes(content)
    console.print(f"Written: {target} ({len(content)} bytes, as of update {seq})", highlight=False)


def list_points(config: Config, document: str, console: Console) -> None:
    """Print what can be read of a document's past, newest first. Raises: ConfigError."""

    async def run() -> Sequence[Point]:
        async with copied(config) as store:
            (record,) = await chosen(store, document)
            return await store.points(record.document_id)

    for point in asyncio.run(run()):
        moment = datetime.fromtimestamp(point.at_ms / 1000).isoformat(" ", "seconds")
        name = "" if point.name is None else f"  {point.name.text}  [dim]{point.name.author_name}[/dim]"
        console.print(f"{moment}  [dim]{point.history_id}.{point.seq}[/dim]{name}", highlight=False)


def backup(config: Config, target: Path, console: Console) -> None:
    """Raises: ConfigError."""
    asyncio.run(_backup(config, str(target.absolute())))
    console.print(f"Written: {target} ({target.stat().st_size} bytes)", highlight=False)


def restore(config: Config, source: Path, console: Console) -> None:
    """Raises: ConfigError."""
    if config.store.database is not None:
        asyncio.run(_restore_database(config, source))
        console.print(f"Restored: {source} is in the database now.", highlight=False)
        return
    data = config.store.data
    if data is None:
        if not config.roots:
            raise ConfigError("Name the shared folder, or the place for the journal with --data.")
        data = default_data_of(config.roots[0])
    restore_copy(source, data)
    console.print(f"Restored: {source} is the journal in {data} now.", highlight=False)


def purge(config: Config, document: str, console: Console) -> None:
    """Raises: ConfigError."""

    async def run() -> DocumentRecord:
        async with opened(config) as store:
            (record,) = await chosen(store, document)
            await store.purge(record.document_id)
            return record

    record = asyncio.run(run())
    note(config, Event.PURGED, document_id=record.document_id, path=record.alias.external_id)
    console.print(f"Removed for good: the history of {record.alias.external_id}", highlight=False)


def erase(config: Config, person: str, console: Console) -> None:
    """Raises: ConfigError."""

    async def run() -> int:
        async with opened(config) as store:
            return await store.erase_person(person)

    entries = asyncio.run(run())
    note(config, Event.ERASED, person_digest=token_digest(person), entries=entries)
    console.print(f"Erased {person} from {entries} entries.", highlight=False)


async def _backup(config: Config, target: str) -> None:
    if config.store.database is None:  # a copy of the file, which a running server holds
        return await SqliteStore(data_folder(config), config.store).backup(target)
    async with opened(config) as store:
        await store.backup(target)


async def _restore_database(config: Config, source: Path) -> None:
    store = database_of(config.store)
    await store.open()
    try:
        await store.restore(source)
    finally:
        await store.close()


async def _rebuilt_at(config: Config, document: str, at: When) -> tuple[int, bytes]:
    async with copied(config) as store:
        (record,) = await chosen(store, document)
        history = await past(store, record.document_id, at)
        base = None if record.save_base is None else await store.content(record.save_base.content_hash)
        path = record.alias.external_id
        return history.last_seq, format_of(path).encode(_rebuild(history), base or b"")


async def _replay(config: Config, document: str | None, console: Console) -> int:
    wrong = 0
    async with copied(config) as store:
        records = await store.documents() if document is None else await chosen(store, document)
        for record in records:
            try:
                outcome = await _check(store, record)
            except CollabError as error:
                outcome = Outcome(0, 0, f"cannot be rebuilt: {error}")
            wrong += bool(outcome.problem)
            verdict = f"[red]{outcome.problem}[/red]" if outcome.problem else "[green]agrees[/green]"
            counts = f"{outcome.updates} updates, {outcome.characters} characters, {outcome.stored}"
            console.print(f"{record.alias.external_id}  {verdict}  [dim]{counts}[/dim]", highlight=False)
    console.print(f"{len(records)} documents, {wrong} that do not agree.", highlight=False)
    return 1 if wrong else 0


async def _check(store: Store, record: DocumentRecord) -> Outcome:
    """Rebuild from snapshot and journal, from the whole log where it is kept, and up to the last save."""
    if record.history_id is None:
        return Outcome(0, 0, stored="never opened")
    history = await store.load(record.document_id)
    if history is None:
        return Outcome(0, 0, "the registry names a history that is not there")
    rebuilt = _rebuild(history)
    text = rebuilt.text()
    problem = await _against_log(store, record, history, rebuilt)
    stored = "never stored"
    if not problem and record.save_base is not None:
        problem, stored = await _against_file(store, record)
    return Outcome(history.last_seq, len(text), problem, stored)


async def _against_log(store: Store, record: DocumentRecord, history: StoredHistory, rebuilt: Document) -> str:
    """Replay the kept log from its beginning, where it is kept from there."""
    first = await store.load(record.document_id, upto_seq=0)
    if first is None or (first.snapshot is None and history.last_seq == 0):
        return ""
    whole = _rebuild(first)
    after = 0
    while True:
        page = await store.updates(record.document_id, history.history_id, after_seq=after, limit=_PAGE)
        if not page:
            break
        if page[0].seq != after + 1:
            return ""
        for update in page:
            whole.apply(update.entry.update)
        after = page[-1].seq
    same = whole.clocks() == rebuilt.clocks() and whole.text() == rebuilt.text()
    return "" if same else "the snapshot is not what the log gives"


async def _against_file(store: Store, record: DocumentRecord) -> tuple[str, str]:
    """The document as of the last save must give the bytes that were stored."""
    base = record.save_base
    content = None if base is None else await store.content(base.content_hash)
    if base is None or content is None:
        return "", "the stored bytes are not kept"
    history = await store.load(record.document_id, upto_seq=base.seq)
    if history is None:
        return "", "that far back is not kept"
    encoded = format_of(record.alias.external_id).encode(_rebuild(history), content)
    if encoded != content:
        return "the stored file is not what the document gives", f"stored {base.content_hash}"
    return "", f"{len(content)} bytes stored"


def _rebuild(history: StoredHistory) -> Document:
    """Raises: DocumentPoisoned."""
    states = [] if history.snapshot is None else [history.snapshot.state]
    updates = [update.entry.update for update in history.updates]
    return Document.from_updates([update for update in (*states, *updates) if update and update != _EMPTY])
