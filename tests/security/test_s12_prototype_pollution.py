"""S12: prototype pollution in the browser: hostile keys in every map, presence state, notice and answer of the API.

The cases are in s12_prototype_pollution.mjs. After each the built-in prototypes are as they were, and pages still work.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.browser_run import case_names, run_cases
from tests.serving import Server

SCRIPT = Path(__file__).with_name("s12_prototype_pollution.mjs")
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
def test_hostile_keys_stay_keys(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]


def test_every_case_of_the_script_is_a_test_here(results: dict[str, str | None]) -> None:
    assert sorted(results) == sorted(CASES)
