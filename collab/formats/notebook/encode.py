"""Owns saving by spans: the file of a live notebook, where every cell that nobody touched keeps its bytes.

Of a changed cell, too, the members that stayed keep theirs. New text is laid out as the file is. Knows no storage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collab.formats.lines import restore_line_ends
from collab.formats.notebook.jsontext import Container, Piece, Style, rewrite, rewrite_object, scan_array, scan_object
from collab.formats.notebook.live import METADATA, NBFORMAT, NBFORMAT_MINOR, LiveNotebook
from collab.formats.notebook.matching import match_cells
from collab.formats.notebook.model import (
    Json,
    bundle_to_file,
    cell_to_file,
    clean,
    joined,
    lines_of,
    output_model,
    output_to_file,
    same,
    sort_keys,
    without_id,
)
from collab.formats.notebook.source import IDS_SINCE_MINOR, NotebookSource, SourceCell

_CELLS_LEVEL, _CELL_LEVEL, _MEMBER_LEVEL, _OUTPUT_LEVEL = 1, 2, 3, 4
_DEFAULTS: Mapping[str, Any] = {"metadata": {}, "outputs": [], "execution_count": None, "source": ""}
"""What a file may leave out."""


def fresh_file(live: LiveNotebook) -> bytes:
    """A notebook without a file to go by, in Jupyter's own layout."""
    ids = live.minor >= IDS_SINCE_MINOR
    whole = {
        "cells": [_file_cell(cell, ids) for cell in live.cells],
        METADATA: live.metadata,
        NBFORMAT: live.major,
        NBFORMAT_MINOR: live.minor,
    }
    return (Style().dump(sort_keys(whole), 0) + "\n").encode()


def _file_cell(model: Json, ids: bool) -> Json:
    return cell_to_file(model if ids else without_id(model))


def encode_notebook(live: LiveNotebook, base: NotebookSource) -> bytes:
    """The bytes of the file."""
    changes = _Spans(base, live).top_changes()
    if not changes:
        return base.text.encode()
    whole = rewrite_object(base.text, base.top, changes, base.style, 0)
    return (base.text[: base.top.start] + whole + base.text[base.top.end :]).encode()


class _Spans:
    """The changes of one save."""

    def __init__(self, base: NotebookSource, live: LiveNotebook) -> None:
        self._base = base
        self._text = base.text
        self._style = base.style
        self._live = live
        self._ids = live.minor >= IDS_SINCE_MINOR
        self._all_ids = self._ids and base.minor < IDS_SINCE_MINOR

    def top_changes(self) -> dict[str, str | None]:
        """The top-level members that are new, with their text."""
        changes: dict[str, str | None] = {}
        cells = self._cells()
        if cells is not None:
            changes["cells"] = cells
        if not same(self._base.metadata, self._live.metadata):
            changes[METADATA] = self._metadata()
        if self._live.major != self._base.major:
            changes[NBFORMAT] = str(self._live.major)
        if self._live.minor != self._base.minor:
            changes[NBFORMAT_MINOR] = str(self._live.minor)
        return changes

    def _metadata(self) -> str:
        piece = self._base.member(METADATA)
        if piece is None:
            return self._style.dump(sort_keys(self._live.metadata), 1)
        return self._object(piece, self._base.metadata, self._live.metadata, 1)

    # -- cells --

    def _cells(self) -> str | None:
        """The text of the list; None when it stays as it is."""
        was = self._base.cells_at
        cells = self._base.cells
        matches = match_cells([cell.model for cell in cells], self._live.cells)
        wanted = [
            self._cell(None if match is None else cells[match], model)
            for match, model in zip(matches, self._live.cells, strict=True)
        ]
        if was is None:
            return self._new_list() if self._live.cells else None
        if len(wanted) == len(was.pieces) and all(new is old for new, old in zip(wanted, was.pieces, strict=True)):
            return None
        return rewrite(self._text, was, wanted, self._style, _CELLS_LEVEL)

    def _new_list(self) -> str:
        return self._style.dump([_file_cell(cell, self._ids) for cell in self._live.cells], _CELLS_LEVEL)

    def _cell(self, was: SourceCell | None, model: Json) -> Piece | str:
        if was is None:
            return self._style.dump(_file_cell(model, self._ids), _CELL_LEVEL)
        needs_id = self._all_ids and was.cell_id != model.get("id")
        if not needs_id and same(without_id(was.model), without_id(model)):
            return was.piece
        return self._changed_cell(was, model)

    def _changed_cell(self, was: SourceCell, model: Json) -> str:
        place = scan_object(self._text, was.piece.start)
        members = {piece.key: piece for piece in place.pieces}
        if len(members) != len(place.pieces):
            return self._style.dump(_file_cell(model, self._ids or was.cell_id is not None), _CELL_LEVEL)
        changes: dict[str, str | None] = {}
        for key in [*was.model, *(key for key in model if key not in was.model)]:
            if key == "id":
                continue
            if key not in model:
                changes[key] = None
            elif key not in was.model or not same(was.model[key], model[key]):
                changes[key] = self._member(members.get(key), key, was.model.get(key), model[key])
        self._drop_defaults(changes, members, model)
        if self._ids and was.cell_id != model.get("id"):
            changes["id"] = self._style.dump(model.get("id"), _MEMBER_LEVEL)
        return rewrite_object(self._text, place, changes, self._style, _CELL_LEVEL)

    @staticmethod
    def _drop_defaults(changes: dict[str, str | None], members: Mapping[str, Piece], model: Json) -> None:
        """Code cells have members that others must not have."""
        if model["cell_type"] != "code":
            for key in ("outputs", "execution_count"):
                if key in members and key not in model:
                    changes[key] = None
        for key in list(changes):
            if changes[key] is None and key not in members:
                del changes[key]

    def _member(self, piece: Piece | None, key: str, was: Any, now: Any) -> str:
        if key == "source":
            return self._source(piece, now)
        if key == "outputs" and isinstance(now, list):
            return self._outputs(piece, now)
        if key == "attachments" and isinstance(now, dict):
            now = {name: bundle_to_file(bundle) for name, bundle in now.items()}
            return self._style.dump(sort_keys(now), _MEMBER_LEVEL)
        if key == "metadata" and piece is not None and isinstance(now, dict):
            return self._object(piece, clean(piece.value), now, _MEMBER_LEVEL)
        return self._dumped(piece, sort_keys(now), _MEMBER_LEVEL)

    def _source(self, piece: Piece | None, text: str) -> str:
        was = None if piece is None else piece.value
        if isinstance(was, str):
            return self._style.dump(restore_line_ends(text, was), _MEMBER_LEVEL)
        before = joined(was) if isinstance(was, list) else ""
        return self._dumped(piece, lines_of(restore_line_ends(text, before)), _MEMBER_LEVEL)

    def _dumped(self, piece: Piece | None, value: object, level: int) -> str:
        """A new value, on one line where the old one was a list or object on one line."""
        was = "" if piece is None else piece.value_text(self._text)
        flat = len(was) > len("[]") and was[0] in "[{" and "\n" not in was and self._style.indent is not None
        return self._style.dump_flat(value) if flat else self._style.dump(value, level)

    # -- inside of a cell --

    def _object(self, piece: Piece, was: Json, now: Json, level: int) -> str:
        """An object of which only the members that changed are written anew."""
        place = scan_object(self._text, piece.value_start)
        if len({member.key for member in place.pieces}) != len(place.pieces):
            return self._style.dump(sort_keys(now), level)
        if not place.pieces:
            return self._style.dump(sort_keys(now), level) if now else piece.value_text(self._text)
        members = {member.key: member for member in place.pieces}
        changes: dict[str, str | None] = {key: None for key in was if key not in now and key in members}
        for key, value in now.items():
            if key not in was:
                changes[key] = self._style.dump(sort_keys(value), level + 1)
            elif not same(was[key], value):
                changes[key] = self._nested(members.get(key), was[key], value, level + 1)
        return rewrite_object(self._text, place, changes, self._style, level)

    def _nested(self, piece: Piece | None, was: Any, now: Any, level: int) -> str:
        if piece is not None and isinstance(was, dict) and isinstance(now, dict):
            return self._object(piece, was, now, level)
        return self._dumped(piece, sort_keys(now), level)

    def _outputs(self, piece: Piece | None, outputs: list[Json]) -> str:
        if piece is None or not outputs:
            return self._style.dump([sort_keys(output_to_file(output)) for output in outputs], _MEMBER_LEVEL)
        place = scan_array(self._text, piece.value_start)
        models = [output_model(clean(was.value)) for was in place.pieces]
        wanted = [self._output(place, models, number, output) for number, output in enumerate(outputs)]
        return rewrite(self._text, place, wanted, self._style, _MEMBER_LEVEL)

    def _output(self, place: Container, models: list[Json], number: int, output: Json) -> Piece | str:
        """Outputs are appended or replaced all at once, so a counterpart stands at the same place."""
        if number < len(models) and same(models[number], output):
            return place.pieces[number]
        return self._style.dump(sort_keys(output_to_file(output)), _OUTPUT_LEVEL)
