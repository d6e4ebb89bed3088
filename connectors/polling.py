"""Owns noticing outside changes of a storage that tells nobody: looks at the folders of known files from time to time.

One listing per folder and round, however many of its files are open; folders that were not used of late are looked at
less often. What it reports is a hint: a file that we wrote ourselves may be among it, and whoever cares looks at its
version.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from connectors.base import Change, ChangeKind
from connectors.changes import ChangeFeed
from connectors.clock import Clock, SystemClock
from connectors.errors import ConnectorError, FileMissing, NotAFile
from connectors.paths import is_beneath, parent_of, rebase_path

MAX_PAUSE_S = 60.0
LATELY_S = 900.0
QUIET_ROUNDS = 20
"""A folder none of whose files was used lately is looked at in every so-manieth round only."""
FORGOTTEN_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A file in a listing: what changes when its content does, and its id where the storage has one."""

    signature: Hashable
    stable_id: str | None = None


ListFolder: TypeAlias = Callable[[str], Awaitable[Mapping[str, Seen]]]
"""The files of a folder, by path. Raises: ConnectorError."""


class Polling:
    """The files that somebody uses, and the watches on them."""

    def __init__(self, list_folder: ListFolder, poll_s: float, capacity: int, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._used_at: dict[str, float] = {}
        self._rounds = 0
        self._list_folder = list_folder
        self._poll_s = poll_s
        self._capacity = capacity
        self._known: OrderedDict[str, Seen | None] = OrderedDict()
        self._closed = asyncio.Event()

    def note(self, path: str) -> None:
        """Somebody uses this file: follow it from the next round on."""
        if path not in self._known:
            self._known[path] = None
        self._known.move_to_end(path)
        self._used_at[path] = self._clock.monotonic()
        if len(self._known) > self._capacity:
            self._drop(next(iter(self._known)))

    def moved(self, path: str, new_path: str) -> None:
        """We moved a file or folder."""
        for known in [known for known in self._known if is_beneath(known, path)]:
            moved = rebase_path(known, path, new_path)
            self._known[moved] = self._known.pop(known)
            self._used_at[moved] = self._used_at.pop(known)

    def forget(self, path: str) -> None:
        """We deleted a file or folder."""
        for known in [known for known in self._known if is_beneath(known, path)]:
            self._drop(known)

    def close(self) -> None:
        """End all watches."""
        self._closed.set()

    def watch(self) -> AsyncIterator[Sequence[Change]]:
        """Changes as they are found, until closed."""
        return self._watch()

    async def _watch(self) -> AsyncIterator[Sequence[Change]]:
        pause_s = self._poll_s
        while not await self._closing(pause_s):
            changes, failed = await self.look()
            pause_s = min(pause_s * 2, MAX_PAUSE_S) if failed else self._poll_s
            if changes:
                yield changes

    async def look(self) -> tuple[Sequence[Change], bool]:
        """One round over all folders: what changed, and whether a folder could not be looked at."""
        feed = ChangeFeed()
        failed = False
        for folder in self._due():
            if self._closed.is_set():
                break
            try:
                found = await self._list_folder(folder)
            except (FileMissing, NotAFile):
                found = {}
            except ConnectorError:
                failed = True
                continue
            feed.publish(self._compare(folder, found))
        feed.close()
        return [change async for batch in feed for change in batch], failed

    def _compare(self, folder: str, found: Mapping[str, Seen]) -> list[Change]:
        by_id = {seen.stable_id: path for path, seen in found.items() if seen.stable_id is not None}
        changes: list[Change] = []
        for path in [path for path in self._known if parent_of(path) == folder]:
            before, now = self._known[path], found.get(path)
            if now is not None:
                self._known[path] = now
                if before is not None and before.signature != now.signature:
                    changes.append(Change(ChangeKind.CHANGED, path))
            elif before is not None:  # seen once: gone now
                new_path = by_id.get(before.stable_id) if before.stable_id is not None else None
                self._drop(path)
                if new_path is None:
                    changes.append(Change(ChangeKind.DELETED, path))
                else:
                    self.note(new_path)
                    self._known[new_path] = found[new_path]
                    changes.append(Change(ChangeKind.MOVED, path, new_path))
        return changes

    def _due(self) -> list[str]:
        """The folders of this round."""
        now = self._clock.monotonic()
        for path in [path for path, used_at in self._used_at.items() if now - used_at > FORGOTTEN_S]:
            self._drop(path)
        all_of_them = self._rounds % QUIET_ROUNDS == 0
        self._rounds += 1
        used = (path for path, used_at in self._used_at.items() if all_of_them or now - used_at <= LATELY_S)
        return sorted({parent_of(path) for path in used})

    def _drop(self, path: str) -> None:
        del self._known[path]
        del self._used_at[path]

    async def _closing(self, pause_s: float) -> bool:
        try:
            async with asyncio.timeout(pause_s):
                await self._closed.wait()
        except TimeoutError:
            return False
        return True
