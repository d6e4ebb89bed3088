"""Owns the audit log: who did what, a line of JSON for each event, in a file of its own or in the log; off by default.

No content, no token, no address: ids and names of people, documents and their paths. Knows no request and no room.
A log that cannot be written stops nobody: it is said in the server's log.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import structlog

from collab.clock import Clock
from collab.errors import ConfigError
from collab.siteconfig import AuditConfig

_log = structlog.get_logger(__name__)
_events = structlog.get_logger("collab.audit.events")
_TEXT_LENGTH = 1_000


class Event(StrEnum):
    """What is noted."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    REFUSED = "refused"
    OPENED = "opened"
    WROTE = "wrote"
    """The first edit of a connection."""
    LEFT = "left"
    """A connection is gone; `edits`: so many of its messages changed the document."""
    SHARED = "shared"
    REVOKED = "revoked"
    UPLOADED = "uploaded"
    EXPORTED = "exported"
    RENAMED = "renamed"
    DELETED = "deleted"
    RESTORED = "restored"
    PURGED = "purged"
    ERASED = "erased"
    KICKED = "kicked"
    UNLOADED = "unloaded"
    DRAINED = "drained"


class Audit:
    """Writes events. Several processes may write to one file: each line is one append."""

    def __init__(self, config: AuditConfig, clock: Clock, **always: str) -> None:
        """`always`: what stands in every line. Raises: ConfigError when the file cannot be opened."""
        self.enabled = config.file is not None or config.log
        self._clock = clock
        self._always = always
        self._file = None if config.file is None else _File(config.file)
        self._to_log = config.log
        self._failing = False

    def note(self, event: Event, who: Mapping[str, object], **facts: object) -> None:
        """Write an event down. `who`: of `person`, or empty where nobody is known."""
        if not self.enabled:
            return
        shown = {name: _bounded(value) for name, value in {**who, **facts}.items() if value is not None}
        if self._to_log:
            _events.info(
                "audit", what=event.value, **{f"who_{key}" if key == "name" else key: shown[key] for key in shown}
            )
        if self._file is not None:
            at = datetime.fromtimestamp(self._clock.wall_ms() / 1000, UTC).isoformat(timespec="milliseconds")
            line = {"at": at, "event": event.value, **self._always, **shown}
            self._append(self._file, json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")

    def close(self) -> None:
        """May be called twice."""
        if self._file is not None:
            self._file.close()

    def _append(self, file: _File, line: bytes) -> None:
        try:
            file.append(line)
        except OSError as error:
            if not self._failing:
                _log.error("audit_unwritable", reason=error.strerror)
            self._failing = True
        else:
            self._failing = False


class _File:
    """A file that may be renamed under our feet: the next line goes into a new one of the name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        try:
            self._open()
        except OSError as error:
            raise ConfigError(f"The audit log {path} cannot be written ({error.strerror}).") from None

    def append(self, line: bytes) -> None:
        """Raises: OSError."""
        if not self._is_ours():
            self.close()
            self._open()
        if os.write(self._descriptor, line) != len(line):
            raise OSError(0, "disk full")

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(self._path, flags, 0o600)

    def _is_ours(self) -> bool:
        """Whether the name still leads to the file that is open."""
        if self._descriptor < 0:
            return False
        try:
            named, held = os.stat(self._path), os.fstat(self._descriptor)
        except FileNotFoundError:
            return False
        return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)


def _bounded(value: object) -> object:
    return value[:_TEXT_LENGTH] if isinstance(value, str) else value
