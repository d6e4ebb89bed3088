"""Owns what the doctor says: one finding a line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """How a check ended."""

    GOOD = "[green]good[/green]"
    WARNING = "[yellow]look[/yellow]"
    BAD = "[red]bad [/red]"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor; `mend` says what to do."""

    verdict: Verdict
    subject: str
    text: str
    mend: str = ""
