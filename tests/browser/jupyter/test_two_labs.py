"""Unmodified JupyterLabs, two servers with different paths, in one notebook; the cases are in two_labs.mjs.

Takes minutes, so it is opt in: `pytest -m soak tests/browser/jupyter`. COLLAB_TEST_RESTARTS says how often the server
is restarted while both type. The stock server goes through the same cases as a baseline; it may fail them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.browser_run import DRIVER, browser_path, node_path
from tests.browser.jupyter.labs import Lab, need_jupyter
from tests.formats.notebook.made import cell, notebook
from tests.ports import free_port
from tests.serving import TOP

SCRIPT = Path(__file__).with_name("two_labs.mjs")
CASES = re.findall(r'^  "([^"]+)": async', SCRIPT.read_text(encoding="utf-8"), re.MULTILINE)
RESTARTS = int(os.environ.get("COLLAB_TEST_RESTARTS", "10"))
SILENCE_MS = 40_000
RUN_TIMEOUT_S = 3_600
PYTHON = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}

pytestmark = [pytest.mark.browser, pytest.mark.soak]


def run_cases(setting: dict[str, object], environ: dict[str, str]) -> dict[str, str | None]:
    """Run the script; what went wrong in each case, None for nothing."""
    browser, node = browser_path(), node_path()
    if browser is None or node is None or not DRIVER.is_dir():
        pytest.skip("no Chromium, no node or no test tools: run `python static/build.py --dev`")
    command = [node, str(SCRIPT), json.dumps(setting), browser]
    run = subprocess.run(command, capture_output=True, text=True, timeout=RUN_TIMEOUT_S, check=False, env=environ)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    for line in lines:
        print(f"{line['took_s']:6.1f} s  {line['name']}  {line['told']}  {line['problem'] or ''}")
    assert run.returncode == 0, run.stderr
    return {line["name"]: line["problem"] for line in lines}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    need_jupyter()
    top = tmp_path_factory.mktemp("labs")
    docs, other = top / "docs", top / "other"
    docs.mkdir()
    other.mkdir()
    (other / "team").symlink_to(docs)
    book = docs / "book.ipynb"
    book.write_bytes(notebook(cell("first = 1", "a"), cell("second = 2", "b"), **PYTHON))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    served = [sys.executable, "-m", "collab", "serve", str(docs), "--port", str(port), "--data", str(top / "data")]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COLLAB_")}
    environ["PYTHONPATH"] = str(TOP)
    with Lab(docs, top / "ann", url) as ann, Lab(other, top / "bob", url, '{"team": ""}') as bob:
        setting = {
            "labs": [{"url": ann.page, "path": "book.ipynb"}, {"url": bob.page, "path": "team/book.ipynb"}],
            "file": str(book),
            "server": {"command": served, "ready": f"{url}/readyz"},
            "restarts": RESTARTS,
            "silence_ms": SILENCE_MS,
        }
        return run_cases(setting, environ)


def test_the_script_has_cases() -> None:
    assert len(CASES) >= 7


@pytest.mark.parametrize("case", CASES)
def test_two_labs(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]


def test_the_stock_server_goes_through_the_same_cases(tmp_path: Path) -> None:
    """Printed for comparison. What must hold of it: typing reaches the other tab, or the comparison means nothing."""
    need_jupyter()
    book = tmp_path / "book.ipynb"
    book.write_bytes(notebook(cell("first = 1", "a"), cell("second = 2", "b"), **PYTHON))
    lab = Lab(tmp_path, tmp_path / "home", None)
    lab.home.mkdir()
    setting = {
        "labs": [{"url": lab.page, "path": "book.ipynb"}] * 2,
        "file": str(book),
        "server": {"command": lab.command(), "ready": f"{lab.url}/api"},
        "restarts": RESTARTS,
        "silence_ms": SILENCE_MS,
    }

    found = run_cases(setting, lab.environ())

    assert found["typing reaches the other within a moment, both ways"] is None
