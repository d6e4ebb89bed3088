"""S6: scripts in Markdown, files, names and everything else that people see of each other; in a real browser.

The cases are in s06_stored_xss.mjs. Each place gets the payloads of xss_payloads.mjs, in a window where the page's
policy only reports: a report means that a payload got as far as trying, and what gets through runs and is seen.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.browser_run import case_names, run_cases
from tests.serving import Server

SCRIPT = Path(__file__).with_name("s06_stored_xss.mjs")
CASES = case_names(SCRIPT)

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    top = tmp_path_factory.mktemp("server")
    folder = top / "docs"
    folder.mkdir()
    with Server(folder, top / "data") as server:
        return run_cases(SCRIPT, {"sample": server.url, "folder": str(folder)}, again=False)


@pytest.mark.parametrize("case", CASES)
def test_no_payload_runs(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]


def test_every_case_of_the_script_is_a_test_here(results: dict[str, str | None]) -> None:
    assert sorted(results) == sorted(CASES)
