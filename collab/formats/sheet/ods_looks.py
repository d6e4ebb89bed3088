"""Owns what the cell styles of an OpenDocument sheet look like, and the making of new ones; knows no cell."""

from __future__ import annotations

import re
from collections.abc import Mapping

from collab.formats.sheet.clean import clean_look, number_of
from collab.formats.sheet.model import Json, Look
from collab.formats.sheet.number_formats import GENERAL
from collab.formats.sheet.ods_formats import DATA_STYLES, format_code, readable_format
from collab.formats.zipped.scan import Node

_UNITS = {"pt": 4 / 3, "cm": 96 / 2.54, "mm": 96 / 25.4, "in": 96.0, "pc": 16.0, "px": 1.0}
_LENGTH = re.compile(r"(-?\d+(?:\.\d+)?)(pt|cm|mm|in|pc|px)")
_ALIGNS = {"start": "left", "left": "left", "center": "center", "end": "right", "right": "right"}
_DEFAULT = "Default"
_PROPERTIES = ("style:table-cell-properties", "style:paragraph-properties", "style:text-properties")
Properties = dict[str, str]


def pixels(length: str) -> float | None:
    """A length in CSS pixels."""
    found = _LENGTH.fullmatch(length.strip())
    return round(float(found[1]) * _UNITS[found[2]], 2) if found else None


class CellStyles:
    """The styles of a workbook by family and name."""

    def __init__(self) -> None:
        self._styles: dict[tuple[str, str], Node] = {}
        self._defaults: dict[str, Node] = {}
        self._data: dict[str, Node] = {}
        self._fonts: dict[str, str] = {}
        self._looks: dict[str, Look] = {}
        self._automatic: set[tuple[str, str]] = set()
        self._contents: dict[int, bytes] = {}
        self._plain: Look | None = None

    def add(self, root: Node, content: bytes) -> None:
        """Take the styles of a part; those that are there stay."""
        for font in _held(root, "office:font-face-decls"):
            self._fonts.setdefault(font.attrs.get("style:name", ""), font.attrs.get("svg:font-family", "").strip("'\""))
        for holder in ("office:styles", "office:automatic-styles"):
            for node in _held(root, holder):
                name, family = node.attrs.get("style:name", ""), node.attrs.get("style:family", "")
                if node.name == "style:style" and (family, name) not in self._styles:
                    self._styles[family, name] = node
                    self._contents[id(node)] = content
                    if holder == "office:automatic-styles":
                        self._automatic.add((family, name))
                elif node.name == "style:default-style":
                    self._defaults.setdefault(family, node)
                elif node.name in DATA_STYLES:
                    self._data.setdefault(name, node)

    def get(self, family: str, name: str) -> Node | None:
        """A style as it is written."""
        return self._styles.get((family, name))

    def source(self, family: str, name: str) -> tuple[Node | None, bytes]:
        """A style and the part that it stands in."""
        node = self.get(family, name)
        return node, self._contents.get(id(node), b"")

    def is_automatic(self, family: str, name: str) -> bool:
        """Whether a style was made by an office and has no name for people."""
        return (family, name) in self._automatic

    def readable(self, look: Look) -> Look:
        """A look as it is read again after it was written."""
        plain = self._plain_look()
        if "format" in look:
            look = {**look, "format": readable_format(str(look["format"]))}
        return {key: value for key, value in look.items() if plain.get(key) != value}

    def names(self) -> set[str]:
        """Every name that is taken, of whatever family."""
        return {name for _, name in self._styles} | self._data.keys()

    def conditions(self) -> list[str]:
        """The conditions under which cells look otherwise."""
        cells = [style for (family, _), style in self._styles.items() if family == "table-cell"]
        return [
            one.attrs.get("style:condition", "") for style in cells for one in style.elements if one.name == "style:map"
        ]

    def size(self, family: str, name: str, key: str) -> float | None:
        """Height of a row style or width of a column style, in pixels."""
        style = self.get(family, name)
        properties = style.find(f"style:{family}-properties") if style else None
        return pixels(properties.attrs.get(key, "")) if properties else None

    def look(self, name: str) -> Look:
        """How cells of a style look, what is the default left out."""
        if name not in self._looks:
            plain = self._plain_look()
            look = self._whole_look(name or _DEFAULT)
            self._looks[name] = {key: value for key, value in look.items() if plain.get(key) != value}
        return self._looks[name]

    def _plain_look(self) -> Look:
        if self._plain is None:
            self._plain = {**self._whole_look(_DEFAULT), "format": GENERAL, "color": "#000000"}
        return self._plain

    def _chain(self, name: str) -> list[Node]:
        chain: list[Node] = []
        style = self.get("table-cell", name)
        while style is not None and style not in chain and len(chain) < 50:
            chain.append(style)
            style = self.get("table-cell", style.attrs.get("style:parent-style-name", ""))
        default = self._defaults.get("table-cell")
        return [*([default] if default else []), *reversed(chain)]

    def _whole_look(self, name: str) -> Look:
        properties: Properties = {}
        data = ""
        for style in self._chain(name):
            data = style.attrs.get("style:data-style-name", data)
            for child in style.elements:
                if child.name in _PROPERTIES:
                    properties |= child.attrs
        look = _look_of(properties)
        font = properties.get("fo:font-family", "").strip("'\"") or self._fonts.get(
            properties.get("style:font-name", ""), ""
        )
        if font:
            look["font"] = font[:100]
        if data in self._data:
            look["format"] = format_code(self._data[data], self._data)[:255]
        return clean_look(look)


def _held(root: Node, name: str) -> list[Node]:
    holder = root.find(name)
    return list(holder.elements) if holder else []


def _look_of(properties: Mapping[str, str]) -> dict[str, Json]:
    look: dict[str, Json] = {
        "bold": properties.get("fo:font-weight", "normal") in ("bold", "600", "700", "800", "900"),
        "italic": properties.get("fo:font-style") in ("italic", "oblique"),
        "underline": properties.get("style:text-underline-style", "none") != "none",
        "strike": properties.get("style:text-line-through-style", "none") != "none",
        "wrap": properties.get("fo:wrap-option") == "wrap",
        "color": properties.get("fo:color", ""),
        "fill": properties.get("fo:background-color", ""),
        "valign": properties.get("style:vertical-align", ""),
    }
    if properties.get("style:text-align-source", "fix") == "fix":
        look["align"] = _ALIGNS.get(properties.get("fo:text-align", ""), "")
    size = properties.get("fo:font-size", "")
    if found := _LENGTH.fullmatch(size):
        look["size"] = number_of(round(float(found[1]) * _UNITS[found[2]] * 0.75, 2))
    return look


# -- new styles --


def written_properties(look: Look, was: Look) -> dict[str, Properties]:
    """Element of a style -> its attributes, for what is other in a look than it was."""
    cell: Properties = {}
    paragraph: Properties = {}
    text: Properties = {}
    changed = {key for key in {*look, *was} if look.get(key) != was.get(key)}
    for key, attributes in _SWITCHES.items():
        if key in changed:
            text |= {name: values[bool(look.get(key))] for name, values in attributes.items()}
    if "color" in changed:
        text["fo:color"] = str(look.get("color", "#000000"))
        text["style:use-window-font-color"] = "false" if "color" in look else "true"
    if "size" in changed and "size" in look:
        text |= {f"{name}font-size{end}": f"{look['size']}pt" for name, end in _SCRIPTS}
    if "font" in changed and "font" in look:
        text["fo:font-family"] = f"'{look['font']}'" if " " in str(look["font"]) else str(look["font"])
    if "fill" in changed:
        cell["fo:background-color"] = str(look.get("fill", "transparent"))
    if "valign" in changed:
        cell["style:vertical-align"] = str(look.get("valign", "automatic"))
    if "wrap" in changed:
        cell["fo:wrap-option"] = "wrap" if look.get("wrap") else "no-wrap"
    if "align" in changed:
        align = {"left": "start", "right": "end"}.get(str(look.get("align")), str(look.get("align", "start")))
        cell["style:text-align-source"] = "fix" if "align" in look else "value-type"
        paragraph["fo:text-align"] = align
    return dict(zip(_PROPERTIES, (cell, paragraph, text), strict=True))


_SCRIPTS = (("fo:", ""), ("style:", "-asian"), ("style:", "-complex"))
_SWITCHES: dict[str, dict[str, tuple[str, str]]] = {
    "bold": {f"{name}font-weight{end}": ("normal", "bold") for name, end in _SCRIPTS},
    "italic": {f"{name}font-style{end}": ("normal", "italic") for name, end in _SCRIPTS},
    "underline": {
        "style:text-underline-style": ("none", "solid"),
        "style:text-underline-width": ("auto", "auto"),
        "style:text-underline-color": ("font-color", "font-color"),
    },
    "strike": {"style:text-line-through-style": ("none", "solid"), "style:text-line-through-type": ("none", "single")},
}
