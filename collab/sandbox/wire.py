"""Owns the bytes between the server and its sandbox children; knows no process and no pipe.

A frame is a length and that many bytes; its payload is a list of fields, each again a length and bytes. Values that
come back from a child are built from these fields only: nothing of a child is ever unpickled or evaluated.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from collab.document import Kind, Splice
from collab.errors import CollabError, FormatError, InternalError, LimitExceeded, MalformedMessage
from collab.formats.base import Conflict, Decoded, Forked, Merged, Renewed
from collab.formats.text_merge import Plan, PlannedConflict
from collab.protocol.update import Checked

_Item = TypeVar("_Item")

LENGTH = struct.Struct("<I")
OK = b"ok"
FAILED = b"failed"


class WireError(ValueError):
    """A child sent what no honest child sends."""


def pack(fields: Iterable[bytes]) -> bytes:
    """A frame."""
    parts = [part for field in fields for part in (LENGTH.pack(len(field)), field)]
    return b"".join([LENGTH.pack(sum(map(len, parts))), *parts])


def unpack(payload: bytes) -> list[bytes]:
    """The fields of a frame's payload. Raises: WireError."""
    fields = []
    at = 0
    while at < len(payload):
        start = at + LENGTH.size
        if start > len(payload):
            raise WireError("a field's length is cut off")
        at = start + LENGTH.unpack_from(payload, start - LENGTH.size)[0]
        if at > len(payload):
            raise WireError("a field is cut off")
        fields.append(payload[start:at])
    return fields


def pack_numbers(numbers: Iterable[int]) -> bytes:
    """Integers of up to 63 bits as a field."""
    packed = array("q", numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack_numbers(field: bytes) -> Sequence[int]:
    """The integers of a field. Raises: WireError."""
    if len(field) % 8:
        raise WireError("not a list of numbers")
    numbers = array("q", field)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def single(fields: Sequence[bytes]) -> bytes:
    """The one field of an answer. Raises: WireError."""
    return _exactly(1, fields)[0]


def unpack_export(fields: Sequence[bytes]) -> tuple[str, bytes]:
    """An extension and the file. Raises: WireError."""
    extension, content = _exactly(2, fields)
    if not extension.isalnum():
        raise WireError("no extension")
    return _text(extension), content


def pack_clocks(clocks: Mapping[int, int]) -> bytes:
    """Client ids and clocks as a field."""
    return pack_numbers(number for pair in clocks.items() for number in pair)


def unpack_clocks(field: bytes) -> dict[int, int]:
    """The client ids and clocks of a field. Raises: WireError."""
    numbers = unpack_numbers(field)
    if len(numbers) % 2:
        raise WireError("a client without a clock")
    return dict(zip(numbers[::2], numbers[1::2], strict=True))


def pack_decoded(decoded: Decoded) -> list[bytes]:
    """A decoded file as fields."""
    facts = [text.encode() for pair in decoded.facts.items() for text in pair]
    return [decoded.kind.encode(), decoded.update, *facts]


def unpack_decoded(fields: Sequence[bytes]) -> Decoded:
    """The decoded file of an answer. Raises: WireError."""
    if len(fields) < 2 or len(fields) % 2:
        raise WireError("not a decoded file")
    texts = [_text(field) for field in fields[2:]]
    return Decoded(fields[1], _kind(fields[0]), dict(zip(texts[::2], texts[1::2], strict=True)))


def unpack_renewed(fields: Sequence[bytes]) -> Renewed:
    """The old and the fresh document of an answer. Raises: WireError."""
    return Renewed(*_exactly(4, fields))


def unpack_forked(fields: Sequence[bytes]) -> Forked:
    """The two files of an answer. Raises: WireError."""
    return Forked(*_exactly(3, fields))


def pack_merged(merged: Merged) -> list[bytes]:
    """The outcome of a merge, without its places."""
    texts = [text.encode() for c in merged.conflicts for text in (c.conflict_id, c.base, c.live, c.theirs)]
    return [pack_numbers([merged.changes]), *texts]


def unpack_merged(fields: Sequence[bytes]) -> Merged:
    """The outcome of a merge. Raises: WireError."""
    if len(fields) % 4 != 1:
        raise WireError("not an outcome of a merge")
    texts = [_text(field) for field in fields[1:]]
    conflicts = tuple(Conflict(*texts[at : at + 4]) for at in range(0, len(texts), 4))
    return Merged(_exactly(1, unpack_numbers(fields[0]))[0], conflicts)


def pack_checked(checked: Checked, update: bytes) -> list[bytes]:
    """A verdict as fields; the update itself only where it is not the one that was asked about."""
    whole = checked.update == update
    changed = b"" if whole or checked.update is None else checked.update
    flags = [whole, checked.update is not None, checked.complete, checked.structs]
    return [pack_numbers(flags), pack_clocks(checked.clocks), changed]


def unpack_checked(fields: Sequence[bytes], update: bytes) -> Checked:
    """The verdict of an answer about `update`. Raises: WireError."""
    flags, clocks, changed = _exactly(3, fields)
    whole, present, complete, structs = _exactly(4, unpack_numbers(flags))
    kept = update if whole else changed if present else None
    return Checked(kept, bool(complete), unpack_clocks(clocks), structs)


def pack_plan(plan: Plan) -> list[bytes]:
    """A merge plan as fields, without the live text, which the server has."""
    splices = [number for splice in plan.splices for number in (splice.start, splice.delete, len(splice.insert))]
    inserts = "".join(splice.insert for splice in plan.splices)
    passages = [text.encode() for found in plan.conflicts for text in (found.base, found.live, found.theirs)]
    places = [place for found in plan.conflicts for place in (found.start, found.middle, found.end)]
    return [pack_numbers([plan.changes]), pack_numbers(splices), inserts.encode(), pack_numbers(places), *passages]


def unpack_plan(fields: Sequence[bytes], live: str) -> Plan:
    """The merge plan of an answer, for that live text. Raises: WireError."""
    if len(fields) < 4:
        raise WireError("not a plan")
    (changes,) = _exactly(1, unpack_numbers(fields[0]))
    places, passages = unpack_numbers(fields[3]), [_text(field) for field in fields[4:]]
    if len(places) != len(passages) or len(places) % 3:
        raise WireError("conflicts without places")
    rows = zip(passages[::3], passages[1::3], passages[2::3], places[::3], places[1::3], places[2::3], strict=True)
    conflicts = tuple(PlannedConflict(*row) for row in rows)
    return Plan(live, _splices(unpack_numbers(fields[1]), _text(fields[2])), conflicts, changes)


def _splices(numbers: Sequence[int], inserts: str) -> tuple[Splice, ...]:
    if len(numbers) % 3:
        raise WireError("not a list of splices")
    splices = []
    at = 0
    for start, delete, length in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True):
        if min(start, delete, length) < 0 or at + length > len(inserts):
            raise WireError("a splice is out of range")
        splices.append(Splice(start, delete, inserts[at : at + length]))
        at += length
    return tuple(splices)


def pack_error(error: CollabError) -> list[bytes]:
    """An error as fields."""
    limit = error.limit if isinstance(error, LimitExceeded) else ""
    return [FAILED, error.code.encode(), limit.encode(), str(error).encode(errors="replace"), error.public.encode()]


def unpack_error(fields: Sequence[bytes]) -> CollabError:
    """The error of an answer; one that cannot be read is our bug too."""
    if len(fields) != 5:
        return InternalError("in the sandbox: an error without words")
    _, code, limit, detail, public = (field.decode(errors="replace") for field in fields)
    if code == LimitExceeded.code:
        return LimitExceeded(limit, detail)
    if code == FormatError.code:
        return FormatError(detail, public=public)
    if code == MalformedMessage.code:
        return MalformedMessage(detail, public=public)
    return InternalError(f"in the sandbox: {code}: {detail}")


def _exactly(count: int, items: Sequence[_Item]) -> Sequence[_Item]:
    if len(items) != count:
        raise WireError(f"{len(items)} values where {count} belong")
    return items


def _text(field: bytes) -> str:
    try:
        return field.decode()
    except UnicodeDecodeError:
        raise WireError("not UTF-8") from None


def _kind(field: bytes) -> Kind:
    try:
        return Kind(_text(field))
    except ValueError:
        raise WireError("no such kind") from None
