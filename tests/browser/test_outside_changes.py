"""What people see when another program changes or deletes their file; the cases are in outside_changes.mjs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.browser_run import case_names, run_cases
from tests.serving import Server

SCRIPT = Path(__file__).with_name("outside_changes.mjs")
CASES = case_names(SCRIPT)

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    folder, data = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("server") / "data"
    with Server(folder, data) as server:
        return run_cases(SCRIPT, {"sample": server.url, "folder": str(folder)})


@pytest.mark.parametrize("case", CASES)
def test_outside_changes(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]
