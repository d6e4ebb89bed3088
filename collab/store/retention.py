"""Owns the rule of what history is kept; plain arithmetic on snapshots, knows no database.

A snapshot at `seq` was taken after every update up to `seq`, so once the snapshot itself is older than the
retention, all of these updates are. The newest such snapshot becomes the beginning of the kept history: everything
before it goes, and everything behind it can still be rebuilt step by step. To have such a snapshot when the time
comes, one a day is kept beside the newest two.
"""

from __future__ import annotations

from collections.abc import Sequence

DAY_MS = 86_400_000
NEWEST_KEPT = 2

SnapshotAge = tuple[int, int]
"""(seq, at_ms)"""


def log_horizon(snapshots: Sequence[SnapshotAge], is_current: bool, cutoff_ms: int) -> int:
    """The seq up to which updates may be dropped: that of the newest snapshot older than the cutoff.

    0 when nothing may go. Of a current history the newest two snapshots stay, so that one may be damaged.
    """
    ordered = sorted(snapshots)
    candidates = ordered[: 1 - NEWEST_KEPT] if is_current else ordered
    return max((seq for seq, at_ms in candidates if at_ms <= cutoff_ms), default=0)


def kept_snapshots(snapshots: Sequence[SnapshotAge], horizon: int) -> set[int]:
    """The seqs of the snapshots to keep: the newest two, the horizon's, the oldest, and the last one of each day."""
    behind = [snapshot for snapshot in sorted(snapshots) if snapshot[0] >= horizon]
    by_day = {at_ms // DAY_MS: seq for seq, at_ms in behind}
    newest = [seq for seq, _ in behind[-NEWEST_KEPT:]]
    return {*by_day.values(), *newest, *(seq for seq, _ in behind[:1])}
