"""Owns waiting for notifications from a local folder: the system's, or by looking at the opened files."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from watchfiles import Change as FileEvent
from watchfiles import awatch

from connectors.base import Change, Version
from connectors.changes import EVERYTHING
from connectors.clock import Clock
from connectors.desktop_locks import is_lock_file
from connectors.errors import ConnectorError, FileMissing
from connectors.local_content import Versions, identity_of
from connectors.local_settings import LocalSettings, WatchMode
from connectors.local_tree import Tree
from connectors.own_work import OwnWork
from connectors.watching import ChangeSorter, Found, Look, RawEvent, SeenPaths

logger = logging.getLogger(__name__)

STEP_MS = 50

Notifications = Callable[[LocalSettings, asyncio.Event], AsyncIterator[set[tuple[FileEvent, str]]]]
Run = Callable[[Callable[[], list[Change]]], Awaitable[list[Change]]]


def system_notifications(settings: LocalSettings, stop: asyncio.Event) -> AsyncIterator[set[tuple[FileEvent, str]]]:
    """Batches from the operating system, empty ones while nothing happens."""
    return awatch(
        settings.root,
        watch_filter=None,
        debounce=settings.watch_debounce_ms,
        step=STEP_MS,
        stop_event=stop,
        rust_timeout=max(STEP_MS, round(settings.watch_grace_s * 500)),
        yield_on_timeout=True,
        recursive=True,
        ignore_permission_denied=True,
        force_polling=False,
    )


class LocalWatch:
    """One watcher of a tree."""

    def __init__(
        self,
        settings: LocalSettings,
        sorter: ChangeSorter,
        poller: Poller,
        clock: Clock,
        *,
        notifications: Notifications = system_notifications,
    ) -> None:
        self.live = asyncio.Event()
        self._settings = settings
        self._sorter = sorter
        self._poller = poller
        self._clock = clock
        self._notifications = notifications
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Let the iteration end."""
        self._stop.set()

    async def changes(self, run: Run) -> AsyncIterator[Sequence[Change]]:
        """Batches of outside changes until stopped; `run` runs blocking work elsewhere."""
        if self._settings.watch_mode is WatchMode.AUTO:
            try:
                async for batch in self._notified(run):
                    yield batch
            except (OSError, RuntimeError) as error:
                logger.warning("watch_falls_back_to_polling error=%s", type(error).__name__)
                yield [EVERYTHING]
        async for batch in self._polled(run):
            yield batch

    async def _notified(self, run: Run) -> AsyncIterator[Sequence[Change]]:
        async for batch in self._notifications(self._settings, self._stop):
            self.live.set()
            events = raw_events(self._settings.root, batch)
            changes = await run(partial(self._sort, events))
            if changes:
                yield changes

    async def _polled(self, run: Run) -> AsyncIterator[Sequence[Change]]:
        await run(self._poll)
        while not self._stop.is_set():
            self.live.set()
            await _wait(self._stop, self._settings.poll_interval_s)
            if self._stop.is_set():
                return
            changes = await run(self._poll)
            if changes:
                yield changes

    def _poll(self) -> list[Change]:
        return self._sort(self._poller.poll())

    def _sort(self, events: list[RawEvent]) -> list[Change]:
        return self._sorter.sort(events, self._clock.monotonic())


class Poller:
    """Looks at every opened file and tells which are in another state than last time."""

    def __init__(self, seen: SeenPaths, look: Callable[[str], Found]) -> None:
        self._seen = seen
        self._look = look
        self._last: dict[str, tuple[int, ...] | None] = {}

    def poll(self) -> list[RawEvent]:
        """One round."""
        events: list[RawEvent] = []
        last: dict[str, tuple[int, ...] | None] = {}
        for path, identity in self._seen.beneath("").items():
            found = self._look(path)
            if found is Look.REFUSED:
                continue
            now = identity_of(found) if isinstance(found, os.stat_result) else None
            before = self._last.get(path, identity)
            if now != before:
                events.append(RawEvent(path, appeared=before is None))
            last[path] = now
        self._last = last
        return events


class Looking:
    """How the sorter looks at paths; a hidden name is none of its business."""

    def __init__(self, tree: Tree, versions: Versions) -> None:
        self._tree = tree
        self._versions = versions

    def look(self, path: str) -> Found:
        try:
            found = self._tree.look(path)
        except FileMissing:
            return Look.MISSING
        except ConnectorError:
            return Look.REFUSED
        return found if stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode) else Look.NO_FILE

    def version_at(self, path: str) -> Version | None:
        try:
            with self._tree.place(path) as place:
                return self._versions.of(place)[0]
        except ConnectorError:
            return None


def sorter_for(
    tree: Tree, versions: Versions, seen: SeenPaths, own_work: OwnWork, settings: LocalSettings
) -> tuple[ChangeSorter, Poller]:
    """The parts of one watcher."""
    looking = Looking(tree, versions)
    sorter = ChangeSorter(
        seen, own_work, look=looking.look, version_at=looking.version_at, grace_s=settings.watch_grace_s
    )
    return sorter, Poller(seen, looking.look)


def raw_events(root: Path, batch: set[tuple[FileEvent, str]]) -> list[RawEvent]:
    """The batch with paths relative to the root; lock files are left out, the rest is sorted out later."""
    events: list[RawEvent] = []
    for kind, name in batch:
        path = os.path.relpath(name, root)
        if path != "." and not is_lock_file(os.path.basename(path)):
            events.append(RawEvent(path, appeared=kind is FileEvent.added))
    return events


async def _wait(stop: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await stop.wait()
    except TimeoutError:
        return
