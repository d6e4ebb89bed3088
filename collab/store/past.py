"""Owns the records about a document's past: histories that were retired, and points; knows no store.

They are part of the contract in `base.py`, which gives them on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

HistoryId = NewType("HistoryId", str)


@dataclass(frozen=True, slots=True)
class RetiredHistory:
    """A history that a fresh one replaced. What its clients hand over later is journalled behind `seq`."""

    history_id: HistoryId
    seq: int
    last_seq: int
    absorbed_seq: int
    """Up to here it is part of the document's current history; what lies behind waits to be merged."""
    state_vector: bytes


@dataclass(frozen=True, slots=True)
class Absorbed:
    """Handed-over edits, up to `seq` of a retired history, that a journalled merge brings into the current one."""

    history_id: HistoryId
    seq: int


@dataclass(frozen=True, slots=True)
class PointName:
    """What a person called a point."""

    text: str
    author_id: str
    author_name: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Point:
    """A past of the document that can be loaded for as long as it is listed; `name` is None for automatic ones."""

    history_id: HistoryId
    seq: int
    at_ms: int
    name: PointName | None = None
