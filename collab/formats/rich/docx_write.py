"""Owns writing WordprocessingML: new blocks, new runs within paragraphs, and changed paragraph properties."""

from __future__ import annotations

import re
from collections.abc import Sequence

from collab.formats.rich import docx_names as names
from collab.formats.rich.docx_read import DocxReader
from collab.formats.rich.leaves import Context, Leaf
from collab.formats.rich.model import HARD_BREAK, LINK, OPAQUE_BLOCK, PAGE_BREAK, SPAN, TAB, Block, Marks, Piece
from collab.formats.rich.source import Place, Source
from collab.formats.zipped.patch import Patch, escape_attribute, escape_text, refuse
from collab.formats.zipped.scan import Node

_TOGGLES = {
    "strong": ("b", ""),
    "em": ("i", ""),
    "underline": ("u", "single"),
    "strike": ("strike", ""),
    "sub": ("vertAlign", "subscript"),
    "sup": ("vertAlign", "superscript"),
}
_ALIGN = {"justify": "both"}
_LOCAL = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?([\w.-]+)")
_CELL_WIDTH = "2000"


class DocxWriter:
    """Writes into one part."""

    def __init__(self, source: Source, reader: DocxReader) -> None:
        self.source = source
        self._reader = reader
        self._content = source.scan.content
        tag = source.scan.tag(source.body)
        raw = tag[1:].split(None, 1)[0].rstrip(b"/>")
        self._w = raw.rpartition(b":")[0] + b":" if b":" in raw else b""
        if not self._w:
            raise refuse("WordprocessingML as the default namespace")

    # -- what the splicer asks --

    def leaves(self, block: Block) -> Sequence[Leaf]:
        return [] if block.node is None else self._reader.leaves(block.node)

    def literal_blank_at_risk(self, previous: tuple[object, ...] | None, literal: bool) -> bool:
        return False

    def touched(self, holder: Node) -> list[Patch]:
        tag = self.source.scan.tag(holder)
        if holder.attrs.get("xml:space") == "preserve" or b"xml:space" in tag:
            return []
        return [Patch(holder.start + len(tag) - 1, holder.start + len(tag) - 1, b' xml:space="preserve"')]

    def markers(self, block: Block) -> bytes:
        """Range ends may stand between blocks, so they stay where the block was."""
        nodes = [] if block.node is None else [node for node in block.node.walk() if node.name in names.RANGES]
        starts = {(_kind(node), node.attrs.get("w:id")) for node in nodes if node.name.endswith("Start")}
        ends = {(_kind(node), node.attrs.get("w:id")) for node in nodes if node.name.endswith("End")}
        alone = [node for node in nodes if (_kind(node), node.attrs.get("w:id")) not in starts & ends]
        return b"".join(self.source.scan.source(node) for node in alone)

    def filled(self, base: Block, inner: bytes) -> bytes:
        tag = self.source.scan.tag(_node(base))
        raw = tag[1:].split(None, 1)[0].rstrip(b"/>")
        return tag[:-2].rstrip() + b">" + inner + b"</" + raw + b">"

    def block(self, block: Block, beside: Block | None) -> bytes:
        if block.is_text:
            return self._paragraph(block)
        if block.kind == OPAQUE_BLOCK:
            return self._known(block.attrs.get("ref", ""))
        inner = b"".join(self.block(child, None) for child in block.children)
        if block.kind == "section":
            return self.source.fragments.around(block.attrs.get("ref", ""), inner)
        if block.kind == "table":
            return self._table(block, inner)
        if block.kind == "table_row":
            return self._element("tr", inner)
        if block.kind == "table_cell":
            span = block.attrs.get("colspan", "")
            properties = self._element("tcPr", self._empty("gridSpan", span)) if span else b""
            last = block.children[-1].kind if block.children else ""
            return self._element(
                "tc", properties + inner + (b"" if last in ("paragraph", "heading") else self._empty("p"))
            )
        return inner

    def _table(self, block: Block, inner: bytes) -> bytes:
        width = max((len(row.children) for row in block.children), default=1)
        style = self._empty("tblStyle", block.attrs.get("style", "")) if block.attrs.get("style") else b""
        line = b"".join(
            b'<%b%b %bval="single" %bsz="4" %bspace="0" %bcolor="auto"/>' % (self._w, side, *[self._w] * 4)
            for side in (b"top", b"left", b"bottom", b"right", b"insideH", b"insideV")
        )
        borders = b"" if style else self._element("tblBorders", line)
        columns = b'<%bgridCol %bw="%b"/>' % (self._w, self._w, _CELL_WIDTH.encode()) * width
        table_width = b'<%btblW %bw="0" %btype="auto"/>' % (self._w, self._w, self._w)
        return self._element(
            "tbl", self._element("tblPr", style + table_width + borders) + self._element("tblGrid", columns) + inner
        )

    def restyle(self, base: Block, live: Block) -> list[Patch]:
        node = _node(base)
        if base.kind == "table" and base.children and live.children:
            return self._recolumn(base, live)
        if not base.is_text or base.identity == live.identity:
            return []
        properties = node.find("w:pPr")
        kept = self._kept(properties)
        written = self._properties(live, kept)
        if node.inner_start < 0:
            raw = self.source.scan.tag(node)[1:].split(None, 1)[0].rstrip(b"/>")
            whole = self.source.scan.tag(node)[:-2].rstrip() + b">" + written + b"</" + raw + b">"
            return [Patch(node.start, node.end, whole)]
        if properties is not None:
            return [Patch(properties.start, properties.end, written)]
        return [Patch(node.inner_start, node.inner_start, written)]

    def _recolumn(self, base: Block, live: Block) -> list[Patch]:
        width = max(len(row.children) for row in live.children)
        grid = _node(base).find("w:tblGrid")
        if width == max(len(row.children) for row in base.children) or grid is None:
            return []
        columns = [node for node in grid.elements if node.name == "w:gridCol"]
        if width > len(columns) and columns:
            more = self.source.scan.source(columns[-1]) * (width - len(columns))
            return [Patch(columns[-1].end, columns[-1].end, more)]
        return [Patch(node.start, node.end, b"") for node in columns[width:]]

    def insertion(self, pieces: Sequence[Piece], place: Place) -> Patch:
        """New runs; text like its neighbour goes into the neighbour's own text."""
        only = pieces[0] if len(pieces) == 1 else None
        beside = place.left or place.right
        if (
            only is not None
            and beside is not None
            and beside.literal
            and only.text
            and only.marks == beside.piece.marks
        ):
            return Patch(place.at, place.at, escape_text(only.text))
        if place.context.run is None:
            return Patch(place.at, place.at, self._runs(pieces, place.context))
        runs = self._runs(pieces, place.context)
        at, before, after = self._split(place)
        return Patch(at, at, before + runs + after)

    def _split(self, place: Place) -> tuple[int, bytes, bytes]:
        """Where runs can stand: beside the run, or in a gap that closes and opens it again."""
        run, holder = place.context.run, place.context.holder
        if run is None:
            return place.at, b"", b""
        inner = [node for node in run.elements if node.name != "w:rPr"]
        edge = holder or next((node for node in inner if place.at in (node.start, node.end)), None)
        if edge is not None and not place.inside:
            behind = place.left is not None
            if behind and edge is inner[-1]:
                return run.end, b"", b""
            if not behind and edge is inner[0]:
                return run.start, b"", b""
        properties = run.find("w:rPr")
        same = self.source.scan.source(properties) if properties is not None else b""
        close, reopen = b"</%br>" % self._w, b"<%br>" % self._w + same
        if holder is None:
            return place.at, close, reopen
        text = b'<%bt xml:space="preserve">' % self._w
        return place.at, b"</%bt>" % self._w + close, reopen + text

    # -- runs --

    def _runs(self, pieces: Sequence[Piece], context: Context) -> bytes:
        done = b""
        around = context.marks
        outer = dict(around).get(LINK, "") if context.wrappers else ""
        for piece in pieces:
            link = dict(piece.marks).get(LINK, "")
            run = self._run(piece)
            done += self._linked(run, link) if link and link != outer else run
        return done

    def _linked(self, run: bytes, link: str) -> bytes:
        """A link that needs no relationship, so that no second part has to change."""
        address = link.replace('"', "%22")
        instruction = f' HYPERLINK \\l "{address[1:]}" ' if address.startswith("#") else f' HYPERLINK "{address}" '
        attr = b'%binstr="%b"' % (self._w, escape_attribute(instruction))
        return b"<%bfldSimple %b>" % (self._w, attr) + run + b"</%bfldSimple>" % self._w

    def _run(self, piece: Piece) -> bytes:
        if piece.text:
            text = b'<%bt xml:space="preserve">' % self._w + escape_text(piece.text) + b"</%bt>" % self._w
            return self._element("r", self._run_properties(piece.marks) + text)
        if piece.atom == TAB:
            return self._element("r", self._empty("tab"))
        if piece.atom == HARD_BREAK:
            return self._element("r", self._empty("br"))
        if piece.atom == PAGE_BREAK:
            return self._element("r", b'<%bbr %btype="page"/>' % (self._w, self._w))
        known = self._known(piece.get("ref"))
        found = _LOCAL.match(known)
        outside = found is not None and found[1] in _OUTSIDE_RUNS
        return known if outside or not known else self._element("r", known)

    def _run_properties(self, marks: Marks) -> bytes:
        known = dict(marks)
        children = _children(self._known(known.get(SPAN, "")))
        children += [(name, self._empty(name, val)) for mark, (name, val) in _TOGGLES.items() if mark in known]
        return self._ordered("rPr", children, names.RUN_ORDER)

    def _ordered(self, name: str, children: list[tuple[str, bytes]], order: Sequence[str]) -> bytes:
        if not children:
            return b""
        place = {child: index for index, child in enumerate(order)}
        children.sort(key=lambda child: place.get(child[0], len(place)))
        return self._element(name, b"".join(child for _, child in children))

    # -- paragraphs --

    def _paragraph(self, block: Block) -> bytes:
        return self._element("p", self._properties(block, {}) + self._runs(block.pieces, Context()))

    def _kept(self, properties: Node | None) -> dict[str, bytes]:
        """What stands in the source already, so that what did not change keeps its bytes."""
        if properties is None:
            return {}
        return {
            node.name[2:]: self.source.scan.source(node) for node in properties.elements if node.name.startswith("w:")
        }

    def _properties(self, block: Block, kept: dict[str, bytes]) -> bytes:
        attrs = block.attrs
        style = attrs.get("style", "")
        level = attrs.get("level", "") if block.kind == "heading" else ""
        if level and self._reader.styles.level(style) != level:
            style = self._reader.styles.heading(level) or style
        children = _children(self._known(attrs.get("props", "")))
        if style:
            children.append(("pStyle", self._empty("pStyle", style)))
        if attrs.get("align"):
            children.append(("jc", self._empty("jc", _ALIGN.get(attrs["align"], attrs["align"]))))
        if attrs.get("list"):
            number, _, depth = attrs["list"].partition("/")
            inner = self._empty("ilvl", depth or "0") + self._empty("numId", number)
            old = kept.get("numPr", b"")
            children.append(("numPr", old if _same_list(old, number, depth or "0") else self._element("numPr", inner)))
        return self._ordered("pPr", children, names.PARAGRAPH_ORDER)

    # -- elements --

    def _known(self, reference: str) -> bytes:
        return self.source.fragments.known.get(reference, b"")

    def _empty(self, name: str, val: str = "") -> bytes:
        attr = b' %bval="%b"' % (self._w, escape_attribute(val)) if val else b""
        return b"<" + self._w + name.encode() + attr + b"/>"

    def _element(self, name: str, inner: bytes) -> bytes:
        tag = self._w + name.encode()
        return b"<" + tag + b">" + inner + b"</" + tag + b">"


_OUTSIDE_RUNS = {
    b"sdt",
    b"oMath",
    b"oMathPara",
    b"fldSimple",
    b"del",
    b"moveFrom",
    b"ins",
    b"smartTag",
    b"customXml",
    b"hyperlink",
    b"ruby",
    b"subDoc",
}


def _node(block: Block) -> Node:
    if block.node is None:
        raise refuse("a block without a source")
    return block.node


def _kind(node: Node) -> str:
    return node.name.removesuffix("Start").removesuffix("End")


def _same_list(source: bytes, number: str, depth: str) -> bool:
    values = re.findall(rb"val=[\"'](\d+)[\"']", source)
    return sorted(values) == sorted([number.encode(), depth.encode()])


def _children(fragment: bytes) -> list[tuple[str, bytes]]:
    """The elements of a fragment that is a row of them, with their local names."""
    found, at = [], 0
    while (match := _LOCAL.search(fragment, at)) is not None:
        end = _end_of(fragment, match.start())
        found.append((match[1].decode("ascii", "replace"), fragment[match.start() : end]))
        at = end
    return found


_TAG = re.compile(rb"<(/?)(?:[^>\"']|\"[^\"]*\"|'[^']*')*?(/?)>")


def _end_of(fragment: bytes, start: int) -> int:
    depth = 0
    for tag in _TAG.finditer(fragment, start):
        depth += -1 if tag[1] else 0 if tag[2] else 1
        if depth <= 0:
            return tag.end()
    return len(fragment)
