"""Owns the looks of an xlsx workbook: what each cell format of its styles part looks like; writes nothing."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Sequence

from collab.formats.sheet.model import Look
from collab.formats.sheet.xlsx_names import BUILT_IN_FORMATS, GENERAL, PALETTE, THEME
from collab.formats.sheet.xlsx_package import is_true
from collab.formats.zipped.scan import Node, Scan

_ALIGN = {"left": "left", "center": "center", "right": "right"}
_VALIGN = {"top": "top", "center": "middle"}
_THEME_ORDER = ("lt1", "dk1", "lt2", "dk2", *(f"accent{number}" for number in range(1, 7)), "hlink", "folHlink")
_HEX = re.compile(r"[0-9A-Fa-f]{6}")


class XlsxStyles:
    """The styles part, as far as it is read. Styles are named `x3` after the place of their cell format."""

    def __init__(self, styles: Scan | None, theme: Scan | None) -> None:
        self.scan = styles
        self._theme = _theme_colors(theme)
        root = styles.root if styles is not None else None
        self._palette = _palette(root)
        self.fonts = _items(root, "x:fonts")
        self.fills = _items(root, "x:fills")
        self.formats = _items(root, "x:cellXfs")
        self.codes = {**BUILT_IN_FORMATS, **_own_codes(root)}
        self._font_looks = [self._font_look(font) for font in self.fonts]
        self._looks: dict[int, Look] = {}
        first = self.formats[0].attrs.get("fontId", "0") if self.formats else "0"
        font = self._raw_font(_number(first))
        self.default_font = {key: value for key, value in font.items() if key in ("font", "size", "color")}

    def look(self, index: int) -> Look:
        """The look of a cell format; empty for one that is not there."""
        found = self._looks.get(index)
        if found is None:
            is_there = 0 <= index < len(self.formats)
            found = self._looks[index] = self._format_look(self.formats[index]) if is_there else {}
        return found

    def readable(self, look: Look) -> Look:
        """A look as it is read again after it was written."""
        plain = {key: value for key, value in look.items() if self.default_font.get(key) != value}
        if plain.get("valign") == "bottom":
            del plain["valign"]
        if plain.get("format") == GENERAL:
            del plain["format"]
        return plain

    def _format_look(self, node: Node) -> Look:
        attrs = node.attrs
        number = _number(attrs.get("fontId", "0"))
        look = dict(self._raw_font(number))
        fill = self._fill(_number(attrs.get("fillId", "0")))
        if fill:
            look["fill"] = fill
        code = self.codes.get(_number(attrs.get("numFmtId", "0")), GENERAL)
        look["format"] = code[:255] or GENERAL
        alignment = node.find("x:alignment")
        if alignment is not None:
            if (align := _ALIGN.get(alignment.attrs.get("horizontal", ""))) is not None:
                look["align"] = align
            if (valign := _VALIGN.get(alignment.attrs.get("vertical", ""))) is not None:
                look["valign"] = valign
            if is_true(alignment.attrs.get("wrapText")):
                look["wrap"] = True
        return self.readable(look)

    def _raw_font(self, index: int) -> Look:
        return self._font_looks[index] if 0 <= index < len(self._font_looks) else {}

    def _font_look(self, font: Node) -> Look:
        look: Look = {}
        for node in font.elements:
            value = node.attrs.get("val")
            if node.name in ("x:b", "x:i", "x:strike"):
                if is_true(value, True):
                    look[{"x:b": "bold", "x:i": "italic", "x:strike": "strike"}[node.name]] = True
            elif node.name == "x:u":
                if value != "none":
                    look["underline"] = True
            elif node.name == "x:color":
                if color := self.color(node):
                    look["color"] = color
            elif node.name == "x:sz" and (size := _size(value)):
                look["size"] = size
            elif node.name == "x:name" and value:
                look["font"] = value[:100]
        return look

    def _fill(self, index: int) -> str | None:
        if not 0 <= index < len(self.fills):
            return None
        pattern = self.fills[index].find("x:patternFill")
        if pattern is None or pattern.attrs.get("patternType", "none") == "none":
            return None
        color = pattern.find("x:fgColor")
        return self.color(color) if color is not None else None

    def color(self, node: Node) -> str | None:
        """`#rrggbb`; None for an automatic one."""
        attrs = node.attrs
        rgb = attrs.get("rgb", "")[-6:]
        if "theme" in attrs:
            index = _number(attrs["theme"])
            rgb = self._theme[index] if 0 <= index < len(self._theme) else ""
        elif "indexed" in attrs:
            index = _number(attrs["indexed"])
            rgb = self._palette[index] if 0 <= index < len(self._palette) else ""
        if not _HEX.fullmatch(rgb):
            return None
        return "#" + _tinted(rgb.lower(), attrs.get("tint"))


def _items(root: Node | None, name: str) -> Sequence[Node]:
    found = root.find(name) if root is not None else None
    return [] if found is None else [node for node in found.elements if node.name.startswith("x:")]


def _own_codes(root: Node | None) -> dict[int, str]:
    return {
        _number(node.attrs.get("numFmtId", "")): node.attrs.get("formatCode", "") for node in _items(root, "x:numFmts")
    }


def _palette(root: Node | None) -> list[str]:
    colors = root.find("x:colors", "x:indexedColors") if root is not None else None
    if colors is None:
        return list(PALETTE)
    own = [node.attrs.get("rgb", "")[-6:] for node in colors.elements]
    return own + list(PALETTE)[len(own) :]


def _theme_colors(theme: Scan | None) -> list[str]:
    colors = list(THEME)
    scheme = theme.root.find("a:themeElements", "a:clrScheme") if theme is not None else None
    for node in scheme.elements if scheme is not None else ():
        name, inner = node.name.removeprefix("a:"), next(node.elements, None)
        if inner is not None and name in _THEME_ORDER:
            value = inner.attrs.get("lastClr") or inner.attrs.get("val", "")
            colors[_THEME_ORDER.index(name)] = value
    return colors


def _tinted(rgb: str, tint: str | None) -> str:
    try:
        amount = max(-1.0, min(1.0, float(tint or 0)))
    except ValueError:
        amount = 0.0
    if not amount:
        return rgb
    hue, light, saturation = colorsys.rgb_to_hls(*(int(rgb[at : at + 2], 16) / 255 for at in (0, 2, 4)))
    light = light * (1 + amount) if amount < 0 else light * (1 - amount) + amount
    return "".join(f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, min(1.0, light), saturation))


def _number(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 10 else -1


def _size(text: str | None) -> float | None:
    try:
        size = float(text or "")
    except ValueError:
        return None
    if not 1 <= size <= 400:
        return None
    return int(size) if size == int(size) else size
