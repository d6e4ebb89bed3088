"""Owns taking `metadata.trusted` out of what people send: it would run scripts in everybody else's JupyterLab."""

from __future__ import annotations

from typing import Any

from collab.document import Document
from collab.formats.notebook.live import CELLS
from collab.formats.notebook.model import TRUSTED
from collab.nested import is_map, remove_member, set_member
from collab.protocol.building import YMap


def apply_without_trust(document: Document, update: bytes) -> None:
    """Apply an update and remove the trust in the same transaction: others never see it. Raises: DocumentPoisoned."""
    with document.transaction():
        document.apply(update)
        for number, cell in enumerate(document.read_array(CELLS)):
            metadata = cell.get("metadata") if isinstance(cell, dict) else None
            if isinstance(metadata, dict) and TRUSTED in metadata:
                _remove(document, number, metadata)


def _remove(document: Document, number: int, metadata: dict[str, Any]) -> None:
    if is_map(document, (CELLS, number, "metadata")):
        remove_member(document, (CELLS, number, "metadata"), TRUSTED)
    elif is_map(document, (CELLS, number)):
        kept = {key: value for key, value in metadata.items() if key != TRUSTED}
        set_member(document, (CELLS, number), "metadata", YMap(kept))
