"""Owns which of a room's acknowledged messages another node's save contains; pure.

The node that stores the document says up to which journal position it did. What that means for each connection here
follows from where its messages went.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

MOST_RUNS = 1_000
"""So many runs of messages are told apart; where there are more, the oldest are told with the next."""


class Covering:
    """The messages of one room that are journalled and not known to be stored."""

    def __init__(self) -> None:
        self._runs: deque[tuple[int, Mapping[int, int]]] = deque(maxlen=MOST_RUNS)
        self.stored_seq = -1
        """The last position that is known to be stored."""

    @property
    def complete(self) -> bool:
        """Whether everything that was journalled here is stored."""
        return not self._runs

    def note(self, seq: int, acknowledged: Mapping[int, int]) -> None:
        """Up to this position stand so many messages of these connections."""
        if acknowledged and seq > self.stored_seq:
            self._runs.append((seq, acknowledged))

    def stored(self, seq: int) -> dict[int, int]:
        """It is stored up to there: so many messages of these connections are covered now."""
        self.stored_seq = max(self.stored_seq, seq)
        covers: dict[int, int] = {}
        while self._runs and self._runs[0][0] <= self.stored_seq:
            covers.update(self._runs.popleft()[1])
        return covers
