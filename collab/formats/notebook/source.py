"""Owns a notebook file as bytes with places: its top-level members, its cells with their models, its style.

Raises what a person can understand: where the JSON breaks, or what of it is no notebook. Knows no live document.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collab.errors import FormatError
from collab.formats.notebook.jsontext import Container, Piece, Style, parse_at, scan_array, scan_object, skip, style_of
from collab.formats.notebook.model import Json, cell_model, clean, without_id

OLDEST_MAJOR, NEWEST_MAJOR = 4, 4
IDS_SINCE_MINOR = 5
NO_MINOR = 0
_BOM = "\ufeff"
_CELL_TYPES = frozenset({"code", "markdown", "raw"})


class NoNotebook(FormatError):
    """The bytes are not a notebook; `why` says what is wrong with them."""

    public = "This file is not a valid notebook, so it is shown as text."

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class SourceCell:
    """A cell of the file: its place, and what it is; `model` has the id that the file gives, if any."""

    piece: Piece
    model: Json

    @property
    def cell_id(self) -> str | None:
        found = self.model.get("id")
        return found if isinstance(found, str) and found else None


@dataclass(frozen=True, slots=True)
class NotebookSource:
    """A file that is a notebook of major version 4."""

    text: str
    top: Container
    cells_at: Container | None
    cells: tuple[SourceCell, ...]
    style: Style

    def member(self, key: str) -> Piece | None:
        """A top-level member."""
        return next((piece for piece in reversed(self.top.pieces) if piece.key == key), None)

    def value(self, key: str) -> Any:
        piece = self.member(key)
        return None if piece is None else clean(piece.value)

    @property
    def metadata(self) -> Json:
        found = self.value("metadata")
        return found if isinstance(found, dict) else {}

    @property
    def major(self) -> int:
        return int(self.value("nbformat"))

    @property
    def minor(self) -> int:
        found = self.value("nbformat_minor")
        return found if isinstance(found, int) and not isinstance(found, bool) else NO_MINOR


def read_json(content: bytes) -> tuple[str, int]:
    """The characters of a file and where its value begins. Raises: NoNotebook."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise NoNotebook(f"It is not UTF-8 from byte {error.start} on.") from None
    return text, skip(text, 1 if text.startswith(_BOM) else 0)


def parse_any(content: bytes) -> Json:
    """The whole file as JSON, of whatever version. Raises: NoNotebook."""
    text, at = read_json(content)
    try:
        value, end = parse_at(text, at)
    except (json.JSONDecodeError, RecursionError) as error:
        raise _broken(error) from None
    if skip(text, end) != len(text):
        raise NoNotebook("Something follows behind the end of the notebook.")
    if not isinstance(value, dict):
        raise NoNotebook("It is JSON, but not a notebook.")
    return value


def parse(content: bytes) -> NotebookSource:
    """A file of nbformat 4. Raises: NoNotebook."""
    text, at = read_json(content)
    cells_at: list[Container] = []

    def value_of(key: str, place: int) -> tuple[Any, int]:
        if key != "cells" or text[place : place + 1] != "[":
            return None, place
        cells_at.append(scan_array(text, place))
        return None, cells_at[-1].end

    try:
        top = scan_object(text, at, value_of)
    except (json.JSONDecodeError, RecursionError) as error:
        raise _broken(error) from None
    if skip(text, top.end) != len(text):
        raise NoNotebook("Something follows behind the end of the notebook.")
    where = cells_at[-1] if cells_at else None
    cells = tuple(_cell(piece, number) for number, piece in enumerate(where.pieces, 1)) if where else ()
    source = NotebookSource(text, top, where, cells, style_of(text, top))
    _check(source)
    return source


def _check(source: NotebookSource) -> None:
    major = source.value("nbformat")
    if not isinstance(major, int) or isinstance(major, bool):
        raise NoNotebook("It does not say which version of the notebook format it is in.")
    if not OLDEST_MAJOR <= major <= NEWEST_MAJOR:
        raise NoNotebook(f"It is in version {major} of the notebook format.")
    if source.member("cells") is not None and source.cells_at is None:
        raise NoNotebook("Its cells are not a list.")
    if source.member("metadata") is not None and not isinstance(source.value("metadata"), dict):
        raise NoNotebook("Its metadata is not an object.")


def _cell(piece: Piece, number: int) -> SourceCell:
    value = piece.value
    if not isinstance(value, dict) or value.get("cell_type") not in _CELL_TYPES:
        raise NoNotebook(f"Cell {number} is not a cell.")
    source = value.get("source", "")
    if not isinstance(source, str) and not (isinstance(source, list) and all(isinstance(line, str) for line in source)):
        raise NoNotebook(f"The source of cell {number} is not a text.")
    outputs = value.get("outputs", [])
    if not isinstance(outputs, list) or not all(isinstance(output, dict) for output in outputs):
        raise NoNotebook(f"The outputs of cell {number} are not outputs.")
    if not isinstance(value.get("metadata", {}), dict):
        raise NoNotebook(f"The metadata of cell {number} is not an object.")
    return SourceCell(piece, cell_model(clean(value)))


def _broken(error: Exception) -> NoNotebook:
    if isinstance(error, json.JSONDecodeError):
        return NoNotebook(f"Line {error.lineno}, column {error.colno}: {error.msg}.")
    return NoNotebook("It is nested too deeply.")


def content_key(model: Mapping[str, Any]) -> str:
    """The same for cells of the same content, whatever they are called."""
    encoded = json.dumps(without_id(model), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(encoded.encode("utf-8", "surrogatepass")).hexdigest()


def with_ids(models: Sequence[Json], taken: frozenset[str] = frozenset()) -> list[Json]:
    """The cells with an id each that no other one has: the file's own for the first who claims it.

    A made id depends on the content and the place only, so that the same file always gives the same.
    """
    claimed = {model["id"] for model in models if isinstance(model.get("id"), str)} | taken
    seen: set[str] = set()
    named = []
    for number, model in enumerate(models):
        cell_id = model.get("id")
        if not isinstance(cell_id, str) or not cell_id or cell_id in seen or cell_id in taken:
            cell_id = _made_id(model, number, claimed)
            claimed.add(cell_id)
        seen.add(cell_id)
        named.append({**model, "id": cell_id})
    return named


def _made_id(model: Mapping[str, Any], number: int, claimed: set[str]) -> str:
    attempt = 0
    while True:
        digest = hashlib.sha256(f"{number}.{attempt}.{content_key(model)}".encode()).hexdigest()
        if digest[:8] not in claimed:
            return digest[:8]
        attempt += 1
