"""The start page and the share page in a real browser, against a stand-in for the API (page_server.py).

The cases are in start_page.mjs; one run of Chromium does them all, each test here is the result of one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.browser_run import case_names, run_cases
from tests.browser.page_server import serve_all

SCRIPT = Path(__file__).with_name("start_page.mjs")
CASES = case_names(SCRIPT)

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def results() -> dict[str, str | None]:
    with serve_all() as servers:
        return run_cases(SCRIPT, servers)


@pytest.mark.parametrize("case", CASES)
def test_start_page(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]


def test_every_case_of_the_script_is_a_test_here(results: dict[str, str | None]) -> None:
    assert sorted(results) == sorted(CASES)
