"""Owns an Office Open XML workbook as a file (xlsx, xlsm, xltx, xltm)."""

from __future__ import annotations

from collab.errors import FormatError
from collab.formats.sheet.formula.xlsx import to_xlsx
from collab.formats.sheet.model import Formula, Ids, Look, Plan
from collab.formats.sheet.xlsx_read import BookReader, read_workbook
from collab.formats.sheet.xlsx_write import WorkbookWriter
from collab.formats.zipped.package import ENCRYPTED, Package
from collab.formats.zipped.patch import save_parts
from collab.limits import Limits

SIGNED = "signed"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class XlsxFile:
    """An opened file."""

    def __init__(self, content: bytes, limits: Limits) -> None:
        """Raises: FormatError, LimitExceeded."""
        if content.startswith(_OLE):
            raise FormatError("an OLE container: encrypted, or an old binary file", public=ENCRYPTED)
        self.content = content
        self._limits = limits
        self._package = Package.open(content, limits)
        self._workbook = read_workbook(self._package, limits)
        self.book = BookReader(self._workbook, limits).book()

    @property
    def read_only(self) -> str:
        """Why nobody should edit this; empty when anybody may."""
        return SIGNED if self._package.signed else ""

    @property
    def names(self) -> dict[str, str]:
        """The defined names of the whole workbook with their text, for computing."""
        return {
            node.attrs.get("name", ""): node.text()
            for node in self._workbook.names
            if "localSheetId" not in node.attrs and node.attrs.get("name", "")[:6] != "_xlnm."
        }

    def formula_text(self, formula: Formula, ids: Ids, sheet: str) -> str:
        """A formula as this format writes it."""
        return to_xlsx(formula, ids, sheet)

    def readable(self, look: Look) -> Look:
        """A look as it is read again after it was written."""
        return self._workbook.styles.readable(look)

    def saved(self, plan: Plan) -> bytes:
        """The file with these changes. Raises: FormatError, LimitExceeded."""
        writer = WorkbookWriter(self._workbook, self.book, self._limits)
        writer.write(plan)
        return save_parts(self._package, writer.parts, self._limits, writer.added)
