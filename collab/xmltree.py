"""Owns trees in a document: an XML fragment as plain values, both ways. Beside `collab.document` the only importer of
pycrdt for that; knows no schema.

Appending to a fragment takes quadratic time in the native core, inserting at the front does not: trees are built from
their end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pycrdt

from collab.document import Document

Value = str | int | float | bool
Marks = Mapping[str, Mapping[str, Value]]


@dataclass(slots=True)
class Run:
    """Characters with the same marks."""

    text: str
    marks: Marks = field(default_factory=dict)


@dataclass(slots=True)
class Element:
    """An element; `children` holds elements and runs."""

    tag: str
    attrs: Mapping[str, Value] = field(default_factory=dict)
    children: list[Element | Run] = field(default_factory=list)


def write_tree(document: Document, root: str, children: Sequence[Element]) -> None:
    """Put elements before all others of a root fragment. Raises: DocumentPoisoned."""
    with document.native() as doc:
        fragment = doc.get(root, type=pycrdt.XmlFragment)
        for child in reversed(children):
            _insert(fragment, 0, child)


def replace_tree(document: Document, root: str, start: int, end: int, children: Sequence[Element]) -> None:
    """Put elements in the place of some of a root fragment. Raises: DocumentPoisoned."""
    with document.native() as doc:
        fragment = doc.get(root, type=pycrdt.XmlFragment)
        if end > start:
            del fragment.children[start:end]
        for child in reversed(children):
            _insert(fragment, start, child)


def read_tree(document: Document, root: str) -> list[Element]:
    """The elements of a root fragment. Raises: DocumentPoisoned."""
    with document.native() as doc:
        fragment = doc.get(root, type=pycrdt.XmlFragment)
        found = [_read(child) for child in fragment.children]
    # One for each child, whatever it is, so that an index here is an index there.
    return [children[0] if children and isinstance(children[0], Element) else Element("#unknown") for children in found]


def write_values(document: Document, root: str, values: Mapping[str, object]) -> None:
    """Set many plain values (JSON or bytes) of a root map. Raises: DocumentPoisoned."""
    with document.native() as doc:
        ymap = doc.get(root, type=pycrdt.Map)
        for key, value in values.items():
            ymap[key] = value


def read_values(document: Document, root: str) -> dict[str, object]:
    """All plain values of a root map; bytes as bytes. Raises: DocumentPoisoned."""
    values = document.map_values(root)
    return {key: bytes(value) if isinstance(value, bytearray) else value for key, value in values.items()}


def _insert(parent: Any, index: int, element: Element) -> None:
    made = parent.children.insert(index, pycrdt.XmlElement(element.tag))
    for key, value in element.attrs.items():
        made.attributes[key] = value
    children = element.children
    at = len(children)
    while at:
        at -= 1
        child = children[at]
        if isinstance(child, Element):
            _insert(made, 0, child)
            continue
        # Two texts in a row would be merged by the editor's binding, and that is an edit: all runs in one.
        text = made.children.insert(0, pycrdt.XmlText(""))
        while isinstance(child, Run):
            if child.text:
                text.insert(0, child.text, {name: dict(attrs) for name, attrs in child.marks.items()})
            if not at or not isinstance(children[at - 1], Run):
                break
            at -= 1
            child = children[at]


def _read(node: Any) -> list[Element | Run]:
    if isinstance(node, pycrdt.XmlText):
        return [_run(text, attrs or {}) for text, attrs in node.diff() if isinstance(text, str)]
    if not isinstance(node, pycrdt.XmlElement) or not node.tag:
        return []
    children = [child for inner in node.children for child in _read(inner)]
    attributes: Any = node.attributes
    return [Element(node.tag, dict(iter(attributes)), children)]


def _run(text: str, attrs: Mapping[str, Any]) -> Run:
    return Run(
        text, {name: value if isinstance(value, dict) else {} for name, value in attrs.items() if value is not None}
    )
