"""Owns splices of bytes: a part with some spans replaced and every other byte kept; and the proof of a saved file.

Knows no vocabulary: what the new bytes mean is for each format to check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from collab.errors import FormatError
from collab.formats.zipped.package import Package
from collab.formats.zipped.scan import scan
from collab.limits import Limits

ODD = "The changes could not be written into this file for certain, so the stored file was left as it is."


@dataclass(frozen=True, slots=True)
class Patch:
    """Replace the bytes from `start` to `end` by `new`; at one place, in the order they were made."""

    start: int
    end: int
    new: bytes


def refuse(detail: str) -> FormatError:
    """The error for a result that is not what was meant."""
    return FormatError(f"refused to save: {detail}", public=ODD)


def apply_patches(content: bytes, patches: Iterable[Patch]) -> bytes:
    """The content with all patches applied. Raises: FormatError (two patches overlap)."""
    parts, at = [], 0
    for patch in sorted(patches, key=lambda patch: (patch.start, patch.end)):
        if patch.start < at or patch.end < patch.start or patch.end > len(content):
            raise refuse(f"a splice at {patch.start} overlaps another")
        parts += [content[at : patch.start], patch.new]
        at = patch.end
    return b"".join([*parts, content[at:]])


def escape_text(text: str) -> bytes:
    """Characters as element content."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").encode("utf-8", "replace")


def escape_attribute(text: str) -> bytes:
    """Characters as a value between double quotes."""
    escaped = escape_text(text).replace(b'"', b"&quot;")
    return escaped.replace(b"\t", b"&#9;").replace(b"\n", b"&#10;").replace(b"\r", b"&#13;")


def save_parts(
    before: Package,
    parts: Mapping[str, bytes],
    limits: Limits,
    added: Mapping[str, bytes] | None = None,
    *,
    scanned: bool = True,
) -> bytes:
    """The file with these parts changed, after looking at the result again; without `scanned` it is the caller who
    reads the parts again. Raises: FormatError, LimitExceeded."""
    changed = {name: part for name, part in parts.items() if part != before.read(name)}
    if not changed and not added:
        return before.content
    content = before.replaced(changed, added)
    prove(before, content, {**changed, **(added or {})}, limits, scanned=scanned)
    return content


def prove(before: Package, content: bytes, meant: Mapping[str, bytes], limits: Limits, *, scanned: bool = True) -> None:
    """Open what was written: every other member has its own bytes, the changed ones are as meant and well-formed.

    Raises: FormatError, LimitExceeded.
    """
    after = Package.open(content, limits)
    expected = [*before.members, *(name for name in meant if name not in before)]
    if list(after.members) != expected:
        raise refuse("other members than before")
    for name in expected:
        if name not in meant:
            if after.raw(name) != before.raw(name):
                raise refuse("a member that nobody touched changed")
        elif after.read(name) != meant[name]:
            raise refuse("a part is not what was written")
        elif scanned and name.endswith((".xml", ".rels")):
            scan(meant[name], limits)
