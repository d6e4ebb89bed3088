"""Owns the conversion of notebooks of versions 2 and 3 into version 4; pure, and the file itself is left alone."""

from __future__ import annotations

from typing import Any

from collab.formats.notebook.model import Json, joined

_OLD_VERSIONS = (1, 2, 3)
_MIME = {
    "text": "text/plain",
    "html": "text/html",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "latex": "text/latex",
    "json": "application/json",
    "javascript": "application/javascript",
    "pdf": "application/pdf",
}
_OUTPUT_OWN = frozenset({"output_type", "prompt_number", "metadata", "stream", *_MIME})
_HEADING_LEVELS = range(1, 7)


def convert(old: Json) -> Json | None:
    """A version 4 notebook of the same content; None when the file is no older notebook."""
    version = old.get("nbformat", 2 if "worksheets" in old else None)
    if version not in _OLD_VERSIONS:
        return None
    sheets = old.get("worksheets")
    cells = (
        [cell for sheet in _list(sheets) for cell in _list(sheet.get("cells"))] if sheets else _list(old.get("cells"))
    )
    metadata = old.get("metadata")
    old["nbformat"] = version
    return {"cells": [_cell(cell) for cell in cells], "metadata": metadata if isinstance(metadata, dict) else {}}


def _list(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _cell(old: Json) -> Json:
    kind, metadata = old.get("cell_type"), old.get("metadata")
    metadata = dict(metadata) if isinstance(metadata, dict) else {}
    if kind == "code":
        return _code(old, metadata)
    source = joined(old.get("source", ""))
    if kind == "heading":
        level = old.get("level", 1)
        marks = "#" * (level if level in _HEADING_LEVELS else 1)
        source, kind = f"{marks} {' '.join(str(source).splitlines())}", "markdown"
    if kind == "html":
        kind = "markdown"
    return {"cell_type": kind if kind in ("markdown", "raw") else "raw", "metadata": metadata, "source": source}


def _code(old: Json, metadata: Json) -> Json:
    if old.get("collapsed"):
        metadata["collapsed"] = True
    return {
        "cell_type": "code",
        "execution_count": old.get("prompt_number"),
        "metadata": metadata,
        "outputs": [_output(output) for output in _list(old.get("outputs"))],
        "source": joined(old.get("input", "")),
    }


def _output(old: Json) -> Json:
    kind = old.get("output_type")
    if kind == "stream":
        return {"output_type": "stream", "name": old.get("stream", "stdout"), "text": joined(old.get("text", ""))}
    if kind == "pyerr":
        return {
            "output_type": "error",
            "ename": old.get("ename", ""),
            "evalue": old.get("evalue", ""),
            "traceback": old.get("traceback", []),
        }
    metadata = old.get("metadata")
    data = {mime: joined(old[name]) for name, mime in _MIME.items() if name in old}
    data |= {name: joined(value) for name, value in old.items() if name not in _OUTPUT_OWN and "/" in name}
    shown = {"data": data, "metadata": metadata if isinstance(metadata, dict) else {}}
    if kind == "pyout":
        return {"output_type": "execute_result", "execution_count": old.get("prompt_number"), **shown}
    return {"output_type": "display_data", **shown}
