"""The formula worker in a real browser against `collab serve`; the cases are in formula_worker.mjs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.browser_run import PAGES, case_names, run_cases
from tests.serving import Server

SCRIPT = Path(__file__).with_name("formula_worker.mjs")
CASES = case_names(SCRIPT)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    folder, data = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("server") / "data"
    found = sorted(PAGES.glob("assets/formula-worker-*.js"))
    if not found:
        pytest.skip("the pages were not built: run `python static/build.py --dev`")
    with Server(folder, data) as server:
        return run_cases(SCRIPT, {"sample": server.url, "worker": f"/static/assets/{found[-1].name}"})


@pytest.mark.parametrize("case", CASES)
def test_formula_worker(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]
