"""Owns the bounded reading and writing of lib0 primitives and of strict JSON; knows no message and no update.

Every reader takes the bytes and an offset and returns the value and the offset behind it. Reading past the end raises
`IndexError` from the `*_at` functions: callers that walk a whole message turn it into `MalformedMessage` once, which
keeps the hot path of the update checker free of bounds checks. `Reader` does that for everybody else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NoReturn

from collab.errors import LimitExceeded, MalformedMessage
from collab.limits import Limits

MAX_VAR_UINT = 2**53 - 1
"""The largest integer that every JavaScript peer can hold."""
MAX_CLOCK = 2**31 - 1
"""The native core counts clocks in 32 bits, partly signed."""

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.?)*"?|[\[\]{}]', re.DOTALL)
"""A string (also an unterminated one, so that the scan stays linear) or a bracket."""


# -- reading --


def var_uint_at(content: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 integer below 2^53 in its shortest form. Raises: IndexError, MalformedMessage."""
    byte = content[at]
    if byte < 0x80:
        return byte, at + 1
    value = byte & 0x7F
    shift = 7
    while True:
        at += 1
        byte = content[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 49:
            raise MalformedMessage("varuint longer than 8 bytes")
    if not byte:
        raise MalformedMessage("varuint is not in its shortest form")
    if value > MAX_VAR_UINT:
        raise MalformedMessage("varuint over 53 bits")
    return value, at + 1


def var_bytes_at(content: bytes, at: int) -> tuple[bytes, int]:
    """A length and so many bytes. Raises: IndexError, MalformedMessage."""
    size, at = var_uint_at(content, at)
    end = at + size
    if end > len(content):
        raise MalformedMessage("length beyond the end of the message")
    return content[at:end], end


def var_string_at(content: bytes, at: int) -> tuple[str, int]:
    """A length and so many bytes of strict UTF-8. Raises: IndexError, MalformedMessage."""
    raw, at = var_bytes_at(content, at)
    return decode_utf8(raw), at


def decode_utf8(raw: bytes) -> str:
    """Strict UTF-8: no lone surrogates, no overlong forms. Raises: MalformedMessage."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise MalformedMessage("string is not UTF-8") from None


class Reader:
    """Walks over one message; whatever it cannot read is a `MalformedMessage`."""

    __slots__ = ("_at", "_content")

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def remaining(self) -> int:
        """Bytes that have not been read yet."""
        return len(self._content) - self._at

    def var_uint(self) -> int:
        """Raises: MalformedMessage."""
        try:
            value, self._at = var_uint_at(self._content, self._at)
        except IndexError:
            _truncated()
        return value

    def count(self, item_size_bytes: int) -> int:
        """A number of items that may fit into the rest of the message. Raises: MalformedMessage."""
        value = self.var_uint()
        if value * item_size_bytes > self.remaining:
            raise MalformedMessage("count above the remaining bytes")
        return value

    def fixed(self, size_bytes: int) -> bytes:
        """So many bytes. Raises: MalformedMessage."""
        if size_bytes > self.remaining:
            _truncated()
        start, self._at = self._at, self._at + size_bytes
        return self._content[start : self._at]

    def var_bytes(self) -> bytes:
        """Raises: MalformedMessage."""
        try:
            value, self._at = var_bytes_at(self._content, self._at)
        except IndexError:
            _truncated()
        return value

    def var_string(self) -> str:
        """Raises: MalformedMessage."""
        return decode_utf8(self.var_bytes())

    def finish(self) -> None:
        """Nothing may follow. Raises: MalformedMessage."""
        if self.remaining:
            raise MalformedMessage("trailing bytes")


def decode_state_vector(state_vector: bytes, limits: Limits) -> dict[int, int]:
    """Client id -> next clock, as a peer sent it. Raises: MalformedMessage, LimitExceeded."""
    reader = Reader(state_vector)
    count = reader.count(item_size_bytes=2)
    if count > limits.state_vector_clients:
        raise LimitExceeded("state_vector_clients")
    clocks: dict[int, int] = {}
    for _ in range(count):
        client = reader.var_uint()
        if client in clocks:
            raise MalformedMessage("client twice in a state vector")
        clocks[client] = reader.var_uint()
        if clocks[client] > MAX_CLOCK:
            raise MalformedMessage("clock out of range")
    reader.finish()
    return clocks


# -- writing --


def encode_var_uint(value: int) -> bytes:
    """An unsigned LEB128 integer. Raises: ValueError (negative or over 53 bits: our bug, not a peer's)."""
    if not 0 <= value <= MAX_VAR_UINT:
        raise ValueError(f"not a varuint: {value}")
    if value < 0x80:
        return bytes((value,))
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def encode_var_bytes(content: bytes) -> bytes:
    """A length and the bytes."""
    return encode_var_uint(len(content)) + content


def encode_var_string(text: str) -> bytes:
    """A length and the text in UTF-8."""
    return encode_var_bytes(text.encode())


def encode_state_vector(clocks: Mapping[int, int]) -> bytes:
    """Client id -> next clock, highest client first as Yjs does."""
    parts = [encode_var_uint(len(clocks))]
    for client in sorted(clocks, reverse=True):
        parts += (encode_var_uint(client), encode_var_uint(clocks[client]))
    return b"".join(parts)


# -- JSON --


def decode_json(text: str, depth: int) -> object:
    """Strict JSON: no NaN or Infinity, no duplicate keys, no lone surrogates, at most `depth` levels deep.

    Raises: MalformedMessage.
    """
    _check_depth(text, depth)
    try:
        value: object = _STRICT_JSON.decode(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except ValueError as error:  # also UnicodeEncodeError: an escaped half of a surrogate pair
        raise MalformedMessage(f"not strict JSON: {type(error).__name__}") from None
    return value


def encode_json(value: object) -> str:
    """Compact strict JSON. Raises: ValueError (NaN or Infinity: our bug)."""
    return _COMPACT_JSON.encode(value)


def _check_depth(text: str, depth: int) -> None:
    if text.count("[") + text.count("{") <= depth:
        return
    level = 0
    for token in _JSON_TOKEN.finditer(text):
        bracket = token[0]
        if bracket in ("[", "{"):
            level += 1
            if level > depth:
                raise MalformedMessage("JSON nested too deep")
        elif bracket in ("]", "}"):
            level -= 1


def _finite(number: str) -> float:
    value = float(number)
    if value in (float("inf"), float("-inf")):
        raise ValueError("number out of range")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("duplicate key")
    return value


_COMPACT_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_STRICT_JSON = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite)


def _truncated() -> NoReturn:
    raise MalformedMessage("message ends too early") from None
