"""What history is kept."""

from __future__ import annotations

from collab.store.retention import DAY_MS, WEEK_MS, Cutoffs, kept_snapshots, log_horizon


def test_nothing_may_go_while_every_snapshot_is_young() -> None:
    assert log_horizon([(0, 10), (5, 20), (9, 30)], True, cutoff_ms=5) == 0


def test_the_horizon_is_the_newest_snapshot_older_than_the_cutoff() -> None:
    assert log_horizon([(0, 10), (5, 20), (9, 30), (12, 40)], True, cutoff_ms=25) == 5


def test_the_newest_snapshot_of_a_current_history_is_never_the_horizon() -> None:
    assert log_horizon([(0, 10), (5, 20)], True, cutoff_ms=100) == 0
    assert log_horizon([(0, 10), (5, 20), (9, 30)], True, cutoff_ms=100) == 5


def test_of_a_replaced_history_the_last_snapshot_stays_for_ever() -> None:
    ages = [(0, 10), (5, 20), (9, 30)]

    horizon = log_horizon(ages, False, cutoff_ms=100)

    assert horizon == 9
    assert kept_snapshots(ages, horizon, points_ms=1000) == {9}


def test_a_history_without_snapshots_loses_nothing() -> None:
    assert log_horizon([], True, cutoff_ms=100) == 0
    assert kept_snapshots([], 0) == set()


def test_the_first_and_the_newest_two_and_one_a_day_are_kept() -> None:
    ages = [(seq, seq * DAY_MS // 4) for seq in range(20)]

    assert kept_snapshots(ages, 0) == {0, 3, 7, 11, 15, 18, 19}


def test_before_the_horizon_one_snapshot_a_week_is_left_until_it_is_too_old() -> None:
    ages = [(seq, seq * DAY_MS) for seq in range(30)]

    assert kept_snapshots(ages, 28) == {6, 13, 20, 27, 28, 29}
    assert kept_snapshots(ages, 28, points_ms=2 * WEEK_MS) == {20, 27, 28, 29}


def test_named_snapshots_are_never_too_old() -> None:
    ages = [(seq, seq * DAY_MS) for seq in range(30)]

    assert kept_snapshots(ages, 28, {3, 28, 99}, points_ms=100 * DAY_MS) == {3, 28, 29}


def test_points_outlive_the_log() -> None:
    assert Cutoffs.at(100 * DAY_MS, retention_days=30.0, point_days=90.0) == Cutoffs(70 * DAY_MS, 10 * DAY_MS)
    assert Cutoffs.at(100 * DAY_MS, retention_days=30.0, point_days=1.0) == Cutoffs(70 * DAY_MS, 70 * DAY_MS)
