"""Builds v1 updates by hand, for tests of the checker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collab.protocol.codec import encode_var_string, encode_var_uint

ROOT = b"\x01" + encode_var_string("t")
"""Parent: the root named t."""


def numbers(*values: int) -> bytes:
    return b"".join(map(encode_var_uint, values))


def text(content: str, left: tuple[int, int] | None = None, right: tuple[int, int] | None = None) -> bytes:
    """A string struct, in the root when it has no origin."""
    info = 4 | (0x80 if left else 0) | (0x40 if right else 0)
    references = b"".join(numbers(*reference) for reference in (left, right) if reference)
    return bytes((info,)) + (references or ROOT) + encode_var_string(content)


def item(kind: int, content: bytes, parent: bytes = ROOT, flags: int = 0) -> bytes:
    """A struct without origins and any content."""
    return bytes((kind | flags,)) + parent + content


def skip(length: int) -> bytes:
    return b"\x0a" + encode_var_uint(length)


def gc(length: int) -> bytes:
    return b"\x00" + encode_var_uint(length)


def delete_set(deletions: Mapping[int, Sequence[tuple[int, int]]]) -> bytes:
    """Client -> (clock, length)."""
    encoded = encode_var_uint(len(deletions))
    for client, ranges in deletions.items():
        encoded += numbers(client, len(ranges), *(number for deleted in ranges for number in deleted))
    return encoded


def update(
    *sections: tuple[int, int, Sequence[bytes]], deletions: Mapping[int, Sequence[tuple[int, int]]] | None = None
) -> bytes:
    """An update of sections (client, clock, structs)."""
    encoded = encode_var_uint(len(sections))
    for client, clock, structs in sections:
        encoded += numbers(len(structs), client, clock) + b"".join(structs)
    return encoded + delete_set(deletions or {})
