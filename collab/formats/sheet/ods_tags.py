"""Owns the rewriting of single elements as bytes: attributes set and dropped, all others as they stand."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from collab.formats.sheet.ods_names import FORMULA, Names, attributes_of, tag_name
from collab.formats.zipped.patch import escape_attribute
from collab.formats.zipped.scan import Node


def start_tag(content: bytes, node: Node) -> bytes:
    """The start tag of an element."""
    return content[node.start : node.end if node.inner_start < 0 else node.inner_start]


def changed_tag(
    tag: bytes,
    names: Names,
    values: Mapping[str, str | None],
    *,
    name: str = "",
    dropped: Collection[str] = (),
    inside: tuple[str, ...] = (),
) -> bytes:
    """A start tag, open, with attributes set (None: dropped); those that are there keep their place."""
    left = dict(values)
    out = [b"<" + (names.raw(name).encode() if name else tag_name(tag))]
    for raw, whole in attributes_of(tag):
        key = names.canonical(raw)
        if key in left:
            value = left.pop(key)
            if value is not None:
                out.append(b' %b="%b"' % (raw.encode(), escape_attribute(value)))
        elif key not in dropped:
            out.append(whole)
    new = {key: value for key, value in left.items() if value is not None}
    out.append(names.declared(*([name] if name else []), *new, *inside).encode())
    if b" xmlns:of=" not in tag:
        out.append(names.declared_for_formula(values.get(FORMULA)).encode())
    out += [b' %b="%b"' % (names.raw(key).encode(), escape_attribute(value)) for key, value in new.items()]
    return b"".join(out) + b">"


def rebuilt(tag: bytes, inner: bytes) -> bytes:
    """An element of an open start tag and what is in it."""
    if not inner:
        return tag[:-1] + b"/>"
    return b"%b%b</%b>" % (tag, inner, tag_name(tag))


def inner_of(content: bytes, node: Node) -> bytes:
    """What stands between the tags of an element."""
    return b"" if node.inner_start < 0 else content[node.inner_start : node.inner_end]


def with_attributes(content: bytes, node: Node, names: Names, values: Mapping[str, str | None]) -> bytes:
    """An element with some attributes changed, its inside untouched."""
    tag = start_tag(content, node)
    if all(node.attrs.get(key) == value for key, value in values.items()):
        return content[node.start : node.end]
    changed = changed_tag(tag, names, values)
    if node.inner_start < 0:
        return changed[:-1] + b"/>"
    return changed + content[node.inner_start : node.end]
