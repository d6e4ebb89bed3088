"""systemd is told when the server serves, when it stops, and that it is alive."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collab.clock import FakeClock
from collab.supervisor.systemd import Notifier
from tests.patience import PATIENCE_S
from tests.serving import Server


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(240)
        yield listening


def told(manager: socket.socket) -> list[str]:
    """The assignments of the next datagram."""
    return manager.recv(4096).decode().split("\n")


def test_the_watchdog_is_fed_at_half_of_its_time(manager: socket.socket) -> None:
    clock = FakeClock()
    environ = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(os.getpid())}
    notifier = Notifier(clock, environ)

    for _ in range(21):
        notifier.alive()
        clock.advance(0.5)

    manager.setblocking(False)
    fed = [told(manager) for _ in range(3)]
    assert fed == [["WATCHDOG=1"]] * 3
    with pytest.raises(BlockingIOError):
        told(manager)


@pytest.mark.parametrize(
    "environ", [{}, {"NOTIFY_SOCKET": "/nowhere/at/all"}, {"WATCHDOG_USEC": "1000"}, {"NOTIFY_SOCKET": "@nobody"}]
)
def test_a_manager_that_is_not_there_costs_nothing(environ: dict[str, str]) -> None:
    notifier = Notifier(FakeClock(), environ)

    notifier.ready()
    notifier.alive()
    notifier.stopping()


def test_a_manager_that_is_busy_hears_it_later_that_we_are_ready(manager: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": manager.getsockname()}
    notifier = Notifier(FakeClock(), environ)
    filled = 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                other.sendto(b"X=1", manager.getsockname())
                filled += 1

    notifier.ready()
    manager.setblocking(False)
    assert [told(manager) for _ in range(filled)] == [["X=1"]] * filled
    with pytest.raises(BlockingIOError):
        told(manager)
    notifier.alive()

    assert "READY=1" in told(manager)
    notifier.alive()
    with pytest.raises(BlockingIOError):
        told(manager)


def test_a_server_says_that_it_is_ready_and_that_it_stops(tmp_path: Path, manager: socket.socket) -> None:
    (tmp_path / "docs").mkdir()
    environ = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "2000000"}
    server = Server(tmp_path / "docs", tmp_path / "data", environ=environ, count=2).start()
    try:
        said: set[str] = set()
        deadline = time.monotonic() + 2 * PATIENCE_S
        while not {"READY=1", "WATCHDOG=1"} <= said and time.monotonic() < deadline:
            said.update(told(manager))
        assert {"READY=1", "WATCHDOG=1"} <= said
    finally:
        server.stop()
    manager.setblocking(False)
    last: list[str] = []
    with pytest.raises(BlockingIOError):
        while True:
            last += told(manager)
    assert "STOPPING=1" in last
