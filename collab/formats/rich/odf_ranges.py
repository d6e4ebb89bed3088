"""Owns what becomes of a range when a save cuts out one of its ends: the end moves to a paragraph that stays.

In OpenDocument the ends of bookmarks, comments, index marks and tracked changes stand within paragraphs, so they cannot
wait between blocks. A range that loses both ends is gone with its text.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from collab.formats.rich import odf_names as names
from collab.formats.rich.source import Writer
from collab.formats.zipped.patch import Patch
from collab.formats.zipped.scan import Node

_TAG = re.compile(rb"<[^/!?>\"'](?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_Range = tuple[str, str]
"""What it is, and its name."""


def range_patches(writer: Writer, patches: Sequence[Patch]) -> list[Patch]:
    """What has to be added to the patches of a save, so that no range loses one end alone."""
    cuts = _Cuts(patches)
    marks = [node for node in writer.source.body.walk() if _is_mark(node)] if cuts.any else []
    cut = [node for node in marks if cuts.around(node) is not None]
    if not cut:
        return []
    hosts = _Hosts(writer, cuts)
    again = _written_again(writer, cut, patches)
    for node, low, high in _alone(marks, cuts, again):
        hosts.take(node, low, high)
    return list(hosts.patches())


class _Cuts:
    """The spans that are replaced; they do not overlap."""

    def __init__(self, patches: Sequence[Patch]) -> None:
        spans = sorted((patch.start, patch.end) for patch in patches if patch.start < patch.end)
        self.any = bool(spans)
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]

    def around(self, node: Node) -> int | None:
        """Where the span begins that takes this node away; None if it stays."""
        index = bisect_right(self._starts, node.start) - 1
        return self._starts[index] if index >= 0 and node.end <= self._ends[index] else None


def _is_mark(node: Node) -> bool:
    return node.name in names.RANGE_STARTS or node.name in names.RANGE_ENDS or node.name == names.DELETION


def _range(node: Node) -> _Range:
    """The range that a mark begins or ends."""
    kind, key = names.RANGE_STARTS.get(node.name) or names.RANGE_ENDS[node.name]
    return kind, node.attrs.get(key, "")


def _written_again(writer: Writer, cut: Sequence[Node], patches: Sequence[Patch]) -> dict[int, int]:
    """What comes back within new bytes (a moved block, a comment in a joined paragraph): its start -> new place."""
    found: dict[bytes, int] = {}
    for patch in patches:
        for tag in _TAG.findall(patch.new):
            found.setdefault(tag, patch.start)
    return {node.start: found[tag] for node in cut if (tag := writer.source.scan.tag(node)) in found}


def _alone(marks: Sequence[Node], cuts: _Cuts, again: dict[int, int]) -> Iterator[tuple[Node, int, int]]:
    """The marks that are gone and still needed, each with the first and last place where it does its work."""
    low: dict[_Range, int] = {}
    high: dict[_Range, int] = {}
    gone = []
    for node in marks:
        new = again.get(node.start)
        if new is None and cuts.around(node) is not None:
            gone.append(node)
        elif node.name in names.RANGE_STARTS:
            low.setdefault(_range(node), node.start + 1 if new is None else new)
        elif node.name in names.RANGE_ENDS:
            high[_range(node)] = node.start if new is None else new - 1
    for node in gone:
        if node.name == names.DELETION:
            yield node, 0, sys.maxsize
            continue
        known = _range(node)
        if node.name in names.RANGE_ENDS and known in low and known not in high:
            yield node, low[known], high.setdefault(known, sys.maxsize)
        elif node.name in names.RANGE_STARTS and known in high and known not in low and node.name != names.COMMENT:
            yield node, low.setdefault(known, 0), high[known]


class _Hosts:
    """The paragraphs that stay, and the marks that they take over."""

    def __init__(self, writer: Writer, cuts: _Cuts) -> None:
        self._writer = writer
        self._cuts = cuts
        texts = [block for top in writer.source.blocks for block in top.walk() if block.is_text]
        self._hosts = [(block, block.node) for block in texts if block.node and cuts.around(block.node) is None]
        self._starts = [node.start for _, node in self._hosts]
        self._taken: dict[tuple[int, int], list[Node]] = {}

    def take(self, mark: Node, low: int, high: int) -> None:
        """Give a mark to the nearest paragraph where it still does its work."""
        for host, at in self._spots(mark, low, high):
            if low <= at <= high:
                self._taken.setdefault((host, at), []).append(mark)
                return

    def _spots(self, mark: Node, low: int, high: int) -> Iterator[tuple[int, int]]:
        """Number of the paragraph, and place in it: first those that leave the range as it was."""
        before = bisect_left(self._starts, mark.start) - 1
        if before >= 0 and mark.end <= self._hosts[before][1].end:
            yield before, self._cuts.around(mark) or mark.start
        if mark.name in names.RANGE_STARTS:
            last = bisect_right(self._starts, high) - 1
            wanted = [(before + 1, False), (before, True), (last, True), (last, False)]
        else:
            first = bisect_right(self._starts, low) - 1
            wanted = [(before, True), (before + 1, False), (first, True), (first + 1, False)]
        for host, behind in wanted:
            if 0 <= host < len(self._hosts):
                yield host, _edge(self._hosts[host][1], behind)

    def patches(self) -> Iterator[Patch]:
        """What was taken over, written into its paragraphs."""
        for (host, at), marks in self._taken.items():
            block, node = self._hosts[host]
            written = b"".join(self._writer.source.scan.source(mark) for mark in marks)
            if node.inner_start < 0:
                yield Patch(node.start, node.end, self._writer.filled(block, written))
            else:
                yield Patch(at, at, written)


def _edge(paragraph: Node, behind: bool) -> int:
    """Where a paragraph's content begins or ends; a heading's number stays first."""
    if paragraph.inner_start < 0:
        return paragraph.start
    number = None if behind else next(paragraph.elements, None)
    if number is not None and number.name == "text:number":
        return number.end
    return paragraph.inner_end if behind else paragraph.inner_start
