"""Owns the walk over one struct of a v1 update: what it is, how long, and what it refers to; keeps and decides nothing.

Yjs' encoding, as `UpdateEncoderV1` writes it: an info byte (five bits content kind, then "has parentSub", "has right
origin", "has origin"), the ids of the origins, the parent where there is no origin, and the content. Where the two
cores (Yjs in browsers, yrs here) would read the same bytes differently, the bytes are refused.
"""

from __future__ import annotations

from collab.errors import LimitExceeded, MalformedMessage
from collab.limits import Limits
from collab.protocol.codec import decode_json, decode_utf8, var_bytes_at, var_uint_at

GC = 0
SKIP = 10
KIND_BITS = 0x1F
HAS_PARENT_SUB = 0x20

DELETED = 1
BINARY = 3
STRING = 4
EMBED = 5
FORMAT = 6
TYPE = 7
ANY = 8
DOC = 9

_PLAIN_TYPES = frozenset((0, 1, 2, 4, 6))
"""YArray, YMap, YText, YXmlFragment, YXmlText. The cores read YXmlHook (5) differently; 7 and up are yrs' own."""
_XML_ELEMENT = 3

_ANY_ARRAY = 117
_ANY_OBJECT = 118
_ANY_SIZES = {127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0}
"""Sizes in bytes of the values that have a fixed one, by tag."""


def content_at(content: bytes, at: int, kind: int, limits: Limits) -> tuple[int, int]:
    """How many clocks the content at `at` takes, and the offset behind it.

    Raises: IndexError, MalformedMessage, LimitExceeded.
    """
    if kind == STRING:
        return _string_at(content, at, limits)
    if kind == DELETED:
        return var_uint_at(content, at)
    if kind == FORMAT:
        return 1, _json_at(content, text_at(content, at, limits), limits)
    if kind == TYPE:
        return 1, _type_at(content, at, limits)
    if kind == ANY:
        count, at = var_uint_at(content, at)
        return count, _any_at(content, at, count, limits)
    if kind == EMBED:
        return 1, _json_at(content, at, limits)
    if kind == BINARY:
        return 1, var_bytes_at(content, at)[1]
    if kind == DOC:
        return 1, _any_at(content, text_at(content, at, limits), 1, limits)
    # 2 (JSON lists of Yjs before 13): yrs reads one value more than there is. 11 (moves): yrs' own, Yjs cannot read it.
    raise MalformedMessage(f"content kind {kind} is not for both cores")


def splits_pair(content: bytes, at: int, offset: int) -> bool:
    """Whether the `offset`-th UTF-16 unit of the string content at `at` is the second half of a surrogate pair."""
    raw = var_bytes_at(content, at)[0].decode().encode("utf-16-le")
    return 0xDC <= raw[offset * 2 + 1] <= 0xDF


def _string_at(content: bytes, at: int, limits: Limits) -> tuple[int, int]:
    """String content: its length in clocks counts UTF-16 units."""
    size, at = var_uint_at(content, at)
    end = at + size
    if end > len(content):
        raise MalformedMessage("string beyond the end of the update")
    if size > limits.string_size_bytes:
        raise LimitExceeded("string_size_bytes")
    raw = content[at:end]
    if raw.isascii():
        return size, end
    return len(decode_utf8(raw).encode("utf-16-le")) >> 1, end


def text_at(content: bytes, at: int, limits: Limits) -> int:
    """Behind a string of strict UTF-8. Raises: IndexError, MalformedMessage, LimitExceeded."""
    return _string_at(content, at, limits)[1]


def _json_at(content: bytes, at: int, limits: Limits) -> int:
    raw, end = var_bytes_at(content, at)
    if len(raw) > limits.string_size_bytes:
        raise LimitExceeded("string_size_bytes")
    decode_json(decode_utf8(raw), limits.update_depth)
    return end


def _type_at(content: bytes, at: int, limits: Limits) -> int:
    reference = content[at]
    if reference in _PLAIN_TYPES:
        return at + 1
    if reference == _XML_ELEMENT:
        return text_at(content, at + 1, limits)
    raise MalformedMessage(f"unknown type {reference}")


def _any_at(content: bytes, at: int, count: int, limits: Limits) -> int:
    """Behind `count` values. Iterative: nesting is what overflows a stack."""
    outer: list[tuple[int, bool]] = []
    remaining, keyed = _checked_count(content, at, count), False
    while True:
        while not remaining:
            if not outer:
                return at
            remaining, keyed = outer.pop()
        remaining -= 1
        if keyed:
            at = text_at(content, at, limits)
        tag = content[at]
        at += 1
        if tag in _ANY_SIZES:
            at += _ANY_SIZES[tag]
        elif tag == 125:
            at = _var_int_at(content, at)
        elif tag == 119:
            at = text_at(content, at, limits)
        elif tag == 116:
            at = var_bytes_at(content, at)[1]
        elif tag in (_ANY_ARRAY, _ANY_OBJECT):
            outer.append((remaining, keyed))
            if len(outer) > limits.update_depth:
                raise LimitExceeded("update_depth")
            remaining, at = var_uint_at(content, at)
            remaining, keyed = _checked_count(content, at, remaining), tag == _ANY_OBJECT
        else:
            raise MalformedMessage(f"unknown value tag {tag}")


def _checked_count(content: bytes, at: int, count: int) -> int:
    if count > len(content) - at:
        raise MalformedMessage("count above the remaining bytes")
    return count


def _var_int_at(content: bytes, at: int) -> int:
    """Behind a signed integer: six bits, a sign bit and a continuation bit, then as in a varuint."""
    byte = content[at]
    at += 1
    value, shift = byte & 0x3F, 6
    while byte >= 0x80:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if value > 2**53 - 1 or shift > 62:
            raise MalformedMessage("integer over 53 bits")
    return at
