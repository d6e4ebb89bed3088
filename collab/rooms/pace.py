"""Owns when the people of a room are told of each other's presence, and of whom first; pure, time comes in.

In a small room at once. In a large one presence goes out in frames at a human rate, each within a budget, so that it
does not cost more than the text:

    frames     with the text of a turn or alone, at most `frames_per_second`; alone also at most
               `deliveries_per_second` for all recipients together
    budget     `bytes_per_second` for each recipient
    order      who came or went; who types (at most half of the budget); who waits too long; who was shown longest ago;
               mere signs of life

Who came or went waits for one frame at most, anything else for `LATEST_S` and a frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from collab.config import PresenceConfig
from collab.protocol.awareness import Change

LATEST_S = 8.0
"""y-protocols, awareness: a living client renews its clock every 15 to 18 s and is given up 30 s after the last one
that the others saw. 18 + 8 leaves 4 s for the way."""
BURST_S = 1.0
"""The budget of so much time may be saved up, or owed."""
NEVER = float("-inf")


class Pace:
    """Which client ids wait, and which of them are next. All times are monotonic seconds."""

    def __init__(self, config: PresenceConfig) -> None:
        self._config = config
        self._waiting: dict[Change, dict[int, float]] = {change: {} for change in Change}
        """Client id -> since when it waits, oldest first; each is in one of them."""
        self._shown_at: dict[int, float] = {}
        self._framed_at = NEVER
        self._budget_bytes = 0.0

    @property
    def waits(self) -> bool:
        """Whether anybody waits."""
        return any(self._waiting.values())

    def changed(self, client_id: int, change: Change, now: float) -> None:
        """Everybody is to be told of a client id."""
        since = now
        for waits_as, waiting in self._waiting.items():
            if client_id in waiting:
                if waits_as <= change:
                    return
                since = waiting.pop(client_id)
        self._waiting[change][client_id] = since

    def forget(self, client_id: int) -> None:
        """Everybody was told that a client id is gone."""
        self._shown_at.pop(client_id, None)

    def due(self, now: float, recipients: int) -> float | None:
        """When `take` has something to give; None: nobody waits."""
        if not any(self._waiting.values()):
            return None
        if recipients <= self._config.small_room:
            return now
        frame_at = self._next_frame(recipients)
        renewed = self._waiting[Change.RENEWED]
        if any(waiting for waiting in self._waiting.values() if waiting is not renewed):
            return frame_at
        return max(frame_at, next(iter(renewed.values())) + LATEST_S)

    def take(
        self,
        now: float,
        recipients: int,
        *,
        with_text: bool,
        types: Callable[[int], bool],
        size_bytes: Callable[[int], int],
    ) -> list[int]:
        """The client ids of the next frame, maybe none. `types`: whether its person types."""
        due = self.due(now, recipients)
        if due is None:
            return []
        if recipients <= self._config.small_room:
            chosen = [client_id for waiting in self._waiting.values() for client_id in waiting]
        elif now >= (self._framed_at + 1 / self._config.frames_per_second if with_text else due):
            chosen = self._choose(now, types, size_bytes)
        else:
            return []
        for client_id in chosen:
            self._shown_at[client_id] = now
            for waiting in self._waiting.values():
                waiting.pop(client_id, None)
        self._framed_at = now
        return chosen

    def _next_frame(self, recipients: int) -> float:
        config = self._config
        return self._framed_at + max(1 / config.frames_per_second, recipients / config.deliveries_per_second)

    def _choose(self, now: float, types: Callable[[int], bool], size_bytes: Callable[[int], int]) -> list[int]:
        """The frame of a large room."""
        rate = self._config.bytes_per_second
        left = min(rate * BURST_S, self._budget_bytes + (now - self._framed_at) * rate)
        chosen: dict[int, None] = {}

        def spend(client_ids: Iterable[int], keep: float = NEVER) -> None:
            nonlocal left
            for client_id in client_ids:
                if left <= keep:
                    return
                if client_id not in chosen:
                    chosen[client_id] = None
                    left -= size_bytes(client_id)

        moved, renewed = self._waiting[Change.MOVED], self._waiting[Change.RENEWED]
        longest_ago_first = sorted(moved, key=lambda client_id: self._shown_at.get(client_id, NEVER))
        too_long = now - LATEST_S
        spend(self._waiting[Change.CAME_OR_WENT])
        spend(filter(types, longest_ago_first), keep=left / 2)
        spend(client_id for waits in (moved, renewed) for client_id, since in waits.items() if since <= too_long)
        spend(longest_ago_first, keep=0)
        spend(renewed, keep=0)
        self._budget_bytes = max(left, -rate * BURST_S)
        return list(chosen)
