"""Owns what is measured of the server from outside: CPU and memory of its process tree, when it is on this machine."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psutil

_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}


@dataclass(frozen=True, slots=True)
class Usage:
    """Of the whole tree, at one moment."""

    cpu_s: float
    """User and system, since the processes began; those that ended meanwhile included as far as they were seen."""
    rss_bytes: int


class ServerTree:
    """The server's process and its descendants."""

    def __init__(self, pid: int) -> None:
        """Raises: ValueError (no such process)."""
        try:
            self._root = psutil.Process(pid)
        except psutil.Error:
            raise ValueError(f"there is no process {pid}") from None
        self._cpu_s: dict[tuple[int, float], float] = {}
        """(pid, start) -> the most CPU that was seen of it."""

    @property
    def pid(self) -> int:
        return int(self._root.pid)

    def usage(self) -> Usage | None:
        """None: it is gone, or not ours to look at."""
        processes = []
        with suppress(psutil.Error):
            processes = [self._root, *self._root.children(recursive=True)]
        rss_bytes = 0
        for process in processes:
            with suppress(psutil.Error), process.oneshot():
                times = process.cpu_times()
                self._cpu_s[process.pid, process.create_time()] = times.user + times.system
                rss_bytes += process.memory_info().rss
        return Usage(sum(self._cpu_s.values()), rss_bytes) if rss_bytes else None


def find_server(url: str) -> int | None:
    """The process that listens where the address points to on this machine, or its topmost parent that does."""
    address = urlsplit(url)
    port = address.port or _PORTS.get(address.scheme)
    if port is None or not _is_here(address.hostname or ""):
        return None
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.pid is not None and _listens(connection, port):
                return _topmost(connection.pid, port)
    return None


def _topmost(pid: int, port: int) -> int:
    """A socket that parent and children share is listed once, with any of them."""
    found = pid
    for parent in psutil.Process(pid).parents():
        with suppress(psutil.Error):
            if any(_listens(connection, port) for connection in parent.net_connections("tcp")):
                found = parent.pid
    return found


def _listens(connection: Any, port: int) -> bool:
    return bool(connection.status == psutil.CONN_LISTEN and connection.laddr.port == port)


def _is_here(host: str) -> bool:
    try:
        found = {item[4][0] for item in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return any(ipaddress.ip_address(str(address).partition("%")[0]).is_loopback for address in found)
