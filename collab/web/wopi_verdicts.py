"""Owns what hosts said last of people's tokens, for as long as that may be believed; asks nobody."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from collab.clock import Clock

TOKENS = 100_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer: refused, or whether the person may write."""

    at: float
    refused: str | None = None
    """`ended`: the token; `withdrawn`: the right."""
    may_write: bool = False


class Verdicts:
    """Of one process; a token is known by its digest. What was refused stays refused."""

    def __init__(self, clock: Clock, lifetime_s: float) -> None:
        self._clock = clock
        self._lifetime_s = lifetime_s
        self._known: OrderedDict[bytes, Verdict] = OrderedDict()

    def note(self, token: str, *, may_write: bool = False, refused: str | None = None) -> Verdict:
        """A host answered."""
        verdict = Verdict(self._clock.monotonic(), refused, may_write)
        key = _digest(token)
        self._known[key] = verdict
        self._known.move_to_end(key)
        while len(self._known) > TOKENS:
            self._known.popitem(last=False)
        return verdict

    def last(self, token: str) -> Verdict | None:
        """The last answer, however old."""
        return self._known.get(_digest(token))

    def fresh(self, token: str) -> Verdict | None:
        """An answer that may still be believed; a withdrawn right is asked for again like any other."""
        known = self.last(token)
        if known is None or known.refused == "ended":
            return known
        return known if self._clock.monotonic() - known.at < self._lifetime_s else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
