"""The editor of odt and docx in real browsers against a real `collab serve`; the cases are in rich_page.mjs."""

from __future__ import annotations

from pathlib import Path

import pytest

from collab.formats.rich.blank import blank_file
from tests.browser.browser_run import TRIES, case_names, run_cases
from tests.formats.rich.files import docx, odt
from tests.serving import Server

SCRIPT = Path(__file__).with_name("rich_page.mjs")
NAMES = ("together", "undo", "make", "find", "outline", "phone", "both")

pytestmark = [pytest.mark.slow, pytest.mark.browser]


CASES = case_names(SCRIPT)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    top = tmp_path_factory.mktemp("rich")
    folder = top / "docs"
    folder.mkdir()
    for name in NAMES:
        for attempt in TRIES:
            (folder / f"{attempt}{name}.odt").write_bytes(blank_file("odt") or b"")
    for version in range(1, 5):
        (top / f"outside{version}.odt").write_bytes(odt(f"<text:p>outside {version}</text:p>"))
    for attempt in TRIES:
        (folder / f"{attempt}bold.docx").write_bytes(docx("<w:p><w:r><w:t>word</w:t></w:r></w:p>"))
    with Server(folder, top / "data") as server:
        return run_cases(SCRIPT, {"sample": server.url, "folder": str(folder)})


@pytest.mark.parametrize("case", CASES)
def test_rich_page(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]


def test_every_case_of_the_script_is_a_test_here(results: dict[str, str | None]) -> None:
    assert sorted(results) == sorted(CASES)
