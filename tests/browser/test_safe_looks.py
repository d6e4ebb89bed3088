"""Mathematics, footnotes, colours, hidden files under the strict policy; the cases are in safe_looks.mjs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.browser_run import case_names, run_cases
from tests.serving import Server

SCRIPT = Path(__file__).with_name("safe_looks.mjs")
CASES = case_names(SCRIPT)

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    folder, data = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("server") / "data"
    with Server(folder, data) as server:
        return run_cases(SCRIPT, {"sample": server.url, "folder": str(folder)})


@pytest.mark.parametrize("case", CASES)
def test_safe_looks(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]
