"""The editor page in real browsers against a real `collab serve`: people, edits, faults, presence.

The cases are in editor_page.mjs; one run of Chromium does them all, each test here is the result of one.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.browser.browser_run import case_names, run_cases

SCRIPT = Path(__file__).with_name("editor_page.mjs")
CASES = case_names(SCRIPT)
START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 20

pytestmark = pytest.mark.browser


@contextmanager
def real_server(folder: Path, data: Path) -> Iterator[str]:
    """The address of a server of that folder, which is stopped at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "collab", "serve", str(folder), "--port", str(port), "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_ready(address)
            yield address
        finally:
            server.terminate()
            server.wait(STOP_TIMEOUT_S)


def wait_until_ready(address: str) -> None:
    """Ask until the server answers."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(f"{address}/readyz", timeout=1).is_success:
                return
        time.sleep(0.05)
    pytest.fail("the server did not start")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    folder = tmp_path_factory.mktemp("files")
    locked = folder / "locked.md"
    locked.write_text("# Locked\n")
    locked.chmod(0o444)
    with real_server(folder, tmp_path_factory.mktemp("data")) as address:
        return run_cases(SCRIPT, {"sample": address, "folder": str(folder), "python": sys.executable})


@pytest.mark.parametrize("case", CASES)
def test_editor_page(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]


def test_every_case_of_the_script_is_a_test_here(results: dict[str, str | None]) -> None:
    assert list(results) == CASES
