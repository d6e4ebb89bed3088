"""Owns the vocabulary of SpreadsheetML: namespaces, built-in formats and colours; reads nothing."""

from __future__ import annotations

import re

from collab.formats.sheet.formula.parts import column_index, column_name
from collab.formats.sheet.model import Place, Range

_TRANSITIONAL = "http://schemas.openxmlformats.org/"
_STRICT = "http://purl.oclc.org/ooxml/"
NAMES = {
    f"{_TRANSITIONAL}spreadsheetml/2006/main": "x",
    f"{_STRICT}spreadsheetml/main": "x",
    f"{_TRANSITIONAL}officeDocument/2006/relationships": "r",
    f"{_STRICT}officeDocument/relationships": "r",
    f"{_TRANSITIONAL}drawingml/2006/main": "a",
    f"{_STRICT}drawingml/main": "a",
    f"{_TRANSITIONAL}drawingml/2006/spreadsheetDrawing": "xdr",
    f"{_STRICT}drawingml/spreadsheetDrawing": "xdr",
    f"{_TRANSITIONAL}markup-compatibility/2006": "mc",
    f"{_TRANSITIONAL}package/2006/content-types": "ct",
    f"{_TRANSITIONAL}package/2006/relationships": "rel",
    "http://www.w3.org/XML/1998/namespace": "xml",
}
CONTENT_TYPES = "[Content_Types].xml"
GENERAL = "General"

BUILT_IN_FORMATS = {
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "m/d/yyyy",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "m/d/yyyy h:mm",
    37: "#,##0 ;(#,##0)",
    38: "#,##0 ;[Red](#,##0)",
    39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;[Red](#,##0.00)",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mmss.0",
    48: "##0.0E+0",
    49: "@",
}
FIRST_OWN_FORMAT = 164

_BASE = "000000 ffffff ff0000 00ff00 0000ff ffff00 ff00ff 00ffff".split()
PALETTE = (
    _BASE
    + _BASE
    + (
        "800000 008000 000080 808000 800080 008080 c0c0c0 808080 9999ff 993366 ffffcc ccffff 660066 ff8080 0066cc "
        "ccccff 000080 ff00ff ffff00 00ffff 800080 800000 008080 0000ff 00ccff ccffff ccffcc ffff99 99ccff ff99cc "
        "cc99ff ffcc99 3366ff 33cccc 99cc00 ffcc00 ff9900 ff6600 666699 969696 003366 339966 003300 333300 993300 "
        "993366 333399 333333"
    ).split()
)
"""The colours that old files name by number."""
THEME = "ffffff 000000 eeece1 1f497d 4f81bd c0504d 9bbb59 8064a2 4bacc6 f79646 0000ff 800080".split()
"""The colours of a theme that is not there, in the order in which styles count them."""

_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TO_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def place_of(reference: str) -> Place | None:
    """`B3` -> (2, 1)."""
    match = _REFERENCE.fullmatch(reference)
    if match is None or match[2].startswith("0"):
        return None
    return int(match[2]) - 1, column_index(match[1])


def range_of(reference: str) -> Range | None:
    """`A1:B3` or `A1` as corners."""
    start, _, end = reference.partition(":")
    first, last = place_of(start), place_of(end or start)
    if first is None or last is None:
        return None
    rows, cols = sorted((first[0], last[0])), sorted((first[1], last[1]))
    return rows[0], cols[0], rows[1], cols[1]


def reference_of(row: int, col: int) -> str:
    """(2, 1) -> `B3`."""
    return f"{column_name(col)}{row + 1}"


def range_text(area: Range) -> str:
    """Corners as `A1:B3`."""
    start, end = reference_of(area[0], area[1]), reference_of(area[2], area[3])
    return start if start == end else f"{start}:{end}"


def unescaped(text: str) -> str:
    """`_x000D_` is a carriage return."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def escaped(text: str) -> str:
    """What XML cannot hold, and what would be read as such, as `_x….`."""
    return _TO_ESCAPE.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
