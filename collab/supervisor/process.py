"""Owns one worker process: how it is started, told its place, and ended. Knows no other worker.

A process first loads its code, which takes long, and waits. Its standard input then carries the configuration and its
place, and stays open: its end tells the worker that nobody watches over it any more.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collab.config import Config
from collab.configfile import dump_config
from collab.node.placement import Post
from collab.supervisor.terms import READY

_READY_BYTES = 4096
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Inheritance:
    """The open files that every worker gets, as it may come to sit in any seat."""

    listener: int
    doors: Sequence[int]
    """One for each seat, in the order of `Placement.seats`."""
    held: Sequence[int] = ()
    """Kept open and nothing else: the lock on the data folder lasts as long as a worker lives."""


class WorkerProcess:
    """A worker that was started."""

    def __init__(self, module: str, inheritance: Inheritance) -> None:
        self.ready_fd, ready = os.pipe()
        os.set_blocking(self.ready_fd, False)
        descriptors = (inheritance.listener, ready, *inheritance.doors)
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-m", module, *map(str, descriptors)],
            stdin=subprocess.PIPE,
            pass_fds=(*descriptors, *inheritance.held),
            process_group=0,
            env={**os.environ, "PYTHONPATH": _import_path()},
        )
        os.close(ready)
        self._closed = False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for a signal."""
        return self._process.poll()

    def assign(self, config: Config, post: Post) -> bool:
        """Let it serve in a seat; False when it is gone already."""
        door = post.placement.seats.index(post.seat)
        place = json.dumps({**post.dump(), "door": door})
        return self._say(f"{dump_config(config)}\n{place}\n".encode())

    def read_ready(self) -> str | None:
        """What it says as it begins to serve: the token of the first address, often empty. None: nothing yet."""
        try:
            said = os.read(self.ready_fd, _READY_BYTES).decode()  # written at once (pipe(7), PIPE_BUF)
        except BlockingIOError:
            return None
        return said.removeprefix(READY) if said.startswith(READY) else None

    def send(self, number: signal.Signals) -> None:
        if self.exit_code is None:
            self._process.send_signal(number)

    def close(self) -> None:
        """Let go of its pipes, which ends it when it still waits; may be called twice."""
        if self._closed:
            return
        self._closed = True
        os.close(self.ready_fd)
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except BrokenPipeError:
                pass

    def dismiss(self) -> None:
        """End one that was never needed."""
        self.close()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _say(self, text: bytes) -> bool:
        if self._process.stdin is None:
            return False
        try:
            self._process.stdin.write(text)
            self._process.stdin.flush()
        except BrokenPipeError:
            return False
        return True


def describe(code: int) -> str:
    """An exit code for the log."""
    return signal.Signals(-code).name if code < 0 else str(code)


def _import_path() -> str:
    """Where the worker finds this very package, installed or not."""
    here = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH")
    return os.pathsep.join([here, known]) if known else here
