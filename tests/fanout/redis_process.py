"""Real Redis servers for tests: on loopback, started by the test and ended with it, with faults as they happen."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tests.ports import free_port

SERVER = "redis-server"


def need_redis(program: str = SERVER) -> str:
    """The path of a program of Redis; skips loudly where it is absent and may be."""
    path = shutil.which(program)
    if path is None:
        if os.environ.get("COLLAB_TEST_REQUIRED") == "1":
            pytest.fail(f"{program} is not installed, and everything is required here")
        pytest.skip(f"{program} is not installed")
    return path


class RedisProcess:
    """One server; its data is nothing."""

    def __init__(self, folder: Path, *options: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        command = [need_redis(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        command += ["--dir", str(self._folder), "--daemonize", "no", *self._options]
        with (self._folder / f"{self.port}.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError(f"no Redis on port {self.port}")

    def kill(self) -> None:
        """As by SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Stop it in the middle of everything."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def command(self, *words: str) -> bytes:
        """Say something to it, and read what comes at once."""
        encoded = b"".join(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words)
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as connection:
            connection.sendall(b"*%d\r\n" % len(words) + encoded)
            return connection.recv(65536)


@contextmanager
def redis_process(*options: str) -> Iterator[RedisProcess]:
    """A running server."""
    need_redis()
    with tempfile.TemporaryDirectory() as folder:
        server = RedisProcess(Path(folder), *options)
        server.start()
        try:
            yield server
        finally:
            server.kill()
