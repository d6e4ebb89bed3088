"""Owns the table of scenarios by name."""

from __future__ import annotations

from collections.abc import Mapping

from loadtest.scenarios.base import Scenario
from loadtest.scenarios.closed import FAN_OUT, LOCK_STEP
from loadtest.scenarios.people import MIXED_DAY, REPLAY, SLOW_READERS
from loadtest.scenarios.steady import BIG_ROOM, CLASS, LECTURE, OFFICES, OFFICES_X5
from loadtest.scenarios.storms import IDLE, JOIN_STORM, RECONNECT_STORM

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        FAN_OUT,
        LOCK_STEP,
        OFFICES,
        OFFICES_X5,
        BIG_ROOM,
        LECTURE,
        CLASS,
        JOIN_STORM,
        IDLE,
        RECONNECT_STORM,
        SLOW_READERS,
        REPLAY,
        MIXED_DAY,
    )
}
