"""Running a notebook's code from the page on a real Jupyter server with a real kernel.

The Jupyter server is that of the environment that COLLAB_TEST_JUPYTER names (`.jupyter` otherwise), else this Python's.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from tests.browser.browser_run import case_names, run_cases
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.serving import TOP, Server

SCRIPT = Path(__file__).with_name("notebook_kernel.mjs")
CASES = case_names(SCRIPT)

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def jupyter_python() -> str:
    """A Python with a Jupyter server and a kernel; skips where there is none."""
    environment = Path(os.environ.get("COLLAB_TEST_JUPYTER", TOP / ".jupyter"))
    if (environment / "bin" / "python").is_file():
        return str(environment / "bin" / "python")
    if find_spec("jupyter_server") is None or find_spec("ipykernel") is None:
        pytest.skip("no Jupyter server on this machine: pip install jupyter_server ipykernel")
    return sys.executable


@contextmanager
def jupyter_server(top: Path, origin: str, token: str) -> Iterator[str]:
    """A Jupyter server of one person, which lets that origin in."""
    port = free_port()
    settings = {"ip": "127.0.0.1", "port": port, "token": token, "allow_origin": origin, "root_dir": top}
    options = [f"--ServerApp.{name}={value}" for name, value in settings.items()]
    home = {name: str(top) for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    command = [jupyter_python(), "-m", "jupyter_server", "--no-browser", "--allow-root", *options]
    with (top / "jupyter.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=top, env=os.environ | home, stdout=log, stderr=log)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/kernelspecs?token={token}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=PATIENCE_S).is_success:
                return
        except httpx.TransportError:
            pass  # it is not there yet
        time.sleep(0.1)
    raise AssertionError("the Jupyter server did not answer")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    top = tmp_path_factory.mktemp("kernel")
    folder, home = top / "docs", top / "home"
    folder.mkdir()
    home.mkdir()
    token, port = secrets.token_hex(16), free_port()
    with jupyter_server(home, f"http://127.0.0.1:{port}", token) as url:
        allowed = {"COLLAB_SERVER_JUPYTER_SERVERS": url}
        with Server(folder, top / "data", port=port, environ=allowed) as server:
            return run_cases(SCRIPT, {"sample": server.url, "folder": str(folder), "jupyter": url, "token": token})


@pytest.mark.parametrize("case", CASES)
def test_notebook_kernel(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]
