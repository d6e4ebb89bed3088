"""The notebook editor in real browsers against a real `collab serve`: cells, keys, outputs, people, the file.

The cases are in notebook/*.mjs; one run of Chromium does them all, each test here is the result of one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.browser_run import case_names, run_cases
from tests.serving import Server

SCRIPT = Path(__file__).with_name("notebook_page.mjs")
CASES = case_names(*sorted(SCRIPT.with_name("notebook").glob("*.mjs")))

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    top = tmp_path_factory.mktemp("notebook")
    folder = top / "docs"
    folder.mkdir()
    with Server(folder, top / "data") as server:
        return run_cases(SCRIPT, {"sample": server.url, "folder": str(folder)})


@pytest.mark.parametrize("case", CASES)
def test_notebook_page(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]


def test_every_case_of_the_script_is_a_test_here(results: dict[str, str | None]) -> None:
    assert sorted(results) == sorted(CASES)
