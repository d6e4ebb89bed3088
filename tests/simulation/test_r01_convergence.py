"""R1: random edits of all kinds, delivery, disconnects, restarts and kills; every acknowledged edit is there exactly
once, on all replicas.

One seed decides everything. Replay one with
`COLLAB_TEST_SEED=<seed> pytest 'tests/simulation/test_r01_convergence.py::test_r01_convergence[0]'`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from tests.blocks import in_blocks
from tests.simulation.convergence import run_scenario

BLOCKS, SCENARIOS = 20, 50
OPERATIONS = 200
REPLAY = "COLLAB_TEST_SEED={} python -m pytest 'tests/simulation/test_r01_convergence.py::test_r01_convergence[0]'"


def seeds(first: int, count: int) -> Sequence[int]:
    given = os.environ.get("COLLAB_TEST_SEED")
    return range(first, first + count) if given is None else [int(given)]


@pytest.mark.parametrize("block", in_blocks(BLOCKS))
def test_r01_convergence(block: int) -> None:
    for seed in seeds(block * SCENARIOS, SCENARIOS):
        run_scenario(seed, OPERATIONS, REPLAY)


@pytest.mark.soak
def test_r01_convergence_soak() -> None:
    for seed in seeds(0, 100_000):
        run_scenario(seed, OPERATIONS, REPLAY)
