"""Owns which fault strikes which call of a `FaultyConnector`; a plan is seeded or scripted, never random.

Faults are named by what an HTTP storage would do; `error_for` says what a connector makes of it.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from connectors.errors import (
    AccessDenied,
    ConnectorError,
    FileMissing,
    LockHeld,
    LockLost,
    QuotaExceeded,
    Unavailable,
    VersionMismatch,
)


class Operation(StrEnum):
    """The calls that a fault can strike."""

    STAT = "stat"
    READ = "read"
    WRITE = "write"
    LOCK = "lock"
    REFRESH_LOCK = "refresh_lock"
    UNLOCK = "unlock"
    LIST = "list"
    CREATE_FOLDER = "create_folder"
    RENAME = "rename"
    DELETE = "delete"


class Fault(StrEnum):
    """What goes wrong."""

    DELAY = "delay"
    """The call takes long and then works."""
    TIMEOUT = "timeout"
    """No answer until the caller gives up, or the connector does."""
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    CONFLICT = "409"
    PRECONDITION_FAILED = "412"
    LOCKED = "423"
    TOO_MANY_REQUESTS = "429"
    SERVER_ERROR = "500"
    SERVICE_UNAVAILABLE = "503"
    SLOW_BODY = "slow body"
    """The body trickles; the call works if the connector's patience lasts."""
    TRUNCATED_BODY = "truncated body"
    WRONG_LENGTH = "wrong length"
    RESET = "connection reset"
    DISK_FULL = "disk full"


class Moment(StrEnum):
    """Whether the storage did what was asked before things went wrong."""

    BEFORE = "before"
    AFTER = "after"
    """The doubtful call: it took effect, the answer was lost."""


CONTENT_OPERATIONS = (
    Operation.STAT,
    Operation.READ,
    Operation.WRITE,
    Operation.LOCK,
    Operation.REFRESH_LOCK,
    Operation.UNLOCK,
)
_LOCKING = frozenset({Operation.LOCK, Operation.REFRESH_LOCK, Operation.UNLOCK})
_FILLING = frozenset({Operation.WRITE, Operation.LOCK, Operation.CREATE_FOLDER, Operation.RENAME})


@dataclass(frozen=True, slots=True)
class Step:
    """One fault and its moment."""

    fault: Fault
    moment: Moment = Moment.BEFORE


class Plan(Protocol):
    """Says for each call what strikes it."""

    def next_step(self, operation: Operation, path: str) -> Step | None: ...


class ScriptedPlan:
    """Faults in the order in which they were asked for, per operation; without one a call works."""

    def __init__(self) -> None:
        self._once: dict[Operation, deque[Step | None]] = {}
        self._always: dict[Operation, Step] = {}

    def then(self, operation: Operation, *steps: Step | None) -> ScriptedPlan:
        """The next calls of `operation` get these steps, None being a call that works."""
        self._once.setdefault(operation, deque()).extend(steps)
        return self

    def always(self, operation: Operation, step: Step) -> ScriptedPlan:
        """After what `then` asked for, every call of `operation` gets this step."""
        self._always[operation] = step
        return self

    def heal(self) -> None:
        """From now on everything works."""
        self._once.clear()
        self._always.clear()

    def next_step(self, operation: Operation, path: str) -> Step | None:
        """The step of this call."""
        queued = self._once.get(operation)
        return queued.popleft() if queued else self._always.get(operation)


class SeededPlan:
    """Faults drawn from a seed: the same seed and the same calls give the same faults."""

    def __init__(
        self,
        seed: int,
        *,
        probability: float = 0.2,
        operations: Sequence[Operation] = CONTENT_OPERATIONS,
        faults: Sequence[Fault] = tuple(Fault),
    ) -> None:
        self.seed = seed
        self._random = random.Random(seed)  # noqa: S311 - reproducible on purpose, protects nothing
        self._probability = probability
        self._operations = frozenset(operations)
        self._faults = tuple(faults)

    def next_step(self, operation: Operation, path: str) -> Step | None:
        """The step of this call."""
        strikes = self._random.random() < self._probability
        step = Step(self._random.choice(self._faults), self._random.choice(tuple(Moment)))
        return step if strikes and operation in self._operations else None


def error_for(fault: Fault, operation: Operation, path: str) -> ConnectorError:
    """The error that a connector raises when its storage does this."""
    text = f"injected: {fault} at {operation} of {path!r}"
    match fault:
        case Fault.UNAUTHORIZED | Fault.FORBIDDEN:
            return AccessDenied(text)
        case Fault.NOT_FOUND:
            return FileMissing(text)
        case Fault.LOCKED:
            return LockHeld(text)
        case Fault.CONFLICT if operation in _LOCKING:
            return LockHeld(text)
        case Fault.PRECONDITION_FAILED if operation in _LOCKING:
            return LockLost(text)
        case Fault.CONFLICT | Fault.PRECONDITION_FAILED if operation is Operation.WRITE:
            return VersionMismatch(text)
        case Fault.DISK_FULL if operation in _FILLING:
            return QuotaExceeded(text)
    return Unavailable(text)
