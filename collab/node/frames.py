"""Owns the frames of the room channel: a JSON head and a payload of bytes, both with their length in front.

Knows no question. A frame over the limit is refused before any of it is read.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from collab.errors import MalformedMessage

_LENGTHS = struct.Struct(">II")


@dataclass(frozen=True, slots=True)
class Frame:
    """One message between workers."""

    head: Mapping[str, object]
    payload: bytes = b""


def encode_frame(frame: Frame, most_bytes: int) -> bytes:
    """The frame on the wire. Raises: MalformedMessage (room_channel_frame_size_bytes)."""
    head = json.dumps(frame.head).encode()
    _check(len(head) + len(frame.payload), most_bytes)
    return b"".join((_LENGTHS.pack(len(head), len(frame.payload)), head, frame.payload))


async def read_frame(reader: asyncio.StreamReader, most_bytes: int) -> Frame | None:
    """The next frame, None at the end of the stream. Raises: MalformedMessage, OSError."""
    try:
        head_length, length = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
        _check(head_length + length, most_bytes)
        head = await reader.readexactly(head_length)
        payload = await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        return None
    try:
        value = json.loads(head)
    except (ValueError, RecursionError):
        raise MalformedMessage("head of a frame") from None
    if not isinstance(value, dict):
        raise MalformedMessage("head of a frame")
    return Frame(value, payload)


def _check(length: int, most_bytes: int) -> None:
    if length > most_bytes:
        raise MalformedMessage(f"a frame of {length} bytes (room_channel_frame_size_bytes is {most_bytes})")
