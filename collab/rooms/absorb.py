"""Owns what a room does with edits that clients of retired histories handed over: merged once each, in their order.

They stand in the journal of the retired history. For each, the state before it is the base and the state with it is
theirs; the merge and the note that it happened are one commit. Called by the saver's task only, so that no two merges
of a document run at once. Knows no connection and no storage.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from collab.errors import CollabError, FormatError, InternalError, LeaseLost, LimitExceeded, MalformedMessage
from collab.formats.base import Forked
from collab.rooms.book import SaveBook
from collab.rooms.merge import Origin, Reconciler
from collab.rooms.parts import Parts
from collab.store.base import Absorbed, DocumentId, RetiredHistory

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Absorption:
    """What came of handed-over edits: changed places, and passages that need a person."""

    changes: int = 0
    conflicts: int = 0


class _Waiting(NamedTuple):
    forked: Forked
    origin: Origin
    absorbed: Absorbed


class Absorber:
    """The handed-over edits of one document."""

    def __init__(self, parts: Parts, document_id: DocumentId, book: SaveBook, reconciler: Reconciler) -> None:
        self._parts = parts
        self._document_id = document_id
        self._book = book
        self._reconciler = reconciler
        self._asking: list[asyncio.Future[Absorption]] = []

    @property
    def asked(self) -> bool:
        """True when somebody waits for what was handed over."""
        return bool(self._asking)

    def ask(self) -> asyncio.Future[Absorption]:
        """Have everything absorbed that is journalled by now, at the saver's next turn."""
        answer: asyncio.Future[Absorption] = asyncio.get_running_loop().create_future()
        self._asking.append(answer)
        return answer

    async def serve(self, may: Callable[[], Awaitable[bool]]) -> None:
        """Absorb for those who asked; what goes wrong is told to them. Only a node that `may` store does it."""
        if not self._asking:
            return
        asking, self._asking = self._asking, []
        try:
            if not await may():
                raise LeaseLost("handed over at a node that does not store the document")
            result = await self.absorb()
        except CollabError as error:
            _fail(asking, error)
        except BaseException:
            _fail(asking, InternalError("absorb"))
            raise
        else:
            for answer in asking:
                if not answer.done():
                    answer.set_result(result)

    def end(self) -> None:
        """The room is over: answer who waits."""
        asking, self._asking = self._asking, []
        _fail(asking, InternalError("the room ended"))

    async def absorb(self) -> Absorption:
        """Merge everything that waits. Raises: JournalError, DocumentPoisoned, InternalError.

        What cannot be merged stays where it is journalled, and is tried again at the next load.
        """
        total = Absorption()
        for retired in await self._parts.store.retired(self._document_id):
            if retired.last_seq <= retired.absorbed_seq:
                continue
            try:
                async for forked, origin, absorbed in self._waiting(retired):
                    merged = (await self._reconciler.merge(forked.base, forked.theirs, origin, absorbed)).result
                    self._parts.metrics.count("handed_over_merged_total")
                    total = Absorption(total.changes + merged.changes, total.conflicts + len(merged.conflicts))
            except (FormatError, MalformedMessage, LimitExceeded) as error:
                _log.error("handed_over_not_merged", document_id=self._document_id, reason=str(error))
        return total

    async def _waiting(self, retired: RetiredHistory) -> AsyncIterator[_Waiting]:
        """What waits of one history, each on the state before it."""
        history = await self._parts.store.load(self._document_id, retired.history_id)
        if history is None:
            raise FormatError(f"the history {retired.history_id} is not kept any more")
        states = [] if history.snapshot is None else [history.snapshot.state]
        content = await self._book.base_content() or b""
        name = self._reconciler.file.format.name
        for stored in history.updates:
            entry = stored.entry
            if stored.seq > retired.absorbed_seq:
                absorbed = Absorbed(retired.history_id, stored.seq)
                forked = await self._parts.sandbox.fork(name, content, states, entry.update)
                yield _Waiting(forked, Origin(entry.author_id, entry.author_name), absorbed)
            states.append(entry.update)


def _fail(asking: list[asyncio.Future[Absorption]], error: CollabError) -> None:
    for answer in asking:
        if not answer.done():
            answer.set_exception(error)
