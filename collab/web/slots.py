"""Owns what becomes of the apply slots in the data folder: one for each seat, read when somebody sits down in it.

What a dead worker was applying is set aside before its successor opens a room. Seats that are gone, because the server
runs with fewer workers now, are looked after by the first one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import structlog

from collab.clock import Clock
from collab.errors import JournalError
from collab.limits import Limits
from collab.node.placement import FIRST, Post
from collab.slot import Slot
from collab.store.base import DocumentId, Store

log = structlog.get_logger(__name__)

_ALONE = "apply.slot"
_PATTERN = "apply*.slot"


async def take_slot(data: Path, post: Post | None, limits: Limits, store: Store, clock: Clock) -> Slot:
    """Set aside what a dead worker was applying, then take over its slot. Raises: ConfigError, JournalError."""
    path = data / (_ALONE if post is None else slot_name(post.seat.name))
    for abandoned in _abandoned(data, post):
        await _set_aside(abandoned, store, clock)
        abandoned.unlink()
    await _set_aside(path, store, clock)
    try:
        slot = Slot(path, limits.apply_slot_size_bytes)
    except OSError as error:
        raise JournalError(f"the apply slot cannot be made: {error.strerror}") from error
    slot.clear()
    return slot


def slot_name(seat: str) -> str:
    """The file of a seat."""
    return f"apply-{seat}.slot"


def _abandoned(data: Path, post: Post | None) -> Iterator[Path]:
    """Slots of seats that nobody will sit in."""
    if post is not None and post.seat != FIRST:
        return
    used = {_ALONE} if post is None else {slot_name(seat.name) for seat in post.placement.seats}
    yield from (path for path in sorted(data.glob(_PATTERN)) if path.name not in used)


async def _set_aside(path: Path, store: Store, clock: Clock) -> None:
    held = Slot.read_left(path)
    if held is None:
        return
    log.error(
        "update_quarantined",
        document_id=held.document_id,
        seq=held.seq,
        size_bytes=len(held.update),
        digest=held.digest,
    )
    await store.quarantine(
        DocumentId(held.document_id),
        seq=held.seq,
        connection=held.connection,
        update=held.update,
        reason=f"a worker died while it applied this ({held.digest})",
        at_ms=clock.wall_ms(),
    )
