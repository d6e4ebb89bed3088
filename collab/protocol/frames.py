"""Owns WebSocket frames (RFC 6455), the server's side: bytes in, whole messages out; knows no socket and no room.

Nothing is collected beyond the limit that the caller names for the next message: of a larger one only the start is
handed over, which is enough to say why it is refused. It never raises on what a peer sends; what comes behind an error
is dropped. No extensions: a frame that uses one breaks the protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

_SIZE_16 = Struct(">H")
_SIZE_64 = Struct(">Q")
_HEAD_16 = Struct(">BBH")
_HEAD_64 = Struct(">BBQ")
_CODE = Struct(">H")
_FINAL = 0x80
_MASKED = 0x80
_SHORT_BINARY = 0x82
"""The first byte of nearly every frame there is: final, no extension, binary."""
_CONTROL_BYTES = 125
REASON_BYTES = _CONTROL_BYTES - 2
"""RFC 6455, 5.5: a control frame carries 125 bytes, two of them are the code."""
START_BYTES = 16
"""So much of a message above the limit is handed over."""
_SENDABLE_CODES = frozenset((1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014))
NO_CODE = 1005
PROTOCOL_ERROR = 1002
_NOT_UTF8 = 1007
_number = int.from_bytes


class Opcode(IntEnum):
    """What a frame carries."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


_OPCODES = frozenset(Opcode)


class Kind(IntEnum):
    """What else than a binary message came from the peer."""

    TEXT = 1
    CLOSE = 8
    PING = 9
    PONG = 10
    OVERSIZED = 16
    """A data message above the limit; the payload is its start."""
    BROKEN = 17
    """No WebSocket any more: close with `code`, the payload says why."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A text message, a control frame, or the end of what can be read."""

    kind: Kind
    payload: bytes
    code: int = 0


_SHORT_HEADS = tuple(bytes((_SHORT_BINARY, size)) for size in range(126))


def encode_frame(payload: bytes, opcode: int = 2) -> bytes:
    """A server's frame: final and unmasked, so that one may be sent to many; binary unless said otherwise."""
    size = len(payload)
    if size < 126:
        return (_SHORT_HEADS[size] if opcode == 2 else bytes((_FINAL | opcode, size))) + payload
    if size < 65_536:
        return _HEAD_16.pack(_FINAL | opcode, 126, size) + payload
    return _HEAD_64.pack(_FINAL | opcode, 127, size) + payload


def encode_close(code: int, reason: str) -> bytes:
    """A close frame; the reason is cut to what fits."""
    text = reason.encode()[:REASON_BYTES].decode(errors="ignore")
    return encode_frame(_CODE.pack(code) + text.encode(), Opcode.CLOSE)


class FrameReader:
    """Takes a client's bytes as they come and gives its messages one by one."""

    __slots__ = ("_at", "_broken", "_buffer", "_content", "_discarding", "_final", "_left", "_mask", "_opcode", "_size")

    def __init__(self) -> None:
        self._buffer = b""
        self._at = 0
        self._left = -1
        """Bytes of the data frame under way that have not come yet; below 0: a head is next."""
        self._final = False
        self._mask = b""
        self._opcode = 0
        """Of the message under way; 0: none is."""
        self._content = bytearray()
        """What has come of the message under way."""
        self._size = 0
        """What the frames of the message under way announced so far."""
        self._discarding = False
        self._broken = False

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer; `next` says what they are."""
        if not self._broken:
            self._buffer = self._buffer[self._at :] + data if self._at < len(self._buffer) else data
            self._at = 0

    @property
    def arriving_bytes(self) -> int:
        """What is kept of a message that is not whole yet, and of what came behind it."""
        return len(self._content) + len(self._buffer) - self._at

    @property
    def start(self) -> bytes:
        """How the message under way begins, as far as it has come."""
        return bytes(self._content[:START_BYTES]) if self._content else b""

    def discard(self) -> None:
        """From now on only the peer's close frame is of interest."""
        self._discarding = True
        self._content.clear()

    def short(self) -> bytes | None:
        """The next message when it is one short binary frame that is all here, as nearly every message is.

        None says nothing: ask `next`.
        """
        buffer, at = self._buffer, self._at
        if self._opcode or len(buffer) - at < 6 or buffer[at] != _SHORT_BINARY or self._discarding:
            return None
        size = buffer[at + 1] - _MASKED
        if size == 126:
            size, at = buffer[at + 2] << 8 | buffer[at + 3], at + 2
            if size < 126:
                return None
        end = at + 6 + size
        if size < 0 or size == 127 or end > len(buffer):
            return None
        payload, mask = buffer[at + 6 : end], buffer[at + 2 : at + 6]
        if end == len(buffer):
            self._buffer, self._at = b"", 0
        else:
            self._at = end
        key = (mask * (size // 4 + 1))[:size]
        return (_number(payload, "little") ^ _number(key, "little")).to_bytes(size, "little")

    def next(self, limit_bytes: int) -> bytes | Signal | None:
        """The next binary message, or what else came; None until more bytes come.

        Data above `limit_bytes` is `OVERSIZED`.
        """
        while not self._broken:
            before = self._at, self._left
            found = self._head() if self._left < 0 else self._part(limit_bytes)
            if found is not None or before == (self._at, self._left):
                break
        else:
            return None
        if self._at == len(self._buffer):
            self._buffer, self._at = b"", 0
        return found

    def _head(self) -> Signal | None:
        """Read the head of a frame, and all of a control frame; leaves everything in place when it is not whole."""
        buffer, at = self._buffer, self._at
        if len(buffer) - at < 2:
            return None
        first, second = buffer[at], buffer[at + 1]
        opcode, size, at = first & 0x0F, second & 0x7F, at + 2
        fault = self._fault(first, second)
        if fault:
            return self._broke(PROTOCOL_ERROR, fault)
        if size >= 126:
            field = _SIZE_16 if size == 126 else _SIZE_64
            if len(buffer) - at < field.size:
                return None
            size = field.unpack_from(buffer, at)[0]
            at += field.size
            if size >= 2**63 or size < (126 if field is _SIZE_16 else 65_536):
                return self._broke(PROTOCOL_ERROR, "impossible length")
        end = at + 4 + (size if opcode >= Opcode.CLOSE else 0)
        if len(buffer) < end:
            return None
        self._at, mask = end, buffer[at : at + 4]
        if opcode >= Opcode.CLOSE:
            return self._control(opcode, _unmasked(buffer[at + 4 : end], mask))
        self._left, self._mask, self._final = size, mask, first >= _FINAL
        self._opcode = opcode or self._opcode
        self._size += size
        return None

    def _fault(self, first: int, second: int) -> str:
        """What is wrong with the first two bytes of a frame."""
        opcode = first & 0x0F
        if first & 0x70:
            return "extension that was not agreed on"
        if opcode not in _OPCODES:
            return "unknown kind of frame"
        if second < _MASKED:
            return "frame without a mask"
        if opcode >= Opcode.CLOSE:
            return "" if first >= _FINAL and second & 0x7F <= _CONTROL_BYTES else "control frame in parts or too long"
        if (opcode == Opcode.CONTINUATION) is not bool(self._opcode):
            return "continuation of nothing" if opcode == Opcode.CONTINUATION else "message inside a message"
        return ""

    def _part(self, limit_bytes: int) -> bytes | Signal | None:
        """Take what is here of a data frame."""
        part = self._buffer[self._at : self._at + self._left]
        self._at += len(part)
        self._left -= len(part)
        if not self._discarding:
            self._content += _unmasked(part, self._mask)
            turn = len(part) % 4
            self._mask = self._mask[turn:] + self._mask[:turn]
        whole = not self._left and self._final
        if self._size > limit_bytes and not self._discarding:
            start = bytes(self._content[:START_BYTES])
            if whole or len(start) == START_BYTES:
                self.discard()
                return Signal(Kind.OVERSIZED, start)
        if not self._left:
            self._left = -1
        return self._message() if whole else None

    def _message(self) -> bytes | Signal | None:
        content, opcode = bytes(self._content), self._opcode
        self._opcode, self._size, self._content = 0, 0, bytearray()
        if self._discarding:
            return None
        if opcode == Opcode.BINARY:
            return content
        return Signal(Kind.TEXT, content) if _is_utf8(content) else self._broke(_NOT_UTF8, "text is not UTF-8")

    def _control(self, opcode: int, payload: bytes) -> Signal | None:
        if opcode == Opcode.CLOSE:
            return self._close(payload)
        return None if self._discarding else Signal(Kind(opcode), payload)

    def _close(self, payload: bytes) -> Signal:
        if not payload:
            return Signal(Kind.CLOSE, b"", NO_CODE)
        if len(payload) < 2:
            return self._broke(PROTOCOL_ERROR, "half a close code")
        code, reason = _CODE.unpack_from(payload)[0], payload[2:]
        if code not in _SENDABLE_CODES and not 3000 <= code < 5000:
            return self._broke(PROTOCOL_ERROR, "impossible close code")
        if not _is_utf8(reason):
            return self._broke(_NOT_UTF8, "reason is not UTF-8")
        return Signal(Kind.CLOSE, reason, code)

    def _broke(self, code: int, why: str) -> Signal:
        self._broken = True
        self._buffer, self._at = b"", 0
        self._content.clear()
        return Signal(Kind.BROKEN, why.encode(), code)


def _unmasked(content: bytes, mask: bytes) -> bytes:
    """The content with the mask taken off, as one large number: many times faster than byte by byte."""
    size = len(content)
    key = (mask * (size // 4 + 1))[:size]
    return (_number(content, "little") ^ _number(key, "little")).to_bytes(size, "little")


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
