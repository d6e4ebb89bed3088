"""Owns new looks in the styles part: each is an old cell format with what differs, appended behind all others."""

from __future__ import annotations

from collections.abc import Mapping

from collab.errors import FormatError
from collab.formats.sheet.model import Look
from collab.formats.sheet.xlsx_looks import XlsxStyles
from collab.formats.sheet.xlsx_names import FIRST_OWN_FORMAT, GENERAL
from collab.formats.sheet.xlsx_package import prefix_of
from collab.formats.sheet.xlsx_tags import closing, opened, with_attributes
from collab.formats.zipped.patch import ODD, Patch, apply_patches
from collab.formats.zipped.scan import Node

_FONT_KEYS = ("bold", "italic", "underline", "strike", "color", "size", "font")
_FONT_ORDER = (
    "x:b", "x:i", "x:strike", "x:condense", "x:extend", "x:outline", "x:shadow", "x:u", "x:vertAlign", "x:sz",
    "x:color", "x:name", "x:family", "x:charset", "x:scheme",
)  # fmt: skip
_FONT_ELEMENTS = {
    "bold": "x:b",
    "italic": "x:i",
    "underline": "x:u",
    "strike": "x:strike",
    "color": "x:color",
    "size": "x:sz",
    "font": "x:name",
}
_VALIGN = {"top": "top", "middle": "center", "bottom": "bottom"}
_MOST_FORMATS = 64_000


class StyleWriter:
    """Collects new cell formats; old ones keep their numbers."""

    def __init__(self, styles: XlsxStyles) -> None:
        self._styles = styles
        self._made: dict[tuple[int, str], int] = {}
        self._new_looks: dict[int, Look] = {}
        self._new: dict[str, list[bytes]] = {"x:numFmts": [], "x:fonts": [], "x:fills": [], "x:cellXfs": []}
        self._codes: dict[str, int] = {}
        self._prefix = b""
        if styles.scan is not None:
            self._prefix = prefix_of(styles.scan.content, styles.scan.root)

    def index(self, base: int, look: Look) -> int:
        """A cell format that looks so, otherwise like `base`. Raises: FormatError."""
        wanted, now = self._styles.readable(look), self._styles.look(base)
        if wanted == now:
            return base
        key = (base, repr(sorted(wanted.items())))
        if key not in self._made:
            self._made[key] = self._make(base, wanted, now)
            self._new_looks[self._made[key]] = wanted
        return self._made[key]

    def look(self, index: int) -> Look:
        """The look of a cell format, old or new."""
        return self._new_looks.get(index) or self._styles.look(index)

    def _make(self, base: int, wanted: Look, now: Look) -> int:
        styles = self._styles
        if styles.scan is None or not 0 <= base < len(styles.formats) or len(styles.formats) > _MOST_FORMATS:
            raise FormatError("no cell format to begin with", public=ODD)
        old = styles.formats[base]
        tag = opened(styles.scan.tag(old))
        differs = {key for key in {**wanted, **now} if wanted.get(key) != now.get(key)}
        if differs & set(_FONT_KEYS):
            font = self._font(_index(old, "fontId"), wanted)
            tag = with_attributes(tag, {"fontId": str(font), "applyFont": "1"})
        if "fill" in differs:
            tag = with_attributes(tag, {"fillId": str(self._fill(wanted.get("fill"))), "applyFill": "1"})
        if "format" in differs:
            code = self._code(str(wanted.get("format", GENERAL)))
            tag = with_attributes(tag, {"numFmtId": str(code), "applyNumberFormat": "1"})
        inner = b"".join(styles.scan.source(node) for node in old.elements if node.name != "x:alignment")
        alignment = self._alignment(old, wanted, differs)
        if alignment:
            tag = with_attributes(tag, {"applyAlignment": "1"})
        inner = alignment + inner
        self._new["x:cellXfs"].append(tag + inner + closing(tag) if inner else tag[:-1] + b"/>")
        return len(styles.formats) + len(self._new["x:cellXfs"]) - 1

    def _font(self, base: int, wanted: Look) -> int:
        """A font like an old one, with what differs."""
        fonts, scan = self._styles.fonts, self._styles.scan
        font = {**self._styles.default_font, **wanted}
        parts: dict[str, bytes] = {}
        if scan is not None and 0 <= base < len(fonts):
            changed = set(_FONT_ELEMENTS.values()) | ({"x:scheme", "x:family"} if "font" in wanted else set())
            parts = {node.name: scan.source(node) for node in fonts[base].elements if node.name not in changed}
        for key in ("bold", "italic", "underline", "strike"):
            if wanted.get(key):
                parts[_FONT_ELEMENTS[key]] = self._empty(_FONT_ELEMENTS[key])
        for key, attribute in (("size", "val"), ("font", "val")):
            if key in font:
                parts[_FONT_ELEMENTS[key]] = self._empty(_FONT_ELEMENTS[key], {attribute: str(font[key])})
        if "color" in font:
            parts["x:color"] = self._empty("x:color", {"rgb": "FF" + str(font["color"])[1:].upper()})
        order = sorted(parts, key=lambda name: _FONT_ORDER.index(name) if name in _FONT_ORDER else len(_FONT_ORDER))
        return self._append("x:fonts", len(fonts), self._element("x:font", b"".join(parts[name] for name in order)))

    def _fill(self, color: object) -> int:
        if not isinstance(color, str):
            return 0
        inner = self._empty("x:fgColor", {"rgb": "FF" + color[1:].upper()}) + self._empty(
            "x:bgColor", {"indexed": "64"}
        )
        pattern = self._element("x:patternFill", inner, {"patternType": "solid"})
        return self._append("x:fills", len(self._styles.fills), self._element("x:fill", pattern))

    def _code(self, code: str) -> int:
        if code == GENERAL:
            return 0
        known = {**{text: number for number, text in self._styles.codes.items()}, **self._codes}
        if code not in known:
            number = max((FIRST_OWN_FORMAT - 1, *self._styles.codes, *self._codes.values())) + 1
            known[code] = self._codes[code] = number
            element = self._empty("x:numFmt", {"numFmtId": str(number), "formatCode": code})
            self._new["x:numFmts"].append(element)
        return known[code]

    def _alignment(self, old: Node, wanted: Look, differs: set[str]) -> bytes:
        found, scan = old.find("x:alignment"), self._styles.scan
        tag = opened(scan.tag(found)) if found is not None and scan is not None else self._tag("x:alignment")
        values: dict[str, str | None] = {}
        if "align" in differs:
            values["horizontal"] = wanted.get("align")
        if "valign" in differs:
            values["vertical"] = _VALIGN.get(str(wanted.get("valign")))
        if "wrap" in differs:
            values["wrapText"] = "1" if wanted.get("wrap") else None
        if not values:
            return scan.source(found) if found is not None and scan is not None else b""
        return with_attributes(tag, values)[:-1] + b"/>"

    def _append(self, group: str, count: int, element: bytes) -> int:
        new = self._new[group]
        if element not in new:
            new.append(element)
        return count + new.index(element)

    def _tag(self, name: str, values: Mapping[str, str] | None = None) -> bytes:
        return with_attributes(b"<" + self._prefix + name.removeprefix("x:").encode() + b">", values or {})

    def _empty(self, name: str, values: Mapping[str, str] | None = None) -> bytes:
        return self._tag(name, values)[:-1] + b"/>"

    def _element(self, name: str, inner: bytes, values: Mapping[str, str] | None = None) -> bytes:
        tag = self._tag(name, values)
        return tag + inner + closing(tag)

    def written(self) -> bytes | None:
        """The styles part with all that is new; None when nothing is."""
        scan = self._styles.scan
        if scan is None or not any(self._new.values()):
            return None
        patches = []
        for group, elements in self._new.items():
            if elements:
                patches.append(self._grown(scan.root, group, elements))
        return apply_patches(scan.content, patches)

    def _grown(self, root: Node, group: str, elements: list[bytes]) -> Patch:
        scan, found = self._styles.scan, root.find(group)
        assert scan is not None  # noqa: S101 - the caller looked
        if found is None:
            # Number formats come first of all.
            body = self._element(group, b"".join(elements), {"count": str(len(elements))})
            return Patch(root.inner_start, root.inner_start, body)
        count = sum(1 for node in found.elements if node.name.startswith("x:")) + len(elements)
        tag = with_attributes(opened(scan.tag(found)), {"count": str(count)})
        inner = scan.content[found.inner_start : found.inner_end] if found.inner_start >= 0 else b""
        return Patch(found.start, found.end, tag + inner + b"".join(elements) + closing(tag))


def _index(node: Node, name: str) -> int:
    text = node.attrs.get(name, "0")
    return int(text) if text.isdigit() and len(text) < 9 else 0
