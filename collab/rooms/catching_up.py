"""Owns how a room takes from the store what other nodes wrote to its journal; knows no message between nodes."""

from __future__ import annotations

from collections.abc import Sequence

from collab.errors import HistoryChanged
from collab.rooms.intake import Intake
from collab.rooms.jobs import Jobs
from collab.rooms.positions import Positions
from collab.store.base import DocumentId, HistoryId, Store

PAGE = 500


class CatchingUp:
    """Reads one history from where the document stands. May be called from any task, and by several at once."""

    def __init__(
        self,
        store: Store,
        document_id: DocumentId,
        history_id: HistoryId,
        positions: Positions,
        intake: Intake,
        jobs: Jobs,
    ) -> None:
        self._store = store
        self._document_id = document_id
        self._history_id = history_id
        self._positions = positions
        self._intake = intake
        self._jobs = jobs
        self._noticed_seq = 0

    def is_behind(self, seq: int, *, hurry: bool) -> bool:
        """The journal is said to stand there: whether to read it. Without hurry what is under way is given time."""
        noticed, self._noticed_seq = self._noticed_seq, seq
        return (seq if hurry else min(seq, noticed)) > self._positions.seen

    async def run(self) -> None:
        """Apply what came since. Raises: JournalError, HistoryChanged, InternalError (the room ended)."""
        while not await self._read_page():
            pass

    async def _read_page(self) -> bool:
        """True when that was the last one."""
        after = self._positions.seen
        since = await self._store.since(self._document_id, self._history_id, after_seq=after, limit=PAGE)
        if since is None:
            updates, seq = await self._whole()
            last_seq = seq
        else:
            updates, seq = [stored.entry.update for stored in since.updates], since.seq
            last_seq = since.last_seq
        await self._jobs.look(lambda _: self._apply(updates, after, seq))
        return seq >= last_seq

    async def _whole(self) -> tuple[Sequence[bytes], int]:
        """The history from its snapshot on: that far back it is no longer kept entry by entry."""
        history = await self._store.load(self._document_id)
        if history is None or history.history_id != self._history_id:
            raise HistoryChanged(f"{self._document_id} has another history now")
        snapshot = [] if history.snapshot is None else [history.snapshot.state]
        return [*snapshot, *(stored.entry.update for stored in history.updates)], history.last_seq

    def _apply(self, updates: Sequence[bytes], after: int, seq: int) -> None:
        for update in updates:
            self._intake.take_theirs(update, in_sync=True)
        if seq > after:
            self._positions.note_theirs(after + 1, seq)
