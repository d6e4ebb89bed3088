"""Owns what other tasks ask of a room's document: look, capture, change; runs it in the owner's turns.

Knows no connection's protocol, no storage and no state of the room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from collab.document import Document
from collab.errors import CollabError, DocumentPoisoned, JournalError
from collab.rooms.audience import Audience
from collab.rooms.intake import Intake
from collab.rooms.journal_writer import Applied, JournalWriter
from collab.rooms.live import LiveDocument
from collab.rooms.parts import Parts
from collab.rooms.requests import Captured, Changed, Job, Settled, answer, answer_error
from collab.store.base import JournalEntry

_Result = TypeVar("_Result")

AWAY = "the journal takes no entries at the moment"


class Jobs:
    """Jobs of one room. `look`, `capture` and `change` may be called from any task, the rest by the owner only."""

    def __init__(
        self,
        parts: Parts,
        live: LiveDocument,
        journal: JournalWriter,
        intake: Intake,
        audience: Audience,
        post: Callable[[Job], None],
    ) -> None:
        self._parts = parts
        self._live = live
        self._journal = journal
        self._intake = intake
        self._audience = audience
        self._post = post
        self._waiting: list[Job] = []
        """Captures that come after what the server proposed, when that has happened."""
        self._captures: dict[asyncio.Future[Any], None] = {}
        """Who has looked, and is told when what was seen is journalled."""

    @property
    def waiting(self) -> bool:
        """True when a capture waits for its turn to look."""
        return bool(self._waiting)

    async def look(self, look: Callable[[Document], _Result]) -> _Result:
        """Run `look` on the document as it is. Raises: what `look` raises, InternalError."""
        future = _future(look)
        self._ask(future, lambda: answer(future, lambda: look(self._live.document)))
        return await future

    async def capture(self, look: Callable[[Document], _Result]) -> Captured[_Result]:
        """Run `look`, and return what it saw when all of that is journalled. Nobody's edits wait for it.

        Raises: JournalError, InternalError, what `look` raises.
        """
        future: asyncio.Future[Captured[_Result]] = asyncio.get_running_loop().create_future()
        self._ask(future, lambda: self._capture(future, look), captures=True)
        return await future

    async def change(
        self,
        change: Callable[[Document], _Result],
        author_id: str,
        author_name: str,
        note: Settled | None = None,
    ) -> Changed[_Result]:
        """Let `change` edit a copy; what it did is journalled, in one commit with the note, and happens only then.

        Raises: FormatError, JournalError, DocumentPoisoned.
        """
        future: asyncio.Future[Changed[_Result]] = asyncio.get_running_loop().create_future()

        def run() -> None:
            try:
                self._check_available()
                result, update = self._live.propose(change)
            except CollabError as error:
                answer_error(future, error)
                if isinstance(error, DocumentPoisoned):
                    raise
            else:
                entry = self._entry(update, author_id, author_name) if update else None
                done = partial(self._changed, update, partial(_answer_changed, future, result))
                self._journal.add(Applied(None, 0, entry, journalled=done, note=note))

        self._ask(future, run)
        return await future

    def take(self, job: Job) -> None:
        """Run a job now, or behind what was proposed before. Raises: DocumentPoisoned."""
        if job.captures and self._live.proposing:
            self._waiting.append(job)
        else:
            job.run()

    def serve_waiting(self) -> None:
        """Run what waited, when its time has come. Raises: DocumentPoisoned."""
        if not self._live.proposing:
            waiting, self._waiting = self._waiting, []
            for job in waiting:
                job.run()

    def fail_waiting(self, error: CollabError) -> None:
        """Answer what waited with an error."""
        waiting, self._waiting = self._waiting, []
        for job in waiting:
            job.fail(error)
        captures, self._captures = self._captures, {}
        for future in captures:
            answer_error(future, error)

    def _ask(self, future: asyncio.Future[_Result], run: Callable[[], None], *, captures: bool = False) -> None:
        self._post(Job(run, lambda error: answer_error(future, error), captures))

    def _capture(self, future: asyncio.Future[Captured[_Result]], look: Callable[[Document], _Result]) -> None:
        """Look now; what is journalled behind this place is not in what was seen. Raises: DocumentPoisoned."""
        document = self._live.document
        try:
            self._check_available()
            result, state_vector = look(document), document.state_vector()
        except CollabError as error:
            answer_error(future, error)
            if isinstance(error, DocumentPoisoned):
                raise
            return

        seen = self._journal.positions.fork()

        def tell(seq: int) -> None:
            self._captures.pop(future, None)
            self._journal.positions.drop(seen)
            covers = {connection.number: connection.ledger.acknowledged for connection in self._audience}
            answer(future, lambda: Captured(result, seen.seen, state_vector, covers))

        if self._journal.idle:
            tell(self._journal.seq)
        else:
            self._captures[future] = None
            self._journal.add(Applied(None, 0, None, journalled=tell))

    def _check_available(self) -> None:
        if not self._journal.available:
            raise JournalError(AWAY)

    def _entry(self, update: bytes, author_id: str, author_name: str) -> JournalEntry:
        return JournalEntry(update, author_id, author_name, self._parts.clock.wall_ms(), self._parts.node, 0)

    def _changed(self, update: bytes, tell: Callable[[int | None], None], seq: int) -> None:
        """A change is journalled: let it happen. Raises: DocumentPoisoned (the journal has it all the same)."""
        try:
            if update:
                self._intake.changed(update)
                self._live.integrate(update)
        finally:
            tell(seq if update else None)


def _answer_changed(future: asyncio.Future[Changed[_Result]], result: _Result, seq: int | None) -> None:
    answer(future, lambda: Changed(result, seq))


def _future(of: Callable[[Document], _Result]) -> asyncio.Future[_Result]:
    return asyncio.get_running_loop().create_future()
