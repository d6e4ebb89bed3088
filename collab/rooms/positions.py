"""Owns how far a room has everything that its history's journal has, where several nodes write to it; pure.

Entries are numbered without gaps. Our own are known to be here; of those between we learn from other nodes or from the
store. What stands at a position must hold all before it, so only the part without gaps counts.
"""

from __future__ import annotations

MOST_AHEAD = 1_000
"""So many runs behind a gap are remembered; forgotten ones are read from the store."""


class Positions:
    """What one document has of its journal."""

    def __init__(self, seq: int) -> None:
        self.seen = seq
        """Everything up to here is in the document."""
        self.own = seq
        """The last of our own entries."""
        self.known = seq
        """The journal goes at least as far."""
        self._ahead: dict[int, int] = {}
        """Runs behind a gap: first -> last."""
        self._forks: list[Positions] = []

    def note_own(self, first: int, last: int) -> None:
        """These entries, maybe none, are of edits that were made here."""
        if first > last:
            return
        self.own = last
        self._note(first, last)
        for fork in self._forks:
            fork._note(first, last)

    def note_theirs(self, first: int, last: int) -> None:
        """These entries are in the document, too."""
        self._note(first, last)

    def heard_of(self, seq: int) -> None:
        """The journal goes so far, whether we have it or not."""
        self.known = max(self.known, seq)

    def fork(self) -> Positions:
        """What was seen of the document now; only our own entries, made before now, are still to be noted in it."""
        fork = Positions(self.seen)
        fork._ahead = dict(self._ahead)
        self._forks.append(fork)
        return fork

    def drop(self, fork: Positions) -> None:
        """Note nothing more in a fork."""
        if fork in self._forks:
            self._forks.remove(fork)

    def _note(self, first: int, last: int) -> None:
        self.known = max(self.known, last)
        if first > self.seen + 1:
            self._ahead[first] = max(last, self._ahead.get(first, 0))
            if len(self._ahead) > MOST_AHEAD:
                del self._ahead[max(self._ahead)]
            return
        self.seen = max(self.seen, last)
        if self._ahead:
            self._close_gaps()

    def _close_gaps(self) -> None:
        for first in sorted(self._ahead):
            if first > self.seen + 1:
                return
            self.seen = max(self.seen, self._ahead.pop(first))
