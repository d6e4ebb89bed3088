"""The editor page in real browsers against a real `collab serve`: people, edits, faults, presence.

The cases are in editor/*.mjs; one run of Chromium does them all, each test here is the result of one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.browser.browser_run import case_names, run_cases
from tests.serving import Server

SCRIPT = Path(__file__).with_name("editor_page.mjs")
CASES = case_names(*sorted(SCRIPT.with_name("editor").glob("*.mjs")))

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    top = tmp_path_factory.mktemp("editor")
    folder, scratch = top / "docs", top / "scratch"
    folder.mkdir()
    scratch.mkdir()
    locked = folder / "locked.md"
    locked.write_text("# Locked\n")
    locked.chmod(0o444)
    with Server(folder, top / "data") as server:
        places = {"folder": str(folder), "scratch": str(scratch), "python": sys.executable}
        return run_cases(SCRIPT, {"sample": server.url, **places})


@pytest.mark.parametrize("case", CASES)
def test_editor_page(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]


def test_every_case_of_the_script_is_a_test_here(results: dict[str, str | None]) -> None:
    assert sorted(results) == sorted(CASES)
