"""Owns how long series of random cases are cut: the first blocks run by default, the rest with the slow tests."""

from __future__ import annotations

import pytest

DEFAULT_BLOCKS = 4


def in_blocks(count: int) -> list[object]:
    """The numbers of the blocks, as parameters of a test."""
    first, rest = range(min(count, DEFAULT_BLOCKS)), range(DEFAULT_BLOCKS, count)
    return [*(pytest.param(block) for block in first), *(pytest.param(block, marks=pytest.mark.slow) for block in rest)]
