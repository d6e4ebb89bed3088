"""Owns the worker process: its birth, its second life after a crash, its quiet end. Knows sockets and signals, no app.

The parent holds the listening socket, so that connections wait in its queue while a worker is replaced. A spare worker
has loaded its code and waits for the configuration, so that a replacement serves in a fraction of a second.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
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
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0
LONGEST_PAUSE_OF_READY_S = 0.5
"""A worker that dies young, but did serve, is needed back soon."""
_POLL_S = 0.2
_READY_BYTES = 4096
_KILL_GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class _Worker:
    """A process and the pipe on which it says that it serves."""

    process: subprocess.Popen[bytes]
    ready_fd: int


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
        self._spare: _Worker | None = None
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
            self._dismiss_spare()
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
        """Let the spare worker or a new one serve.

        A worker's standard input carries the configuration and then stays open: its end tells the worker that nobody
        watches over it any more.
        """
        spare, self._spare = self._spare, None
        if spare is not None and spare.process.poll() is not None:
            _close(spare)
            spare = None
        worker = spare or self._spawn()
        self._worker = worker.process
        if worker.process.stdin is not None:
            try:
                worker.process.stdin.write(dump_config(self._config).encode() + b"\n")
                worker.process.stdin.flush()
            except BrokenPipeError:
                log.error("worker_refused_configuration")
        threading.Thread(target=self._watch_ready, args=(worker.ready_fd,), name="worker-ready", daemon=True).start()

    def _spawn(self) -> _Worker:
        """A process that loads the worker's code and waits for its configuration."""
        ready, worker_ready = os.pipe()
        descriptors = (self._listener.fileno(), worker_ready)
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-m", self._module, *map(str, descriptors)],
            stdin=subprocess.PIPE,
            pass_fds=descriptors,
            process_group=0,
            env={**os.environ, "PYTHONPATH": _import_path()},
        )
        os.close(worker_ready)
        return _Worker(process, ready)

    def _keep_spare(self) -> None:
        """Have a spare worker while one serves."""
        if not self._config.server.spare_worker or self._spare is not None or self.ready_at is None:
            return
        if not self._stop.is_set():
            self._spare = self._spawn()

    def _dismiss_spare(self) -> None:
        """The end of its standard input ends a spare worker."""
        spare, self._spare = self._spare, None
        if spare is None:
            return
        _close(spare)
        try:
            spare.process.wait(_KILL_GRACE_S)
        except subprocess.TimeoutExpired:
            spare.process.kill()
            spare.process.wait()

    def _watch_ready(self, ready: int) -> None:
        said = os.read(ready, _READY_BYTES).decode()  # written at once, so read at once (pipe(7), PIPE_BUF)
        os.close(ready)
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
                self._keep_spare()
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


def _close(worker: _Worker) -> None:
    os.close(worker.ready_fd)
    if worker.process.stdin is not None:
        worker.process.stdin.close()


def _import_path() -> str:
    """Where the worker finds this very package, installed or not."""
    here = str(Path(__file__).resolve().parent.parent)
    known = os.environ.get("PYTHONPATH")
    return os.pathsep.join([here, known]) if known else here


def _describe(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else str(code)
