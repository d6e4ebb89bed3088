"""Owns the making of automatic styles: a style that is there with something other, added once; knows no cell."""

from __future__ import annotations

from collections.abc import Mapping

from collab.formats.sheet.model import Look
from collab.formats.sheet.ods_formats import Element, format_parts, sections
from collab.formats.sheet.ods_looks import CellStyles, written_properties
from collab.formats.sheet.ods_names import Names
from collab.formats.sheet.ods_tags import changed_tag, inner_of, rebuilt, start_tag
from collab.formats.zipped.patch import Patch, escape_text
from collab.formats.zipped.scan import Node

_AUTOMATIC = "office:automatic-styles"
_PX = 0.75
_LOST = {"size": ("fo:font-size", "style:font-size-asian", "style:font-size-complex"), "font": ("fo:font-family",)}


class StyleWriter:
    """Collects new styles of one file."""

    def __init__(self, styles: CellStyles, names: Names) -> None:
        self._styles = styles
        self._names = names
        self._taken = styles.names()
        self._made: dict[object, str] = {}
        self._written: list[bytes] = []

    def patches(self, root: Node, content: bytes) -> list[Patch]:
        """The new styles, behind those that are there."""
        if not self._written:
            return []
        data = b"".join(self._written)
        holder = root.find(_AUTOMATIC)
        if holder is not None and holder.inner_start >= 0:
            return [Patch(holder.inner_end, holder.inner_end, data)]
        if holder is not None:
            return [Patch(holder.start, holder.end, rebuilt(start_tag(content, holder)[:-2].rstrip() + b">", data))]
        body = root.find("office:body")
        at = body.start if body is not None else root.inner_start
        return [Patch(at, at, self._names.start(_AUTOMATIC, {}) + data + self._names.end(_AUTOMATIC))]

    def cell_style(self, source: str, look: Look) -> str:
        """A style that looks so, made of the one that the cell has."""
        key = ("cell", source, tuple(sorted((name, str(value)) for name, value in look.items())))
        if key not in self._made:
            was = self._styles.look(source)
            properties = written_properties(look, was)
            extra: dict[str, str] = {}
            if look.get("format") != was.get("format"):
                extra["style:data-style-name"] = self._data_style(str(look.get("format", "")))
            lost = {name for key, names in _LOST.items() if key not in look and key in was for name in names}
            self._made[key] = self._variant("table-cell", source or "Default", properties, extra, lost)
        return self._made[key]

    def line_style(self, family: str, source: str, size_px: float | None) -> str:
        """A row or column style of a size; None: as high as the office thinks fit."""
        key = (family, source, size_px)
        if key not in self._made:
            length = "" if size_px is None else f"{size_px * _PX:.2f}pt"
            if family == "table-column":
                attributes = {"style:column-width": length or "64.01pt"}
            else:
                attributes = {"style:row-height": length} if length else {}
                attributes["style:use-optimal-row-height"] = "false" if length else "true"
            lost = set() if length else {"style:row-height"}
            self._made[key] = self._variant(family, source, {f"style:{family}-properties": attributes}, {}, lost)
        return self._made[key]

    def table_style(self, source: str, *, hidden: bool) -> str:
        """A sheet's style that shows or hides it."""
        key = ("table", source, hidden)
        if key not in self._made:
            attributes = {"table:display": "false" if hidden else "true"}
            self._made[key] = self._variant("table", source, {"style:table-properties": attributes}, {}, set())
        return self._made[key]

    def _variant(
        self,
        family: str,
        source: str,
        properties: Mapping[str, Mapping[str, str]],
        extra: Mapping[str, str],
        lost: set[str],
    ) -> str:
        """An automatic style: a copy of an automatic one with changes, or a child of a named one."""
        name = self._free({"table-cell": "ce", "table-row": "ro", "table-column": "co"}.get(family, "ta"))
        attributes = {"style:name": name, "style:family": family, **extra}
        node, content = self._styles.source(family, source)
        inner: list[bytes] = []
        left = {key: dict(values) for key, values in properties.items() if values}
        if node is not None and self._styles.is_automatic(family, source):
            tag = changed_tag(start_tag(content, node), self._names, attributes)
            for child in node.elements:
                inner.append(self._changed_properties(content, child, left.pop(child.name, {}), lost))
        else:
            if node is not None:
                attributes["style:parent-style-name"] = source
            tag = self._names.start("style:style", attributes)
        inner += [self._names.start(key, values, empty=True) for key, values in left.items()]
        self._written.append(rebuilt(tag, b"".join(inner)))
        return name

    def _changed_properties(self, content: bytes, node: Node, values: Mapping[str, str], lost: set[str]) -> bytes:
        if not values and not lost & node.attrs.keys():
            return content[node.start : node.end]
        tag = changed_tag(start_tag(content, node), self._names, values, dropped=lost)
        return rebuilt(tag, inner_of(content, node))

    def _data_style(self, code: str) -> str:
        key = ("format", code)
        if key not in self._made:
            codes = sections(code)
            maps = []
            for condition, part in codes[:-1]:
                maps.append((condition, self._free("N")))
                self._data_element(maps[-1][1], part, [])
            name = self._free("N")
            self._data_element(name, codes[-1][1], maps)
            self._made[key] = name
        return self._made[key]

    def _data_element(self, name: str, code: str, maps: list[tuple[str, str]]) -> None:
        kind, attributes, elements = format_parts(code)
        start = self._names.start(kind, {"style:name": name, **attributes})
        inner = b"".join(self._element(element) for element in elements)
        inner += b"".join(
            self._names.start("style:map", {"style:condition": condition, "style:apply-style-name": target}, empty=True)
            for condition, target in maps
        )
        self._written.append(start + inner + self._names.end(kind))

    def _element(self, element: Element) -> bytes:
        name, attributes, text = element
        if not text:
            return self._names.start(name, attributes, empty=True)
        return self._names.start(name, attributes) + escape_text(text) + self._names.end(name)

    def _free(self, letters: str) -> str:
        number = 1
        while f"{letters}{number}" in self._taken:
            number += 1
        name = f"{letters}{number}"
        self._taken.add(name)
        return name
