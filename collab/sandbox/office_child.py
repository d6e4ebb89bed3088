"""Owns the start of an office program that reads a stranger's file: gives up rights, then becomes that program.

Its network and its limits go first, then every file that it does not need. Knows no job and no format.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from pathlib import Path

from collab.sandbox import confine, landlock
from collab.sandbox.landlock import Access

SCRATCH = "{scratch}"
"""Stands for the scratch folder in the command."""
_CLONE_NEWNS, _CLONE_NEWPID = 0x00020000, 0x20000000
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000
_OPEN_FILES = 1024
_SOCKETS = Path("/tmp")  # noqa: S108  # where the office makes its socket, whatever it is told
_SYSTEM = (
    "/usr /bin /lib /lib32 /lib64 /opt /etc/fonts /etc/libreoffice /etc/ld.so.cache /etc/localtime /etc/paperspecs "
    "/etc/papersize /var/lib/libreoffice /var/spool/libreoffice /var/cache/fontconfig"
)
_DEVICES = "/dev/null /dev/zero /dev/urandom /dev/random"


def main() -> None:
    """Arguments: the scratch folder, the limits as JSON, and the command."""
    scratch, limits, command = Path(sys.argv[2]), json.loads(sys.argv[3]), sys.argv[4:]
    program = Path(command[0])
    confine.isolate()
    scratch = _own_mounts(scratch, program)
    _own_processes()
    confine.limit_program(limits["memory_bytes"], limits["cpu_s"], limits["file_size_bytes"], _OPEN_FILES)
    landlock.restrict(_allowed(scratch, program))
    for ignored in (signal.SIGXFSZ, signal.SIGPIPE):  # Python ignores them, and so would the program
        signal.signal(ignored, signal.SIG_DFL)
    os.chdir(scratch)
    home = str(scratch)
    environ = {"HOME": home, "TMPDIR": home, "XDG_RUNTIME_DIR": home, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    os.execve(command[0], [part.replace(SCRATCH, home) for part in command], environ)  # noqa: S606


def _allowed(scratch: Path, program: Path) -> list[tuple[Path, Access]]:
    """The scratch folder, and what the program is made of."""
    folder = program.resolve().parent
    home = folder.parent if folder.name == "program" else folder
    return [
        *((Path(name), landlock.READ) for name in _SYSTEM.split()),
        *((Path(name), landlock.DEVICE) for name in _DEVICES.split()),
        (home, landlock.READ),
        (_SOCKETS, Access.MAKE_SOCK),
        (scratch, landlock.WRITE),
    ]


def _own_mounts(scratch: Path, program: Path) -> Path:
    """Where the system lets us: the scratch folder as the only one for temporary files; its new name."""
    libc = ctypes.CDLL(None, use_errno=True)
    hidden = program.resolve().is_relative_to(_SOCKETS)
    if sys.platform != "linux" or hidden or libc.unshare(_CLONE_NEWNS) != 0:
        return scratch
    libc.mount(None, b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None)
    bound = libc.mount(os.fsencode(scratch), os.fsencode(_SOCKETS), None, ctypes.c_ulong(_MS_BIND), None)
    return _SOCKETS if bound == 0 else scratch


def _own_processes() -> None:
    """Where the system lets us: the first process of a space of its own, whose end is the end of all in it."""
    if sys.platform != "linux" or ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWPID) != 0:
        return
    first = os.fork()
    if first:
        _, status = os.waitpid(first, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    confine.die_with_parent()
