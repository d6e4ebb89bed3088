"""Owns an OpenDocument spreadsheet as a file: zipped (ods, ots) or flat (fods); where its tables and its styles are."""

from __future__ import annotations

from collections.abc import Mapping

from collab.errors import FormatError
from collab.formats.sheet.formulas import write_odf
from collab.formats.sheet.model import Formula, Ids, Look, Plan
from collab.formats.sheet.ods_looks import CellStyles
from collab.formats.sheet.ods_names import NAMES, ROW, TABLE
from collab.formats.sheet.ods_read import BookReader, Tables
from collab.formats.sheet.ods_write import BookWriter
from collab.formats.zipped.package import ENCRYPTED, Package
from collab.formats.zipped.patch import save_parts
from collab.formats.zipped.scan import scan
from collab.limits import Limits

NOT_A_SHEET = "This file is not a spreadsheet, so it cannot be edited here."
SIGNED = "signed"
CONTENT, STYLES, MANIFEST = "content.xml", "styles.xml", "META-INF/manifest.xml"


class OdsFile:
    """An opened file."""

    def __init__(self, content: bytes, limits: Limits) -> None:
        """Raises: FormatError, LimitExceeded."""
        self.content = content
        self._limits = limits
        flat = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
        self._package = None if flat else Package.open(content, limits)
        media_types = self._media_types()
        self._styles = CellStyles()
        part = content if self._package is None else self._package.read(CONTENT)
        tables = Tables(limits)
        self._scan = scan(part, limits, NAMES, {ROW: tables.row, TABLE: tables.table})
        spreadsheet = self._scan.root.find("office:body", "office:spreadsheet")
        if spreadsheet is None:
            raise FormatError("no office:spreadsheet", public=NOT_A_SHEET)
        self._styles.add(self._scan.root, part)
        if self._package is not None and STYLES in self._package:
            styles = self._package.read(STYLES)
            self._styles.add(scan(styles, limits, NAMES).root, styles)
        self._tables = tables.found
        reader = BookReader(self._tables, self._styles, spreadsheet, limits)
        self.book = reader.book(media_types)

    def _media_types(self) -> Mapping[str, str]:
        """Path of a member -> what the manifest calls it. Raises: FormatError (encrypted)."""
        if self._package is None or MANIFEST not in self._package:
            return {}
        manifest = self._package.read(MANIFEST)
        if b"encryption-data" in manifest:
            raise FormatError("encrypted", public=ENCRYPTED)
        try:
            root = scan(manifest, self._limits).root
        except FormatError:
            return {}
        found = {}
        for node in root.elements:
            values = {key.rpartition("}")[2]: value for key, value in node.attrs.items()}
            found[values.get("full-path", "")] = values.get("media-type", "")
        return found

    @property
    def read_only(self) -> str:
        """Why nobody should edit this; empty when anybody may."""
        return SIGNED if self._package is not None and self._package.signed else ""

    def formula_text(self, formula: Formula, ids: Ids, sheet: str) -> str:
        """A formula as this format writes it."""
        return write_odf(formula, ids, sheet)

    def readable(self, look: Look) -> Look:
        """A look as it is read again after it was written."""
        return self._styles.readable(look)

    def saved(self, plan: Plan) -> bytes:
        """The file with these changes. Raises: FormatError, LimitExceeded."""
        writer = BookWriter(self._scan, self._tables, self._styles, self.book, self._limits)
        part = writer.written(plan)
        if self._package is None:
            return part
        return save_parts(self._package, {CONTENT: part}, self._limits, scanned=False)
