"""Owns the file format of recorded sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One update of a recorded session."""

    at_ms: float
    update: bytes


@dataclass(frozen=True, slots=True)
class Recording:
    """A session as it was recorded."""

    authors: Sequence[int]
    entries: Sequence[Entry]


def read_recording(path: Path) -> Recording:
    """Raises: SettingsError (no recording)."""
    raise NotImplementedError


def synthetic_recording(seed: int, edits: int, authors: int) -> Recording:
    """A session of people who do not exist, from a seed."""
    raise NotImplementedError
