"""Owns the limit of open files: raised where the system lets us, explained where it does not."""

from __future__ import annotations

import sys

_SPARE = 200
"""For everything that is no connection."""


def raise_limit() -> int:
    """Raise the soft limit to the hard one; returns it."""
    if sys.platform == "win32":
        return 1 << 20
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else 1 << 30


def too_few(connections: int, limit: int) -> str:
    """What to tell people when a process cannot hold so many connections; empty when it can."""
    if connections + _SPARE <= limit:
        return ""
    return (
        f"{connections} connections in one generator process need {connections + _SPARE} open files, and the system "
        f"allows {limit}: raise it (`ulimit -n`), or share them out with more processes"
    )
