"""Owns small changes of tags as bytes: attributes set and taken away, everything else kept."""

from __future__ import annotations

import re
from collections.abc import Mapping

from collab.formats.zipped.patch import escape_attribute

_END = re.compile(rb"\s*/?>\Z")


def with_attributes(tag: bytes, values: Mapping[str, str | None]) -> bytes:
    """A start tag or empty tag with these attributes; None takes one away."""
    for name, value in values.items():
        pattern = re.compile(rb"\s+" + re.escape(name.encode()) + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')")
        new = b"" if value is None else b" " + name.encode() + b'="' + escape_attribute(value) + b'"'
        if (found := pattern.search(tag)) is not None:
            tag = tag[: found.start()] + new + tag[found.end() :]
        elif new:
            end = _END.search(tag)
            at = end.start() if end is not None else len(tag)
            tag = tag[:at] + new + tag[at:]
    return tag


def opened(tag: bytes) -> bytes:
    """An empty tag as a start tag."""
    return re.sub(rb"\s*/>\Z", b">", tag)


def closing(tag: bytes) -> bytes:
    """The end tag of a start tag."""
    match = re.match(rb"<([^\s/>]+)", tag)
    return b"</" + (match[1] if match is not None else b"") + b">"
