"""The supervisor keeps one worker alive, and ends it when it is told to or when it dies itself."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import psutil
import pytest

from collab.clock import FakeClock
from collab.config import Config
from collab.startup import listen
from collab.supervisor import EXIT_CONFIG, EXIT_JOURNAL, Supervisor
from tests.clients import ask
from tests.patience import PATIENCE_S
from tests.serving import TOP, Server

ANSI = re.compile(r"\x1b\[[\d;]*m")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("a", encoding="utf-8")
    server = Server(folder, tmp_path / "data").start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.stop()


def ended(process: psutil.Process) -> bool:
    return not psutil.wait_procs([process], timeout=PATIENCE_S)[1]


def test_a_killed_worker_is_replaced_and_requests_wait_in_the_queue(server: Server) -> None:
    old = server.kill_worker()

    answer = ask("GET", f"{server.url}/healthz")

    assert answer.status_code == 200
    assert server.workers()[0].pid != old


def test_the_worker_ends_when_the_supervisor_is_killed(server: Server) -> None:
    assert server.process is not None
    worker = server.workers()[0]
    server.process.kill()
    server.process.wait(PATIENCE_S)

    assert ended(worker)


def test_a_signal_stops_both_with_status_zero(server: Server) -> None:
    worker = server.workers()[0]

    assert server.stop() == 0
    assert ended(worker)


def test_ctrl_c_stops_both_with_status_zero(server: Server) -> None:
    assert server.process is not None
    server.process.send_signal(signal.SIGINT)

    assert server.process.wait(PATIENCE_S) == 0


def test_the_secret_is_in_no_command_line(tmp_path: Path) -> None:
    secret = "a secret of tests that is long enough"
    (tmp_path / "docs").mkdir()
    server = Server(tmp_path / "docs", tmp_path / "data", environ={"COLLAB_SECRET": secret}).start()
    try:
        lines = [" ".join(process.cmdline()) for process in [psutil.Process(server.process.pid), *server.workers()]]  # type: ignore[union-attr]  # started
    finally:
        server.stop()

    assert not [line for line in lines if secret in line]


SUPERVISE = """
import sys
from collab.config import Config, ServerConfig
from collab.startup import listen
from collab.supervisor import Supervisor
config = Config(server=ServerConfig(spare_worker=False))
sys.exit(Supervisor(config, listen("127.0.0.1", 0), lambda _: print("ready", flush=True), module="odd_worker").run())
"""
WORKER = """
import os, signal, sys, time
sys.stdin.readline()
"""
SERVE = "os.write(int(sys.argv[2]), b'ready '); os.close(int(sys.argv[2]))"


@contextmanager
def supervised(tmp_path: Path, body: str) -> Iterator[subprocess.Popen[str]]:
    """A supervisor over a worker with this body, in a process of its own; its log goes to its standard output."""
    (tmp_path / "odd_worker.py").write_text(WORKER + body, encoding="utf-8")
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(TOP), str(tmp_path)])}
    command = [sys.executable, "-c", SUPERVISE]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def deaths(process: subprocess.Popen[str]) -> Iterator[float]:
    """After each death of a worker the pause that the supervisor makes; ends with the supervisor."""
    assert process.stdout is not None
    for line in process.stdout:
        if "worker_died" in line:
            yield float(re.findall(r"next_in_s\D+?([\d.]+)", ANSI.sub("", line))[0])


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    listener = listen("127.0.0.1", 0)
    yield listener
    listener.close()


@pytest.mark.parametrize("code", [EXIT_CONFIG, EXIT_JOURNAL])
def test_a_worker_that_cannot_serve_at_the_first_start_is_not_started_again(tmp_path: Path, code: int) -> None:
    with supervised(tmp_path, f"sys.exit({code})") as process:
        assert list(deaths(process)) == []

        assert process.wait(PATIENCE_S) == EXIT_CONFIG


def test_a_worker_that_lost_its_journal_is_started_again(tmp_path: Path) -> None:
    with supervised(tmp_path, f"{SERVE}; time.sleep(0.2); sys.exit({EXIT_JOURNAL})") as process:
        assert len(list(islice(deaths(process), 2))) == 2

        process.terminate()


def test_a_worker_that_dies_at_once_is_started_ever_more_rarely(tmp_path: Path) -> None:
    with supervised(tmp_path, "sys.exit(1)") as process:
        assert list(islice(deaths(process), 4)) == [0.1, 0.2, 0.4, 0.8]

        process.terminate()


def test_a_second_signal_ends_a_worker_that_does_not_listen(tmp_path: Path) -> None:
    with supervised(tmp_path, f"signal.signal(signal.SIGTERM, signal.SIG_IGN); {SERVE}; time.sleep(600)") as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        [worker] = psutil.Process(process.pid).children()
        process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)

        process.terminate()

        assert process.wait(PATIENCE_S) == 1
        assert ended(worker)


def test_the_pause_grows_for_a_worker_that_never_served_and_is_none_for_one_that_did(listener: socket.socket) -> None:
    clock = FakeClock()
    supervisor = Supervisor(Config(), listener, clock=clock)

    assert [pause(supervisor) for _ in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0]
    supervisor.ready_at = clock.monotonic()
    clock.advance(1.0)
    assert pause(supervisor) == 0.0
    supervisor.ready_at = clock.monotonic()
    assert [pause(supervisor) for _ in range(4)] == [0.1, 0.2, 0.4, 0.5]


def pause(supervisor: Supervisor) -> float:
    supervisor.pause_s = supervisor.next_pause()
    return supervisor.pause_s
