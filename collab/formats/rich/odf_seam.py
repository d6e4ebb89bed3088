"""Owns how two paragraphs of an OpenDocument text become one without writing either anew."""

from __future__ import annotations

from collab.formats.rich.leaves import tokens_of
from collab.formats.rich.odf_read import OdfReader
from collab.formats.zipped.patch import Patch
from collab.formats.zipped.scan import Node


def seam(reader: OdfReader, first: Node, last: Node) -> list[Patch] | None:
    """Cut from the end of one to the beginning of the other; None where one of them has nothing or has a number."""
    number = next(last.elements, None)
    if first.inner_start < 0 or last.inner_start < 0 or (number is not None and number.name == "text:number"):
        return None
    blanks = _blanks(reader, last)
    if blanks is None:
        return None
    name = _raw_name(reader.scan.tag(first))
    renamed = [] if name == _raw_name(reader.scan.tag(last)) else [Patch(last.inner_end, last.end, b"</%b>" % name)]
    return [Patch(first.inner_end, last.inner_start, b""), *blanks, *renamed]


def _blanks(reader: OdfReader, paragraph: Node) -> list[Patch] | None:
    """Cuts of the blanks that do not count because they begin a paragraph: behind other text they would."""
    cuts = []
    for leaf in reader.leaves(paragraph):
        tokens = tokens_of([leaf], reader.scan.content)
        if any(token.whole for token in tokens) and leaf.literal:
            return None
        if tokens and not leaf.literal:
            break
        behind = tokens[0].start if tokens else leaf.end
        if leaf.start < behind:
            cuts.append(Patch(leaf.start, behind, b""))
        if tokens:
            break
    return cuts


def _raw_name(tag: bytes) -> bytes:
    return tag[1:].split(None, 1)[0].rstrip(b"/>")
