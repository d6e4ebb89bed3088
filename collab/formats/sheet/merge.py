"""Owns the three-way merge of workbooks by cell; knows no file's bytes and no storage."""

from __future__ import annotations

from collab.document import Document
from collab.formats.base import Merged
from collab.formats.sheet.file import SheetFile


def merge_books(base: SheetFile, theirs: SheetFile, document: Document, source: str, at_ms: int) -> Merged:
    raise NotImplementedError
