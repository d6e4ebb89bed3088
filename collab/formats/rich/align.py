"""Owns which block of the file each live block comes from: by equality first, then by likeness, in order.

There are no references to keep: whatever an editor did to the tree, and however often the file was saved meanwhile,
the blocks of the last stored bytes are found again by what they hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from collab.formats.linediff import diff_lines
from collab.formats.rich.model import OPAQUE_BLOCK, Block

_ALIKE = 0.3
_PAIRS = 40_000
"""So many pairs of blocks of one gap are compared; larger gaps are paired in order."""


@dataclass(slots=True)
class Alignment:
    """For each live block its source: `kept` in place, or `copied` from a block that stood elsewhere."""

    kept: list[Block | None]
    copied: dict[int, Block] = field(default_factory=dict)
    gone: list[Block] = field(default_factory=list)
    """The file's blocks that have no live one."""


def align(base: Sequence[Block], live: Sequence[Block]) -> Alignment:
    """Match the children of one parent."""
    kept: list[Block | None] = [None] * len(live)
    taken = [False] * len(base)
    at = live_at = 0
    changes = diff_lines([block.digest for block in base], [block.digest for block in live])
    for change in changes:
        while at < change.a_start:
            kept[live_at], taken[at] = base[at], True
            at, live_at = at + 1, live_at + 1
        for source, target in _pairs(base[at : change.a_end], live[live_at : change.b_end]):
            kept[live_at + target], taken[at + source] = base[at + source], True
        at, live_at = change.a_end, change.b_end
    for source in range(at, len(base)):
        kept[live_at + source - at], taken[source] = base[source], True
    found = Alignment(kept, gone=[block for block, is_taken in zip(base, taken, strict=True) if not is_taken])
    _find_moved(found, base, live)
    return found


def _find_moved(found: Alignment, base: Sequence[Block], live: Sequence[Block]) -> None:
    sources: dict[str, list[Block]] = defaultdict(list)
    for block in [*base, *found.gone]:
        sources[block.digest].append(block)
    for index, block in enumerate(live):
        if found.kept[index] is None and sources.get(block.digest):
            found.copied[index] = sources[block.digest][-1]


def _pairs(base: Sequence[Block], live: Sequence[Block]) -> list[tuple[int, int]]:
    """Pairs of one gap, ascending on both sides."""
    if len(base) == len(live) and len(base) * len(live) > _PAIRS:
        return [(i, i) for i in range(len(base)) if compatible(base[i], live[i])]
    if len(base) * len(live) > _PAIRS or not base or not live:
        return []
    if len(base) == len(live) == 1:
        return [(0, 0)] if compatible(base[0], live[0]) else []
    return _best(base, live)


def _best(base: Sequence[Block], live: Sequence[Block]) -> list[tuple[int, int]]:
    """The pairing in order whose likeness is largest in sum."""
    rows, columns = len(base), len(live)
    likeness = [[like(one, other) for other in live] for one in base]
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            paired = likeness[i][j] + best[i + 1][j + 1] if likeness[i][j] >= _ALIKE else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], paired)
    pairs, i, j = [], 0, 0
    while i < rows and j < columns:
        if likeness[i][j] >= _ALIKE and best[i][j] == likeness[i][j] + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def compatible(base: Block, live: Block) -> bool:
    """Whether one can become the other by an edit."""
    if base.kind == OPAQUE_BLOCK or live.kind == OPAQUE_BLOCK:
        return base.digest == live.digest
    same = base.kind == live.kind and base.attrs.get("ref") == live.attrs.get("ref")
    return same or (base.is_text and live.is_text)


def like(base: Block, live: Block) -> float:
    """0 to 1: how much of the longer text both have at their ends, or in the blocks within."""
    if not compatible(base, live):
        return 0.0
    if base.digest == live.digest:
        return 1.0
    one, other = base.text, live.text
    if not one and not other:
        return 0.9
    shorter, longer = min(len(one), len(other)), max(len(one), len(other))
    head = next((i for i in range(shorter) if one[i] != other[i]), shorter)
    tail = next((i for i in range(shorter - head) if one[-1 - i] != other[-1 - i]), shorter - head)
    ends = (head + tail) / longer
    if base.children and live.children:
        shared = {child.digest for child in base.children} & {child.digest for child in live.children}
        ends = max(ends, len(shared) / max(len(base.children), len(live.children)))
    return ends
