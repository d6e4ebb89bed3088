"""Owns the decision which part of a peer's update may be applied; never touches a document.

The native core trusts what it applies: malformed updates crash the process and unknown references park memory. So each
update is parsed completely first, and only what is contiguous with the authority's document is let through (the gap
rule): a struct is kept when its clock is not beyond what is known of its client and everything it refers to is known or
kept; deletions are clipped to what is known then. The rest is dropped, and the sender is asked with sync step 1.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heappop, heappush

from collab.errors import LimitExceeded, MalformedMessage
from collab.limits import Limits
from collab.protocol.codec import MAX_CLOCK, encode_var_uint, var_uint_at
from collab.protocol.deletions import Deletions
from collab.protocol.structs import (
    GC,
    HAS_PARENT_SUB,
    KIND_BITS,
    SKIP,
    STRING,
    content_at,
    splits_pair,
    text_at,
)

_ORIGINS = (0, 1, 1, 2)
"""Number of origins by the two highest bits of a struct's info byte."""
_ONE_STRUCT = b"\x01\x01"
_TYPED = frozenset((0x44, 0x84, 0xC4))
"""Info bytes of string content with a right origin, a left origin, both."""
_BOTH_ORIGINS = 0xC4
_NOTHING: Mapping[int, int] = {}


@dataclass(slots=True)  # not frozen: one is made for each message, and that takes half the time
class Checked:
    """What may be done with an update."""

    update: bytes | None
    """What may be applied: the very same object when that is everything, None when there is nothing to apply."""
    complete: bool
    """False: something was held back; ask the sender with sync step 1 (at most once a second)."""
    clocks: Mapping[int, int]
    """New next clocks of the clients whose structs are in `update`."""
    structs: int
    """How many structs are in `update`."""


def check_update(update: bytes, known: Mapping[int, int], limits: Limits) -> Checked:
    """Check a v1 update against the authority's next clocks. Raises: MalformedMessage, LimitExceeded."""
    try:
        if update.startswith(_ONE_STRUCT):
            checked = _check_keystroke(update, known, limits)
            if checked is not None:
                return checked
        sections, at = _read_sections(update, known, limits)
        nexts = _integrate(sections)
        deletions = Deletions(update, at, nexts, known)
    except IndexError:
        raise MalformedMessage("update ends too early") from None
    return _judge(update, sections, deletions)


def _check_keystroke(update: bytes, known: Mapping[int, int], limits: Limits) -> Checked | None:
    """The short way for nearly every update there is: some typed ASCII that follows directly; None for all others."""
    client, at = var_uint_at(update, 2)
    clock, at = var_uint_at(update, at)
    info = update[at]
    if info not in _TYPED or clock != known.get(client, 0):
        return None
    of_client, at = var_uint_at(update, at + 1)
    of_clock, at = var_uint_at(update, at)
    if of_clock >= (clock if of_client == client else known.get(of_client, 0)):
        return None
    if info == _BOTH_ORIGINS:
        of_client, at = var_uint_at(update, at)
        of_clock, at = var_uint_at(update, at)
        if of_clock >= (clock if of_client == client else known.get(of_client, 0)):
            return None
    size, at = var_uint_at(update, at)
    end = clock + size
    if at + size + 1 != len(update) or update[-1] or not size or not update[at:].isascii():
        return None
    if end > MAX_CLOCK or size > limits.string_size_bytes:
        return None
    return Checked(update, True, {client: end}, 1)


class _Section:
    """The structs of one client in an update, and which of them are kept: those in [first, index)."""

    __slots__ = ("client", "first", "index", "next", "offsets", "skips", "starts", "waits")

    def __init__(self, client: int, clock: int, at: int, next_clock: int) -> None:
        self.client = client
        self.next = next_clock
        """The next clock of this client: first as known, then behind the last struct kept."""
        self.starts = array("Q", (clock,))
        """The clock of each struct, and the one behind the last."""
        self.offsets = array("Q", (at,))
        """The offset of each struct in the update, and the one behind the last."""
        self.skips: set[int] = set()
        """Indices of Skip structs: clocks that the sender does not have itself."""
        self.waits: dict[int, list[tuple[int, int]]] = {}
        """Index -> ids (client, clock) that the struct refers to and that were not known beforehand."""
        self.first = 0
        self.index = 0

    @property
    def kept(self) -> int:
        return self.index - self.first

    @property
    def done(self) -> bool:
        return self.index == len(self.starts) - 1

    def advance(self, nexts: Mapping[int, int]) -> tuple[int, int] | None:
        """Keep structs until one has to wait for another client's; returns the id that it waits for."""
        starts, waits = self.starts, self.waits
        for index in range(self.index, len(starts) - 1):
            end = starts[index + 1]
            if end <= self.next:
                self.first = self.index = index + 1
                continue
            if starts[index] > self.next or index in self.skips:
                return None
            if index in waits:
                for client, clock in waits[index]:
                    if clock >= nexts.get(client, 0):
                        return client, clock
            self.next = end
            self.index = index + 1
        return None


def _read_sections(update: bytes, known: Mapping[int, int], limits: Limits) -> tuple[list[_Section], int]:
    """All structs of the update by client, and the offset of the delete set."""
    count, at = var_uint_at(update, 0)
    sections: list[_Section] = []
    seen: set[int] = set()
    structs = 0
    for _ in range(count):
        number, at = var_uint_at(update, at)
        structs += number
        if number > len(update) - at:
            raise MalformedMessage("count above the remaining bytes")
        if structs > limits.update_structs:
            raise LimitExceeded("update_structs")
        client, at = var_uint_at(update, at)
        if client in seen:
            raise MalformedMessage("client twice in an update")
        seen.add(client)
        clock, at = var_uint_at(update, at)
        section = _Section(client, clock, at, known.get(client, 0))
        at = _read_structs(update, section, number, known, limits)
        sections.append(section)
    return sections, at


def _read_structs(update: bytes, section: _Section, number: int, known: Mapping[int, int], limits: Limits) -> int:
    """Parse the structs of one client; returns the offset behind them."""
    client, clock, at = section.client, section.starts[0], section.offsets[0]
    known_clock, known_next = known.get, section.next
    add_start, add_offset = section.starts.append, section.offsets.append
    for index in range(number):
        info = update[at]
        at += 1
        if info == GC or info == SKIP:
            length, at = var_uint_at(update, at)
            if info == SKIP:
                section.skips.add(index)
        else:
            references = _ORIGINS[info >> 6]
            if not references:
                references, at = _parent_at(update, at, limits)
            for _ in range(references):
                of_client, at = var_uint_at(update, at)
                of_clock, at = var_uint_at(update, at)
                if of_client == client:
                    if of_clock >= clock:
                        raise MalformedMessage("struct refers to itself or behind itself")
                elif of_clock >= known_clock(of_client, 0):
                    section.waits.setdefault(index, []).append((of_client, of_clock))
            if info < HAS_PARENT_SUB << 1 and info & HAS_PARENT_SUB:
                at = text_at(update, at, limits)
            content = at
            length, at = content_at(update, at, info & KIND_BITS, limits)
            if clock < known_next < clock + length and info & KIND_BITS == STRING:
                _check_tear(update, content, known_next - clock)
        clock += length
        if not length or clock > MAX_CLOCK:
            raise MalformedMessage("struct of no length or beyond the last clock")
        add_start(clock)
        add_offset(at)
    return at


def _parent_at(update: bytes, at: int, limits: Limits) -> tuple[int, int]:
    """The parent of a struct without origins: a root by its name, else an id is to follow (1 reference)."""
    named, at = var_uint_at(update, at)
    if named > 1:
        raise MalformedMessage("unknown kind of parent")
    return (0, text_at(update, at, limits)) if named else (1, at)


def _check_tear(update: bytes, content: int, offset: int) -> None:
    """yrs loses a clock where what is known of a string ends between the halves of a surrogate pair."""
    if splits_pair(update, content, offset):
        raise MalformedMessage("string torn inside a character")


def _integrate(sections: list[_Section]) -> dict[int, int]:
    """Keep what can be kept, over all clients until nothing moves; returns the next clocks of their clients.

    As the cores do, without recursion: a client whose next struct waits for an id of another one is looked at again
    when that id is reached.
    """
    nexts = {section.client: section.next for section in sections}
    waiting: dict[int, list[tuple[int, int, _Section]]] = {}
    ready = list(sections)
    while ready:
        section = ready.pop()
        missing = section.advance(nexts)
        if missing is not None and missing[0] in nexts:
            heappush(waiting.setdefault(missing[0], []), (missing[1], section.client, section))
        nexts[section.client] = section.next
        waiters = waiting.get(section.client, ())
        while waiters and waiters[0][0] < section.next:
            ready.append(heappop(waiters)[2])
    return nexts


def _judge(update: bytes, sections: list[_Section], deletions: Deletions) -> Checked:
    complete, verbatim, structs = deletions.complete, deletions.verbatim, 0
    for section in sections:
        complete = complete and section.done
        verbatim = verbatim and section.done and not section.first and section.kept > 0
        structs += section.kept
    kept = [section for section in sections if section.kept]
    clocks = {section.client: section.next for section in kept} if kept else _NOTHING
    if not kept and deletions.encoded == b"\0":
        return Checked(None, complete, clocks, 0)
    return Checked(update if verbatim else _encode(update, kept, deletions), complete, clocks, structs)


def _encode(update: bytes, kept: list[_Section], deletions: Deletions) -> bytes:
    """The kept structs, byte for byte as they came."""
    parts = [encode_var_uint(len(kept))]
    for section in sorted(kept, key=lambda section: section.client, reverse=True):
        parts += map(encode_var_uint, (section.kept, section.client, section.starts[section.first]))
        parts.append(update[section.offsets[section.first] : section.offsets[section.index]])
    parts.append(deletions.encoded)
    return b"".join(parts)
