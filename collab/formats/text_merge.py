"""Owns the merge of texts: plans it as splices and conflicts, pure, and applies a plan to a live document.

Planning is the expensive half and needs no document, so it may run elsewhere; applying refuses a plan that was made
for another live text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from collab.document import CONFLICTS, SOURCE, Document, Splice, TextPlace
from collab.formats.base import ChangedPlace, Conflict, Merged
from collab.formats.diff3 import Hunk, Outcome, Span, merge_lines

MARKED_PLACES = 100
"""So many places of a merge are told; it may have more."""


@dataclass(frozen=True, slots=True)
class PlannedConflict:
    """Passages that need a person. Positions are in the text after the splices: live's from `start`, theirs from
    `middle` to `end`. Replacing all of it by `live` or by `theirs` keeps one of them exactly."""

    base: str
    live: str
    theirs: str
    start: int
    middle: int
    end: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a merge will do to the live text `live`."""

    live: str
    splices: tuple[Splice, ...] = ()
    conflicts: tuple[PlannedConflict, ...] = ()
    changes: int = 0


def plan_text_merge(base: str, theirs: str, live: str) -> Plan:
    """Plan the three-way merge of texts that have "\\n" line ends."""
    if theirs in (base, live):
        return Plan(live)
    # An empty base has no line that both could have changed: two first texts are two insertions.
    base_lines = base.split("\n") if base or not live else []
    sides = _Sides(base_lines, live.split("\n"), theirs.split("\n"))
    hunks = merge_lines(sides.base, sides.live, sides.theirs)
    wanted = [hunk for hunk in hunks if hunk.outcome in (Outcome.THEIRS, Outcome.CONFLICT)]
    edits = [_edit(hunk, sides) for hunk in wanted]
    changes = sum(hunk.outcome is Outcome.THEIRS for hunk in wanted)
    return Plan(live, tuple(_splices(edits, sides.live)), tuple(_conflicts(wanted, edits, sides)), changes)


@dataclass(frozen=True, slots=True)
class Where:
    """Which text of a document a plan is for; `details` go into the notes of its conflicts."""

    text: TextPlace = SOURCE
    details: Mapping[str, object] = field(default_factory=dict)


WHOLE_TEXT = Where()


def apply_plan(plan: Plan, document: Document, source: str, at_ms: int, where: Where = WHOLE_TEXT) -> Merged | None:
    """Apply a plan as one transaction; None when the live text is not the planned one any more.

    Raises: DocumentPoisoned.
    """
    if document.text(where.text) != plan.live:
        return None
    known = _known_conflicts(document) if plan.conflicts else set()
    conflicts = [found for found in plan.conflicts if (found.base, found.live, found.theirs) not in known]
    if not plan.splices and not conflicts:
        return Merged(0)
    with document.transaction():
        document.edit_text(plan.splices, where.text)
        noted = tuple(_note(document, conflicts, {**where.details, "source": source, "at_ms": at_ms}, where))
    return Merged(plan.changes, noted, _changed_places(document, plan.splices, where))


def _changed_places(document: Document, splices: Sequence[Splice], where: Where) -> tuple[ChangedPlace, ...]:
    """Each passage holds on to its own first and last character; a gap to the character behind it."""
    places: list[tuple[int, bool]] = []
    growth = 0
    for splice in splices[:MARKED_PLACES]:
        start = splice.start + growth
        places += [(start, False), (start + len(splice.insert), bool(splice.insert))]
        growth += len(splice.insert) - splice.delete
    encoded = document.relative_positions(places, where.text)
    return tuple(ChangedPlace(*pair) for pair in zip(encoded[::2], encoded[1::2], strict=True))


def _known_conflicts(document: Document) -> set[tuple[object, object, object]]:
    entries = document.map_values(CONFLICTS).values()
    return {(entry.get("base"), entry.get("live"), entry.get("theirs")) for entry in entries if isinstance(entry, dict)}


def _note(
    document: Document, conflicts: Sequence[PlannedConflict], details: Mapping[str, object], where: Where
) -> Iterator[Conflict]:
    """Write the conflicts into the document, each with relative positions that move with the text."""
    places = [place for found in conflicts for place in _places(found)]
    encoded = iter(document.relative_positions(places, where.text))
    for found in conflicts:
        conflict_id = _conflict_id(found, details)
        texts = {"base": found.base, "live": found.live, "theirs": found.theirs}
        ends = {"start": next(encoded), "middle": next(encoded), "end": next(encoded)}
        document.set_map_value(CONFLICTS, conflict_id, {**texts, **ends, **details})
        yield Conflict(conflict_id, found.base, found.live, found.theirs)


def _places(found: PlannedConflict) -> list[tuple[int, bool]]:
    """Each end holds on to the passage's own character, so that what is typed outside stays outside."""
    return [(found.start, False), (found.middle, found.middle == found.end), (found.end, True)]


def _conflict_id(found: PlannedConflict, details: Mapping[str, object]) -> str:
    return conflict_id_of(found.base, found.live, found.theirs, str(found.start), *map(str, details.values()))


def conflict_id_of(*parts: str) -> str:
    """The key of a conflict in the document's map."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Sides:
    base: list[str]
    live: list[str]
    theirs: list[str]


@dataclass(frozen=True, slots=True)
class _Edit:
    """Replace the live lines of `span` by `lines`."""

    span: Span
    lines: list[str]

    @property
    def growth(self) -> int:
        return len(self.lines) - (self.span.end - self.span.start)


def _edit(hunk: Hunk, sides: _Sides) -> _Edit:
    lines = sides.theirs[hunk.theirs.start : hunk.theirs.end]
    if hunk.outcome is Outcome.CONFLICT:
        return _Edit(Span(hunk.live.end, hunk.live.end), lines)
    return _Edit(hunk.live, lines)


def _splices(edits: Sequence[_Edit], live: Sequence[str]) -> Iterator[Splice]:
    starts = _line_starts(live)
    for edit in _coalesced(edits):
        if len(edit.lines) == edit.span.end - edit.span.start:
            for index, line in enumerate(edit.lines, edit.span.start):
                yield from _trimmed(starts[index], live[index], line)
        else:
            yield _splice(edit, starts)


def _coalesced(edits: Sequence[_Edit]) -> list[_Edit]:
    """Edits that touch as one, so that no two splices share a newline."""
    joined: list[_Edit] = []
    for edit in edits:
        if joined and joined[-1].span.end == edit.span.start:
            last = joined.pop()
            edit = _Edit(Span(last.span.start, edit.span.end), last.lines + edit.lines)
        joined.append(edit)
    return joined


def _splice(edit: _Edit, starts: Sequence[int]) -> Splice:
    """Whole lines as characters: with their newlines behind them, at the end of the text with those before them."""
    first, last, count = edit.span.start, edit.span.end, len(starts) - 1
    if last < count:
        return Splice(starts[first], starts[last] - starts[first], "".join(line + "\n" for line in edit.lines))
    end = starts[count] - 1
    if first == 0:
        return Splice(0, end, "\n".join(edit.lines))
    return Splice(starts[first] - 1, end - starts[first] + 1, "".join("\n" + line for line in edit.lines))


def _trimmed(start: int, old: str, new: str) -> Iterator[Splice]:
    """The change of one line without what stays at both its ends, so that people's cursors stay too."""
    if old == new:
        return
    shorter = min(len(old), len(new))
    head = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    tail = next((i for i in range(shorter - head) if old[-1 - i] != new[-1 - i]), shorter - head)
    yield Splice(start + head, len(old) - head - tail, new[head : len(new) - tail])


def _line_starts(lines: Sequence[str]) -> list[int]:
    """Where each line begins, and where one more line would."""
    return list(accumulate((len(line) + 1 for line in lines), initial=0))


def _conflicts(hunks: Sequence[Hunk], edits: Sequence[_Edit], sides: _Sides) -> list[PlannedConflict]:
    if not any(hunk.outcome is Outcome.CONFLICT for hunk in hunks):
        return []
    starts = _line_starts(_applied(edits, sides.live))
    planned: list[PlannedConflict] = []
    leading_from = len(starts) - 1
    for hunk, first in reversed(list(_merged_places(hunks, edits))):
        last = first + hunk.live.end - hunk.live.start + hunk.theirs.end - hunk.theirs.start
        leading = last == leading_from
        leading_from = first if leading else leading_from
        planned.append(_planned(hunk, first, starts, sides, leading=leading))
    return planned[::-1]


def _merged_places(hunks: Sequence[Hunk], edits: Sequence[_Edit]) -> Iterator[tuple[Hunk, int]]:
    """Each conflict with the merged line where its live passage begins."""
    growth = 0
    for hunk, edit in zip(hunks, edits, strict=True):
        if hunk.outcome is Outcome.CONFLICT:
            yield hunk, hunk.live.start + growth
        growth += edit.growth


def _applied(edits: Sequence[_Edit], live: Sequence[str]) -> list[str]:
    lines: list[str] = []
    at = 0
    for edit in edits:
        lines += live[at : edit.span.start]
        lines += edit.lines
        at = edit.span.end
    return lines + list(live[at:])


def _planned(hunk: Hunk, first: int, starts: Sequence[int], sides: _Sides, *, leading: bool) -> PlannedConflict:
    """`leading`: at the end of the text, where lines own the newlines before them instead of those behind."""
    middle = first + hunk.live.end - hunk.live.start
    last = middle + hunk.theirs.end - hunk.theirs.start
    passages = (
        sides.base[hunk.base.start : hunk.base.end],
        sides.live[hunk.live.start : hunk.live.end],
        sides.theirs[hunk.theirs.start : hunk.theirs.end],
    )
    join = _joined_within if not leading else _joined_first if first == 0 else _joined_last
    base, live, theirs = (join(lines) for lines in passages)
    places = (max(0, starts[index] - leading) for index in (first, middle, last))
    return PlannedConflict(base, live, theirs, *places)


def _joined_within(lines: Sequence[str]) -> str:
    return "".join(line + "\n" for line in lines)


def _joined_last(lines: Sequence[str]) -> str:
    return "".join("\n" + line for line in lines)


def _joined_first(lines: Sequence[str]) -> str:
    return "\n".join(lines)
