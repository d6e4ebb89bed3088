"""Owns the two-way diff of lines, with a bound on its work; knows nothing of files, documents or merges.

Common prefix and suffix first, then Myers' greedy walk, which is fast and minimal where little changed. Where much
changed, the lines that are unique on both sides serve as anchors (patience), and the walk goes on between them. Every
step draws on one budget that is linear in the input, so the time cannot grow quadratically: when it is spent, what is
left becomes one coarse change, which is correct but larger than needed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_STEPS_PER_LINE = 4
_STEPS_FLOOR = 300_000
_EDIT_WINDOW = 256
_STRIDE = 32


@dataclass(frozen=True, slots=True)
class Change:
    """Lines `a[a_start:a_end]` became `b[b_start:b_end]`; one of the two may be empty."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int


@dataclass(frozen=True, slots=True)
class Match:
    """Lines `a[a_start:a_start + length]` and `b[b_start:b_start + length]` are equal."""

    a_start: int
    b_start: int
    length: int


@dataclass(frozen=True, slots=True)
class _Range:
    a_low: int
    a_high: int
    b_low: int
    b_high: int

    @property
    def size(self) -> int:
        return self.a_high - self.a_low + self.b_high - self.b_low

    @property
    def one_sided(self) -> bool:
        return self.a_low == self.a_high or self.b_low == self.b_high


@dataclass(frozen=True, slots=True)
class _Walk:
    """The fronts of a greedy walk, one for each edit, and the diagonal on which it got furthest."""

    fronts: list[dict[int, int]]
    diagonal: int
    arrived: bool


def diff_lines(a: Sequence[str], b: Sequence[str]) -> list[Change]:
    """The changes from `a` to `b` in ascending order; no two of them touch."""
    matches = _slide(_Diff(a, b).matches(), a, b)
    return _changes(matches, len(a), len(b))


def _changes(matches: list[Match], a_length: int, b_length: int) -> list[Change]:
    changes = []
    a_at = b_at = 0
    for match in [*matches, Match(a_length, b_length, 0)]:
        if match.a_start > a_at or match.b_start > b_at:
            changes.append(Change(a_at, match.a_start, b_at, match.b_start))
        a_at, b_at = match.a_start + match.length, match.b_start + match.length
    return changes


def _slide(matches: list[Match], a: Sequence[str], b: Sequence[str]) -> list[Match]:
    """Move each pure insertion or deletion as far down as it goes, so that equal edits get equal places.

    Of a repeated block it is otherwise arbitrary which copy counts as the new one.
    """
    slid: list[Match] = []
    for match in [*matches, Match(len(a), len(b), 0)]:
        last = slid.pop() if slid else Match(0, 0, 0)
        a_gap, b_gap = last.a_start + last.length, last.b_start + last.length
        shift = 0
        if a_gap == match.a_start and b_gap < match.b_start:
            shift = _equal_run(b, b_gap, b, match.b_start, match.length)
        elif b_gap == match.b_start and a_gap < match.a_start:
            shift = _equal_run(a, a_gap, a, match.a_start, match.length)
        slid.append(Match(last.a_start, last.b_start, last.length + shift))
        slid.append(Match(match.a_start + shift, match.b_start + shift, match.length - shift))
    return [match for match in slid if match.length]


def _equal_run(a: Sequence[str], a_at: int, b: Sequence[str], b_at: int, limit: int) -> int:
    """How many lines from both places on are equal, at most `limit`; in growing strides, as runs are mostly long."""
    count = 0
    stride = 1
    while count < limit:
        size = min(stride, limit - count)
        if a[a_at + count : a_at + count + size] == b[b_at + count : b_at + count + size]:
            count += size
            stride *= 2
        elif size == 1:
            break
        else:
            stride = size // 2
    return count


def _equal_run_back(a: Sequence[str], a_end: int, b: Sequence[str], b_end: int, limit: int) -> int:
    """`_equal_run` towards the beginning."""
    count = 0
    stride = 1
    while count < limit:
        size = min(stride, limit - count)
        if a[a_end - count - size : a_end - count] == b[b_end - count - size : b_end - count]:
            count += size
            stride *= 2
        elif size == 1:
            break
        else:
            stride = size // 2
    return count


class _Diff:
    """One run over two lists of lines, with its budget."""

    def __init__(self, a: Sequence[str], b: Sequence[str]) -> None:
        self._a = a
        self._b = b
        self._found: list[Match] = []
        self._budget = _STEPS_FLOOR + _STEPS_PER_LINE * (len(a) + len(b))

    def matches(self) -> list[Match]:
        stack = [_Range(0, len(self._a), 0, len(self._b))]
        while stack:
            rest = self._strip(stack.pop())
            if rest.one_sided or self._budget <= 0 or self._all_new(rest):
                continue
            self._budget -= rest.size // _STRIDE
            walk = self._walk(rest)
            if walk.arrived:
                self._note(walk, rest)
            elif parts := self._split_at_anchors(rest):
                stack.extend(parts)
            else:
                stack.append(self._note(walk, rest))
        return _joined(sorted(self._found, key=lambda match: match.a_start))

    def _strip(self, span: _Range) -> _Range:
        """Take equal lines off both ends."""
        shorter = min(span.a_high - span.a_low, span.b_high - span.b_low)
        head = _equal_run(self._a, span.a_low, self._b, span.b_low, shorter)
        tail = _equal_run_back(self._a, span.a_high, self._b, span.b_high, shorter - head)
        self._match(span.a_low, span.b_low, head)
        self._match(span.a_high - tail, span.b_high - tail, tail)
        return _Range(span.a_low + head, span.a_high - tail, span.b_low + head, span.b_high - tail)

    def _all_new(self, span: _Range) -> bool:
        """Whether the two have no line in common; asked only where walking would cost more than the question."""
        if span.size < _EDIT_WINDOW:
            return False
        return set(self._a[span.a_low : span.a_high]).isdisjoint(self._b[span.b_low : span.b_high])

    def _match(self, a_start: int, b_start: int, length: int) -> None:
        if length:
            self._found.append(Match(a_start, b_start, length))

    def _split_at_anchors(self, span: _Range) -> list[_Range]:
        """The ranges between lines that occur exactly once on each side, in an order that both sides share."""
        self._budget -= span.size
        parts = []
        a_at, b_at = span.a_low, span.b_low
        for a_index, b_index in _increasing(self._unique_pairs(span)):
            if a_index < a_at or b_index < b_at:
                continue  # within the run that began at an earlier anchor
            run = _equal_run(self._a, a_index, self._b, b_index, min(span.a_high - a_index, span.b_high - b_index))
            self._match(a_index, b_index, run)
            parts.append(_Range(a_at, a_index, b_at, b_index))
            a_at, b_at = a_index + run, b_index + run
        if parts:
            parts.append(_Range(a_at, span.a_high, b_at, span.b_high))
        return parts

    def _unique_pairs(self, span: _Range) -> list[tuple[int, int]]:
        """Index pairs of the lines that are unique on both sides, ascending in `a`."""
        a_lines = self._a[span.a_low : span.a_high]
        b_lines = self._b[span.b_low : span.b_high]
        a_counts, b_counts = Counter(a_lines), Counter(b_lines)
        places = {line: index for index, line in enumerate(b_lines, span.b_low) if b_counts[line] == 1}
        return [
            (index, places[line])
            for index, line in enumerate(a_lines, span.a_low)
            if line in places and a_counts[line] == 1
        ]

    def _walk(self, span: _Range) -> _Walk:
        """Myers' greedy walk for at most `_EDIT_WINDOW` edits, to the end or as far as that leads."""
        a_length = span.a_high - span.a_low
        diagonal = a_length - (span.b_high - span.b_low)
        fronts: list[dict[int, int]] = [{1: 0}]
        for edits in range(_EDIT_WINDOW):
            front = self._advance(fronts[-1], edits, span)
            self._budget -= len(front)
            fronts.append(front)
            if front.get(diagonal) == a_length:
                return _Walk(fronts, diagonal, arrived=True)
        front = fronts[-1]
        return _Walk(fronts, max(front, key=lambda k: 2 * front[k] - k), arrived=False)

    def _advance(self, front: dict[int, int], edits: int, span: _Range) -> dict[int, int]:
        """The furthest x on each diagonal (x - y) after one more edit."""
        a, b = self._a, self._b
        a_length, b_length = span.a_high - span.a_low, span.b_high - span.b_low
        reached = {}
        for k in range(-edits, edits + 1, 2):
            x = _step(front, k)
            if not (0 <= x <= a_length and 0 <= x - k <= b_length):
                continue
            if x < a_length and x - k < b_length and a[span.a_low + x] == b[span.b_low + x - k]:
                run = _equal_run(a, span.a_low + x, b, span.b_low + x - k, min(a_length - x, b_length - x + k))
                self._budget -= run // _STRIDE
                x += run
            reached[k] = x
        return reached

    def _note(self, walk: _Walk, span: _Range) -> _Range:
        """Note the matches of a walk on the way back; returns the range that is left behind it."""
        fronts, k = walk.fronts, walk.diagonal
        x = fronts[-1][k]
        left = _Range(span.a_low + x, span.a_high, span.b_low + x - k, span.b_high)
        for edits in range(len(fronts) - 1, 0, -1):
            x, start = fronts[edits][k], _step(fronts[edits - 1], k)
            self._match(span.a_low + start, span.b_low + start - k, x - start)
            k = k + 1 if start == fronts[edits - 1].get(k + 1, -1) else k - 1
        return left


def _step(front: dict[int, int], k: int) -> int:
    """Where diagonal `k` begins: one down from k + 1, or one right from k - 1, whichever is further; -1 for none."""
    down = front.get(k + 1, -1)
    right = front.get(k - 1, -2) + 1
    return max(down, right)


def _increasing(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs that ascends in both (patience sorting)."""
    tails: list[int] = []
    tops: list[int] = []
    previous: list[int] = []
    for index, (_, value) in enumerate(pairs):
        pile = bisect_left(tails, value)
        previous.append(tops[pile - 1] if pile else -1)
        tails[pile : pile + 1] = [value]
        tops[pile : pile + 1] = [index]
    chosen = []
    at = tops[-1] if tops else -1
    while at >= 0:
        chosen.append(pairs[at])
        at = previous[at]
    return chosen[::-1]


def _joined(matches: list[Match]) -> list[Match]:
    """Neighbouring matches as one."""
    joined: list[Match] = []
    for match in matches:
        last = joined[-1] if joined else Match(-1, -1, 0)
        if (last.a_start + last.length, last.b_start + last.length) == (match.a_start, match.b_start):
            joined[-1] = Match(last.a_start, last.b_start, last.length + match.length)
        else:
            joined.append(match)
    return joined
