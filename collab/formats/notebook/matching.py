"""Owns which cell of one notebook is which of another: by their ids, else by what they contain and where they stand.

Files below nbformat 4.5 have no ids, and hand-made ones have ids twice; what is left over is told apart by content.
Knows no file and no document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from collab.formats.linediff import diff_lines
from collab.formats.notebook.source import content_key

Model = Mapping[str, Any]


def match_cells(base: Sequence[Model], other: Sequence[Model]) -> list[int | None]:
    """For each cell of `other` the place of its counterpart in `base`, each at most once."""
    matches = _by_id(base, other)
    _pair_left(base, other, matches, _equal_runs)
    _pair_left(base, other, matches, _equal_anywhere)
    _pair_gaps(base, other, matches)
    return matches


def _by_id(base: Sequence[Model], other: Sequence[Model]) -> list[int | None]:
    """The first who has an id is its owner; `with_ids` says the same."""
    places: dict[str, int] = {}
    for number, model in enumerate(base):
        cell_id = model.get("id")
        if isinstance(cell_id, str) and cell_id:
            places.setdefault(cell_id, number)
    matches: list[int | None] = []
    for model in other:
        cell_id = model.get("id")
        matches.append(places.pop(cell_id, None) if isinstance(cell_id, str) else None)
    return matches


Pairing = Callable[[Sequence[str], Sequence[str]], list[tuple[int, int]]]


def _pair_left(base: Sequence[Model], other: Sequence[Model], matches: list[int | None], pairing: Pairing) -> None:
    """Pair what has no counterpart yet, by content."""
    taken = set(matches)
    base_left = [number for number in range(len(base)) if number not in taken]
    other_left = [number for number, match in enumerate(matches) if match is None]
    if not base_left or not other_left:
        return
    pairs = pairing([content_key(base[at]) for at in base_left], [content_key(other[at]) for at in other_left])
    for base_at, other_at in pairs:
        matches[other_left[other_at]] = base_left[base_at]


def _equal_runs(base: Sequence[str], other: Sequence[str]) -> list[tuple[int, int]]:
    """Equal content in the same order."""
    pairs = []
    base_at = other_at = 0
    for change in diff_lines(base, other):
        pairs += list(zip(range(base_at, change.a_start), range(other_at, change.b_start), strict=True))
        base_at, other_at = change.a_end, change.b_end
    return pairs + list(zip(range(base_at, len(base)), range(other_at, len(other)), strict=True))


def _equal_anywhere(base: Sequence[str], other: Sequence[str]) -> list[tuple[int, int]]:
    """Equal content wherever it stands, where no two have it: it was moved."""
    once_base, once_other = Counter(base), Counter(other)
    places = {key: number for number, key in enumerate(base) if once_base[key] == 1}
    return [(places[key], number) for number, key in enumerate(other) if once_other[key] == 1 and key in places]


def _pair_gaps(base: Sequence[Model], other: Sequence[Model], matches: list[int | None]) -> None:
    """Changed cells without names: the nth that is left between two known ones is the nth that was there."""
    taken = {match for match in matches if match is not None}
    before = -1
    for number, match in enumerate(matches):
        if match is not None:
            before = match
            continue
        following = before + 1
        free = following < len(base) and following not in taken
        if free and base[following]["cell_type"] == other[number]["cell_type"] and _nameless(base, following):
            matches[number] = before = following
            taken.add(following)


def _nameless(base: Sequence[Model], number: int) -> bool:
    """Whether the file has no id of its own for that cell: missing, or claimed by an earlier one."""
    cell_id = base[number].get("id")
    return not cell_id or any(model.get("id") == cell_id for model in base[:number])
