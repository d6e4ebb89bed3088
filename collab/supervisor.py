"""Owns the worker process: its birth, its second life after a crash, its quiet end. Knows sockets and signals, no app.

The parent holds the listening socket, so that connections wait in its queue while a worker is replaced.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import structlog

from collab.clock import Clock, SystemClock
from collab.config import Config
from collab.configfile import dump_config

log = structlog.get_logger(__name__)

EXIT_CONFIG = 2
"""A worker that exits with this said why; starting it again would not help."""
EXIT_JOURNAL = 3
"""A worker that exits with this said that no journal can be kept now: at the first start that is a reason not to serve,
later one to try again."""
READY = "ready "
"""What a worker says when it serves; a one-time token may follow, for the address that is printed."""
HEALTHY_S = 1.0
"""A worker that served so long is started again at once."""
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 10.0
LONGEST_PAUSE_OF_READY_S = 1.0
"""A worker that dies young, but did serve, is needed back soon."""
_POLL_S = 0.2
_KILL_GRACE_S = 5.0


class Supervisor:
    """Keeps one worker alive on a listening socket until it is told to stop."""

    def __init__(
        self,
        config: Config,
        listener: socket.socket,
        on_ready: Callable[[str], None] | None = None,
        *,
        clock: Clock | None = None,
        module: str = "collab.worker",
    ) -> None:
        self._config = config
        self._listener = listener
        self._on_ready = on_ready
        self._clock = clock or SystemClock()
        self._module = module
        self._worker: subprocess.Popen[bytes] | None = None
        self._stop = threading.Event()
        self._signals = 0
        self._served = False
        self._kill_at: float | None = None
        self.pause_s = 0.0
        self.ready_at: float | None = None

    @property
    def worker_pid(self) -> int | None:
        """The worker of now."""
        return None if self._worker is None else self._worker.pid

    def run(self) -> int:
        """Serve until a signal; returns the exit code of the command."""
        previous = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            return self._keep_alive()
        finally:
            for number, action in previous.items():
                signal.signal(number, action)
            self._listener.close()

    def _keep_alive(self) -> int:
        while True:
            self.ready_at = None
            self._start()
            code = self._await_exit()
            if self._stop.is_set():
                return 0 if code in (0, -signal.SIGTERM) else 1
            if code == EXIT_CONFIG or (code == EXIT_JOURNAL and not self._served):
                return EXIT_CONFIG
            self.pause_s = self.next_pause()
            log.error("worker_died", code=_describe(code), next_in_s=self.pause_s)
            self._stop.wait(self.pause_s)
            if self._stop.is_set():
                return 1

    def next_pause(self) -> float:
        """Seconds to wait before the next start: none after a healthy life, else twice the last ones.

        So a start that is broken does not burn the machine.
        """
        longest = LONGEST_PAUSE_S
        if self.ready_at is not None:
            if self._clock.monotonic() - self.ready_at >= HEALTHY_S:
                return 0.0
            longest = LONGEST_PAUSE_OF_READY_S
        return min(max(FIRST_PAUSE_S, self.pause_s * 2), longest)

    def _start(self) -> None:
        """Start a worker.

        The worker's standard input carries the configuration and then stays open: its end tells the worker that
        nobody watches over it any more.
        """
        ready, worker_ready = os.pipe()
        descriptors = (self._listener.fileno(), worker_ready)
        self._worker = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-m", self._module, *map(str, descriptors)],
            stdin=subprocess.PIPE,
            pass_fds=descriptors,
            process_group=0,
            env={**os.environ, "PYTHONPATH": _import_path()},
        )
        os.close(worker_ready)
        if self._worker.stdin is not None:
            try:
                self._worker.stdin.write(dump_config(self._config).encode() + b"\n")
                self._worker.stdin.flush()
            except BrokenPipeError:
                log.error("worker_refused_configuration")
        threading.Thread(target=self._watch_ready, args=(ready,), name="worker-ready", daemon=True).start()

    def _watch_ready(self, ready: int) -> None:
        with os.fdopen(ready, "rb") as pipe:
            said = pipe.read().decode()
        if not said.startswith(READY):
            return
        self.ready_at = self._clock.monotonic()
        self._served = True
        if self._on_ready is not None:
            announce, self._on_ready = self._on_ready, None
            announce(said.removeprefix(READY))

    def _await_exit(self) -> int:
        worker = self._worker
        if worker is None:
            return 0
        if self._stop.is_set():
            worker.terminate()
        while True:
            try:
                code = worker.wait(timeout=_POLL_S)
            except subprocess.TimeoutExpired:
                if self._kill_at is not None and self._clock.monotonic() >= self._kill_at:
                    log.error("worker_did_not_stop", pid=worker.pid)
                    worker.kill()
                continue
            if worker.stdin is not None:
                worker.stdin.close()
            return code

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """The first signal asks the worker to store everything and say goodbye, the second ends it."""
        self._signals += 1
        self._stop.set()
        self._kill_at = self._clock.monotonic() + self._config.server.shutdown_s + _KILL_GRACE_S
        worker = self._worker
        if worker is not None and worker.poll() is None:
            worker.send_signal(signal.SIGTERM if self._signals == 1 else signal.SIGKILL)


def _import_path() -> str:
    """Where the worker finds this very package, installed or not."""
    here = str(Path(__file__).resolve().parent.parent)
    known = os.environ.get("PYTHONPATH")
    return os.pathsep.join([here, known]) if known else here


def _describe(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else str(code)
