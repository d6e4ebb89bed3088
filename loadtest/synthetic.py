"""Owns the large documents that joins are measured with, and their cutting into updates that any server takes."""

from __future__ import annotations

from collections.abc import Sequence

DOCUMENTS = ("b4", "notebook")


def large_document(name: str, size: int, seed: int) -> Sequence[bytes]:
    """Updates that together make the document."""
    raise NotImplementedError
