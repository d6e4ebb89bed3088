"""Owns what takes a child's rights away: resource limits, no new privileges, no network; knows no job.

Each measure is taken where the platform has it. All of them are set before the first untrusted byte is read.
"""

from __future__ import annotations

import ctypes
import math
import os
import signal
import sys

from collab.limits import Limits

if sys.platform != "win32":
    import resource

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_OPEN_FILES = 16


def isolate() -> None:
    """Die with the server, gain no privilege, see no network. Must run while the process has one thread."""
    if sys.platform != "linux":
        return
    die_with_parent()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    # A container may forbid both; then the missing network is the container's to provide.
    if libc.unshare(_CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def die_with_parent() -> None:
    """The process ends when the one that started it does."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def limit_program(memory_bytes: int, cpu_s: float, file_size_bytes: int, open_files: int) -> None:
    """Bounds for a program that is no part of this project, once for its whole life."""
    if sys.platform == "win32":
        return
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, file_size_bytes)
    _lower(resource.RLIMIT_NOFILE, open_files)
    _lower(resource.RLIMIT_CPU, math.ceil(cpu_s))
    if sys.platform == "linux":
        _lower(resource.RLIMIT_AS, memory_bytes)


def limit_resources(limits: Limits) -> None:
    """Bound memory and files; no core dumps, no new processes."""
    if sys.platform == "win32":
        return
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _lower(resource.RLIMIT_NPROC, 0)
    if sys.platform == "linux":  # elsewhere address space is not what a process uses
        _lower(resource.RLIMIT_AS, limits.format_memory_bytes)


def allow_cpu(limits: Limits) -> None:
    """Grant one job its CPU time, counted from now."""
    if sys.platform == "win32":
        return
    used = sum(os.times()[:2])
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used + limits.format_cpu_s), hard))


def _lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))
