"""Owns which paragraphs of the file have become one: a live paragraph that begins like one and ends like a later one.

What stands between two that are joined is gone; what is in them stays where it is, with all that nobody sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collab.formats.rich.align import Alignment
from collab.formats.rich.model import Block

_SOME = 3
"""So many characters say that a paragraph's end is another one's, where that is not whole."""


@dataclass(frozen=True, slots=True)
class Join:
    """The paragraphs that became one, and all that goes with the gap between them."""

    first: Block
    last: Block
    taken: Sequence[Block]


def joins(found: Alignment, base: Sequence[Block], live: Sequence[Block]) -> dict[int, Join]:
    """Number of the live block -> what it was joined from. A block is taken once."""
    places = {id(block): index for index, block in enumerate(base)}
    free = {id(block) for block in found.gone} - {id(block) for block in found.copied.values()}
    done: dict[int, Join] = {}
    for index, block in enumerate(live):
        source = found.kept[index]
        if not free or source is None or not block.is_text or not source.is_text or source.digest == block.digest:
            continue
        at = places[id(source)]
        below, above = _run(base, free, at, -1), _run(base, free, at, 1)
        join = _with_later(block, source, above) or _with_earlier(block, source, below)
        if join is not None:
            done[index] = join
            free -= {id(taken) for taken in join.taken}
    return done


def _run(base: Sequence[Block], free: set[int], at: int, step: int) -> list[Block]:
    """The blocks beside one that are free, nearest first."""
    found = []
    at += step
    while 0 <= at < len(base) and id(base[at]) in free:
        found.append(base[at])
        at += step
    return found


def _with_later(live: Block, source: Block, run: Sequence[Block]) -> Join | None:
    text, head, own = live.text, _head(live.text, source.text), _tail(live.text, source.text)
    best, found = own, None
    for index, block in enumerate(run):
        tail = _tail(text, block.text) if block.is_text else 0
        if tail and text == source.text + block.text:
            return Join(source, block, run[: index + 1])
        if tail > best and _says_enough(block, tail, head, text):
            best, found = tail, Join(source, block, run[: index + 1])
    return found


def _with_earlier(live: Block, source: Block, run: Sequence[Block]) -> Join | None:
    text, tail, own = live.text, _tail(live.text, source.text), _head(live.text, source.text)
    best, found = own, None
    for index, block in enumerate(run):
        head = _head(text, block.text) if block.is_text else 0
        if head and text == block.text + source.text:
            return Join(block, source, run[: index + 1])
        if head > best and _says_enough(block, head, tail, text):
            best, found = head, Join(block, source, run[: index + 1])
    return found


def _says_enough(block: Block, shared: int, other: int, text: str) -> bool:
    whole = shared == len(block.text)
    return whole or (shared >= _SOME and shared + other >= len(text))


def _head(one: str, other: str) -> int:
    shorter = min(len(one), len(other))
    return next((i for i in range(shorter) if one[i] != other[i]), shorter)


def _tail(one: str, other: str) -> int:
    return _head(one[::-1], other[::-1])
