"""Owns the splicing of repeated elements: a sequence of lines becomes another, and what stays where it is keeps its
bytes. Rows, columns, cells and tables are all done so; knows no vocabulary.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from collab.formats.sheet.ods_table import Line
from collab.formats.zipped.patch import Patch
from collab.formats.zipped.scan import Node


@dataclass(slots=True)
class Run:
    """`count` lines in a row: those of the file from `source` on, or new ones. With `data` it is one line, anew."""

    source: int | None
    count: int
    data: bytes | None = None


@dataclass(slots=True)
class _Item:
    line: int | None
    data: bytes


def runs_of(sources: Sequence[int | None], total: int, used: int, anew: Mapping[int, bytes]) -> list[Run]:
    """The runs of a sequence of the file's lines, broken at those that are written anew; then what the file has behind
    its used area. `total` is how many lines the file has in all."""
    runs: list[Run] = []
    last = max((place for place, source in enumerate(sources) if source is not None and source < total), default=-1)
    last = max(last, max(anew, default=-1))
    for place in range(last + 1):
        source = sources[place] if place < len(sources) else None
        source = None if source is None or source >= total else source
        if place in anew:
            runs.append(Run(source, 1, anew[place]))
        elif runs and runs[-1].data is None and _follows(runs[-1], source):
            runs[-1].count += 1
        else:
            runs.append(Run(source, 1))
    kept = [source for source in sources if source is not None and source < total]
    tail = max(used, max(kept, default=-1) + 1)
    grown = max(0, last + 1 - tail)
    if total - grown > tail:
        runs.append(Run(tail, total - grown - tail))
    return runs or [Run(None, 1)]


def _follows(run: Run, source: int | None) -> bool:
    return source == (None if run.source is None else run.source + run.count)


class Spliced:
    """The patches that turn lines into runs."""

    def __init__(self, lines: Sequence[Line], made: Callable[[Line, int], bytes], new: Callable[[int], bytes]) -> None:
        """`made` writes a line with another count, `new` so many new ones."""
        self._lines = lines
        self._made = made
        self._new = new
        self._starts = [line.first for line in lines]

    def patches(self, content: bytes, runs: Sequence[Run], at: int) -> list[Patch]:
        """`at` is where new lines go when there is no line to put them beside."""
        items = [item for run in runs for item in self._items(run)]
        staying = self._staying(items)
        found: list[Patch] = []
        before = b""
        current: int | None = None
        pieces: list[bytes] = []
        for place, item in enumerate(items):
            if place in staying:
                if current is not None:
                    found += self._patch(content, current, b"".join(pieces))
                    pieces = []
                current = item.line
            pieces.append(item.data)
            if current is None:
                before += pieces.pop()
                continue
        if current is None:
            where = self._lines[0].node.start if self._lines else at
            found += [Patch(where, where, before)] if before else []
        else:
            first = next(items[place].line for place in sorted(staying))
            found += self._patch(content, current, b"".join(pieces))
            if before and first is not None:
                start = self._lines[first].node.start
                found.insert(0, Patch(start, start, before))
        kept = {items[place].line for place in staying}
        gone = [line for number, line in enumerate(self._lines) if number not in kept]
        return [*found, *(Patch(line.node.start, line.node.end, b"") for line in gone)]

    def _patch(self, content: bytes, line: int, data: bytes) -> list[Patch]:
        node = self._lines[line].node
        return [] if content[node.start : node.end] == data else [Patch(node.start, node.end, data)]

    def _items(self, run: Run) -> Iterator[_Item]:
        if run.source is None:
            yield _Item(None, self._new(run.count) if run.data is None else run.data)
            return
        at, left = run.source, run.count
        while left:
            number = bisect_right(self._starts, at) - 1
            line = self._lines[number]
            count = min(left, line.first + line.repeat - at)
            yield _Item(number, self._made(line, count) if run.data is None else run.data)
            at, left = at + count, left - count

    def _staying(self, items: Sequence[_Item]) -> set[int]:
        """The items that take the place of their line: as many as can stay in order, each line once."""
        places, seen = [], set()
        for place, item in enumerate(items):
            if item.line is not None and item.line not in seen:
                seen.add(item.line)
                places.append(place)
        numbers = [items[place].line or 0 for place in places]
        return {places[index] for index in longest_increasing(numbers)}

    def emptied(self, runs: Sequence[Run], table: Node) -> bool:
        """Whether a group within the table would be left with none of its lines."""
        items = [item for run in runs for item in self._items(run)]
        kept = {id(self._lines[items[place].line or 0].parent) for place in self._staying(items)}
        return any(line.parent is not table and id(line.parent) not in kept for line in self._lines)


def longest_increasing(numbers: Sequence[int]) -> list[int]:
    """The indexes of a longest strictly increasing subsequence."""
    tails: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for index, number in enumerate(numbers):
        place = bisect_left(ends, number)
        previous.append(tails[place - 1] if place else -1)
        if place == len(tails):
            tails.append(index)
            ends.append(number)
        else:
            tails[place], ends[place] = index, number
    found: list[int] = []
    at = tails[-1] if tails else -1
    while at >= 0:
        found.append(at)
        at = previous[at]
    return found[::-1]
