"""The start page and sharing in a real browser against `collab serve`; the cases are in with_server.mjs."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.browser.browser_run import case_names, run_cases
from tests.serving import Server

SCRIPT = Path(__file__).with_name("with_server.mjs")
CASES = case_names(SCRIPT)
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def fill(folder: Path) -> None:
    (folder / "below" / "further").mkdir(parents=True)
    (folder / "below" / "further" / "deep.md").write_text("# Deep\n")
    (folder / "notes.md").write_text("# Notes\n")
    (folder / "table.csv").write_text("a,b\n1,2\n")
    (folder / "old.txt").write_text("old\n")
    (folder / "picture.png").write_bytes(base64.b64decode(PIXEL))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    top = tmp_path_factory.mktemp("with-server")
    fill(top / "docs")
    with Server(top / "docs", top / "data") as server:
        return run_cases(SCRIPT, {"sample": server.url})


@pytest.mark.parametrize("case", CASES)
def test_with_server(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]


def test_every_case_of_the_script_is_a_test_here(results: dict[str, str | None]) -> None:
    assert sorted(results) == sorted(CASES)
