"""Owns the contract of one opened file of a sheet format; `format.py` has what is the same for all of them."""

from __future__ import annotations

from typing import Protocol

from collab.formats.sheet.model import Book, Formula, Ids, Look, Plan


class SheetFile(Protocol):
    """One opened file. It is read once, and makes a changed file out of its own bytes."""

    content: bytes
    book: Book

    @property
    def read_only(self) -> str:
        """Why nobody should edit this (a slug); empty when anybody may."""
        ...

    def formula_text(self, formula: Formula, ids: Ids, sheet: str) -> str:
        """A formula as this format writes it, in the sheet of this id. The same text means the same formula."""
        ...

    def readable(self, look: Look) -> Look:
        """A look as it is read again after it was written: what this format cannot say is said plainer."""
        ...

    def saved(self, plan: Plan) -> bytes:
        """The file with these changes; what no change names keeps its bytes.

        Rows and columns of locked sheets do not move, `format.py` sees to that. It also reads the result again and
        compares it with the plan. Raises: FormatError (cannot be written for certain), LimitExceeded.
        """
        ...
