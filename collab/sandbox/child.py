"""Owns the child's life: give up rights, then answer one request after the other until the pipe closes.

Knows formats, documents and the update checker, and trusts nothing that it is given: when a request kills it, or its
memory or time runs out, the server notes that and starts another child.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import BinaryIO

from collab.document import Document, compact, taken_back
from collab.errors import CollabError, DocumentPoisoned, FormatError, InternalError, LimitExceeded, MalformedMessage
from collab.formats.base import Merged
from collab.formats.sheet.formula.compute import without_engine
from collab.formats.table import format_named, use_limits
from collab.formats.text import TextFormat
from collab.formats.zipped.package import Package
from collab.limits import Limits
from collab.protocol.update import check_update
from collab.sandbox import confine, wire

GAPS = "These edits stand on others that the server never got."


def main() -> None:
    """Serve requests on standard input and output; the first frame holds the limits."""
    requests, answers = _take_pipes()
    limits = Limits(**json.loads(_read_request(requests)[0]))
    use_limits(limits)
    confine.limit_resources(limits)
    sys.excepthook = lambda kind, error, trace: _report(answers, kind, trace)
    _send(answers, [wire.OK])
    while fields := _read_request(requests):
        confine.allow_cpu(limits)
        _send(answers, _answer(fields, limits))


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes, moved away from where a stray print would reach them."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return requests, answers


def _read_request(requests: BinaryIO) -> list[bytes]:
    """The next request; empty at the end of the pipe."""
    head = requests.read(wire.LENGTH.size)
    return wire.unpack(requests.read(wire.LENGTH.unpack(head)[0])) if head else []


def _send(answers: BinaryIO, fields: Sequence[bytes]) -> None:
    answers.write(wire.pack(fields))
    answers.flush()


def _report(answers: BinaryIO, kind: type[BaseException], trace: TracebackType | None) -> None:
    """Tell where our own bug is, without any content, before the process ends."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if issubclass(kind, MemoryError):
        return _send(answers, wire.pack_error(LimitExceeded("format_memory_bytes")))
    place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else "?"
    _send(answers, wire.pack_error(InternalError(f"{kind.__name__} at {place}")))


def _answer(fields: Sequence[bytes], limits: Limits) -> list[bytes]:
    try:
        return [wire.OK, *_OPERATIONS[fields[0]](fields[1:], limits)]
    except CollabError as error:
        return wire.pack_error(error)
    except MemoryError:
        return wire.pack_error(LimitExceeded("format_memory_bytes"))


def _decode(fields: Sequence[bytes], limits: Limits) -> list[bytes]:
    name, client_id, content = fields
    return wire.pack_decoded(format_named(name.decode()).decode(content, limits, int(client_id)))


def _encode(fields: Sequence[bytes], limits: Limits) -> list[bytes]:
    name, state, base = fields
    try:
        document = Document.from_updates([state])
        return [format_named(name.decode()).encode(document, base)]
    except DocumentPoisoned as error:
        raise FormatError(f"cannot be rebuilt: {error}") from None


def _encode_uncomputed(fields: Sequence[bytes], limits: Limits) -> list[bytes]:
    """The same after a formula ended a child: values that depend on edits are left to the office that opens it."""
    with without_engine():
        return _encode(fields, limits)


def _merge(fields: Sequence[bytes], limits: Limits) -> list[bytes]:
    """A three-way merge on a copy of the document: the update that it made, and its outcome."""
    name, client_id, source, at_ms, base, theirs, state = fields
    try:
        document = Document.from_updates([state], int(client_id))
        outcome: list[Merged] = []
        merge = format_named(name.decode()).merge
        made = document.changed_by(lambda: outcome.append(merge(base, theirs, document, source.decode(), int(at_ms))))
        return [made, *wire.pack_merged(outcome[0])]
    except DocumentPoisoned as error:
        raise FormatError(f"cannot be merged: {error}") from None


def _part(fields: Sequence[bytes], limits: Limits) -> list[bytes]:
    name, content = fields
    return [Package.open(content, limits).read(name.decode())]


def _export(fields: Sequence[bytes], limits: Limits) -> list[bytes]:
    """A file in another format."""
    # Not at the top: few children are ever asked, and a Markdown parser comes with it.
    from collab.formats.exports.convert import Asked, export

    kind, path, target, content = fields
    made = export(Asked(kind.decode(), path.decode(), target.decode()), content, limits)
    return [made.extension.encode(), made.content]


def _plan(fields: Sequence[bytes], limits: Limits) -> list[bytes]:
    base, theirs, live, known = fields
    return wire.pack_plan(TextFormat().plan_merge(base, theirs, live.decode(), known.decode() or None))


def _check(fields: Sequence[bytes], limits: Limits) -> list[bytes]:
    """The checker's verdict; with a snapshot the update is then tried on a document made from it."""
    update, clocks, *snapshot = fields
    checked = check_update(update, wire.unpack_clocks(clocks), limits)
    if checked.update is not None and snapshot:
        try:
            Document.from_updates([*snapshot, checked.update]).diff()
        except DocumentPoisoned as error:
            raise MalformedMessage(f"the document refuses it: {error}") from None
    return wire.pack_checked(checked, update)


def renew(fields: Sequence[bytes], limits: Limits) -> list[bytes]:
    """A stored history as one state, and the fresh document of its content."""
    name, client_id, *updates = fields
    try:
        document = Document.from_updates(updates)
        fresh = format_named(name.decode()).renew(document, int(client_id))
        return [document.diff(), document.state_vector(), fresh.diff(), fresh.state_vector()]
    except DocumentPoisoned as error:
        raise FormatError(f"cannot be rebuilt: {error}") from None


def fork(fields: Sequence[bytes], limits: Limits) -> list[bytes]:
    """A stored history and the same with a client's edits, both as files."""
    name, content, update, *updates = fields
    file_format = format_named(name.decode())
    try:
        document = Document.from_updates(updates)
        base = file_format.encode(document, content)
        checked = check_update(update, document.clocks(), limits)
        if not checked.complete:
            raise MalformedMessage("the edits refer to others that are not there", public=GAPS)
        new = b"" if checked.update is None else _applied(document, checked.update)
        return [new, base, file_format.encode(document, content)]
    except DocumentPoisoned as error:
        raise MalformedMessage(f"the document refuses it: {error}") from None


def _applied(document: Document, update: bytes) -> bytes:
    return document.changed_by(lambda: document.apply(update))


def _compact(fields: Sequence[bytes], limits: Limits) -> list[bytes]:
    try:
        return [compact(fields[0])]
    except DocumentPoisoned as error:
        raise MalformedMessage(f"cannot be compacted: {error}") from None


def _take_back(fields: Sequence[bytes], limits: Limits) -> list[bytes]:
    client_id, update, now, *before = fields
    try:
        return [taken_back(before, update, now, int(client_id))]
    except DocumentPoisoned as error:
        raise MalformedMessage(f"cannot be taken back: {error}") from None


_OPERATIONS: dict[bytes, Callable[[Sequence[bytes], Limits], list[bytes]]] = {
    b"decode": _decode,
    b"encode": _encode,
    b"encode_uncomputed": _encode_uncomputed,
    b"merge": _merge,
    b"part": _part,
    b"export": _export,
    b"plan": _plan,
    b"check": _check,
    b"compact": _compact,
    b"take_back": _take_back,
    b"renew": renew,
    b"fork": fork,
}
