"""Owns what raw notifications mean: which are our own work, which are a change, a deletion or a move; does no waiting.

Notifications only say where to look; what counts is what stands there now. A path that is away is given a moment
to come back, since many applications save by renaming. A move is reported on strong evidence only: away at the
old place, and the very same file state appeared at the new one.
"""

from __future__ import annotations

import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from connectors.base import Change, ChangeKind, Version
from connectors.local_content import Identity, identity_of
from connectors.own_work import OwnWork
from connectors.paths import is_beneath, rebase_path


class Look(Enum):
    """What else than a file or folder a look at a path may find."""

    MISSING = "missing"
    REFUSED = "refused"
    NO_FILE = "no file"
    """A link or a device."""


Found = os.stat_result | Look


@dataclass(frozen=True, slots=True)
class RawEvent:
    """Something happened at a path; `appeared` if a name was added."""

    path: str
    appeared: bool


class SeenPaths:
    """The last known state of the files that callers opened: bounded, for several threads."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._seen: OrderedDict[str, Identity] = OrderedDict()
        self._guard = threading.Lock()

    def __contains__(self, path: str) -> bool:
        with self._guard:
            return path in self._seen

    def note(self, path: str, found: os.stat_result) -> None:
        """A file was seen in this state."""
        with self._guard:
            self._seen.pop(path, None)
            self._seen[path] = identity_of(found)
            if len(self._seen) > self._capacity:
                self._seen.popitem(last=False)

    def refresh(self, path: str, found: os.stat_result) -> None:
        """A known file is in another state; unknown ones stay unknown."""
        with self._guard:
            if path in self._seen:
                self._seen[path] = identity_of(found)

    def beneath(self, path: str) -> dict[str, Identity]:
        """The known files at or under a path."""
        with self._guard:
            return {known: identity for known, identity in self._seen.items() if is_beneath(known, path)}

    def move(self, path: str, new_path: str) -> None:
        """What was known at or under a path is now there."""
        for known, identity in self.beneath(path).items():
            with self._guard:
                self._seen.pop(known, None)
                self._seen[rebase_path(known, path, new_path)] = identity

    def forget(self, path: str) -> None:
        """Nothing is known at or under a path any more."""
        for known in self.beneath(path):
            with self._guard:
                self._seen.pop(known, None)


class ChangeSorter:
    """Turns raw events into changes; time comes in as an argument."""

    def __init__(
        self,
        seen: SeenPaths,
        own_work: OwnWork,
        *,
        look: Callable[[str], Found],
        version_at: Callable[[str], Version | None],
        grace_s: float,
    ) -> None:
        self._seen = seen
        self._own_work = own_work
        self._look = look
        self._version_at = version_at
        self._grace_s = grace_s
        self._away: dict[str, float] = {}
        self._appeared: dict[str, float] = {}
        self._held: dict[str, str] = {}

    def sort(self, events: Iterable[RawEvent], now: float) -> list[Change]:
        """What these events and the time since the last ones come to; call it with no events from time to time."""
        by_path: dict[str, bool] = {}
        for event in events:
            by_path[event.path] = by_path.get(event.path, False) or event.appeared
        found = {path: self._look(path) for path in sorted(by_path)}
        for path, state in found.items():
            if state is Look.MISSING:
                self._note_away(path, now)
        changes: list[Change] = []
        for path, state in found.items():
            if isinstance(state, os.stat_result):
                changes.extend(self._note_present(path, state, by_path[path], now))
            elif state is Look.NO_FILE and path in self._seen:
                changes.append(Change(ChangeKind.CHANGED, path))  # in the place of a file that was opened
        changes.extend(self._decide(now))
        return changes

    def _note_away(self, path: str, now: float) -> None:
        self._appeared.pop(path, None)
        if not self._own_work.is_removed(path):
            self._away.setdefault(path, now + self._grace_s)

    def _note_present(self, path: str, found: os.stat_result, appeared: bool, now: float) -> list[Change]:
        came_back = self._away.pop(path, None) is not None
        if self._is_own(path, found):
            self._seen.refresh(path, found)
            return []
        if stat.S_ISDIR(found.st_mode) and not (appeared or came_back or path in self._seen):
            return []  # only its times changed
        self._own_work.forget(path)
        if appeared:
            self._appeared[path] = now + 2 * self._grace_s
            origin = self._origin_of(path)
            if origin is not None:
                self._held[path] = origin
                return []
        self._seen.refresh(path, found)
        return [Change(ChangeKind.CHANGED, path)]

    def _is_own(self, path: str, found: os.stat_result) -> bool:
        mark = self._own_work.mark(path)
        if mark is None or mark.gone:
            return False
        if mark.version is not None:
            return stat.S_ISREG(found.st_mode) and self._version_at(path) == mark.version
        return mark.is_at(found)

    def _decide(self, now: float) -> list[Change]:
        changes: list[Change] = []
        for path in sorted(path for path, deadline in self._away.items() if deadline <= now):
            if path in self._away:  # a folder's move or deletion settles what was beneath it
                changes.extend(self._decide_away(path))
        for path in [path for path, origin in self._held.items() if origin not in self._away]:
            del self._held[path]
            changes.append(Change(ChangeKind.CHANGED, path))
        self._appeared = {path: deadline for path, deadline in self._appeared.items() if deadline > now}
        return changes

    def _decide_away(self, path: str) -> list[Change]:
        del self._away[path]
        if self._look(path) is not Look.MISSING:
            return [Change(ChangeKind.CHANGED, path)]
        for new_path in self._appeared:
            if self._is_same(path, new_path):
                self._settle_beneath(path)
                self._held.pop(new_path, None)
                self._seen.move(path, new_path)
                return [Change(ChangeKind.MOVED, path, new_path)]
        self._settle_beneath(path)
        self._seen.forget(path)
        return [Change(ChangeKind.DELETED, path)]

    def _settle_beneath(self, path: str) -> None:
        for inner in [inner for inner in self._away if is_beneath(inner, path)]:
            del self._away[inner]

    def _origin_of(self, new_path: str) -> str | None:
        return next((path for path in self._away if self._is_same(path, new_path)), None)

    def _is_same(self, path: str, new_path: str) -> bool:
        """Whether a known file of the old path is, in the very same state, at its place under the new one."""
        if is_beneath(new_path, path):
            return False
        return any(
            self._state_at(rebase_path(known, path, new_path)) == identity[:4]
            for known, identity in self._seen.beneath(path).items()
        )

    def _state_at(self, path: str) -> tuple[int, ...] | None:
        # The time of the last change of the inode is left out: a rename sets it.
        found = self._look(path)
        return identity_of(found)[:4] if isinstance(found, os.stat_result) else None
