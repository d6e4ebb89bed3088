"""Owns the rule of what history is kept; plain arithmetic on snapshots, knows no database.

A snapshot at `seq` was taken after every update up to `seq`, so once the snapshot itself is older than the
retention, all of these updates are. The newest such snapshot becomes the beginning of the kept history: everything
before it goes, and everything behind it can still be rebuilt step by step. To have such a snapshot when the time
comes, one a day is kept beside the newest two. Of what lies before the horizon only points remain: one snapshot a
week until it is too old, and those that a person named.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
NEWEST_KEPT = 2

SnapshotAge = tuple[int, int]
"""(seq, at_ms)"""


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """The log is kept in full since `log_ms`, automatic points since `points_ms`."""

    log_ms: int
    points_ms: int

    @classmethod
    def at(cls, at_ms: int, retention_days: float, point_days: float) -> Cutoffs:
        """Those of a moment. Points outlive the log."""
        oldest_days = max(retention_days, point_days)
        return cls(at_ms - round(retention_days * DAY_MS), at_ms - round(oldest_days * DAY_MS))


def log_horizon(snapshots: Sequence[SnapshotAge], is_current: bool, cutoff_ms: int) -> int:
    """The seq up to which updates may be dropped: that of the newest snapshot older than the cutoff.

    0 when nothing may go. Of a current history the newest two snapshots stay, so that one may be damaged.
    """
    ordered = sorted(snapshots)
    candidates = ordered[: 1 - NEWEST_KEPT] if is_current else ordered
    return max((seq for seq, at_ms in candidates if at_ms <= cutoff_ms), default=0)


def kept_snapshots(
    snapshots: Sequence[SnapshotAge], horizon: int, named: Set[int] = frozenset(), points_ms: int = 0
) -> set[int]:
    """The seqs of the snapshots to keep: the newest two, the horizon's, the oldest, the last one of each day, before
    the horizon the last one of each week since `points_ms`, and those at the seqs `named`."""
    ordered = sorted(snapshots)
    behind = [snapshot for snapshot in ordered if snapshot[0] >= horizon]
    points = [snapshot for snapshot in ordered if snapshot[0] < horizon and snapshot[1] >= points_ms]
    by_day = {at_ms // DAY_MS: seq for seq, at_ms in behind}
    by_week = {at_ms // WEEK_MS: seq for seq, at_ms in points}
    newest = [seq for seq, _ in behind[-NEWEST_KEPT:]]
    marked = [seq for seq, _ in ordered if seq in named]
    return {*by_day.values(), *by_week.values(), *newest, *(seq for seq, _ in behind[:1]), *marked}
