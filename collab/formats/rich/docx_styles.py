"""Owns what WordprocessingML properties mean: which marks a run has, which block a style makes, and how it looks.

The look is only shown: nothing of it is ever written to a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collab.formats.zipped.scan import Node

_COLOR = re.compile(r"^[0-9a-fA-F]{6}$")
_FONT = re.compile(r"^[\w ,.-]{1,80}$")
_OFF = {"0", "false", "off", "none"}
_ALIGNS = {
    "left": "left",
    "start": "left",
    "center": "center",
    "right": "right",
    "end": "right",
    "both": "justify",
    "distribute": "justify",
}
_HIGHLIGHTS = {"yellow", "green", "cyan", "magenta", "blue", "red", "lightgray", "darkgray"}
TOGGLE_NAMES = {"w:b": "strong", "w:i": "em", "w:strike": "strike"}
Look = dict[str, str]


@dataclass(slots=True)
class WordStyle:
    """One style of styles.xml."""

    style_id: str
    kind: str
    label: str
    parent: str
    default: bool
    paragraph: Node | None
    run: Node | None


class WordStyles:
    """All styles of a document, and which numberings count."""

    def __init__(self, root: Node | None, numbering: Node | None) -> None:
        self._styles: dict[str, WordStyle] = {}
        self._default_run: Node | None = None
        self._default_paragraph: Node | None = None
        self.numberings: dict[str, dict[int, str]] = {}
        """Numbering -> level -> its number format."""
        if root is not None:
            self._default_run = root.find("w:docDefaults", "w:rPrDefault", "w:rPr")
            self._default_paragraph = root.find("w:docDefaults", "w:pPrDefault", "w:pPr")
            for node in root.elements:
                if node.name == "w:style":
                    self._add(node)
        if numbering is not None:
            self.numberings = _numberings(numbering)

    def _add(self, node: Node) -> None:
        attrs = node.attrs
        style = WordStyle(
            attrs.get("w:styleId", ""),
            attrs.get("w:type", ""),
            value(node, "w:name"),
            value(node, "w:basedOn"),
            attrs.get("w:default", "0") not in ("0", "false"),
            node.find("w:pPr"),
            node.find("w:rPr"),
        )
        self._styles.setdefault(style.style_id, style)

    def get(self, style_id: str) -> WordStyle | None:
        return self._styles.get(style_id)

    def named(self, kind: str) -> Iterator[WordStyle]:
        return (style for style in self._styles.values() if style.kind == kind)

    def default(self) -> str:
        """The style of a paragraph that names none."""
        return next((style.style_id for style in self.named("paragraph") if style.default), "")

    def chain(self, style_id: str) -> list[WordStyle]:
        """A style and its ancestors."""
        found: list[WordStyle] = []
        style = self.get(style_id)
        while style is not None and style not in found:
            found.append(style)
            style = self.get(style.parent)
        return found

    def level(self, style_id: str) -> str:
        """The heading level of a style, empty when it makes none."""
        for style in self.chain(style_id):
            level = value(style.paragraph, "w:outlineLvl") if style.paragraph is not None else ""
            if level.isdigit() and int(level) < 9:
                return str(int(level) + 1)
            if re.match(r"^heading [1-9]$", style.label.lower()):
                return style.label[-1]
        return ""

    def heading(self, level: str) -> str:
        """The style that makes headings of a level, empty when there is none."""
        return next((style.style_id for style in self.named("paragraph") if self.level(style.style_id) == level), "")

    def numbering(self, style_id: str) -> tuple[str, str]:
        """The numbering and level that a style brings."""
        for style in self.chain(style_id):
            found = style.paragraph.find("w:numPr") if style.paragraph is not None else None
            if found is not None:
                return value(found, "w:numId"), value(found, "w:ilvl") or "0"
        return "", ""

    def look(self, style_id: str) -> Look:
        """How paragraphs or text of a style look."""
        look: Look = {}
        if self._default_paragraph is not None:
            look.update(paragraph_look(self._default_paragraph))
        if self._default_run is not None:
            look.update(run_look(self._default_run, toggles=True))
        for style in reversed(self.chain(style_id)):
            look.update(paragraph_look(style.paragraph) if style.paragraph is not None else {})
            look.update(run_look(style.run, toggles=True) if style.run is not None else {})
        return look

    def text_look(self, style_id: str) -> Look:
        """What a character style changes."""
        look: Look = {}
        for style in reversed(self.chain(style_id)):
            look.update(run_look(style.run, toggles=True) if style.run is not None else {})
        return look


def value(node: Node | None, name: str) -> str:
    """The w:val of a child, empty when it is not there."""
    found = node.find(name) if node is not None else None
    return found.attrs.get("w:val", "") if found is not None else ""


def is_on(node: Node) -> bool:
    """Whether an on/off property is on."""
    return node.attrs.get("w:val", "1") not in _OFF


def toggle(node: Node) -> str | None:
    """The mark that one run property stands for, None when it stands for something else."""
    if node.name in TOGGLE_NAMES:
        return TOGGLE_NAMES[node.name] if is_on(node) and not node.attrs.keys() - {"w:val"} else None
    if node.name == "w:u" and node.attrs == {"w:val": "single"}:
        return "underline"
    if node.name == "w:vertAlign":
        return {"superscript": "sup", "subscript": "sub"}.get(node.attrs.get("w:val", ""))
    return None


def align_of(properties: Node) -> str:
    """The alignment of paragraph properties."""
    return _ALIGNS.get(value(properties, "w:jc"), "")


def run_look(properties: Node, *, toggles: bool) -> Look:
    """How text with these run properties looks."""
    look: Look = {}
    for node in properties.elements:
        found = node.attrs.get("w:val", "")
        if node.name == "w:rFonts" and _FONT.match(font := node.attrs.get("w:ascii", "")):
            look["font-family"] = font
        elif node.name == "w:sz" and found.isdigit():
            look["font-size"] = f"{int(found) / 2:g}pt"
        elif node.name == "w:color" and _COLOR.match(found):
            look["color"] = f"#{found}"
        elif node.name == "w:shd" and _COLOR.match(fill := node.attrs.get("w:fill", "")):
            look["background-color"] = f"#{fill}"
        elif node.name == "w:highlight" and found.lower() in _HIGHLIGHTS:
            look["background-color"] = found.lower()
        elif node.name == "w:smallCaps" and is_on(node):
            look["font-variant"] = "small-caps"
        elif node.name == "w:caps" and is_on(node):
            look["text-transform"] = "uppercase"
        elif toggles and node.name == "w:b":
            look["font-weight"] = "bold" if is_on(node) else "normal"
        elif toggles and node.name == "w:i":
            look["font-style"] = "italic" if is_on(node) else "normal"
        elif toggles and node.name == "w:u" and found not in ("", "none"):
            look["text-decoration"] = "underline"
    return look


def paragraph_look(properties: Node) -> Look:
    """How paragraphs with these properties look."""
    look: Look = {}
    if align := align_of(properties):
        look["text-align"] = align
    spacing, indent = properties.find("w:spacing"), properties.find("w:ind")
    if spacing is not None:
        for side, css in (("before", "margin-top"), ("after", "margin-bottom")):
            _length(look, css, spacing.attrs.get(f"w:{side}", ""))
        line = spacing.attrs.get("w:line", "")
        if line.isdigit() and spacing.attrs.get("w:lineRule", "auto") == "auto":
            look["line-height"] = f"{int(line) / 2.4:.0f}%"
    if indent is not None:
        for names, css in (
            (("left", "start"), "margin-left"),
            (("right", "end"), "margin-right"),
            (("firstLine",), "text-indent"),
        ):
            _length(look, css, next((indent.attrs[f"w:{name}"] for name in names if f"w:{name}" in indent.attrs), ""))
        if hanging := indent.attrs.get("w:hanging", ""):
            _length(look, "text-indent", f"-{hanging}")
    shade = properties.find("w:shd")
    if shade is not None and _COLOR.match(fill := shade.attrs.get("w:fill", "")):
        look["background-color"] = f"#{fill}"
    if (page_break := properties.find("w:pageBreakBefore")) is not None and is_on(page_break):
        look["break-before"] = "page"
    return look


def _length(look: Look, css: str, twentieths: str) -> None:
    if re.match(r"^-?\d+$", twentieths):
        look[css] = f"{int(twentieths) / 20:g}pt"


def _numberings(root: Node) -> dict[str, dict[int, str]]:
    abstract = {}
    for node in root.elements:
        if node.name == "w:abstractNum":
            levels = [
                level for level in node.elements if level.name == "w:lvl" and level.attrs.get("w:ilvl", "").isdigit()
            ]
            abstract[node.attrs.get("w:abstractNumId", "")] = {
                int(level.attrs["w:ilvl"]): value(level, "w:numFmt") for level in levels
            }
    return {
        node.attrs.get("w:numId", ""): abstract.get(value(node, "w:abstractNumId"), {})
        for node in root.elements
        if node.name == "w:num"
    }


def page_of(body: Node) -> dict[str, object]:
    """Width and margins of the last section."""
    section = body.find("w:sectPr")
    if section is None:
        return {}
    look: Look = {}
    size, margins = section.find("w:pgSz"), section.find("w:pgMar")
    if size is not None:
        _length(look, "width", size.attrs.get("w:w", ""))
        _length(look, "height", size.attrs.get("w:h", ""))
    if margins is not None:
        for side in ("top", "right", "bottom", "left"):
            _length(look, side, margins.attrs.get(f"w:{side}", ""))
    return dict(look)
