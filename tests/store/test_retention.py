"""What history is kept."""

from __future__ import annotations

from collab.store.retention import DAY_MS, kept_snapshots, log_horizon


def test_nothing_may_go_while_every_snapshot_is_young() -> None:
    assert log_horizon([(0, 10), (5, 20), (9, 30)], True, cutoff_ms=5) == 0


def test_the_horizon_is_the_newest_snapshot_older_than_the_cutoff() -> None:
    assert log_horizon([(0, 10), (5, 20), (9, 30), (12, 40)], True, cutoff_ms=25) == 5


def test_the_newest_snapshot_of_a_current_history_is_never_the_horizon() -> None:
    assert log_horizon([(0, 10), (5, 20)], True, cutoff_ms=100) == 0
    assert log_horizon([(0, 10), (5, 20), (9, 30)], True, cutoff_ms=100) == 5


def test_of_a_replaced_history_only_the_last_snapshot_stays() -> None:
    ages = [(0, 10), (5, 20), (9, 30)]

    horizon = log_horizon(ages, False, cutoff_ms=100)

    assert horizon == 9
    assert kept_snapshots(ages, horizon) == {9}


def test_a_history_without_snapshots_loses_nothing() -> None:
    assert log_horizon([], True, cutoff_ms=100) == 0
    assert kept_snapshots([], 0) == set()


def test_the_first_and_the_newest_two_and_one_a_day_are_kept() -> None:
    ages = [(seq, seq * DAY_MS // 4) for seq in range(20)]

    assert kept_snapshots(ages, 0) == {0, 3, 7, 11, 15, 18, 19}


def test_snapshots_before_the_horizon_go() -> None:
    assert kept_snapshots([(0, 0), (5, DAY_MS), (9, 2 * DAY_MS), (12, 3 * DAY_MS)], 5) == {5, 9, 12}
