"""Owns when a saver acts: debounce, longest wait, growing distance after failures, checks; pure, time comes in."""

from __future__ import annotations

from collab.config import SaveConfig
from collab.rooms.spread import Spread

RACES_IN_A_ROW = 8
"""So often a save that lost a race is tried again at once."""


def earliest(*dues: float | None) -> float | None:
    """The first of some moments; None is never."""
    return min((due for due in dues if due is not None), default=None)


class Timing:
    """When the next save, check or retry is due. All times are monotonic seconds."""

    def __init__(self, config: SaveConfig, now: float, spread: Spread, *, polls: bool) -> None:
        self._config = config
        self._spread = spread
        self._first_edit: float | None = None
        self._last_edit = now
        self._failures = 0
        self._retry_at: float | None = None
        self._waits_for_edit = False
        self._hurry = False
        self._poll_at = now + spread.of(config.poll_s) if polls else None
        self._check_at: float | None = None

    def edited(self, now: float) -> None:
        """There is something to save."""
        self._last_edit = now
        if self._first_edit is None:
            self._first_edit = now
        if self._waits_for_edit:
            self._waits_for_edit = False
            self._retry_at = None

    def hurry(self) -> None:
        """The next save is due now, even while waiting after a failure."""
        self._hurry = True

    def check(self, now: float) -> None:
        """Look at the storage, a moment from now: who writes a file often writes it in steps."""
        if self._check_at is None:
            self._check_at = now + self._config.debounce_s / 4

    def checked(self, now: float) -> None:
        """The storage was looked at."""
        if self._poll_at is not None:
            self._poll_at = now + self._spread.of(self._config.poll_s)
        self._check_at = None

    def saved(self, now: float, *, dirty: bool) -> None:
        """A save is done; `dirty`: more was edited meanwhile."""
        self._first_edit = now if dirty else None
        self._hurry = False

    def succeeded(self) -> None:
        """Everything that was due worked."""
        self._failures = 0
        self._retry_at = None
        self._waits_for_edit = False
        self._hurry = False

    def failed(self, now: float, *, until_edited: bool) -> None:
        """Something did not work; `until_edited`: it cannot before somebody edits, so an edit ends the waiting."""
        delay_s = min(self._config.retry_min_s * 2 ** min(self._failures, 30), self._config.retry_max_s)
        self._failures += 1
        self._retry_at = now + self._spread.of(delay_s)
        self._waits_for_edit = until_edited
        self._hurry = False

    def save_due(self, now: float) -> bool:
        """Whether a save is due."""
        at = self._save_at()
        return at is not None and now >= at

    def check_due(self, now: float) -> bool:
        """Whether the storage is to be looked at."""
        at = self._next_check()
        return at is not None and now >= at

    def due(self, *, dirty: bool, lock_due: float | None) -> float | None:
        """When something is due next; None: nothing until somebody calls."""
        dues = [self._save_at() if dirty else None, self._next_check(), lock_due, self._retry_at]
        return min((due for due in dues if due is not None), default=None)

    def _save_at(self) -> float | None:
        if self._hurry:
            return float("-inf")
        first_edit = self._last_edit if self._first_edit is None else self._first_edit
        wanted = min(self._last_edit + self._config.debounce_s, first_edit + self._config.max_wait_s)
        return wanted if self._retry_at is None else max(wanted, self._retry_at)

    def _next_check(self) -> float | None:
        dues = [due for due in (self._check_at, self._poll_at) if due is not None]
        if not dues:
            return None
        return min(dues) if self._retry_at is None else max(min(dues), self._retry_at)
