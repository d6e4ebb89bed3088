"""Owns the settings of the connector to a local folder."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

OFFICE_EXTENSIONS = frozenset(
    f".{name}"
    for name in (
        "odt ott fodt ods ots fods odp otp fodp odg fodg odf doc docx docm dot dotx rtf "
        "xls xlsx xlsm xlsb xlt xltx ppt pptx pptm pps ppsx pot potx"
    ).split()
)


class WatchMode(StrEnum):
    """How outside changes are noticed."""

    AUTO = "auto"
    """The system's notifications; where they are not to be had, polling."""
    POLL = "poll"
    """Look at the opened paths from time to time: for network file systems that notify of nothing."""


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """A folder as storage root, and its bounds."""

    root: Path
    threads: int = 4
    waiting_calls: int = 1000
    hidden_entries: bool = False
    """Whether names that begin with a dot can be listed and opened; lock files and `.git` never."""
    lock_extensions: frozenset[str] = OFFICE_EXTENSIONS
    """For which files `lock` writes a lock file that desktop applications heed; lower case, with the dot."""
    lock_timeout_s: float = 1800.0
    """After this time without a refresh a lock file of another server of ours is taken for stale."""
    version_size_bytes: int = 512 * 1024 * 1024
    """Above this a file has no version (it would have to be hashed) and cannot be edited."""
    displaced_size_bytes: int = 64 * 1024 * 1024
    """Above this foreign bytes that a write displaced are not handed over: the write is undone."""
    remembered_paths: int = 10_000
    watch_mode: WatchMode = WatchMode.AUTO
    watch_debounce_ms: int = 1000
    watch_grace_s: float = 0.5
    """How long a path may be away, as during a save by rename, before it counts as deleted."""
    poll_interval_s: float = 2.0
    sweep_entries: int = 200_000
    """How many entries are looked at for files that a killed server left, when the connector opens."""
