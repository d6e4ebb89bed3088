"""Owns writing OpenDocument text: new blocks, new text within paragraphs, and the automatic styles that they need."""

from __future__ import annotations

import re
from collections.abc import Sequence

from collab.formats.rich import odf_names as names
from collab.formats.rich.leaves import Leaf
from collab.formats.rich.model import (
    HARD_BREAK,
    IMAGE,
    LINK,
    OPAQUE_BLOCK,
    OPAQUE_INLINE,
    PAGE_BREAK,
    SPAN,
    TAB,
    TOGGLES,
    Block,
    Marks,
    Piece,
)
from collab.formats.rich.odf_read import OdfReader, columns, toggles_of
from collab.formats.rich.source import Place, Source
from collab.formats.zipped.patch import Patch, escape_attribute, escape_text, refuse
from collab.formats.zipped.scan import Node

_PROPERTIES = {
    "strong": (
        '{fo}:font-weight="bold" {style}:font-weight-asian="bold" {style}:font-weight-complex="bold"',
        '{fo}:font-weight="normal" {style}:font-weight-asian="normal" {style}:font-weight-complex="normal"',
    ),
    "em": (
        '{fo}:font-style="italic" {style}:font-style-asian="italic" {style}:font-style-complex="italic"',
        '{fo}:font-style="normal" {style}:font-style-asian="normal" {style}:font-style-complex="normal"',
    ),
    "underline": (
        '{style}:text-underline-style="solid" {style}:text-underline-width="auto" '
        '{style}:text-underline-color="font-color"',
        '{style}:text-underline-style="none"',
    ),
    "strike": ('{style}:text-line-through-style="solid"', '{style}:text-line-through-style="none"'),
    "sub": ('{style}:text-position="sub 58%"', '{style}:text-position="0% 100%"'),
    "sup": ('{style}:text-position="super 58%"', '{style}:text-position="0% 100%"'),
}
_BULLETS = "•◦▪"
_ALIGN = {"left": "start", "right": "end"}


class OdfWriter:
    """Writes into one part."""

    def __init__(self, source: Source, reader: OdfReader) -> None:
        self.source = source
        self._reader = reader
        self._content = source.scan.content
        self._new_styles: dict[str, bytes] = {}
        prefixes = source.scan.prefixes
        self._prefix = {
            name: prefixes.get(names.NAMESPACES[name], "")
            for name in ("text", "style", "fo", "table", "xlink", "office")
        }
        self._needed: set[str] = set()

    # -- what the splicer asks --

    def leaves(self, block: Block) -> Sequence[Leaf]:
        return [] if block.node is None else self._reader.leaves(block.node)

    def literal_blank_at_risk(self, previous: tuple[object, ...] | None, literal: bool) -> bool:
        return previous is None or previous[0] == " "

    def touched(self, holder: Node) -> list[Patch]:
        return []

    def markers(self, block: Block) -> bytes:
        return b""

    def filled(self, base: Block, inner: bytes) -> bytes:
        node = _node(base)
        tag = self.source.scan.tag(node)
        return tag[:-2].rstrip() + b">" + inner + b"</" + _raw_name(tag) + b">"

    def block(self, block: Block, beside: Block | None) -> bytes:
        if block.is_text:
            return self._paragraph(block, beside)
        if block.kind == OPAQUE_BLOCK:
            return self._known(block.attrs.get("ref", ""))
        inner = b"".join(self.block(child, None) for child in block.children)
        text, table = self._name("text"), self._name("table")
        if block.kind == "list":
            return self._element(text, "list", {(text, "style-name"): self._list_style(block)}, inner)
        if block.kind == "list_item":
            return self._element(text, "list-header" if block.attrs.get("header") else "list-item", {}, inner)
        if block.kind == "section":
            return self.source.fragments.around(block.attrs.get("ref", ""), inner)
        if block.kind == "table":
            width = columns(block.children)
            column = self._element(table, "table-column", {(table, "number-columns-repeated"): str(width)}, b"")
            style = {(table, "style-name"): block.attrs.get("style", "")}
            return self._element(table, "table", style, column + inner)
        if block.kind == "table_row":
            return self._element(table, "table-row", {}, inner)
        office = self._name("office")
        return self._element(table, "table-cell", {(office, "value-type"): "string"}, inner)

    def restyle(self, base: Block, live: Block) -> list[Patch]:
        node = _node(base)
        if base.kind == "table" and columns(base.children) != columns(live.children):
            return self._recolumn(base, columns(live.children))
        if not base.is_text or (base.kind == live.kind and base.identity == live.identity):
            return []
        tag = self.source.scan.tag(node)
        attrs = self._attributes(live)
        changed = _with_attributes(tag, {f"{key[0]}:{key[1]}": value for key, value in attrs.items()})
        patches = []
        if base.kind != live.kind:
            old = _raw_name(changed)
            new = f"{self._name('text')}:{'h' if live.kind == 'heading' else 'p'}".encode()
            changed = b"<" + new + changed[1 + len(old) :]
            if node.inner_end >= 0:
                patches.append(Patch(node.inner_end, node.end, b"</" + new + b">"))
        return [Patch(node.start, node.start + len(tag), changed), *patches]

    def insertion(self, pieces: Sequence[Piece], place: Place) -> Patch:
        context, done = place.context, []
        blank = place.previous is None or (place.previous[0] == " " and place.previous_literal)
        for piece in pieces:
            if piece.atom:
                done.append(self._atom(piece))
                blank = False
                continue
            text, blank = self._characters(piece.text, blank)
            done.append(self._within(text, piece.marks, context.marks, context.wrappers))
        return Patch(place.at, place.at, b"".join(done))

    # -- new text --

    def _within(self, text: bytes, marks: Marks, around: Marks, wrappers: Sequence[Node]) -> bytes:
        """Text with its marks at a place that has some: nested spans where that does, else outside of what is open."""
        wanted, had = dict(marks), dict(around)
        spans, spans_had = wanted.get(SPAN, "").split(), had.get(SPAN, "").split()
        links = had.get(LINK) in (None, wanted.get(LINK))
        if links and spans[: len(spans_had)] == spans_had:
            return self._nested(text, marks, around, spans[len(spans_had) :])
        close = b"".join(b"</" + _raw_name(self.source.scan.tag(node)) + b">" for node in reversed(wrappers))
        reopen = b"".join(self.source.scan.tag(node) for node in wrappers)
        return close + self._nested(text, marks, (), spans) + reopen

    def _nested(self, text: bytes, marks: Marks, around: Marks, spans: Sequence[str]) -> bytes:
        prefix = self._name("text")
        before, after = b"", b""
        link = dict(marks).get(LINK)
        if link and dict(around).get(LINK) != link:
            xlink = self._name("xlink")
            tag = {(xlink, "type"): "simple", (xlink, "href"): link}
            before, after = self._open(prefix, "a", tag), self._close(prefix, "a")
        styles = list(spans)
        inside = around
        for style in spans:
            inside = self._reader.marks_of_style(inside, style)
        on, off = toggles_of(marks) - toggles_of(inside), toggles_of(inside) - toggles_of(marks)
        if on or off:
            styles.append(self._toggle_style(on, off))
        for style in styles:
            before += self._open(prefix, "span", {(prefix, "style-name"): style})
            after = self._close(prefix, "span") + after
        return before + text + after

    def _characters(self, text: str, blank: bool) -> tuple[bytes, bool]:
        """Text as it is written, and whether the next blank has to be an element."""
        done, prefix, index = [], self._name("text"), 0
        while index < len(text):
            stop = index
            while stop < len(text) and text[stop] == " ":
                stop += 1
            if stop == index:
                stop = text.find(" ", index)
                stop = len(text) if stop < 0 else stop
                done.append(escape_text(text[index:stop]))
                blank = False
            else:
                literal = not blank
                count = stop - index - literal
                done.append(b" " if literal else b"")
                if count:
                    done.append(self._element(prefix, "s", {(prefix, "c"): str(count) if count > 1 else ""}, b""))
                blank = not count
            index = stop
        return b"".join(done), blank

    def _atom(self, piece: Piece) -> bytes:
        prefix = self._name("text")
        if piece.atom == TAB:
            return self._element(prefix, "tab", {}, b"")
        if piece.atom in (HARD_BREAK, PAGE_BREAK):
            return self._element(prefix, "line-break", {}, b"")
        if piece.atom in (IMAGE, OPAQUE_INLINE):
            return self._known(piece.get("ref"))
        raise refuse(f"no way to write {piece.atom}")

    def _known(self, reference: str) -> bytes:
        """A piece of source; what this document never had (pasted from another one) is left out."""
        return self.source.fragments.known.get(reference, b"")

    # -- new blocks --

    def _paragraph(self, block: Block, beside: Block | None) -> bytes:
        done, blank = [], True
        for piece in block.pieces:
            if piece.atom:
                done.append(self._atom(piece))
                blank = False
            else:
                text, blank = self._characters(piece.text, blank)
                done.append(self._within(text, piece.marks, (), ()))
        return self._element(
            self._name("text"), "h" if block.kind == "heading" else "p", self._attributes(block), b"".join(done)
        )

    def _attributes(self, block: Block) -> dict[tuple[str, str], str]:
        prefix = self._name("text")
        style, align = block.attrs.get("style", ""), block.attrs.get("align", "")
        if align:
            style = self._aligned(style or "Standard", align)
        attrs = {(prefix, "style-name"): style}
        attrs[prefix, "outline-level"] = block.attrs.get("level", "1") if block.kind == "heading" else ""
        return attrs

    def _list_style(self, block: Block) -> str:
        if block.attrs.get("style"):
            return block.attrs["style"]
        name = "LFnumber" if block.attrs.get("ordered") else "LFbullet"
        if name not in self._reader.styles.lists:
            self._new_styles.setdefault(name, self._list_definition(name))
        return name

    def _list_definition(self, name: str) -> bytes:
        text, style, fo = self._name("text"), self._name("style"), self._name("fo")
        levels = []
        for level in range(1, 11):
            attrs = {(text, "level"): str(level)}
            if name == "LFnumber":
                attrs |= {(style, "num-suffix"): ".", (style, "num-format"): "1"}
            else:
                attrs |= {(text, "bullet-char"): _BULLETS[(level - 1) % 3]}
            aligned = {
                (text, "label-followed-by"): "listtab",
                (fo, "text-indent"): "-0.635cm",
                (fo, "margin-left"): f"{level * 0.635:.3f}cm",
            }
            label = self._element(style, "list-level-label-alignment", aligned, b"")
            mode = {(text, "list-level-position-and-space-mode"): "label-alignment"}
            properties = self._element(style, "list-level-properties", mode, label)
            kind = "list-level-style-number" if name == "LFnumber" else "list-level-style-bullet"
            levels.append(self._element(text, kind, attrs, properties))
        return self._element(text, "list-style", {(style, "name"): name}, b"".join(levels))

    # -- automatic styles --

    def _toggle_style(self, on: set[str], off: set[str]) -> str:
        switches = [(name, name in on) for name in TOGGLES if name in on or name in off]
        name = "LF_" + "_".join(f"{mark}{int(is_on)}" for mark, is_on in switches)
        if self._reader.styles.get("text", name) is None and name not in self._new_styles:
            style, fo = self._name("style"), self._name("fo")
            shown = [
                (mark, is_on)
                for mark, is_on in switches
                if is_on or not {"sub", "sup"} & on or mark not in ("sub", "sup")
            ]
            written = " ".join(_PROPERTIES[mark][0 if is_on else 1].format(style=style, fo=fo) for mark, is_on in shown)
            properties = f"<{style}:text-properties {written}/>".encode()
            attrs = {(style, "name"): name, (style, "family"): "text"}
            self._new_styles[name] = self._element(style, "style", attrs, properties)
        return name

    def _aligned(self, style_name: str, align: str) -> str:
        name = f"{style_name}-lf-{align}"
        known = self._reader.styles.get("paragraph", style_name)
        if self._reader.styles.get("paragraph", name) is None and name not in self._new_styles:
            style, fo = self._name("style"), self._name("fo")
            properties = self._element(
                style, "paragraph-properties", {(fo, "text-align"): _ALIGN.get(align, align)}, b""
            )
            attrs = {(style, "name"): name, (style, "family"): "paragraph", (style, "parent-style-name"): style_name}
            made = self._element(style, "style", attrs, properties)
            if known is not None and known.automatic and known.node is not None:
                made = self._copied_style(known.node, name, align)
            self._new_styles[name] = made
        return name

    def _copied_style(self, node: Node, name: str, align: str) -> bytes:
        """An automatic style cannot be a parent: the new one is a copy."""
        scan, style, fo = self.source.scan, self._name("style"), self._name("fo")
        if not _belongs(node, scan.root):
            raise refuse("an automatic style of another part")
        head = _with_attributes(scan.tag(node), {f"{style}:name": name})
        alignment = {f"{fo}:text-align": _ALIGN.get(align, align)}
        properties = node.find("style:paragraph-properties")
        if node.inner_start < 0:
            inner = self._element(style, "paragraph-properties", {(fo, "text-align"): _ALIGN.get(align, align)}, b"")
            return head[:-2].rstrip() + b">" + inner + self._close(style, "style")
        inner = self._content[node.inner_start : node.end]
        if properties is None:
            return (
                head
                + self._element(style, "paragraph-properties", {(fo, "text-align"): _ALIGN.get(align, align)}, b"")
                + inner
            )
        tag = scan.tag(properties)
        before = self._content[node.inner_start : properties.start]
        after = self._content[properties.start + len(tag) : node.end]
        return head + before + _with_attributes(tag, alignment) + after

    def _recolumn(self, base: Block, width: int) -> list[Patch]:
        """The column definitions of a table that has another number of columns now: one for all."""
        table = self._name("table")
        found = [node for node in _node(base).walk() if node.name == "table:table-column"]
        own = [node for node in found if _belongs(node, _node(base))]
        new = self._element(table, "table-column", {(table, "number-columns-repeated"): str(width)}, b"")
        if not own:
            return []
        return [Patch(own[0].start, own[0].end, new), *(Patch(node.start, node.end, b"") for node in own[1:])]

    def style_patches(self) -> list[Patch]:
        """The new automatic styles, and namespaces that the root does not declare."""
        patches = []
        root = self.source.scan.root
        if self._new_styles:
            styles, holder = b"".join(self._new_styles.values()), root.find("office:automatic-styles")
            if holder is not None and holder.inner_end >= 0:
                patches.append(Patch(holder.inner_end, holder.inner_end, styles))
            else:
                made = self._element(self._name("office"), "automatic-styles", {}, styles)
                body = root.find("office:body")
                at = holder or body
                if at is None:
                    raise refuse("no place for styles")
                patches.append(Patch(at.start, holder.end if holder else at.start, made))
        missing = [name for name in sorted(self._needed) if not self._prefix[name]]
        if missing:
            tag = self.source.scan.tag(root)
            declared = b"".join(f' xmlns:{name}="{names.NAMESPACES[name]}"'.encode() for name in missing)
            behind = root.start + len(tag) - 1
            patches.append(Patch(behind, behind, declared))
        return patches

    # -- elements --

    def _name(self, name: str) -> str:
        self._needed.add(name)
        return self._prefix[name] or name

    def _open(self, prefix: str, name: str, attrs: dict[tuple[str, str], str]) -> bytes:
        written = b"".join(
            b' %b="%b"' % (f"{key[0]}:{key[1]}".encode(), escape_attribute(value))
            for key, value in attrs.items()
            if value
        )
        return f"<{prefix}:{name}".encode() + written + b">"

    def _close(self, prefix: str, name: str) -> bytes:
        return f"</{prefix}:{name}>".encode()

    def _element(self, prefix: str, name: str, attrs: dict[tuple[str, str], str], inner: bytes) -> bytes:
        opened = self._open(prefix, name, attrs)
        return opened + inner + self._close(prefix, name) if inner else opened[:-1] + b"/>"


def _node(block: Block) -> Node:
    if block.node is None:
        raise refuse("a block without a source")
    return block.node


def _belongs(node: Node, root: Node) -> bool:
    return root.start <= node.start < root.end


def _raw_name(tag: bytes) -> bytes:
    return tag[1:].split(None, 1)[0].rstrip(b"/>")


def _with_attributes(tag: bytes, attrs: dict[str, str]) -> bytes:
    """A start tag with these attributes set; an empty value takes one away."""
    for key, value in attrs.items():
        pattern = re.compile(rb"\s+" + re.escape(key.encode()) + rb"\s*=\s*(\"[^\"]*\"|'[^']*')")
        written = b' %b="%b"' % (key.encode(), escape_attribute(value)) if value else b""
        if pattern.search(tag):
            tag = pattern.sub(lambda found, new=written: new, tag, count=1)  # type: ignore[misc]
        elif written:
            name = _raw_name(tag)
            tag = b"<" + name + written + tag[1 + len(name) :]
    return tag
