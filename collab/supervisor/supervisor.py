"""Owns the life of the server: fills the seats, replaces who dies, ends everybody in good order. Knows signals, no app.

It holds the listening socket and the doors of the workers, so that connections wait in the kernel's queues while a
worker is replaced. A spare worker has loaded its code and can sit down in any seat in a fraction of a second.
"""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import structlog

from collab.clock import Clock, SystemClock
from collab.config import Config
from collab.node.placement import FIRST, Placement
from collab.supervisor.chair import Chair
from collab.supervisor.doors import Doors
from collab.supervisor.process import Inheritance, WorkerProcess, describe
from collab.supervisor.systemd import Notifier
from collab.supervisor.terms import EXIT_CONFIG, EXIT_JOURNAL

log = structlog.get_logger(__name__)

_TURN_S = 0.2
_KILL_GRACE_S = 5.0


class Supervisor:
    """Keeps a worker in every seat until it is told to stop."""

    def __init__(
        self,
        config: Config,
        listener: socket.socket,
        on_ready: Callable[[str], None] | None = None,
        *,
        clock: Clock | None = None,
        module: str = "collab.worker",
        held: Sequence[int] = (),
    ) -> None:
        """`on_ready` gets the one-time token of the first worker; `held` are files that workers keep open."""
        self._config = config
        self._listener = listener
        self._on_ready = on_ready
        self._clock = clock or SystemClock()
        self._module = module
        self._held = held
        self._chairs = [Chair(seat, self._clock) for seat in Placement.of(config.server).seats]
        self._spares: list[WorkerProcess] = []
        self._notifier = Notifier(self._clock)
        self._token = ""
        self._served = False
        self._signals = 0
        self._kill_at: float | None = None
        self._status = 0

    def run(self) -> int:
        """Serve until a signal; returns the exit code of the command. Raises: ConfigError."""
        doors = Doors(Placement.of(self._config.server), self._config.store.data)
        try:
            with self._signalled() as wakeup:
                return self._keep_alive(doors, wakeup)
        finally:
            for spare in self._spares:
                spare.dismiss()
            doors.close()
            self._listener.close()

    def _keep_alive(self, doors: Doors, wakeup: int) -> int:
        while True:
            given_up = self._bury()
            if given_up is not None:
                self._end_all(signal.SIGKILL)
                return given_up
            if self._stopping:
                if not any(chair.worker for chair in self._chairs):
                    return self._status
                self._kill_who_is_late()
            else:
                self._fill(doors)
            self._notifier.alive()
            self._wait(doors, wakeup)
            self._welcome()

    # -- who comes --

    def _fill(self, doors: Doors) -> None:
        """Fill the seats: the first one, then all others, those for large documents when somebody knocks there."""
        for chair in self._chairs:
            wanted = doors.knocked(chair.seat) if chair.seat.heavy else chair.seat == FIRST or self._served
            if wanted and chair.may_start:
                self._seat(chair, doors)
        while len(self._spares) < self._spares_wanted:
            self._spares.append(self._spawn(doors))

    @property
    def _spares_wanted(self) -> int:
        """At the start as many as will be seated when the first one serves, later one for whoever dies."""
        if not self._served:
            return sum(not chair.seat.heavy for chair in self._chairs) - 1
        return int(self._all_ready and self._config.server.spare_worker)

    def _seat(self, chair: Chair, doors: Doors) -> None:
        worker = self._spawn(doors) if not self._spares else self._spares.pop()
        if worker.exit_code is not None:
            worker.close()
            worker = self._spawn(doors)
        chair.seat_worker(worker)
        if not worker.assign(self._config, doors.post(chair.seat)):
            log.error("worker_refused_configuration", seat=chair.seat.name)

    def _spawn(self, doors: Doors) -> WorkerProcess:
        return WorkerProcess(self._module, Inheritance(self._listener.fileno(), doors.descriptors, self._held))

    def _welcome(self) -> None:
        """Note who serves now; say so when it is everybody."""
        for chair in self._chairs:
            if chair.worker is None or chair.ready:
                continue
            token = chair.worker.read_ready()
            if token is None:
                continue
            chair.note_ready()
            self._served = True
            self._token = token if chair.seat == FIRST else self._token
            if self._all_ready:
                self._announce()

    def _announce(self) -> None:
        self._notifier.ready()
        if self._on_ready is not None:
            announce, self._on_ready = self._on_ready, None
            announce(self._token)

    @property
    def _all_ready(self) -> bool:
        return all(chair.ready for chair in self._chairs if not chair.seat.heavy)

    # -- who goes --

    def _bury(self) -> int | None:
        """Note who died; the exit code when it makes no sense to go on."""
        for chair in self._chairs:
            worker = chair.worker
            code = None if worker is None else worker.exit_code
            if worker is None or code is None:
                continue
            worker.close()
            chair.note_end()
            if self._stopping:
                self._status = self._status if code in (0, -signal.SIGTERM) else 1
            elif code == EXIT_CONFIG or (code == EXIT_JOURNAL and not self._served):
                return EXIT_CONFIG
            elif chair.seat.heavy and code == 0:
                log.debug("worker_left", seat=chair.seat.name)
            else:
                log.error("worker_died", seat=chair.seat.name, code=describe(code), next_in_s=chair.pause_s)
                self._notifier.status(f"{chair.seat.name} died ({describe(code)}) and is replaced.")
        return None

    def _end_all(self, number: signal.Signals) -> None:
        for chair in self._chairs:
            if chair.worker is not None:
                chair.worker.send(number)

    # -- signals --

    @property
    def _stopping(self) -> bool:
        return self._signals > 0

    def _kill_who_is_late(self) -> None:
        if self._kill_at is not None and self._clock.monotonic() >= self._kill_at:
            log.error("worker_did_not_stop", seats=[chair.seat.name for chair in self._chairs if chair.worker])
            self._end_all(signal.SIGKILL)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """The first signal asks the workers to store everything and say goodbye, the second ends them."""
        self._signals += 1
        if self._signals > 1:
            self._end_all(signal.SIGKILL)
            return
        self._notifier.stopping()
        self._kill_at = self._clock.monotonic() + self._config.server.shutdown_s + _KILL_GRACE_S
        if any(not chair.worker for chair in self._chairs if not chair.seat.heavy):
            self._status = 1  # who is missing now had no time to store what it had
        self._end_all(signal.SIGTERM)

    @contextmanager
    def _signalled(self) -> Iterator[int]:
        """Take the signals; what comes out can be waited for, and becomes readable at each of them."""
        reading, writing = os.pipe()
        for descriptor in (reading, writing):
            os.set_blocking(descriptor, False)
        wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        previous = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        previous[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        try:
            yield reading
        finally:
            for number, action in previous.items():
                signal.signal(number, action)
            signal.set_wakeup_fd(wakeup)
            os.close(reading)
            os.close(writing)

    def _wait(self, doors: Doors, wakeup: int) -> None:
        """Until a signal, a death, a worker that serves or a knock; not longer than a turn."""
        poll = select.poll()
        poll.register(wakeup, select.POLLIN)
        for chair in self._chairs:
            if chair.worker is not None and not chair.ready:
                poll.register(chair.worker.ready_fd, select.POLLIN)
            elif chair.worker is None and chair.seat.heavy and chair.may_start and not self._stopping:
                poll.register(doors.descriptor(chair.seat), select.POLLIN)
        poll.poll(_TURN_S * 1000)
        try:
            while os.read(wakeup, 512):
                pass
        except BlockingIOError:
            pass
