"""Owns the vocabulary of OpenDocument spreadsheets: namespaces, and the names a file itself uses; reads no cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from collab.formats.rich.odf_names import NAMES as _NAMES
from collab.formats.zipped.patch import escape_attribute

NAMES = {
    **_NAMES,
    "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0": "calcext",
    "urn:oasis:names:tc:opendocument:xmlns:presentation:1.0": "presentation",
}
NAMESPACES = {prefix: namespace for namespace, prefix in NAMES.items()}
TABLE, COLUMN, ROW, CELL = "table:table", "table:table-column", "table:table-row", "table:table-cell"
COVERED = "table:covered-table-cell"
ROW_GROUPS = {"table:table-rows", "table:table-header-rows", "table:table-row-group"}
COLUMN_GROUPS = {"table:table-columns", "table:table-header-columns", "table:table-column-group"}
COLS_REPEATED, ROWS_REPEATED = "table:number-columns-repeated", "table:number-rows-repeated"
COLS_SPANNED, ROWS_SPANNED = "table:number-columns-spanned", "table:number-rows-spanned"
STYLE, FORMULA, VALUE_TYPE = "table:style-name", "table:formula", "office:value-type"
VALUES = (
    "office:value",
    "office:date-value",
    "office:time-value",
    "office:boolean-value",
    "office:string-value",
)
VALUE_ATTRIBUTES = {VALUE_TYPE, *VALUES, "calcext:value-type", "office:currency"}
MATRIX = ("table:number-matrix-rows-spanned", "table:number-matrix-columns-spanned")
OPEN_FORMULA, OPEN_FORMULA_NAMESPACE = "of", "urn:oasis:names:tc:opendocument:xmlns:of:1.2"
MAX_ROWS, MAX_COLS = 1_048_576, 16_384
_ATTRIBUTE = re.compile(rb"""\s+([^\s=/>"']+)\s*=\s*("[^"]*"|'[^']*')""")
_TAG_NAME = re.compile(rb"<([^\s/>]+)")


class Names:
    """Canonical names as a file writes them; what it has no prefix for is declared where it is used."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        self._prefixes = prefixes

    def raw(self, name: str) -> str:
        """A name with the file's own prefix."""
        prefix, _, local = name.partition(":")
        return f"{self._prefixes.get(NAMESPACES[prefix], prefix)}:{local}"

    def declared(self, *names: str) -> str:
        """Declarations for those of these names whose prefix the root does not declare."""
        missing = dict.fromkeys(name.partition(":")[0] for name in names)
        return "".join(
            f' xmlns:{prefix}="{NAMESPACES[prefix]}"' for prefix in missing if NAMESPACES[prefix] not in self._prefixes
        )

    def declared_for_formula(self, text: str | None) -> str:
        """The declaration that a formula's prefix needs (OpenDocument 1.3 part 3, 19.642); LibreOffice reads no
        formula without it."""
        if text is None or not text.startswith(f"{OPEN_FORMULA}:"):
            return ""
        known = self._prefixes.get(OPEN_FORMULA_NAMESPACE) == OPEN_FORMULA
        return "" if known else f' xmlns:{OPEN_FORMULA}="{OPEN_FORMULA_NAMESPACE}"'

    def start(
        self, name: str, attributes: Mapping[str, str], *, empty: bool = False, inside: tuple[str, ...] = ()
    ) -> bytes:
        """A start tag; `inside` are the names of what stands in it."""
        pairs = "".join(f' {self.raw(key)}="{escape_attribute(value).decode()}"' for key, value in attributes.items())
        declared = self.declared(name, *attributes, *inside)
        return f"<{self.raw(name)}{declared}{pairs}{'/' if empty else ''}>".encode()

    def end(self, name: str) -> bytes:
        """An end tag."""
        return f"</{self.raw(name)}>".encode()

    def canonical(self, raw: str) -> str:
        """The canonical form of a name in the file, as far as the root's declarations say."""
        prefix, colon, local = raw.partition(":")
        if not colon:
            return raw
        namespace = next((space for space, used in self._prefixes.items() if used == prefix), None)
        return f"{NAMES.get(namespace, prefix)}:{local}" if namespace else raw


def tag_name(tag: bytes) -> bytes:
    """The name in a start tag, as it is written."""
    found = _TAG_NAME.match(tag)
    return found[1] if found else b""


def attributes_of(tag: bytes) -> Iterator[tuple[str, bytes]]:
    """The attributes of a start tag: name as it is written, and all its bytes with the blanks before it."""
    for found in _ATTRIBUTE.finditer(tag):
        yield found[1].decode(), found[0]
