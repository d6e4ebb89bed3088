"""Owns what a process may still touch of the file system (Landlock, Linux 5.13 and later); knows no job.

A rule is for a folder and all below it. What no rule names is closed, whoever the process runs as.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from enum import IntFlag
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System calls; their numbers are the same on all architectures."""
_VERSION_ASKED = 1
_PATH_BENEATH = 1
_RULESET, _RULE = struct.Struct("=Q"), struct.Struct("=Qi")
_REFER_SINCE, _TRUNCATE_SINCE = 2, 3


class Access(IntFlag):
    """The rights of the kernel's interface (linux/landlock.h)."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    MAKE_SOCK = 1 << 9
    EVERY_MAKE_AND_REMOVE = 0b1111_1111_1 << 4
    REFER = 1 << 13
    TRUNCATE = 1 << 14


READ = Access.EXECUTE | Access.READ_FILE | Access.READ_DIR
WRITE = READ | Access.WRITE_FILE | Access.EVERY_MAKE_AND_REMOVE | Access.REFER | Access.TRUNCATE
DEVICE = Access.READ_FILE | Access.WRITE_FILE
_OF_FILES = Access.EXECUTE | Access.READ_FILE | Access.WRITE_FILE | Access.TRUNCATE


def version() -> int:
    """Of the kernel's interface; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, _call(_CREATE_RULESET, None, 0, _VERSION_ASKED))


def restrict(allowed: Iterable[tuple[Path, Access]]) -> bool:
    """Close everything but these, for this process and what it starts. False where the kernel cannot."""
    found = version()
    if not found:
        return False
    handled = WRITE
    if found < _REFER_SINCE:
        handled &= ~Access.REFER
    if found < _TRUNCATE_SINCE:
        handled &= ~Access.TRUNCATE
    ruleset = _call(_CREATE_RULESET, _RULESET.pack(handled), _RULESET.size, 0)
    if ruleset < 0:
        return False
    try:
        for path, access in allowed:
            _allow(ruleset, path, access & handled)
        return _call(_RESTRICT_SELF, ruleset, 0) == 0
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, access: Access) -> None:
    """A path that does not exist needs no rule."""
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        granted = access if path.is_dir() else access & _OF_FILES
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, _RULE.pack(granted, opened), 0)
    finally:
        os.close(opened)


def _call(number: int, *arguments: bytes | int | None) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    given = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return int(libc.syscall(ctypes.c_long(number), *given))
