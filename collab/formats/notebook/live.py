"""Owns a live notebook as plain values, and the making of a fresh one: jupyter_ydoc's YNotebook, schema 2.0.0.

Root types: `state` (facts), `meta` (version and metadata) and `cells`. Knows no file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collab.document import STATE, Document
from collab.formats.notebook.model import CODE, Json, cell_model, clean
from collab.formats.notebook.source import with_ids
from collab.protocol.building import UpdateBuilder, YArray, YMap, YText

META, CELLS = "meta", "cells"
NBFORMAT, NBFORMAT_MINOR, METADATA = "nbformat", "nbformat_minor", "metadata"
SCHEMA = "2.0.0"
"""The version of jupyter_ydoc's schema that this is."""
NEWEST = (4, 5)


@dataclass(frozen=True, slots=True)
class LiveNotebook:
    """A notebook without places: what the live document says, or what is to be made live."""

    cells: Sequence[Json]
    """Models with an id each."""
    metadata: Json
    major: int
    minor: int


def read_live(document: Document) -> LiveNotebook:
    """The live document as it is. Raises: DocumentPoisoned."""
    meta = clean(document.read_map(META))
    metadata = meta.get(METADATA)
    return LiveNotebook(
        [cell for _, cell in placed_cells(document)],
        metadata if isinstance(metadata, dict) else {},
        _whole(meta.get(NBFORMAT), NEWEST[0]),
        _whole(meta.get(NBFORMAT_MINOR), NEWEST[1]),
    )


def placed_cells(document: Document) -> list[tuple[int, Json]]:
    """The cells with their places in the shared array, which may hold what is no cell. Raises: DocumentPoisoned."""
    items = enumerate(clean(document.read_array(CELLS)))
    places = _unique([(place, cell_model(item)) for place, item in items if isinstance(item, dict)])
    named = with_ids([cell for _, cell in places])
    return [(place, cell) for (place, _), cell in zip(places, named, strict=True)]


def _whole(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _unique(cells: Sequence[tuple[int, Json]]) -> list[tuple[int, Json]]:
    """A cell that stands there twice, as after two people moved it at once, is one: the first."""
    known: dict[str, list[Json]] = {}
    kept = []
    for place, cell in cells:
        twins = known.setdefault(str(cell.get("id")), [])
        if "id" not in cell or cell not in twins:
            twins.append(cell)
            kept.append((place, cell))
    return kept


def shared_cell(model: Mapping[str, Any]) -> YMap:
    """A cell as shared types."""
    entries: dict[str, object] = dict(model)
    entries["source"] = YText(model["source"])
    entries["metadata"] = YMap(model["metadata"])
    if model["cell_type"] == CODE:
        entries["outputs"] = YArray([shared_output(output) for output in model["outputs"]])
        entries["execution_state"] = "idle"
    return YMap(entries)


def shared_output(output: Mapping[str, Any]) -> YMap:
    """An output as shared types: the text of a stream grows, so it is one."""
    text = output.get("text")
    if output.get("output_type") == "stream" and isinstance(text, str):
        return YMap({**output, "text": YText(text)})
    return YMap(output)


def fresh_update(notebook: LiveNotebook, state: Mapping[str, object], client_id: int) -> bytes:
    """The update of a document that has nothing else."""
    builder = UpdateBuilder(client_id)
    builder.root(STATE, YMap(state))
    versions = {NBFORMAT: notebook.major, NBFORMAT_MINOR: notebook.minor}
    builder.root(META, YMap({**versions, METADATA: YMap(notebook.metadata)}))
    builder.root(CELLS, YArray([shared_cell(cell) for cell in notebook.cells]))
    return builder.update()
