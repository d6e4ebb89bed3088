"""The supervisor keeps one worker alive, and ends it when it is told to or when it dies itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import psutil
import pytest

from collab.clock import FakeClock
from collab.node.placement import Seat
from collab.supervisor.chair import Chair
from collab.supervisor.terms import EXIT_CONFIG, EXIT_JOURNAL
from tests.serving import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("a", encoding="utf-8")
    server = Server(folder, tmp_path / "data").start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.stop()


def ended(process: psutil.Process, timeout_s: float = 20.0) -> bool:
    return not psutil.wait_procs([process], timeout=timeout_s)[1]


def test_a_killed_worker_is_replaced_and_requests_wait_in_the_queue(server: Server) -> None:
    old = server.kill_worker()

    answer = httpx.get(f"{server.url}/healthz", timeout=30)

    assert answer.status_code == 200
    assert server.workers()[0].pid != old


def test_the_worker_ends_when_the_supervisor_is_killed(server: Server) -> None:
    assert server.process is not None
    worker = server.workers()[0]
    server.process.kill()
    server.process.wait(10)

    assert ended(worker)


def test_a_signal_stops_both_with_status_zero(server: Server) -> None:
    worker = server.workers()[0]

    assert server.stop() == 0
    assert ended(worker)


def test_ctrl_c_stops_both_with_status_zero(server: Server) -> None:
    assert server.process is not None
    server.process.send_signal(signal.SIGINT)

    assert server.process.wait(30) == 0


def test_the_secret_is_in_no_command_line(tmp_path: Path) -> None:
    secret = "a secret of tests that is long enough"
    (tmp_path / "docs").mkdir()
    server = Server(tmp_path / "docs", tmp_path / "data", environ={"COLLAB_SECRET": secret}).start()
    try:
        lines = [" ".join(process.cmdline()) for process in [psutil.Process(server.process.pid), *server.workers()]]  # type: ignore[union-attr]  # started
    finally:
        server.stop()

    assert not [line for line in lines if secret in line]


WORKER = """
import os, sys, time
sys.stdin.readline()
{body}
"""


def supervise(tmp_path: Path, body: str, *, seconds: float = 5.0) -> tuple[int, str, list[float]]:
    """Run a supervisor over a worker with this body in a process of its own; its status, log and starts."""
    (tmp_path / "odd_worker.py").write_text(WORKER.format(body=body), encoding="utf-8")
    program = (
        "import sys; from collab.config import Config; from collab.startup import listen; "
        "from collab.supervisor.supervisor import Supervisor; "
        "sys.exit(Supervisor(Config(), listen('127.0.0.1', 0), module='odd_worker').run())"
    )
    here = str(Path(__file__).parents[1])
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([here, str(tmp_path)]), "STARTS": str(tmp_path / "starts")}
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        output, _ = process.communicate(timeout=30)
    starts = tmp_path / "starts"
    return process.returncode, output, [float(line) for line in starts.read_text().split()] if starts.exists() else []


NOTE_START = "open(os.environ['STARTS'], 'a').write(f'{time.monotonic()}\\n')"


def test_a_worker_that_refuses_its_configuration_is_not_started_again(tmp_path: Path) -> None:
    status, _, starts = supervise(tmp_path, f"{NOTE_START}; sys.exit({EXIT_CONFIG})", seconds=30)

    assert status == EXIT_CONFIG
    assert len(starts) == 1


def test_a_worker_without_a_journal_is_given_up_at_the_first_start_only(tmp_path: Path) -> None:
    status, _, starts = supervise(tmp_path, f"{NOTE_START}; sys.exit({EXIT_JOURNAL})", seconds=30)

    assert (status, len(starts)) == (EXIT_CONFIG, 1)


def test_a_worker_that_lost_its_journal_is_started_again(tmp_path: Path) -> None:
    serve = "os.write(int(sys.argv[2]), b'ready '); os.close(int(sys.argv[2])); time.sleep(0.5)"

    _, log, starts = supervise(tmp_path, f"{NOTE_START}; {serve}; sys.exit({EXIT_JOURNAL})", seconds=6)

    assert len(starts) >= 2
    assert "worker_died" in log


def test_a_worker_that_dies_at_once_is_started_ever_more_rarely(tmp_path: Path) -> None:
    _, log, starts = supervise(tmp_path, f"{NOTE_START}; sys.exit(1)", seconds=6)

    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert 2 <= len(gaps) <= 6
    assert gaps[-1] > gaps[0]
    assert "worker_died" in log


def test_a_second_signal_ends_a_worker_that_does_not_listen(tmp_path: Path) -> None:
    (tmp_path / "odd_worker.py").write_text(
        "import os, signal, sys, time\nsys.stdin.readline()\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "os.write(int(sys.argv[2]), b'ready '); os.close(int(sys.argv[2]))\ntime.sleep(600)\n",
        encoding="utf-8",
    )
    program = (
        "import sys; from collab.config import Config, ServerConfig; from collab.startup import listen; "
        "from collab.supervisor.supervisor import Supervisor; config = Config(ServerConfig(spare_worker=False)); "
        "sys.exit(Supervisor(config, listen('127.0.0.1', 0), lambda _: print('ready', flush=True), "
        "module='odd_worker').run())"
    )
    here = str(Path(__file__).parents[1])
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([here, str(tmp_path)])}
    process = subprocess.Popen([sys.executable, "-c", program], env=environ, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    [worker] = psutil.Process(process.pid).children()
    process.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)

    process.terminate()

    assert process.wait(20) == 1
    assert ended(worker)
    process.stdout.close()


def test_the_pause_grows_for_a_worker_that_never_served_and_is_none_for_one_that_did() -> None:
    clock = FakeClock()
    chair = Chair(Seat(0), clock)

    assert [pause(chair) for _ in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0]
    chair.note_ready()
    clock.advance(1.0)
    assert pause(chair) == 0.0
    chair.note_ready()
    assert [pause(chair) for _ in range(4)] == [0.1, 0.2, 0.4, 0.5]


def pause(chair: Chair) -> float:
    chair.pause_s = chair.next_pause()
    return chair.pause_s
