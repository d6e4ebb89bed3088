"""Owns real documents for the proof: the only importer of pycrdt here, and the fence around its panics."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

from pycrdt import Array, Doc, Map, Text, merge_updates

from loadtest.author import ROOT
from loadtest.reading import read_state_vector

_BATCH = 64
"""Updates in one transaction: more of them at a time cost the core quadratically."""
_CELLS = "cells"
_Value = TypeVar("_Value")


class DocumentError(ValueError):
    """What a server sent is no document."""


@dataclass(frozen=True, slots=True)
class Content:
    """What people see of a document, and whose edits are in it."""

    text: str
    cells: str
    """A notebook's, as JSON."""
    clocks: Mapping[int, int]

    @property
    def digest(self) -> str:
        return sha256(f"{len(self.text)}\n{self.text}{self.cells}".encode()).hexdigest()


def replay(updates: Iterable[bytes]) -> Content:
    """Apply them all, in this order. Raises: DocumentError."""
    document: Doc[Any] = Doc()
    text = document.get(ROOT, type=Text)
    cells = document.get(_CELLS, type=Array)
    batch: list[bytes] = []
    for update in updates:
        batch.append(update)
        if len(batch) == _BATCH:
            _fenced(lambda: _apply(document, batch))
            batch.clear()
    _fenced(lambda: _apply(document, batch))
    return _fenced(
        lambda: Content(
            str(text), json.dumps(cells.to_py(), sort_keys=True, default=str), read_state_vector(document.get_state())
        )
    )


def merge(updates: Sequence[bytes]) -> bytes:
    """One update of many. Raises: DocumentError."""
    merged = list(updates)
    while len(merged) > 1:
        merged = [_merged(merged[at : at + _BATCH]) for at in range(0, len(merged), _BATCH)]
    return merged[0] if merged else b"\x00\x00"


def compact(updates: Iterable[Sequence[bytes]]) -> list[bytes]:
    """Batches of updates of one document, each as the one update that the document makes of it."""
    document: Doc[Any] = Doc()
    compacted = []
    for batch in updates:
        before = document.get_state()
        for at in range(0, len(batch), _BATCH):
            _apply(document, batch[at : at + _BATCH])
        compacted.append(document.get_update(before))
    return compacted


def notebook(cells: Sequence[tuple[str, str]], batch: int, client_id: int) -> list[bytes]:
    """Updates that make a notebook, in Jupyter's shape, of (id, source), so many cells in each."""
    document: Doc[Any] = Doc(client_id=client_id)
    shared = document.get(_CELLS, type=Array)
    updates = []
    for at in range(0, len(cells), batch):
        before = document.get_state()
        shared.extend([_cell(name, source) for name, source in cells[at : at + batch]])
        updates.append(document.get_update(before))
    return updates


def _cell(name: str, source: str) -> Map[Any]:
    return Map(
        {
            "id": name,
            "cell_type": "code",
            "source": Text(source),
            "metadata": Map({}),
            "execution_state": "idle",
            "execution_count": None,
            "outputs": Array([]),
        }
    )


def _merged(updates: Sequence[bytes]) -> bytes:
    return _fenced(lambda: merge_updates(*updates))


def _apply(document: Doc[Any], updates: Sequence[bytes]) -> None:
    with document.transaction():
        for update in updates:
            document.apply_update(update)


def _fenced(act: Callable[[], _Value]) -> _Value:
    """The core's panics are no `Exception`; here they mean that the bytes are none of a document."""
    try:
        return act()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise DocumentError(f"the document's core refused it: {type(error).__name__}: {error}"[:300]) from None
