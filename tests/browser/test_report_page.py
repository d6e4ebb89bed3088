"""The reports of the load test in a real browser, as files from a disk; the cases are in report_page.mjs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from loadtest.report.page import render_comparison, render_run
from tests.browser.browser_run import case_names, run_cases
from tests.loadtest import made

SCRIPT = Path(__file__).with_name("report_page.mjs")
CASES = case_names(SCRIPT)
LONG = "a-name-that-is-much-longer-than-any-server-has-had-until-now" * 2

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    hostile = replace(
        made.invalid(), server=LONG, scenario=LONG, notes=(LONG * 3,), parameters={LONG: LONG}, command=LONG
    )
    servers = ("livefolder", "y-websocket", "hocuspocus", "pycrdt-websocket")
    runs = [made.result(name, index + 1.0) for index, name in enumerate(servers) for _ in range(2)]
    pages = {
        "run": render_run(made.result()),
        "invalid": render_run(made.invalid()),
        "bound": render_run(made.bound()),
        "unseen": render_run(made.unseen()),
        "hostile": render_run(hostile),
        "compare": render_comparison([*runs, replace(made.invalid(), server="hocuspocus"), hostile], "collab loadtest"),
    }
    folder = tmp_path_factory.mktemp("reports")
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return run_cases(SCRIPT, {"sample": f"{folder.as_uri()}/"})


@pytest.mark.parametrize("case", CASES)
def test_report(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]


def test_every_case_of_the_script_is_a_test_here(results: dict[str, str | None]) -> None:
    assert sorted(results) == sorted(CASES)
