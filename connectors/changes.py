"""Owns the queue between a storage that sees changes and the one who watches; knows no storage.

The queue is coalesced and bounded: when it would overflow it collapses to one `CHANGED` of the root, which
means "look at everything again".
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from connectors.base import Change, ChangeKind

PENDING_CHANGES = 1000
EVERYTHING = Change(ChangeKind.CHANGED, "")


class ChangeFeed:
    """One watcher's changes; an asynchronous iterator of batches that ends when it is closed."""

    def __init__(self) -> None:
        self._pending: list[Change] = []
        self._ready = asyncio.Event()
        self._closed = False

    def publish(self, changes: Iterable[Change]) -> None:
        """Queue what was seen; never blocks."""
        for change in changes:
            self._add(change)
        if self._pending:
            self._ready.set()

    def close(self) -> None:
        """Let the watcher end after what is queued."""
        self._closed = True
        self._ready.set()

    def __aiter__(self) -> ChangeFeed:
        return self

    async def __anext__(self) -> Sequence[Change]:
        await self._ready.wait()
        if not self._pending:
            raise StopAsyncIteration
        batch, self._pending = self._pending, []
        if not self._closed:
            self._ready.clear()
        return batch

    def _add(self, change: Change) -> None:
        if self._pending == [EVERYTHING]:
            return
        if change.kind is not ChangeKind.MOVED:
            self._forget_older(change.path)
        self._pending.append(change)
        if len(self._pending) > PENDING_CHANGES:
            self._pending = [EVERYTHING]

    def _forget_older(self, path: str) -> None:
        # A later word about a path replaces an earlier one, but never across a move of it.
        for index in range(len(self._pending) - 1, -1, -1):
            older = self._pending[index]
            if older.kind is ChangeKind.MOVED and path in (older.path, older.new_path):
                return
            if older.path == path:
                del self._pending[index]
                return
