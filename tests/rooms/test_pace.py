"""When the people of a room are told of each other, and of whom first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from collab.config import PresenceConfig
from collab.protocol.awareness import Change
from collab.rooms.pace import LATEST_S, Pace

CONFIG = PresenceConfig(
    small_room=20, frames_per_second=10.0, deliveries_per_second=2_000.0, bytes_per_second=10_000, lively_s=10.0
)
LARGE = 500
"""Recipients; alone, presence goes out every 0.25 s then."""
ENTRY_BYTES = 200


def nobody(client_id: int) -> bool:
    return False


def take(
    pace: Pace,
    now: float,
    recipients: int = LARGE,
    *,
    with_text: bool = False,
    types: Callable[[int], bool] = nobody,
) -> list[int]:
    return pace.take(now, recipients, with_text=with_text, types=types, size_bytes=lambda client_id: ENTRY_BYTES)


def large_room(client_ids: range) -> Pace:
    """Everybody came, and everybody was told of that, long ago."""
    pace = Pace(CONFIG)
    for client_id in client_ids:
        pace.changed(client_id, Change.CAME_OR_WENT, -100.0)
    assert len(take(pace, -100.0)) == len(client_ids)
    return pace


def run(
    pace: Pace, seconds: float, act: Callable[[float], None], types: Callable[[int], bool] = nobody
) -> Counter[int]:
    """Let `act` change something every 20 ms; how often each client id was told."""
    told: Counter[int] = Counter()
    for tick in range(int(seconds * 50)):
        now = tick / 50
        act(now)
        told.update(take(pace, now, types=types))
    return told


# -- small rooms --


def test_in_a_small_room_everything_goes_out_at_once() -> None:
    pace = Pace(CONFIG)

    for number, change in enumerate([Change.CAME_OR_WENT, Change.MOVED, Change.RENEWED] * 3):
        pace.changed(number, change, 1.0)

    assert pace.due(1.0, CONFIG.small_room) == 1.0
    assert sorted(take(pace, 1.0, CONFIG.small_room)) == list(range(9))
    assert pace.due(1.0, CONFIG.small_room) is None


def test_what_waits_in_a_room_that_becomes_small_goes_out_at_once() -> None:
    pace = large_room(range(500))
    pace.changed(7, Change.MOVED, 0.0)
    take(pace, 0.0)
    pace.changed(7, Change.MOVED, 0.01)
    assert take(pace, 0.02) == []

    assert take(pace, 0.02, recipients=20) == [7]


# -- frames --


@pytest.mark.parametrize(("recipients", "interval_s"), [(21, 0.1), (200, 0.1), (500, 0.25), (2_000, 1.0)])
def test_alone_presence_goes_out_at_a_rate_that_falls_with_the_recipients(recipients: int, interval_s: float) -> None:
    pace = Pace(CONFIG)
    pace.changed(1, Change.CAME_OR_WENT, 0.0)
    take(pace, 0.0, recipients)

    pace.changed(1, Change.MOVED, 0.01)

    assert pace.due(0.01, recipients) == pytest.approx(interval_s)
    assert take(pace, interval_s - 0.01, recipients) == []
    assert take(pace, interval_s + 0.001, recipients) == [1]


def test_text_takes_presence_along_though_not_with_every_keystroke() -> None:
    pace = large_room(range(500))
    pace.changed(1, Change.MOVED, 0.0)
    take(pace, 0.0)
    pace.changed(1, Change.MOVED, 0.01)

    assert take(pace, 0.05, with_text=True) == []
    assert take(pace, 0.11, with_text=False) == []
    assert take(pace, 0.11, with_text=True) == [1]


def test_who_came_or_went_is_in_the_next_frame_even_when_the_budget_is_spent() -> None:
    pace = large_room(range(500))
    for client_id in range(500):
        pace.changed(client_id, Change.MOVED, 0.0)
    take(pace, 0.0)
    for client_id in range(300):
        pace.changed(client_id, Change.CAME_OR_WENT, 0.01)

    told = take(pace, 0.26)

    assert set(range(300)) <= set(told)


def test_signs_of_life_alone_make_no_frame_until_one_is_due() -> None:
    pace = large_room(range(500))
    pace.changed(1, Change.RENEWED, 0.0)
    pace.changed(2, Change.RENEWED, 1.0)

    assert pace.due(1.0, LARGE) == pytest.approx(LATEST_S)
    assert take(pace, LATEST_S - 0.1) == []
    assert sorted(take(pace, LATEST_S)) == [1, 2]


# -- budget and order --


def test_a_crowd_that_moves_all_the_time_stays_within_the_budget_and_everybody_is_shown() -> None:
    pace = large_room(range(300))

    def all_move(now: float) -> None:
        for client_id in range(300):
            pace.changed(client_id, Change.MOVED, now)

    told = run(pace, 30.0, all_move)

    frame_bytes = ENTRY_BYTES  # the last entry of a frame may go beyond the budget, and is owed by the next one
    assert told.total() * ENTRY_BYTES <= CONFIG.bytes_per_second * 31 + frame_bytes
    assert told.total() * ENTRY_BYTES >= CONFIG.bytes_per_second * 29
    assert max(told.values()) - min(told.values()) <= 1, "thinned out evenly"
    assert len(told) == 300


def test_whoever_types_is_shown_with_every_frame_and_leaves_half_of_the_budget_to_the_others() -> None:
    pace = large_room(range(200))

    def all_move(now: float) -> None:
        for client_id in range(200):
            pace.changed(client_id, Change.MOVED, now)

    told = run(pace, 20.0, all_move, types=lambda client_id: client_id < 5)

    assert min(told[client_id] for client_id in range(5)) >= 20 / 0.26 - 1, "0.25 s in steps of 0.02 s"
    others = told.total() - sum(told[client_id] for client_id in range(5))
    assert others * ENTRY_BYTES >= CONFIG.bytes_per_second * 20 / 2


def test_whoever_moves_for_the_first_time_in_a_while_goes_before_those_who_always_move() -> None:
    pace = large_room(range(300))

    def most_move(now: float) -> None:
        for client_id in range(200):
            pace.changed(client_id, Change.MOVED, now)

    run(pace, 10.0, most_move)
    pace.changed(250, Change.MOVED, 10.0)

    assert 250 in [*take(pace, 10.0), *take(pace, 10.25)]


def test_nobody_waits_longer_than_the_longest_time_and_a_frame() -> None:
    crowd = 2_000
    pace = Pace(CONFIG)
    for client_id in range(crowd):
        pace.changed(client_id, Change.CAME_OR_WENT, 0.0)
    take(pace, 0.0, crowd)
    waiting: dict[int, float] = {}
    worst = 0.0

    for tick in range(1, 60 * 10):
        now = tick / 10
        for client_id in range(crowd):
            pace.changed(client_id, Change.MOVED, now)
            waiting.setdefault(client_id, now)
        for client_id in take(pace, now, crowd):
            worst = max(worst, now - waiting.pop(client_id))

    assert worst <= LATEST_S + 1.0 + 0.1, "a frame of 2,000 recipients is due every second"


def test_a_sign_of_life_does_not_hide_that_somebody_moved() -> None:
    pace = large_room(range(500))
    pace.changed(1, Change.RENEWED, 0.0)
    pace.changed(1, Change.MOVED, 0.1)
    pace.changed(1, Change.RENEWED, 0.2)

    assert take(pace, 0.3) == [1]
    assert pace.due(0.3, LARGE) is None
