"""Owns one server that the load test starts: its process, its address, its end.

It listens on loopback, on a port that it chose itself, and is ended by its own process id. Cores, where asked for, are
given to it before it runs, so every thread and child of it stays on them.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from loadtest.peers.install import PeerError

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
_LOOK_S = 0.02
_SAID_CHARACTERS = 600
_LOCAL_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True, slots=True)
class Launch:
    """What starts a server."""

    command: Sequence[str]
    folder: Path
    environ: Mapping[str, str]
    token: str | None = field(default=None, repr=False)
    versions: Mapping[str, str] = field(default_factory=dict)
    """Known before it runs."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One server that can be started, by name."""

    name: str
    description: str
    protocol: str
    path: str
    """Of the WebSocket, before a room's name."""
    prepare: Callable[[Path, Path], Launch]
    """Install it into the first folder where it is not yet; it may write into the second. Raises: PeerError."""
    ready_path: str = ""
    """Answers 200 when it is ready; empty: it is ready when it accepts connections."""


class Peer:
    """One server, from its start to its end; a context manager."""

    def __init__(self, kind: Kind, cache: Path, cores: Collection[int] = ()) -> None:
        self.name = kind.name
        self.protocol = kind.protocol
        self.versions: Mapping[str, str] = {}
        self.token: str | None = None
        self._kind = kind
        self._cache = cache
        self._cores = frozenset(cores)
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def base_url(self) -> str:
        """What a room's name is appended to."""
        return f"ws://127.0.0.1:{self._port}{self._kind.path}"

    @property
    def pid(self) -> int:
        """Of the root of its processes. Raises: PeerError when it does not run."""
        if self._process is None:
            raise PeerError(f"{self.name} does not run.")
        return self._process.pid

    def url(self, room: str) -> str:
        """The address of a room; Hocuspocus has one for all."""
        return self.base_url if self.protocol == "hocuspocus" else f"{self.base_url}/{quote(room)}"

    def start(self) -> Peer:
        """Install it if need be, start it, wait until it answers. Raises: PeerError."""
        self._folder = tempfile.TemporaryDirectory(prefix="loadtest-", ignore_cleanup_errors=True)
        try:
            launch = self._kind.prepare(self._cache, Path(self._folder.name))
            self.token = launch.token
            self.versions = launch.versions
            self._process = _spawn(launch, self._log, self._cores)
            self._wait_ready(time.monotonic() + START_TIMEOUT_S)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End it and everything that it started, and remove what it wrote."""
        process, self._process = self._process, None
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> Peer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _log(self) -> Path:
        return Path(self._folder.name if self._folder else os.devnull) / "output.log"

    def _wait_ready(self, deadline: float) -> None:
        process = self._process
        while process is not None and time.monotonic() < deadline:
            if process.poll() is not None:
                raise PeerError(f"{self.name} ended with status {process.returncode} at its start: {self._said()}")
            if not self._port:
                self._port, versions = _announced(self._log)
                self.versions = {**self.versions, **versions}
            if self._port and _answers(self._port, self._kind.ready_path):
                return
            time.sleep(_LOOK_S)
        raise PeerError(f"{self.name} was not ready within {START_TIMEOUT_S:.0f} s: {self._said()}")

    def _said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace").strip()[-_SAID_CHARACTERS:] or "it said nothing."


def _spawn(launch: Launch, log: Path, cores: Collection[int]) -> subprocess.Popen[bytes]:
    """A child inherits the cores of the thread that makes it. Raises: PeerError."""
    own = os.sched_getaffinity(0) if cores else set()
    try:
        if cores:
            os.sched_setaffinity(0, cores)
        with log.open("wb") as output:
            return subprocess.Popen(  # noqa: S603 - commands of this package
                launch.command,
                cwd=launch.folder,
                env=launch.environ,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
    except OSError as error:
        raise PeerError(f"{Path(launch.command[0]).name} cannot be started ({error}).") from None
    finally:
        if cores:
            os.sched_setaffinity(0, own)


def _announced(log: Path) -> tuple[int, Mapping[str, str]]:
    """Port and versions, once the server said them; port 0 before that."""
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("{"):
            with suppress(ValueError, KeyError, TypeError):
                said = json.loads(line)
                return int(said["port"]), {str(name): str(value) for name, value in said["versions"].items()}
        if found := _LOCAL_ADDRESS.search(line):
            return int(found[1]), {}
    return 0, {}


def _answers(port: int, ready_path: str) -> bool:
    try:
        if not ready_path:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{ready_path}", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
