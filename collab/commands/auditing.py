"""Owns what commands that change a store note in the audit log."""

from __future__ import annotations

import getpass

from collab.audit import Audit, Event
from collab.clock import SystemClock
from collab.config import Config


def note(config: Config, event: Event, **facts: object) -> None:
    """Write down what the operator of this machine did. Raises: ConfigError."""
    audit = Audit(config.audit, SystemClock())
    audit.note(event, {"operator": _user()}, **facts)
    audit.close()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
