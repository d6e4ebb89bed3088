"""Owns what OpenDocument styles mean: which marks a text style stands for, and how blocks look in a browser.

The look is only shown: nothing of it is ever written to a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from collab.formats.zipped.scan import Node

ALIGNED = re.compile(r"^(.+)-lf-(left|center|right|justify)$")
_ALIGNS = {"start": "left", "left": "left", "center": "center", "end": "right", "right": "right", "justify": "justify"}
_IGNORED = re.compile(
    r"^(officeooo:|loext:|\{)|^style:(font-(weight|style)-(asian|complex)|text-(underline|line-through)-(width|color|type|mode))$"
)
_LENGTH = re.compile(r"^-?\d+(\.\d+)?(pt|cm|mm|in|px|%)$")
_COLOR = re.compile(r"^#[0-9a-fA-F]{6}$")
Look = dict[str, str]


@dataclass(slots=True)
class Style:
    """One style as it is written; `automatic`: made by the office for direct formatting, without a name for people."""

    name: str
    family: str
    parent: str
    label: str
    automatic: bool
    level: str
    text: Mapping[str, str] = field(default_factory=dict)
    paragraph: Mapping[str, str] = field(default_factory=dict)
    node: Node | None = None


class Styles:
    """All styles of a document by family and name."""

    def __init__(self) -> None:
        self._styles: dict[tuple[str, str], Style] = {}
        self._defaults: dict[str, Style] = {}
        self.lists: dict[str, dict[int, bool]] = {}
        """List style -> level -> whether it counts."""
        self.fonts: dict[str, str] = {}

    def add(self, root: Node) -> None:
        """Take the styles of a part; those that are there stay."""
        for font in _children(root, "office:font-face-decls"):
            family = font.attrs.get("svg:font-family", "")
            self.fonts.setdefault(font.attrs.get("style:name", ""), family.strip("'\""))
        for holder in ("office:styles", "office:automatic-styles"):
            for node in _children(root, holder):
                self._add(node, automatic=holder != "office:styles")

    def _add(self, node: Node, *, automatic: bool) -> None:
        attrs = node.attrs
        name, family = attrs.get("style:name", ""), attrs.get("style:family", "")
        if node.name == "text:list-style":
            self.lists.setdefault(name, _counting(node))
        if node.name not in ("style:style", "style:default-style"):
            return
        text, paragraph = node.find("style:text-properties"), node.find("style:paragraph-properties")
        style = Style(
            name,
            family,
            attrs.get("style:parent-style-name", ""),
            attrs.get("style:display-name", name),
            automatic,
            attrs.get("style:default-outline-level", ""),
            text.attrs if text else {},
            paragraph.attrs if paragraph else {},
            node,
        )
        if node.name == "style:default-style":
            self._defaults.setdefault(family, style)
        else:
            self._styles.setdefault((family, name), style)

    def get(self, family: str, name: str) -> Style | None:
        """A style by family and name."""
        return self._styles.get((family, name))

    def named(self, family: str) -> Iterator[Style]:
        """The styles that people see by name."""
        return (style for (of, _), style in self._styles.items() if of == family and not style.automatic)

    # -- marks --

    def toggles(self, name: str) -> tuple[dict[str, bool], bool]:
        """What a text style switches on and off, and whether it does more than that."""
        style = self.get("text", name)
        if style is None or not style.automatic:
            return {}, True
        switched, more = {}, bool(style.parent)
        for key, value in style.text.items():
            found = _toggle(key, value)
            if found is None:
                more = more or not _IGNORED.match(key)
            else:
                switched.update(found)
        return switched, more

    # -- look --

    def look(self, family: str, name: str, *, toggles: bool = True) -> Look:
        """How a style looks, its parents' properties included."""
        chain, seen = [], set()
        style = self.get(family, name)
        while style is not None and style.name not in seen:
            seen.add(style.name)
            chain.append(style)
            style = self.get(family, style.parent)
        if family in self._defaults and family == "paragraph":
            chain.append(self._defaults[family])
        text: dict[str, str] = {}
        paragraph: dict[str, str] = {}
        for one in reversed(chain):
            text.update(one.text)
            paragraph.update(one.paragraph)
        look = _paragraph_look(paragraph) if family == "paragraph" else {}
        return {**look, **self._text_look(text, toggles=toggles)}

    def _text_look(self, text: Mapping[str, str], *, toggles: bool) -> Look:
        look: Look = {}
        font = text.get("fo:font-family", "").strip("'\"") or self.fonts.get(text.get("style:font-name", ""), "")
        if re.match(r"^[\w ,'-]{1,80}$", font):
            look["font-family"] = font
        if _LENGTH.match(size := text.get("fo:font-size", "")):
            look["font-size"] = size
        for key, css in (("fo:color", "color"), ("fo:background-color", "background-color")):
            if _COLOR.match(text.get(key, "")):
                look[css] = text[key]
        if text.get("fo:font-variant") == "small-caps":
            look["font-variant"] = "small-caps"
        if text.get("fo:text-transform") in ("uppercase", "lowercase", "capitalize"):
            look["text-transform"] = text["fo:text-transform"]
        if toggles:
            look.update(_toggle_look(text))
        return look


def _toggle_look(text: Mapping[str, str]) -> Look:
    look: Look = {}
    if text.get("fo:font-weight") in ("bold", "normal"):
        look["font-weight"] = text["fo:font-weight"]
    if text.get("fo:font-style") in ("italic", "normal"):
        look["font-style"] = text["fo:font-style"]
    lines = [
        css
        for key, css in (("style:text-underline-style", "underline"), ("style:text-line-through-style", "line-through"))
        if text.get(key, "none") != "none"
    ]
    if lines:
        look["text-decoration"] = " ".join(lines)
    return look


def _toggle(key: str, value: str) -> dict[str, bool] | None:
    if key == "fo:font-weight" and value in ("bold", "normal"):
        return {"strong": value == "bold"}
    if key == "fo:font-style" and value in ("italic", "normal"):
        return {"em": value == "italic"}
    if key == "style:text-underline-style" and value in ("solid", "none"):
        return {"underline": value == "solid"}
    if key == "style:text-line-through-style" and value in ("solid", "none"):
        return {"strike": value == "solid"}
    if key == "style:text-position":
        where = value.split(" ")[0]
        if where in ("super", "sub"):
            return {"sup": where == "super", "sub": where == "sub"}
        if where in ("0%", "0"):
            return {"sup": False, "sub": False}
    return None


def _paragraph_look(paragraph: Mapping[str, str]) -> Look:
    look: Look = {}
    for side in ("top", "bottom", "left", "right"):
        value = paragraph.get(f"fo:margin-{side}") or paragraph.get("fo:margin", "")
        if _LENGTH.match(value):
            look[f"margin-{side}"] = value
    if _LENGTH.match(paragraph.get("fo:text-indent", "")):
        look["text-indent"] = paragraph["fo:text-indent"]
    if _LENGTH.match(paragraph.get("fo:line-height", "")):
        look["line-height"] = paragraph["fo:line-height"]
    if paragraph.get("fo:text-align") in _ALIGNS:
        look["text-align"] = _ALIGNS[paragraph["fo:text-align"]]
    if _COLOR.match(paragraph.get("fo:background-color", "")):
        look["background-color"] = paragraph["fo:background-color"]
    if paragraph.get("fo:break-before") == "page":
        look["break-before"] = "page"
    return look


def _counting(style: Node) -> dict[int, bool]:
    return {
        int(level.attrs.get("text:level", "1")): level.name == "text:list-level-style-number"
        and bool(level.attrs.get("style:num-format"))
        for level in style.elements
        if level.attrs.get("text:level", "1").isdigit()
    }


def _children(root: Node, name: str) -> Iterator[Node]:
    holder = root.find(name)
    return holder.elements if holder is not None else iter(())


def page_of(root: Node) -> dict[str, object]:
    """Width and margins of the first page layout."""
    for holder in _children(root, "office:automatic-styles"):
        if holder.name == "style:page-layout" and (found := holder.find("style:page-layout-properties")) is not None:
            attrs = found.attrs
            sizes = {
                "width": attrs.get("fo:page-width", ""),
                "height": attrs.get("fo:page-height", ""),
                **{
                    side: attrs.get(f"fo:margin-{side}") or attrs.get("fo:margin", "")
                    for side in ("top", "right", "bottom", "left")
                },
            }
            return {key: value for key, value in sizes.items() if _LENGTH.match(value)}
    return {}
