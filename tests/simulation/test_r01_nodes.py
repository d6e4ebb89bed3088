"""R1 on three nodes: random edits, a network that loses, doubles, delays and splits, nodes that die; every acknowledged
edit is there exactly once, at all nodes and in the file.

Replay one seed with `COLLAB_TEST_SEED=<seed> pytest 'tests/simulation/test_r01_nodes.py::test_r01_nodes[0]'`.
"""

from __future__ import annotations

import pytest

from tests.simulation.convergence import run_scenario
from tests.simulation.test_r01_convergence import seeds

pytestmark = pytest.mark.slow

BLOCKS, SCENARIOS = 10, 10
OPERATIONS = 200
REPLAY = "COLLAB_TEST_SEED={} python -m pytest 'tests/simulation/test_r01_nodes.py::test_r01_nodes[0]'"


@pytest.mark.parametrize("block", range(BLOCKS))
def test_r01_nodes(block: int) -> None:
    for seed in seeds(block * SCENARIOS, SCENARIOS):
        run_scenario(seed, OPERATIONS, REPLAY, nodes=True)


@pytest.mark.soak
def test_r01_nodes_soak() -> None:
    for seed in seeds(0, 10_000):
        run_scenario(seed, OPERATIONS, REPLAY, nodes=True)
