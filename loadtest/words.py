"""Owns how figures and verdicts are said to people: the same words in the terminal, the report and the tables.

Knows no terminal and no HTML. What is not known is said with a dash, never with a nought.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from loadtest.results import Latency, Proof, Result, Verdict

UNKNOWN = "–"  # noqa: RUF001 - a dash
_KIB = 1024
_KINDS = {
    "text": "Text",
    "text_last": "Text, until the last has it",
    "text_slow": "Text, at slow readers",
    "text_after_return": "Text, after coming back",
    "presence": "Presence",
    "join": "Join",
    "rejoin": "Join, after a break",
    "join_alone": "Join, one at a time",
    "acknowledgement": "Acknowledgement",
    "connect": "Connect",
    "newcomer": "Join after the run",
    "late_send": "Generator, late sends",
    "generator_lag": "Generator, lag of its loop",
}
"""Kinds of latency in the order of their weight."""


@dataclass(frozen=True, slots=True)
class Saying:
    """A verdict for people."""

    title: str
    sentence: str
    tone: str
    """`good`, `warning` or `danger`."""
    sign: str
    """A mark beside the title, so that nobody has to tell colours apart."""


def known(value: float | None) -> bool:
    """Whether there is a figure to say."""
    return value is not None and math.isfinite(value)


def number(value: float | None, digits: int = 3) -> str:
    """A figure with so many significant digits, thousands grouped."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(decimals, 4)}f}"


def mark(value: float) -> str:
    """A round figure, as an axis has them: no noughts at its end."""
    return f"{value:,.10g}"


def count(value: float | None) -> str:
    """A whole number."""
    return f"{value:,.0f}" if value is not None and math.isfinite(value) else UNKNOWN


def milliseconds(value: float | None) -> str:
    """A latency with its unit."""
    return f"{number(value)} ms" if known(value) else UNKNOWN


def seconds(value: float | None) -> str:
    """A length of time with its unit."""
    return f"{number(value)} s" if known(value) else UNKNOWN


def size(value: float | None) -> str:
    """Bytes in the largest unit that leaves at least one before the point."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    unit = "B"
    for unit in ("B", "kB", "MB", "GB"):
        if abs(value) < _KIB:
            break
        if unit != "GB":
            value /= _KIB
    return f"{number(value)} {unit}"


def cores(value: float | None) -> str:
    """Processor cores in use, as per cent of one."""
    return f"{value * 100:,.0f} %" if value is not None and math.isfinite(value) else UNKNOWN


def ratio(value: float | None) -> str:
    """How many times."""
    return f"{value:.2f}×" if value is not None and math.isfinite(value) else UNKNOWN  # noqa: RUF001 - the times sign


def kind(name: str) -> str:
    """A kind of latency as a heading."""
    return _KINDS.get(name) or title(name)


def by_weight(latencies: Iterable[Latency]) -> list[Latency]:
    """The kinds that people ask for first; those that nobody knows last."""
    order = list(_KINDS)
    return sorted(latencies, key=lambda item: order.index(item.kind) if item.kind in _KINDS else len(order))


def moment(iso: str) -> str:
    """A date and time for people; what cannot be read stays as it is."""
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    return f"{when.day} {when:%B %Y, %H:%M} {when.tzname() or ''}".strip()


def figure(name: str, value: float) -> str:
    """A figure whose name says its unit: `join_all_s`, `server_rss_bytes_per_connection`."""
    if name.endswith("_per_s"):
        return f"{number(value)} /s"
    if "_bytes" in name:
        return size(value)
    if name.endswith("_ms"):
        return milliseconds(value)
    return seconds(value) if name.endswith("_s") else number(value)


def figure_title(name: str) -> str:
    """Such a name as a heading, without its unit."""
    return title(name.replace("_rss_bytes", "_memory").replace("_bytes", "").removesuffix("_ms").removesuffix("_s"))


def plural(amount: int, one: str, many: str | None = None) -> str:
    """`1 client`, `2 clients`."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def title(name: str) -> str:
    """A scenario's or a phase's name as a heading."""
    return name.replace("-", " ").replace("_", " ").strip().capitalize() or UNKNOWN


def verdict(result: Result) -> Saying:
    """What a run is worth, and why."""
    if result.verdict is Verdict.VALID:
        return Saying("Valid", prove(result.proof), "good", "✓")
    if result.verdict is Verdict.GENERATOR_BOUND:
        reason = sentence(result.ceiling.reason) or "The load generator was at its own limit."
        return Saying("Generator-bound", f"{reason} {prove(result.proof)}", "warning", "!")
    return Saying("Invalid", prove(result.proof), "danger", "✕")


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}" if text else ""


def prove(proof: Proof) -> str:
    """What the comparison of all documents at the end gave."""
    if proof.holds:
        holders = "The client" if proof.clients == 1 else f"All {proof.clients:,} clients"
        verb = "holds" if proof.clients == 1 else "hold"
        return (
            f"{holders} and the server {verb} the same {'document' if proof.rooms == 1 else 'documents'} at the end; "
            "no edit was lost or doubled."
        )
    if not proof.agreeing:
        return sentence(proof.problems[0]) if proof.problems else "No two documents agreed."
    faults = []
    if proof.agreeing != proof.clients:
        faults.append(f"{proof.agreeing:,} of {proof.clients:,} clients agree")
    if not proof.server_agrees:
        faults.append("the server holds another document, or could not be asked")
    if proof.lost_edits:
        faults.append(f"{plural(proof.lost_edits, 'edit')} lost")
    if proof.doubled_edits:
        faults.append(f"{plural(proof.doubled_edits, 'edit')} doubled")
    return sentence("; ".join(faults))
