"""Owns a real `collab serve` in a process of its own, for the tests that need the whole server."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.patience import PATIENCE_S
from tests.ports import free_port

TOP = Path(__file__).parents[1]


@dataclass
class Server:
    """One server over one folder; started, killed and stopped by the test, or for the time of a `with` block."""

    folder: Path
    data: Path
    port: int = field(default_factory=free_port)
    environ: dict[str, str] = field(default_factory=dict)
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Server:
        """Start and wait until it answers; what does not answer is not left behind."""
        self.log = self.log or self.data.parent / "server.log"
        environ = {name: value for name, value in os.environ.items() if not name.startswith("COLLAB_")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "collab", "serve", str(self.folder), *self.options()],
                cwd=TOP,
                env=environ | {"PYTHONUNBUFFERED": "1"} | self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self.wait_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def options(self) -> list[str]:
        """Of the command line."""
        return ["--port", str(self.port), "--data", str(self.data)]

    def wait_ready(self, timeout_s: float = PATIENCE_S) -> float:
        """Seconds until /readyz answers 200."""
        begin = time.monotonic()
        while time.monotonic() - begin < timeout_s:
            assert self.process is not None
            if self.process.poll() is not None:
                raise AssertionError(f"server ended with {self.process.returncode}:\n{self.tail()}")
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=10) as answer:  # noqa: S310 - our own address
                    if answer.status == 200:
                        return time.monotonic() - begin
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
        raise AssertionError(f"server not ready in {timeout_s} s:\n{self.tail()}")

    def workers(self) -> list[psutil.Process]:
        """The worker processes, oldest first: the first one serves, the other is the spare."""
        assert self.process is not None
        try:
            children = psutil.Process(self.process.pid).children()
        except psutil.NoSuchProcess:
            return []
        return sorted(filter(_is_worker, children), key=lambda worker: worker.create_time())

    def kill_worker(self) -> int:
        """`kill -9` of the worker; returns its former pid."""
        worker = self.workers()[0]
        worker.kill()
        return worker.pid

    def kill(self) -> None:
        """`kill -9` of supervisor and workers together, as a power cut does it; afterwards nothing of them is left."""
        assert self.process is not None
        family: list[psutil.Process] = []
        with contextlib.suppress(psutil.NoSuchProcess):
            supervisor = psutil.Process(self.process.pid)
            supervisor.suspend()  # or it makes another worker meanwhile
            family = [supervisor, *supervisor.children(recursive=True)]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(PATIENCE_S)
        _, alive = psutil.wait_procs(family, timeout=PATIENCE_S)
        assert not alive, "killed processes still hold the port and the data folder"

    def stop(self, timeout_s: float = PATIENCE_S) -> int:
        """End it politely; returns the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"server did not stop in {timeout_s} s:\n{self.tail()}") from None

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-3000:] if self.log and self.log.exists() else ""


def _is_worker(process: psutil.Process) -> bool:
    """Whether it is a worker that lives; a process may end while one looks at it."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE and any("worker" in part for part in process.cmdline())
    except psutil.NoSuchProcess:
        return False
