"""Owns the sheet formats' contract: file to shared document and back; knows no file's syntax and no room.

A save is proved: what was written is read again and must be the live document, cell by cell, or it is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from collab.document import CONFLICTS, STATE, Document, Kind
from collab.errors import FormatError, LimitExceeded
from collab.formats.base import READ_ONLY, Decoded, Merged
from collab.formats.sheet.cached import add_values
from collab.formats.sheet.changes import compare, plan_of
from collab.formats.sheet.file import SheetFile
from collab.formats.sheet.live import META, SCHEMA, SHEETS, STYLES, TABS, fresh_update, read_live, renewed_update
from collab.formats.sheet.merge import merge_books
from collab.formats.sheet.model import Book, Plan
from collab.formats.sheet.proof import prove
from collab.formats.text import OPEN_CONFLICTS
from collab.limits import Limits

OTHER_SCHEMA = "Somebody edits with another version of this page. Reload the page to go on."
NO_ANCESTOR = "The file was changed elsewhere, and the version that this document began with is not kept any more."
MORE_THAN_SCHEMA = "The document holds more than can be carried over, so it keeps its history."
SIGNED = "This file is signed. An edit would break the signature, so it is read-only here."
LAST_SHEET = "A workbook needs at least one sheet, so the last one cannot be deleted."
TOO_LARGE = "There are more rows or columns than a spreadsheet file can hold."
LOCKED = "Rows and columns of the sheet “{sheet}” cannot be inserted, deleted or moved: {reason}"
NAMED = "Sheets of this workbook cannot be renamed or deleted: {reason}"
_REASONS = {
    "charts": "a chart or drawing names its cells.",
    "pivots": "a pivot table names its cells.",
    "names": "named ranges name its cells.",
    "filters": "a filter or database range names its cells.",
    "validations": "rules for allowed values name its cells.",
    "conditions": "conditional formats name its cells.",
    "formulas": "there are formulas that are not understood here.",
    "arrays": "it has array formulas.",
    "tables": "a table names its cells.",
    "comments": "it has comments.",
    "objects": "pictures, charts or other objects stand on it.",
    "links": "links name its cells.",
    "protected": "it is protected.",
    "changes": "it has recorded changes.",
    "breaks": "it has page breaks.",
    "views": "it has saved views.",
    "scenarios": "scenarios name its cells.",
    "watches": "watched cells are on it.",
    "extensions": "the program that wrote it added something that is not understood here.",
}
_SOMETHING = "something that is not understood here names its cells."


class SheetFormat:
    """One sheet format; `opened` reads its files."""

    kind = Kind.SHEET
    sandboxed = True

    def __init__(self, name: str, opened: Callable[[bytes, Limits], SheetFile]) -> None:
        self.name = name
        self.limits = Limits()
        self._opened = opened

    def decode(self, content: bytes, limits: Limits, client_id: int) -> Decoded:
        """Make the update of a fresh document. Raises: FormatError, LimitExceeded."""
        if len(content) > limits.file_size_bytes:
            raise LimitExceeded("file_size_bytes", f"{len(content)} bytes")
        file = self._opened(content, limits)
        meta = {"format": self.name, "base": hashlib.sha256(content).hexdigest()}
        facts = {READ_ONLY: file.read_only} if file.read_only else {}
        try:
            return Decoded(fresh_update(file.book, meta, facts, client_id), self.kind, facts)
        except UnicodeEncodeError:
            raise FormatError("half a character") from None

    def encode(self, document: Document, base: bytes) -> bytes:
        """The file: what nobody touched keeps its bytes. Raises: FormatError, LimitExceeded."""
        file = self._opened(base, self.limits)
        live = read_live(document)
        found = compare(live, file)
        plan = plan_of(found)
        if plan is None:
            return base
        if live.schema != SCHEMA:
            raise FormatError("a schema that is not known", public=OTHER_SCHEMA)
        if file.read_only:
            raise FormatError("an edit of a signed file", public=SIGNED)
        check_plan(plan, file.book, self.limits)
        add_values(found, plan)
        saved = file.saved(plan)
        before, written = file.book, file.formula_text
        del file, found
        prove(plan, before, self._opened(saved, self.limits).book, written)
        return saved

    def rescue(self, document: Document) -> bytes:
        """The values alone, a line a row, tabs between them."""
        lines = []
        for sheet in read_live(document).sheets:
            lines.append(sheet.name)
            for row in sheet.rows:
                values = [sheet.content(row, col).value for col in sheet.cols]
                lines.append("\t".join("" if value is None else str(value) for value in values).rstrip("\t"))
        return "\n".join(lines).encode("utf-8", "replace")

    def is_blank(self, content: bytes) -> bool:
        """Whether a file has no byte: a workbook without a value still has its styles."""
        return not content

    def common(self, document: Document, theirs: bytes) -> bytes:
        """Raises: FormatError: without an ancestor nobody can say what of two workbooks belongs together."""
        raise FormatError("the file that was loaded is not kept any more", public=NO_ANCESTOR)

    def renew(self, document: Document, client_id: int) -> Document:
        """A fresh document of the same content. Raises: FormatError (something would be lost)."""
        strange = document.roots() - {META, TABS, SHEETS, STYLES, STATE, CONFLICTS}
        live = read_live(document)
        if strange or live.schema != SCHEMA:
            raise FormatError("it has more than the schema knows", public=MORE_THAN_SCHEMA)
        if document.map_values(CONFLICTS):
            raise FormatError("it has conflicts", public=OPEN_CONFLICTS)
        fresh = Document.from_updates([renewed_update(document, client_id)], client_id)
        if read_live(fresh) != live:
            raise FormatError("the fresh document is not the same")
        return fresh

    def merge(self, base: bytes, theirs: bytes, document: Document, source: str, at_ms: int) -> Merged:
        """Three-way merge by cell, as one transaction. Raises: FormatError; the document is then unchanged."""
        their_file = self._opened(theirs, self.limits)
        base_file = self._opened(base, self.limits)
        return merge_books(base_file, their_file, document, source, at_ms)


def check_plan(plan: Plan, book: Book, limits: Limits) -> None:
    """Raises: FormatError, LimitExceeded: this must not be written."""
    if not plan.sheets:
        raise FormatError("no sheet is left", public=LAST_SHEET)
    if len(plan.sheets) > limits.sheets:
        raise LimitExceeded("sheets", f"{len(plan.sheets)} sheets")
    kept = {sheet.source for sheet in plan.sheets}
    gone = any(number not in kept for number in range(len(book.sheets)))
    renamed = any(one.source is not None and one.name != book.sheets[one.source].name for one in plan.sheets)
    if book.named and (gone or renamed):
        raise FormatError(f"a sheet's name: {book.named}", public=NAMED.format(reason=_reason(book.named)))
    for sheet in plan.sheets:
        if len(sheet.rows) > limits.sheet_rows or len(sheet.cols) > limits.sheet_columns:
            raise FormatError("too many rows or columns", public=TOO_LARGE)
        locked = book.sheets[sheet.source].locked if sheet.source is not None else ""
        if locked and (sheet.moves_rows or sheet.moves_cols):
            raise FormatError(
                f"a locked sheet: {locked}", public=LOCKED.format(sheet=sheet.name, reason=_reason(locked))
            )


def _reason(slug: str) -> str:
    return _REASONS.get(slug, _SOMETHING)
