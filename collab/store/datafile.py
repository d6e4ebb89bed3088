"""Owns the journal file on the disk: making it, checking it, and going on when it is damaged. Knows no calls.

A damaged file is never deleted and never written to. Whatever can still be read goes into a new file, the damaged
one is moved aside under a dated name, and the new one takes its place, in an order that a crash cannot break.
"""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import structlog

from collab.clock import Clock
from collab.errors import ConfigError, JournalError
from collab.store.driver import Connection, Driver, one, tells_of_damage
from collab.store.fence import LOCK_NAME
from collab.store.salvage import salvage
from collab.store.schema import VERSION, migrate, prepare, schema_version

FILE_NAME = "journal.db"
_SUSPECT = "journal.suspect"
_WAL, _SHM = "-wal", "-shm"
_log = structlog.get_logger(__name__)


class Damaged(Exception):
    """The file cannot be used as it is."""


def make_ready(data: Path, driver: Driver, clock: Clock) -> None:
    """See that the data folder holds a journal file of the current version. Raises: ConfigError, JournalError."""
    path = data / FILE_NAME
    try:
        _finish_replacement(path)
        _create(path)
        try:
            _check_and_migrate(path, driver)
        except Damaged as error:
            _replace(path, driver, clock, str(error))
    except driver.errors as error:
        raise JournalError(f"the journal cannot be opened: {error}") from error
    except OSError as error:
        raise JournalError(f"the data folder cannot be used: {error}") from error


def suspect(data: Path) -> None:
    """Have the whole file checked at the next start."""
    (data / _SUSPECT).touch()


def sync_folder(path: Path) -> None:
    """Make renames in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make a file's bytes durable."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def beside(path: Path, suffix: str) -> Path:
    """The file that SQLite or we keep beside the journal file."""
    return path.with_name(path.name + suffix)


def _create(path: Path) -> None:
    """An empty file that nobody else may read, if there is none."""
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        sync_folder(path.parent)
    elif path.stat().st_size == 0 and not _has_log(path):
        _log.warning("journal_empty", path=str(path), meaning="a new history begins; nothing was there to be kept")


def _check_and_migrate(path: Path, driver: Driver) -> None:
    if path.stat().st_size == 0 and _has_log(path):
        raise Damaged("the file is empty, its write-ahead log is not")
    connection = driver.connect(path)
    try:
        connection.execute("PRAGMA busy_timeout=5000").fetchall()
        _check(connection, whole=(path.parent / _SUSPECT).exists())
        if schema_version(connection) < VERSION:
            prepare(connection)
            migrate(connection)
    except driver.errors as error:
        if tells_of_damage(driver.code(error)):
            raise Damaged(str(error)) from error
        raise
    finally:
        connection.close()
    (path.parent / _SUSPECT).unlink(missing_ok=True)


def _has_log(path: Path) -> bool:
    wal = beside(path, _WAL)
    return wal.exists() and wal.stat().st_size > 0


def _check(connection: Connection, *, whole: bool) -> None:
    schema_version(connection)
    row = one(connection, "PRAGMA quick_check(1)") if whole else ("ok",)
    if row is None or row[0] != "ok":
        raise Damaged(str(row[0]) if row else "the check gave no answer")


# -- replacing a damaged file --


def _replace(path: Path, driver: Driver, clock: Clock, reason: str) -> None:
    stamp = datetime.fromtimestamp(clock.wall_ms() / 1000, UTC).strftime("%Y%m%dT%H%M%S")
    aside = _free_name(beside(path, f".damaged-{stamp}"))
    copy, empty, new = beside(path, ".salvage"), beside(path, ".empty"), beside(path, ".new")
    for leftover in (copy, empty):
        _remove(leftover)
    _copy(path, copy)
    _make_empty(empty, driver)
    shutil.copyfile(empty, new)
    connection = driver.connect(new)
    try:
        saved = salvage(copy, empty, connection, driver)
    finally:
        connection.close()
    sync_file(new)
    for leftover in (copy, empty):
        _remove(leftover)
    for suffix in (_WAL, _SHM, ""):
        if beside(path, suffix).exists():
            beside(path, suffix).rename(beside(aside, suffix))
    _finish_replacement(path)
    (path.parent / _SUSPECT).unlink(missing_ok=True)
    _log.error("journal_damaged", reason=reason, kept_as=str(aside), **saved)


def _make_empty(path: Path, driver: Driver) -> None:
    """A file of the current schema without rows."""
    connection = driver.connect(path)
    try:
        prepare(connection)
        migrate(connection)
    finally:
        connection.close()


def _finish_replacement(path: Path) -> None:
    """A new file is complete exactly when the damaged one is already aside."""
    new = beside(path, ".new")
    if not new.exists():
        return
    if path.exists():
        _remove(new)
        return
    new.rename(path)
    sync_folder(path.parent)


def _free_name(path: Path) -> Path:
    number = 1
    free = path
    while free.exists():
        number += 1
        free = beside(path, f"-{number}")
    return free


def _copy(source: Path, target: Path) -> None:
    for suffix in ("", _WAL):
        if beside(source, suffix).exists():
            shutil.copyfile(beside(source, suffix), beside(target, suffix))


def _remove(path: Path) -> None:
    for suffix in ("", _WAL, _SHM):
        beside(path, suffix).unlink(missing_ok=True)


# -- copies --


def back_up(path: Path, target: Path, driver: Driver) -> None:
    """Write a consistent copy of a live file. Raises: ConfigError (no journal, or a file there), JournalError."""
    if not path.exists():
        raise ConfigError(f"there is no journal in {path.parent}.")
    if target.exists():
        raise ConfigError(f"{target} exists already; a backup never overwrites.")
    unfinished = _free_name(beside(target, ".unfinished"))
    try:
        connection = driver.connect(path)
        try:
            connection.execute("PRAGMA busy_timeout=5000").fetchall()
            connection.execute("VACUUM INTO ?", (str(unfinished),)).fetchall()
        finally:
            connection.close()
        sync_file(unfinished)
        os.link(unfinished, target)
        sync_folder(target.parent)
    except FileExistsError:
        raise ConfigError(f"{target} exists already; a backup never overwrites.") from None
    except driver.errors as error:
        raise JournalError(f"the backup could not be written: {error}") from error
    except OSError as error:
        raise JournalError(f"the backup could not be written: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def place_copy(source: Path, data: Path) -> None:
    """Copy a checked backup into an empty data folder. Raises: ConfigError (it holds something)."""
    others = sorted(item.name for item in data.iterdir() if item.name != LOCK_NAME)
    if others:
        raise ConfigError(f"{data} is not empty ({others[0]}); restore into a new folder.")
    path = data / FILE_NAME
    new = beside(path, ".new")
    shutil.copyfile(source, new)
    new.chmod(0o600)
    sync_file(new)
    _finish_replacement(path)


def check_copy(source: Path, driver: Driver) -> None:
    """See that a backup can be used. Raises: ConfigError."""
    if not source.is_file():
        raise ConfigError(f"{source} is not a file.")
    try:
        connection = driver.connect(source)
        try:
            _check(connection, whole=True)
            if not schema_version(connection):
                raise Damaged("it is empty")
        finally:
            connection.close()
    except Damaged as error:
        raise ConfigError(f"{source} is not a usable backup: {error}") from error
    except driver.errors as error:
        raise ConfigError(f"{source} is not a usable backup: {error}") from error
