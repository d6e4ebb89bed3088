"""Owns the pool of warm, limited child processes and the jobs that wait for them; knows no room and no storage.

Files and large updates of strangers are read in a child, so that what crashes, hangs or eats memory there costs that
one job and that one child. Each child is owned by one task, which replaces it when it dies or has done its share.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar

from collab.document import Kind
from collab.errors import CollabError, FormatError, InternalError, LimitExceeded, MalformedMessage
from collab.formats.base import Decoded, Forked, Merged, Renewed
from collab.formats.table import format_named, size_limit_bytes
from collab.formats.text_merge import Plan
from collab.limits import Limits
from collab.protocol.update import Checked, check_update
from collab.sandbox import wire
from collab.sandbox.process import Child, ChildDied

_Answer = TypeVar("_Answer")

_INLINE_FORMATS = {"text"}
_CRASHED_FILE = "This file could not be read safely, so it cannot be edited here."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Job:
    operation: str
    fields: tuple[bytes, ...]
    answer: asyncio.Future[list[bytes]]
    after_death: str = ""
    """What to try once when a child dies of the operation."""

    @property
    def size(self) -> int:
        return sum(map(len, self.fields))


class Sandbox:
    """Runs formats and the update checker in children; an asynchronous context manager."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue(limits.format_queue_jobs)
        self._queued_bytes = 0
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Sandbox:
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        tasks = [
            group.create_task(self._work(), name=f"sandbox child {number}")
            for number in range(self._limits.format_children)
        ]
        self._stack.callback(lambda: [task.cancel() for task in tasks])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()  # without the error: a task group would wrap it
        while not self._jobs.empty():
            self._settle(self._jobs.get_nowait(), InternalError("the sandbox was closed"))

    async def decode(self, format_name: str, content: bytes, client_id: int) -> Decoded:
        """A file as the update of a fresh document. Raises: FormatError, LimitExceeded."""
        if len(content) > size_limit_bytes(format_name, self._limits):
            raise LimitExceeded("file_size_bytes", f"{len(content)} bytes")
        if format_name in _INLINE_FORMATS and self._harmless(content):
            return format_named(format_name).decode(content, self._limits, client_id)
        fields = await self._run("decode", [format_name.encode(), str(client_id).encode(), content])
        decoded = _understood(lambda: wire.unpack_decoded(fields))
        # The child read hostile bytes, so its update is trusted no more than a stranger's.
        if decoded.update and not check_update(decoded.update, {}, self._limits).complete:
            raise FormatError("the decoded update has gaps", public=_CRASHED_FILE)
        return decoded

    async def encode(self, format_name: str, state: bytes, base: bytes) -> bytes:
        """The file of the document that the update `state` makes. Raises: FormatError, LimitExceeded."""
        # A formula can end the engine, and the child with it. The rest of the workbook is saved all the same.
        again = "encode_uncomputed" if format_named(format_name).kind is Kind.SHEET else ""
        fields = await self._run("encode", [format_name.encode(), state, base], again)
        return _understood(lambda: wire.single(fields))

    async def merge(
        self, format_name: str, state: bytes, base: bytes, theirs: bytes, author: tuple[str, int, int]
    ) -> tuple[bytes, Merged]:
        """`Format.merge` on a copy: the update that it made; `author` is who, when in ms, and a new client id.

        Raises: FormatError, LimitExceeded.
        """
        source, at_ms, client_id = author
        numbers = [str(client_id).encode(), source.encode(), str(at_ms).encode()]
        fields = await self._run("merge", [format_name.encode(), *numbers, base, theirs, state])
        if not fields:
            raise InternalError("the sandbox child's answer made no sense")
        return fields[0], _understood(lambda: wire.unpack_merged(fields[1:]))

    async def part(self, content: bytes, name: str) -> bytes:
        """A member of a zipped document, unpacked. Raises: FormatError (damaged, not there), LimitExceeded."""
        fields = await self._run("part", [name.encode(), content])
        return _understood(lambda: wire.single(fields))

    async def export(self, kind: str, path: str, target: str, content: bytes) -> tuple[str, bytes]:
        """A file in another format, and the extension of its name. Raises: FormatError, LimitExceeded."""
        fields = await self._run("export", [kind.encode(), path.encode(), target.encode(), content])
        return _understood(lambda: wire.unpack_export(fields))

    async def plan_merge(self, base: bytes, theirs: bytes, live: str, known: str | None = None) -> Plan:
        """`TextFormat.plan_merge`; give the plan to `apply_plan`. Raises: FormatError, LimitExceeded."""
        fields = await self._run("plan", [base, theirs, live.encode(), (known or "").encode()])
        return _understood(lambda: wire.unpack_plan(fields, live))

    async def check_update(self, update: bytes, clocks: Mapping[int, int], snapshot: bytes | None = None) -> Checked:
        """The update checker; with a snapshot the update is also tried on it.

        Raises: MalformedMessage, LimitExceeded.
        """
        tried = [] if snapshot is None else [snapshot]
        fields = await self._run("check", [update, wire.pack_clocks(clocks), *tried])
        return _understood(lambda: wire.unpack_checked(fields, update))

    async def compact(self, state: bytes) -> bytes:
        """The same document without the content of what was deleted. Raises: MalformedMessage, LimitExceeded."""
        fields = await self._run("compact", [state])
        return _understood(lambda: wire.single(fields))

    async def take_back(self, before: Sequence[bytes], update: bytes, now: bytes, client_id: int) -> bytes:
        """`document.taken_back`. Raises: MalformedMessage, LimitExceeded."""
        fields = await self._run("take_back", [str(client_id).encode(), update, now, *before])
        return _understood(lambda: wire.single(fields))

    async def renew(self, format_name: str, updates: Sequence[bytes], client_id: int) -> Renewed:
        """A history as one state, and a fresh document of its content. Raises: FormatError, LimitExceeded."""
        fields = await self._run("renew", [format_name.encode(), str(client_id).encode(), *updates])
        renewed = _understood(lambda: wire.unpack_renewed(fields))
        if not check_update(renewed.fresh, {}, self._limits).complete:
            raise FormatError("the fresh document has gaps")
        return renewed

    async def fork(self, format_name: str, content: bytes, updates: Sequence[bytes], update: bytes) -> Forked:
        """A history, and the same with a client's edits, as files in the manner of `content`.

        Raises: MalformedMessage (no update, or not one of this history), FormatError (charset), LimitExceeded.
        """
        fields = await self._run("fork", [format_name.encode(), content, update, *updates])
        return _understood(lambda: wire.unpack_forked(fields))

    def _harmless(self, content: bytes) -> bool:
        """Small and UTF-8: nothing but Python's own decoder looks at it, and that takes less time than asking."""
        if len(content) > self._limits.inline_check_size_bytes:
            return False
        try:
            content.decode()
        except UnicodeDecodeError:
            return False
        return True

    async def _run(self, operation: str, fields: Iterable[bytes], after_death: str = "") -> list[bytes]:
        fields = tuple(fields)
        job = _Job(operation, fields, asyncio.get_running_loop().create_future(), after_death)
        self._queue(job)
        return await job.answer

    def _queue(self, job: _Job) -> None:
        """Raises: LimitExceeded."""
        if self._queued_bytes + job.size > self._limits.format_queue_size_bytes:
            raise LimitExceeded("format_queue_size_bytes")
        try:
            self._jobs.put_nowait(job)
        except asyncio.QueueFull:
            raise LimitExceeded("format_queue_jobs") from None
        self._queued_bytes += job.size

    async def _work(self) -> None:
        """Own one child: keep it warm, give it jobs, replace it."""
        child: Child | None = None
        try:
            while True:
                child = await self._fit(child)
                job = await self._jobs.get()
                self._queued_bytes -= job.size
                if not job.answer.done():
                    child = await self._fit(child)
                    await self._serve(job, child)
        finally:
            if child is not None:
                await child.close()

    async def _fit(self, child: Child | None) -> Child | None:
        """The child, or a new one in place of one that is gone; None when none can be started now."""
        if child is not None and child.fit:
            return child
        if child is not None:
            await child.close()
        try:
            return await Child.start(self._limits)
        except (OSError, ChildDied) as error:
            _log.error("sandbox_child_not_started reason=%s", error)
            return None

    async def _serve(self, job: _Job, child: Child | None) -> None:
        if child is None:
            return self._settle(job, InternalError("no sandbox child can be started"))
        try:
            status, *fields = await child.ask(wire.pack([job.operation.encode(), *job.fields])) or [wire.FAILED]
        except ChildDied as death:
            _log.warning("sandbox_child_died pid=%d operation=%s reason=%s", child.pid, job.operation, death)
            if job.after_death and not job.answer.done():
                return self._try_again(job)
            return self._settle(job, _error_of(death, job.operation))
        except asyncio.CancelledError:
            self._settle(job, InternalError("the sandbox was closed"))
            raise
        if status == wire.OK:
            return self._settle(job, fields)
        error = wire.unpack_error([status, *fields])
        if isinstance(error, InternalError) or getattr(error, "limit", None) == "format_memory_bytes":
            child.retire()
        self._settle(job, error)

    def _try_again(self, job: _Job) -> None:
        try:
            self._queue(_Job(job.after_death, job.fields, job.answer))
        except LimitExceeded as error:
            self._settle(job, error)

    @staticmethod
    def _settle(job: _Job, outcome: list[bytes] | CollabError) -> None:
        if job.answer.done():
            return
        if isinstance(outcome, CollabError):
            job.answer.set_exception(outcome)
        else:
            job.answer.set_result(outcome)


def _error_of(death: ChildDied, operation: str) -> CollabError:
    if death.limit is not None:
        return LimitExceeded(death.limit, f"{operation}: {death}")
    if operation in {"check", "fork"}:
        return MalformedMessage(f"the sandbox child died of it: {death}")
    return FormatError(f"{operation}: the sandbox child died of it: {death}", public=_CRASHED_FILE)


def _understood(read: Callable[[], _Answer]) -> _Answer:
    try:
        return read()
    except wire.WireError as error:
        raise InternalError(f"the sandbox child's answer made no sense: {error}") from None
