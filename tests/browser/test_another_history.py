"""A history that was replaced while somebody was away; the cases are in another_history.mjs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.browser.browser_run import case_names, run_cases

SCRIPT = Path(__file__).with_name("another_history.mjs")
CASES = case_names(SCRIPT)

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def results() -> dict[str, str | None]:
    return run_cases(SCRIPT, {"sample": "http://127.0.0.1", "python": sys.executable})


@pytest.mark.parametrize("case", CASES)
def test_another_history(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]
