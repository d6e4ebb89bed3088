"""Owns the operator's command that gives documents a fresh history while the server is stopped."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from collab.clock import SystemClock
from collab.commands.storing import chosen, opened
from collab.config import Config
from collab.errors import CollabError, ConfigError
from collab.formats.table import format_of
from collab.rooms.rebase import Outcome, Rebased, Rebasing
from collab.rooms.rebaser import is_quiet, quiet_before_ms
from collab.sandbox.pool import Sandbox
from collab.store.base import DocumentRecord, Store

CLIENT_ID_BITS = 32
_ROOT_DOOR = "root:"
_WORDS = {
    Outcome.SMALL: "would gain too little",
    Outcome.IN_USE: "somebody has it open",
    Outcome.UNSAVED: "the storage does not have all of it; start the server once",
    Outcome.WAITING: "edits on an older history wait to be merged; start the server and open it once",
    Outcome.NO_HISTORY: "has no history",
    Outcome.INCOMPLETE: "part of its journal is damaged",
    Outcome.CHANGED: "was edited meanwhile",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """Which documents: one by its id or path, else all that are quiet; `ratio` None: also where it hardly pays."""

    document: str | None
    ratio: float | None


def rebase(config: Config, wish: Wish, console: Console) -> int:
    """Rebase documents; returns 1 when the one that was named keeps its history. Raises: ConfigError."""
    return asyncio.run(_rebase(config, wish, console))


async def _rebase(config: Config, wish: Wish, console: Console) -> int:
    done = 0
    async with opened(config) as store, Sandbox(config.limits) as sandbox:
        records = await _records(store, config, wish.document)
        rebasing = Rebasing(store, sandbox, SystemClock(), _client_id, lambda: secrets.token_hex(8))
        for record in records:
            result = await _one(rebasing, record, wish.ratio)
            done += result.outcome is Outcome.REBASED
            if wish.document is not None or result.outcome is not Outcome.SMALL:
                console.print(f"{record.alias.external_id}  {_told(result)}", highlight=False)
        if done:
            await store.maintain(SystemClock().wall_ms())
    console.print(f"{done} of {len(records)} documents have a fresh history.", highlight=False)
    return 1 if wish.document is not None and not done else 0


async def _records(store: Store, config: Config, document: str | None) -> Sequence[DocumentRecord]:
    """Raises: ConfigError."""
    if document is not None:
        records = await chosen(store, document)
        if not records[0].alias.door.startswith(_ROOT_DOOR):
            raise ConfigError("This document has no file, so it has no format that could carry it over.")
        return records
    before_ms = quiet_before_ms(config.store, SystemClock())
    if before_ms is None:
        raise ConfigError("COLLAB_STORE_REBASE_DAYS is 0, so no document counts as quiet; name one.")
    found = await store.documents()
    return [one for one in found if one.alias.door.startswith(_ROOT_DOOR) and is_quiet(one, before_ms)]


async def _one(rebasing: Rebasing, record: DocumentRecord, ratio: float | None) -> Rebased:
    try:
        return await rebasing.rebase(record, format_of(record.alias.external_id), ratio)
    except CollabError as error:
        return Rebased(Outcome.REFUSED, reason=error.public)


def _told(result: Rebased) -> str:
    sizes = f"[dim]{result.before_bytes} -> {result.after_bytes} bytes[/dim]" if result.before_bytes else ""
    if result.outcome is Outcome.REBASED:
        return f"[green]rebased[/green]  {sizes}"
    return f"[yellow]kept[/yellow]  {result.reason or _WORDS[result.outcome]}  {sizes}"


def _client_id() -> int:
    return secrets.randbits(CLIENT_ID_BITS)
