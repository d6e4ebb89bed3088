"""Owns a real server for browser tests: `collab serve` on a folder of the test, on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 20.0
PAUSE_S = 0.05


@contextmanager
def serve(folder: Path, data: Path, **environment: str) -> Iterator[str]:
    """Serve `folder`; gives the address. Raises: RuntimeError with the server's output when it does not come up."""
    port = _free_port()
    command = [sys.executable, "-m", "collab", "serve", str(folder), "--port", str(port), "--data", str(data)]
    log = (data.parent / "server.log").open("w+b")
    server = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment})
    try:
        address = f"http://127.0.0.1:{port}"
        if not _comes_up(address, server):
            log.seek(0)
            raise RuntimeError(log.read().decode(errors="replace"))
        yield address
    finally:
        server.terminate()
        try:
            server.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        log.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _comes_up(address: str, server: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=1):  # noqa: S310 - our own address
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(PAUSE_S)
    return False
