"""Owns the three-way merge of lines: base, live and theirs to hunks, pure; knows nothing of text, files or documents.

The rule, which is kinder than git's: two changes meet only when their base lines overlap. Changes of neighbouring
lines do not. Two insertions at the same place changed no common line, so both stay, live first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from collab.formats.linediff import Change, diff_lines


class Outcome(Enum):
    """What becomes of a hunk in the live lines."""

    LIVE = "live"
    """Only live changed it: leave it."""
    SAME = "same"
    """What theirs wants is there already: leave it."""
    THEIRS = "theirs"
    """Replace the live lines by theirs."""
    CONFLICT = "conflict"
    """Both changed the same lines differently: keep the live lines and put theirs behind them."""


@dataclass(frozen=True, slots=True)
class Span:
    """Lines `start` to `end`, the end not included."""

    start: int
    end: int

    @property
    def empty(self) -> bool:
        return self.start == self.end


@dataclass(frozen=True, slots=True)
class Hunk:
    """A changed place: where it is in each of the three, and what becomes of it."""

    outcome: Outcome
    base: Span
    live: Span
    theirs: Span


def merge_lines(base: Sequence[str], live: Sequence[str], theirs: Sequence[str]) -> list[Hunk]:
    """The hunks in ascending order, of all that differs from base on either side."""
    if live == base:
        return [_one_sided(Outcome.THEIRS, change) for change in diff_lines(base, theirs)]
    if theirs == base:
        return [_mirrored(change) for change in diff_lines(base, live)]
    sides = _Sides(base, live, theirs)
    regions = _regions(diff_lines(base, live), diff_lines(base, theirs))
    return [hunk for region in regions for hunk in sides.judge(region)]


def _one_sided(outcome: Outcome, change: Change) -> Hunk:
    base = Span(change.a_start, change.a_end)
    return Hunk(outcome, base, base, Span(change.b_start, change.b_end))


def _mirrored(change: Change) -> Hunk:
    base = Span(change.a_start, change.a_end)
    return Hunk(Outcome.LIVE, base, Span(change.b_start, change.b_end), base)


@dataclass(frozen=True, slots=True)
class _Region:
    """Changes of both sides that overlap, directly or through others; the spans cover the same base lines."""

    base: Span
    live: Span
    theirs: Span
    live_changes: list[Change]
    theirs_changes: list[Change]


class _Gather:
    """Joins one side's changes into the region at hand and keeps that side's distance from base."""

    def __init__(self, changes: list[Change]) -> None:
        self._changes = changes
        self._next = 0
        self._first = 0
        self._distance = 0

    @property
    def next(self) -> Change | None:
        return self._changes[self._next] if self._next < len(self._changes) else None

    def take(self) -> Change:
        self._next += 1
        return self._changes[self._next - 1]

    def close(self, base: Span) -> tuple[Span, list[Change]]:
        """This side's lines for the region's base lines, and what it changed among them."""
        taken = self._changes[self._first : self._next]
        before = self._distance
        self._distance += sum((change.b_end - change.b_start) - (change.a_end - change.a_start) for change in taken)
        self._first = self._next
        return Span(base.start + before, base.end + self._distance), taken


def _regions(live_changes: list[Change], theirs_changes: list[Change]) -> list[_Region]:
    live, theirs = _Gather(live_changes), _Gather(theirs_changes)
    regions = []
    while live.next or theirs.next:
        span = _take_overlapping(live, theirs)
        live_span, taken_live = live.close(span)
        theirs_span, taken_theirs = theirs.close(span)
        regions.append(_Region(span, live_span, theirs_span, taken_live, taken_theirs))
    return regions


def _take_overlapping(live: _Gather, theirs: _Gather) -> Span:
    first = _earlier(live, theirs).take()
    start, end = first.a_start, first.a_end
    while True:
        touching = [side for side in (live, theirs) if side.next and _meets(side.next, start, end)]
        if not touching:
            return Span(start, end)
        end = max(end, touching[0].take().a_end)


def _earlier(live: _Gather, theirs: _Gather) -> _Gather:
    """The side with the next change in base order; an insertion comes before a change of the line it stands at."""
    if live.next is None or theirs.next is None:
        return live if theirs.next is None else theirs
    live_key, theirs_key = (live.next.a_start, live.next.a_end), (theirs.next.a_start, theirs.next.a_end)
    return live if live_key <= theirs_key else theirs


def _meets(change: Change, start: int, end: int) -> bool:
    """Whether a later change belongs to the region: it overlaps, or both are insertions at one place."""
    return change.a_start < end or (start == end == change.a_start == change.a_end)


class _Sides:
    """The three texts, to judge regions where both sides changed something."""

    def __init__(self, base: Sequence[str], live: Sequence[str], theirs: Sequence[str]) -> None:
        self._base = base
        self._live = live
        self._theirs = theirs

    def judge(self, region: _Region) -> list[Hunk]:
        if region.live_changes and all(map(_deletes, region.live_changes + region.theirs_changes)):
            return _both_deleted(region)
        return [self._judge_one(region)]

    def _judge_one(self, region: _Region) -> Hunk:
        if not region.theirs_changes:
            return Hunk(Outcome.LIVE, region.base, region.live, region.theirs)
        if not region.live_changes:
            return Hunk(Outcome.THEIRS, region.base, region.live, region.theirs)
        live, theirs = self._differing(region)
        if _contained(region.theirs_changes, region.theirs, theirs, region.live):
            return Hunk(Outcome.SAME, region.base, region.live, region.theirs)
        if _contained(region.live_changes, region.live, live, region.theirs):
            return Hunk(Outcome.THEIRS, region.base, live, theirs)
        live = self._before_final_newline(live, theirs)
        if region.base.empty:
            return Hunk(Outcome.THEIRS, region.base, Span(live.end, live.end), theirs)
        return Hunk(Outcome.CONFLICT, region.base, live, theirs)

    def _differing(self, region: _Region) -> tuple[Span, Span]:
        """Both sides' lines without what they begin and end with in common."""
        live_start, live_end = region.live.start, region.live.end
        theirs_start, theirs_end = region.theirs.start, region.theirs.end
        while live_start < live_end and theirs_start < theirs_end:
            if self._live[live_start] != self._theirs[theirs_start]:
                break
            live_start, theirs_start = live_start + 1, theirs_start + 1
        while live_start < live_end and theirs_start < theirs_end:
            if self._live[live_end - 1] != self._theirs[theirs_end - 1]:
                break
            live_end, theirs_end = live_end - 1, theirs_end - 1
        return Span(live_start, live_end), Span(theirs_start, theirs_end)

    def _before_final_newline(self, live: Span, theirs: Span) -> Span:
        """At the end of the text live's last, empty line is its final newline: theirs goes before it."""
        at_end = live.end == len(self._live) and theirs.end == len(self._theirs)
        if not at_end or theirs.empty or live.end <= max(1, live.start):
            return live
        if self._live[live.end - 1] == "" and self._theirs[theirs.end - 1] != "":
            return Span(live.start, live.end - 1)
        return live


def _contained(changes: Sequence[Change], whole: Span, differing: Span, other: Span) -> bool:
    """Whether all that one side did in a region lies where both sides are equal: then the other side has it too."""
    if differing.empty:
        return not whole.empty or other.empty
    return not any(_reaches(change, differing) for change in changes)


def _reaches(change: Change, span: Span) -> bool:
    """Whether a change has lines within the span; of a deletion, which has none, whether it stands at the span."""
    if _deletes(change):
        return span.start <= change.b_start <= span.end
    return change.b_start < span.end and change.b_end > span.start


def _deletes(change: Change) -> bool:
    return change.b_start == change.b_end


def _both_deleted(region: _Region) -> list[Hunk]:
    """Where both sides only took lines away, what either took away goes; live must lose what only theirs deleted."""
    gone = {line for change in region.live_changes for line in range(change.a_start, change.a_end)}
    doomed = {line for change in region.theirs_changes for line in range(change.a_start, change.a_end)} - gone
    hunks: list[Hunk] = []
    live, nothing = region.live.start, Span(region.theirs.end, region.theirs.end)
    for line in range(region.base.start, region.base.end):
        if line in doomed and hunks and hunks[-1].live.end == live:
            hunks[-1] = Hunk(
                Outcome.THEIRS, Span(hunks[-1].base.start, line + 1), Span(hunks[-1].live.start, live + 1), nothing
            )
        elif line in doomed:
            hunks.append(Hunk(Outcome.THEIRS, Span(line, line + 1), Span(live, live + 1), nothing))
        live += line not in gone
    return hunks
