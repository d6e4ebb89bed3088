"""Owns edits of nested shared types: items of arrays and members of maps at a path; beside `document.py` the only
importer of pycrdt. Knows no format and no room.

A path is a root type's name and what leads from there: ("cells", 3, "metadata"). Values are plain JSON or the shared
types of `protocol.building`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pycrdt

from collab.document import Document
from collab.protocol.building import YArray, YMap, YText

Path = tuple[str | int, ...]

_SMALL = 64
"""The core appends to arrays in quadratic time; longer ones are filled from their end."""


def insert(document: Document, path: Path, index: int, value: object) -> None:
    """Insert an item into the array at `path`. Raises: DocumentPoisoned."""
    with document.native() as doc:
        array = _at(doc, path, pycrdt.Array)
        array.insert(index, _native(value))
        if isinstance(value, YMap):
            _fill_long(array[index], value)


def remove(document: Document, path: Path, index: int) -> None:
    """Remove an item of the array at `path`. Raises: DocumentPoisoned."""
    with document.native(writes=False) as doc:
        del _at(doc, path, pycrdt.Array)[index]


def set_member(document: Document, path: Path, key: str, value: object) -> None:
    """Set a member of the map at `path`. Raises: DocumentPoisoned."""
    with document.native() as doc:
        ymap = _at(doc, path, pycrdt.Map)
        ymap[key] = _native(value)
        if isinstance(value, YArray):
            _fill(ymap[key], value.items)


def remove_member(document: Document, path: Path, key: str) -> None:
    """Remove a member of the map at `path`, if it is there. Raises: DocumentPoisoned."""
    with document.native(writes=False) as doc:
        ymap = _at(doc, path, pycrdt.Map)
        if key in ymap:
            del ymap[key]


def is_map(document: Document, path: Path) -> bool:
    """Whether there is a shared map at `path`. Raises: DocumentPoisoned."""
    return _is(document, path, pycrdt.Map)


def is_text(document: Document, path: Path) -> bool:
    """Whether there is a shared text at `path`. Raises: DocumentPoisoned."""
    return _is(document, path, pycrdt.Text)


def _is(document: Document, path: Path, kind: type) -> bool:
    with document.native(writes=False) as doc:
        *outer, last = path
        container = _at(doc, tuple(outer), pycrdt.Map if isinstance(last, str) else pycrdt.Array)
        if isinstance(last, str):
            return isinstance(container, pycrdt.Map) and isinstance(container.get(last), kind)
        return isinstance(container, pycrdt.Array) and isinstance(container[last], kind)


def _at(doc: pycrdt.Doc[Any], path: Path, kind: type) -> Any:
    """The container at a path; `kind` is what a root without further steps is."""
    root, *steps = path
    if steps:
        kind = pycrdt.Map if isinstance(steps[0], str) else pycrdt.Array
    found: Any = doc.get(str(root), type=kind)
    for step in steps:
        found = found[step]
    return found


def _native(value: object) -> Any:
    if isinstance(value, YText):
        return pycrdt.Text(value.text)
    if isinstance(value, YMap):
        return pycrdt.Map({key: _native(item) for key, item in value.entries.items()})
    if isinstance(value, YArray):
        return pycrdt.Array([_native(item) for item in value.items] if len(value.items) <= _SMALL else [])
    return value


def _fill_long(ymap: Any, value: YMap) -> None:
    for key, item in value.entries.items():
        if isinstance(item, YArray):
            _fill(ymap[key], item.items)


def _fill(array: Any, items: Sequence[object]) -> None:
    """Fill an array that `_native` left empty because it is long."""
    if len(items) > _SMALL:
        for item in reversed(items):
            array.insert(0, _native(item))
