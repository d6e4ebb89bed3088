"""R1: random edits of all kinds, delivery, disconnects, restarts and kills; every acknowledged edit is there exactly
once, on all replicas.

One seed decides everything. Replay one with `COLLAB_TEST_SEED=<seed> pytest tests/simulation/test_r01_convergence.py`.
"""

from __future__ import annotations

import os
import time

import pytest

from tests.simulation.convergence import run_scenario

SCENARIOS = 1_000
OPERATIONS = 200
BUDGET_S = 60.0
REPLAY = "COLLAB_TEST_SEED={} python -m pytest tests/simulation/test_r01_convergence.py -k convergence"


def seeds(count: int) -> range:
    given = os.environ.get("COLLAB_TEST_SEED")
    return range(count) if given is None else range(int(given), int(given) + 1)


def test_r01_convergence() -> None:
    started = time.process_time()
    done = 0

    for seed in seeds(SCENARIOS):
        run_scenario(seed, OPERATIONS, REPLAY)
        done += 1
        if time.process_time() - started > BUDGET_S:
            break

    print(f"R1: {done} scenarios in {time.process_time() - started:.1f} s of one core")
    assert done == len(seeds(SCENARIOS)) or done >= SCENARIOS // 10


@pytest.mark.soak
def test_r01_convergence_soak() -> None:
    for seed in seeds(100_000):
        run_scenario(seed, OPERATIONS, REPLAY)
