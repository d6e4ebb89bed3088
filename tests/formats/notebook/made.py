"""Notebooks made for tests: as Jupyter writes them, and as live documents."""

from __future__ import annotations

import json
from typing import Any

from collab.document import Document
from collab.formats.notebook.ipynb import IpynbFormat
from collab.formats.notebook.live import read_live
from collab.limits import Limits

FORMAT = IpynbFormat()
Json = dict[str, Any]


def cell(source: str, cell_id: str | None = None, kind: str = "code", **more: object) -> Json:
    made: Json = {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True), **more}
    if kind == "code":
        made = {"execution_count": None, "outputs": [], **made}
    return made if cell_id is None else {**made, "id": cell_id}


def stream(text: str) -> Json:
    return {"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)}


def notebook(*cells: Json, minor: int = 5, **metadata: object) -> bytes:
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}
    return (json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def opened(content: bytes) -> Document:
    return Document.from_updates([FORMAT.decode(content, Limits(), 7).update], 9)


def sources(document: Document) -> list[str]:
    return [one["source"] for one in read_live(document).cells]


def typed(document: Document, number: int, text: str, at: int = 0) -> None:
    """A person types into a cell."""
    from collab.document import Splice

    document.edit_text([Splice(at, 0, text)], ("cells", number, "source"))
