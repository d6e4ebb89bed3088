"""Three hundred people in one document, in a real browser against `collab serve`; the cases are in crowd.mjs."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.browser.real_server import serve

from tests.browser.browser_run import case_names, run_cases

SCRIPT = Path(__file__).with_name("crowd.mjs")
CASES = case_names(SCRIPT)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    folder, data = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("server") / "data"
    (folder / "talk.md").write_text("# Talk\n")
    with serve(folder, data) as address:
        return run_cases(SCRIPT, {"sample": address})


@pytest.mark.parametrize("case", CASES)
def test_crowd(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]
