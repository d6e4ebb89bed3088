"""Owns what is known of one seat: who sits in it, since when, and when a successor may sit down. Starts no process."""

from __future__ import annotations

from collab.clock import Clock
from collab.node.placement import Seat
from collab.supervisor.process import WorkerProcess

HEALTHY_S = 1.0
"""A worker that served so long is replaced at once."""
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0
LONGEST_PAUSE_OF_READY_S = 0.5
"""A worker that dies young, but did serve, is needed back soon."""


class Chair:
    """One seat of the node, seen by the supervisor."""

    def __init__(self, seat: Seat, clock: Clock) -> None:
        self.seat = seat
        self._clock = clock
        self.worker: WorkerProcess | None = None
        self.ready_at: float | None = None
        """When the worker of now began to serve."""
        self.start_at = 0.0
        """No successor before (monotonic)."""
        self.pause_s = 0.0

    @property
    def ready(self) -> bool:
        return self.worker is not None and self.ready_at is not None

    @property
    def may_start(self) -> bool:
        """Whether a worker may sit down now."""
        return self.worker is None and self._clock.monotonic() >= self.start_at

    def seat_worker(self, worker: WorkerProcess) -> None:
        """A worker sits down; it does not serve yet."""
        self.worker, self.ready_at = worker, None

    def note_ready(self) -> None:
        """The worker serves."""
        self.ready_at = self._clock.monotonic()

    def note_end(self) -> None:
        """The worker is gone; when it ended by itself, its successor may have to wait."""
        self.pause_s = self.next_pause()
        self.start_at = self._clock.monotonic() + self.pause_s
        self.worker, self.ready_at = None, None

    def next_pause(self) -> float:
        """Seconds to wait before the next start: none after a healthy life, else twice the last ones.

        So a start that is broken does not burn the machine.
        """
        longest = LONGEST_PAUSE_S
        if self.ready_at is not None:
            if self._clock.monotonic() - self.ready_at >= HEALTHY_S:
                return 0.0
            longest = LONGEST_PAUSE_OF_READY_S
        return min(max(FIRST_PAUSE_S, self.pause_s * 2), longest)
