"""Owns the table of a room's states and which may follow which; no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """The life of a room."""

    LOADING = "loading"
    ACTIVE = "active"
    SAVING = "saving"
    CLOSING = "closing"
    CLOSED = "closed"
    FAILED = "failed"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.LOADING: frozenset({State.ACTIVE, State.CLOSING, State.FAILED}),
    State.ACTIVE: frozenset({State.SAVING, State.CLOSING, State.FAILED}),
    State.SAVING: frozenset({State.ACTIVE, State.FAILED}),
    State.CLOSING: frozenset({State.CLOSED, State.FAILED}),
    State.CLOSED: frozenset(),
    State.FAILED: frozenset(),
}
"""Which state may follow which. LOADING lasts until storage and history agree; nobody joins before."""

JOINABLE = frozenset({State.ACTIVE, State.SAVING})
OVER = frozenset({State.CLOSED, State.FAILED})
