"""Owns the system calls that Python lacks and what each errno means to a caller; knows no contract but the errors."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from connectors.errors import (
    AccessDenied,
    ConnectorError,
    FileExists,
    FileMissing,
    InvalidPath,
    NotAFile,
    QuotaExceeded,
    TooLarge,
    Unavailable,
    Unsupported,
)

RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2
NOT_IMPLEMENTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})

_ERRORS: dict[int, type[ConnectorError]] = {
    errno.ENOENT: FileMissing,
    errno.ENOTDIR: FileMissing,
    errno.EEXIST: FileExists,
    errno.ENOTEMPTY: FileExists,
    errno.EACCES: AccessDenied,
    errno.EPERM: AccessDenied,
    errno.EROFS: AccessDenied,
    errno.ENOSPC: QuotaExceeded,
    errno.EDQUOT: QuotaExceeded,
    errno.EFBIG: TooLarge,
    errno.EISDIR: NotAFile,
    errno.ENXIO: NotAFile,
    errno.ENODEV: NotAFile,
    errno.ELOOP: InvalidPath,
    errno.ENAMETOOLONG: InvalidPath,
    errno.EINVAL: InvalidPath,
    errno.EILSEQ: InvalidPath,
    errno.EXDEV: Unsupported,
    errno.EOPNOTSUPP: Unsupported,
    errno.ENOSYS: Unsupported,
}


def error_for(error: OSError, path: str) -> ConnectorError:
    """What a failed system call means; everything that is not listed is worth a retry (EIO, EMFILE, ESTALE, …)."""
    kind = _ERRORS.get(error.errno or 0, Unavailable)
    return kind(f"{path!r}: {errno.errorcode.get(error.errno or 0, '?')}")


@contextmanager
def connector_errors(path: str) -> Iterator[None]:
    """Turn every OSError into the connector's error."""
    try:
        yield
    except OSError as error:
        raise error_for(error, path) from error


def exchange(folder: int, name: str, other: str) -> None:
    """Swap two entries of a folder in one step. Raises: OSError (one of NOT_IMPLEMENTED where it cannot be done)."""
    _renameat2(folder, name, folder, other, RENAME_EXCHANGE)


def rename_without_replacing(folder: int, name: str, new_folder: int, new_name: str) -> None:
    """Rename, but never onto something. Raises: OSError."""
    try:
        _renameat2(folder, name, new_folder, new_name, RENAME_NOREPLACE)
    except OSError as error:
        # EINVAL also says "into itself", which the plain rename says again.
        if error.errno not in NOT_IMPLEMENTED:
            raise
        _rename_by_steps(folder, name, new_folder, new_name)


def open_regular(folder: int, name: str) -> int:
    """Open a regular file for reading, following nothing and waking no device. Raises: OSError, NotAFile."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        raise NotAFile(f"{name!r} is no regular file")
    try:
        opened = os.open(name, flags, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotAFile(f"{name!r} is a symbolic link") from error
        raise
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise NotAFile(f"{name!r} is no regular file")
    return opened


def is_open_for_writing(opened: int) -> bool:
    """Whether somebody holds the file open for writing; False where the system does not tell.

    A read lease is granted only while nobody does. The signal that announces the break of a lease would end the
    process by default, so it is set to one that is ignored.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        fcntl.fcntl(opened, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    with suppress(OSError):
        fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def try_flock(opened: int) -> bool:
    """Take the advisory lock of an open file; False when another holds it or the file system has none."""
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def write_all(opened: int, content: bytes) -> None:
    """Write every byte. Raises: OSError."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(opened, rest) :]


def _rename_by_steps(folder: int, name: str, new_folder: int, new_name: str) -> None:
    """Without renameat2: exclusive for files, by a link; a folder may replace an empty one made at that moment."""
    try:
        os.link(name, new_name, src_dir_fd=folder, dst_dir_fd=new_folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in NOT_IMPLEMENTED | {errno.EPERM, errno.EMLINK}:
            raise
    else:
        os.unlink(name, dir_fd=folder)
        return
    try:
        os.stat(new_name, dir_fd=new_folder, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(name, new_name, src_dir_fd=folder, dst_dir_fd=new_folder)
        return
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _renameat2(folder: int, name: str, new_folder: int, new_name: str, flags: int) -> None:
    call = _libc_renameat2()
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if call(folder, os.fsencode(name), new_folder, os.fsencode(new_name), flags) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


@cache
def _libc_renameat2() -> Any:  # a foreign function has no better type
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is not None:
        call.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
        call.restype = ctypes.c_int
    return call
