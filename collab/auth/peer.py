"""Owns the question which user of this machine holds the other end of a loopback connection (Linux only)."""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
from pathlib import Path

_TABLES = {4: Path("/proc/net/tcp"), 6: Path("/proc/net/tcp6")}
_ESTABLISHED = b"01"
SUPPORTED = sys.platform == "linux"


def peer_uid(peer: tuple[str, int], server: tuple[str, int]) -> int | None:
    """The uid of the process that opened the connection `peer` -> `server`, None when it is not (any more) there.

    Only an established socket counts: once its owner closed it the kernel reports uid 0 for it, and a server that
    runs as root would take a request from anybody who sends it and hangs up.
    """
    version = ipaddress.ip_address(peer[0]).version
    try:
        table = _TABLES[version].read_bytes()
    except OSError:
        return None
    needle = b" " + _endpoint(*peer) + b" " + _endpoint(*server) + b" " + _ESTABLISHED + b" "
    start = table.find(needle)
    if start < 0:
        return None
    line = table[start : table.index(b"\n", start)]
    return int(line.split()[6])


def _endpoint(host: str, port: int) -> bytes:
    """An address as /proc/net/tcp prints it: each 32-bit word of the address in host byte order."""
    address = ipaddress.ip_address(host)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    words = struct.unpack(f"={len(address.packed) // 4}I", socket.inet_pton(family, host))
    return ("".join(f"{word:08X}" for word in words) + f":{port:04X}").encode()
