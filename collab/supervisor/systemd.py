"""Owns what systemd is told of the service (sd_notify): ready, stopping, still alive. Does nothing elsewhere."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from collab.clock import Clock


class Notifier:
    """Sends datagrams to `NOTIFY_SOCKET`; a service manager that does not listen costs nothing."""

    def __init__(self, clock: Clock, environ: Mapping[str, str] = os.environ) -> None:
        self._clock = clock
        self._address = environ.get("NOTIFY_SOCKET", "")
        for_us = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        usec = environ.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(usec) / 2_000_000 if for_us and usec.isdecimal() and self._address else None
        """To be told so often that we are alive; half of what systemd allows."""
        self._due = clock.monotonic()
        self._unsaid: str | None = None
        """What the manager must hear and had no room for: it is said again."""

    def ready(self) -> None:
        """Everybody is served."""
        self._must_hear("READY=1\nSTATUS=All workers serve.")

    def status(self, text: str) -> None:
        """One line for people."""
        self._send(f"STATUS={text}")

    def stopping(self) -> None:
        """The service ends in good order."""
        self._must_hear("STOPPING=1\nSTATUS=Storing everything.")

    def alive(self) -> None:
        """Called as often as one likes; tells at most once in `watchdog_s`."""
        if self._unsaid is not None:
            self._must_hear(self._unsaid)
        if self.watchdog_s is not None and self._clock.monotonic() >= self._due:
            self._due = self._clock.monotonic() + self.watchdog_s
            self._send("WATCHDOG=1")

    def _must_hear(self, text: str) -> None:
        self._unsaid = None if self._send(text) else text

    def _send(self, text: str) -> bool:
        """False when the manager's queue is full."""
        if not self._address:
            return True
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                channel.setblocking(False)
                channel.sendto(text.encode(), address)
        except BlockingIOError:
            return False
        except OSError:
            pass
        return True
