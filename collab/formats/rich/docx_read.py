"""Owns reading the body of a WordprocessingML document: elements to blocks, paragraphs to leaves; writes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from collab.formats.rich import docx_names as names
from collab.formats.rich.docx_styles import WordStyles, align_of, toggle, value
from collab.formats.rich.leaves import Context, Leaf, text_leaf
from collab.formats.rich.model import (
    HARD_BREAK,
    IMAGE,
    LINK,
    OPAQUE_BLOCK,
    OPAQUE_INLINE,
    PAGE_BREAK,
    SPAN,
    TAB,
    Block,
    Marks,
    Piece,
    joined,
)
from collab.formats.rich.odf_read import with_mark
from collab.formats.rich.source import Fragments
from collab.formats.zipped.scan import Node, Scan, Text

_BLANKS = " \t\n\r"
_PREVIEW = 200
_EMU_PER_PT = 12_700
_FIELD_LINK = re.compile(r'^\s*HYPERLINK\s+(\\l\s+)?"([^"]*)"\s*$')


@dataclass
class DocxReader:
    """Reads one part; `relations` are its relationships, id -> target."""

    scan: Scan
    styles: WordStyles
    fragments: Fragments
    relations: Mapping[str, str]
    images: Mapping[str, str]
    looks: dict[str, Node] = field(default_factory=dict)
    """Reference of paragraph or run properties -> where they are, for their look."""

    def blocks(self, parent: Node) -> list[Block]:
        """The blocks of a body, a cell or a content control."""
        return [block for node in parent.elements if (block := self._block(node)) is not None]

    def _block(self, node: Node) -> Block | None:
        if node.name == "w:p":
            return self.text_block(node)
        if node.name in names.SKIPPED_BLOCKS:
            return None
        if node.name == "w:tbl":
            return self._table(node)
        if node.name in names.WRAPPING_BLOCKS:
            content = node.find("w:sdtContent") if node.name == "w:sdt" else node
            gallery = node.find("w:sdtPr", "w:docPartObj") or node.find("w:sdtPr", "w:dataBinding")
            if (
                content is not None
                and gallery is None
                and any(child.name in ("w:p", "w:tbl") for child in content.elements)
            ):
                around = self.fragments.note_around(self.scan.content, node, content)
                return Block("section", {"ref": around}, self.blocks(content), node=node, inner=content)
        return self._opaque(node)

    def _opaque(self, node: Node) -> Block:
        words = " ".join(found.text() for found in node.walk() if found.name == "w:t") or node.text()
        attrs = {"ref": self.note(node), "label": names.LABELS.get(node.name, "unknown"), "preview": short(words)}
        return Block(OPAQUE_BLOCK, attrs, node=node)

    def note(self, node: Node) -> str:
        """Keep the source of a node; returns its reference."""
        return self.fragments.note(self.scan.source(node))

    def text_block(self, node: Node) -> Block:
        """A paragraph or a heading."""
        attrs = self._properties(node.find("w:pPr"))
        level = self.styles.level(attrs.get("style", ""))
        if level:
            attrs["level"] = level
        pieces = joined([leaf.piece for leaf in self.leaves(node)])
        return Block("heading" if level else "paragraph", attrs, pieces=pieces, node=node)

    def _properties(self, properties: Node | None) -> dict[str, str]:
        attrs: dict[str, str] = {}
        if properties is None:
            return attrs
        rest = []
        for node in properties.elements:
            if node.name == "w:pStyle":
                attrs["style"] = node.attrs.get("w:val", "")
            elif node.name == "w:jc" and align_of(properties) and node.attrs.keys() == {"w:val"}:
                attrs["align"] = align_of(properties)
            elif node.name == "w:numPr" and value(node, "w:numId") and not node.find("w:ins"):
                attrs |= self._list(value(node, "w:numId"), value(node, "w:ilvl") or "0")
            else:
                rest.append(self.scan.source(node))
        if rest:
            attrs["props"] = self.fragments.note(b"".join(rest))
            self.looks[attrs["props"]] = properties
        return {key: found for key, found in attrs.items() if found}

    def _list(self, number: str, level: str) -> dict[str, str]:
        kind = self.styles.numberings.get(number, {}).get(int(level) if level.isdigit() else 0, "")
        counts = kind not in ("", "bullet", "none")
        return {"list": f"{number}/{level}", "numbered": "1" if counts else ""} if number != "0" else {"list": "0/0"}

    # -- tables --

    def _table(self, node: Node) -> Block:
        rows = [child for child in node.elements if child.name == "w:tr"]
        known = {"w:tr", *names.SKIPPED_BLOCKS}
        if any(child.name not in known for child in node.elements) or any(
            cell.name not in {"w:tc", "w:tblPrEx", *names.SKIPPED_BLOCKS} for row in rows for cell in row.elements
        ):
            return self._opaque(node)
        places = [self._places(row) for row in rows]
        blocks = []
        for index, row in enumerate(places):
            cells = []
            for column, (width, merge, cell) in row.items():
                if merge != "continue":
                    height = _height(places, index, column) if merge == "restart" else 1
                    attrs = {"colspan": str(width) if width > 1 else "", "rowspan": str(height) if height > 1 else ""}
                    shown = {key: found for key, found in attrs.items() if found}
                    cells.append(Block("table_cell", shown, self.blocks(cell), node=cell))
            blocks.append(Block("table_row", {}, cells, node=rows[index]))
        spans = any(cell.attrs for row in blocks for cell in row.children)
        style = value(node.find("w:tblPr"), "w:tblStyle")
        return Block(
            "table", {key: v for key, v in (("style", style), ("fixed", "1" if spans else "")) if v}, blocks, node=node
        )

    def _places(self, row: Node) -> dict[int, tuple[int, str, Node]]:
        """Column -> width, vertical merge and cell."""
        before = value(row.find("w:trPr"), "w:gridBefore")
        column, places = int(before) if before.isdigit() else 0, {}
        for cell in row.elements:
            if cell.name == "w:tc":
                properties = cell.find("w:tcPr")
                span = value(properties, "w:gridSpan")
                width = min(max(int(span), 1), 1000) if span.isdigit() else 1
                merged = properties.find("w:vMerge") if properties is not None else None
                merge = "" if merged is None else merged.attrs.get("w:val", "continue")
                places[column] = (width, merge, cell)
                column += width
        return places

    # -- paragraphs --

    def leaves(self, paragraph: Node) -> list[Leaf]:
        """Where the text of a paragraph is."""
        return list(self._inside(paragraph, Context()))

    def _inside(self, parent: Node, context: Context) -> Iterator[Leaf]:
        for child in parent.children:
            if isinstance(child, Text) or child.name[0] == "#" or child.name in names.MARKERS:
                continue
            if child.name == "w:r":
                yield from self._run(child, context)
            elif child.name in names.TRANSPARENT and (child.name != "w:fldSimple" or _link_of(child)):
                marks = self._link(child, context.marks)
                yield from self._inside(child, replace(context, wrappers=(*context.wrappers, child), marks=marks))
            else:
                yield self._atom(child, context)

    def _link(self, node: Node, marks: Marks) -> Marks:
        href = ""
        if node.name == "w:hyperlink":
            href = self.relations.get(node.attrs.get("r:id", ""), "")
            anchor = node.attrs.get("w:anchor", "")
            href = f"{href}#{anchor}" if anchor else href
        elif node.name == "w:fldSimple":
            href = _link_of(node)
        return with_mark(marks, LINK, href) if href else marks

    def _run(self, run: Node, around: Context) -> Iterator[Leaf]:
        marks = self.run_marks(run.find("w:rPr"), around.marks)
        context = replace(around, marks=marks, run=run)
        for child in run.children:
            if isinstance(child, Text) or child.name[0] == "#" or child.name in names.MARKERS:
                continue
            if child.name == "w:t":
                inner = [text for text in child.children if isinstance(text, Text)]
                if len(inner) == 1 and len(child.children) == 1:
                    yield self._text(child, inner[0], replace(context, holder=child))
            else:
                yield self._atom(child, context)

    def run_marks(self, properties: Node | None, marks: Marks) -> Marks:
        """The marks of a run: what people switch, and all its other properties by reference."""
        rest = []
        for node in properties.elements if properties is not None else ():
            mark = toggle(node)
            if mark is not None:
                marks = with_mark(marks, mark, "")
            else:
                rest.append(self.scan.source(node))
        if rest and properties is not None:
            reference = self.fragments.note(b"".join(rest))
            self.looks[reference] = properties
            marks = with_mark(marks, SPAN, reference)
        return marks

    def _text(self, holder: Node, text: Text, context: Context) -> Leaf:
        first, last = 0, len(text.value)
        if holder.attrs.get("xml:space") != "preserve":
            while first < last and text.value[first] in _BLANKS:
                first += 1
            while last > first and text.value[last - 1] in _BLANKS:
                last -= 1
        whole = first == 0 and last == len(text.value)
        return text_leaf(text, text.value[first:last], None if whole else (), context)

    def _atom(self, node: Node, context: Context) -> Leaf:
        return Leaf(self._piece(node), node.start, node.end, context)

    def _piece(self, node: Node) -> Piece:
        if node.name == "w:tab":
            return Piece(atom=TAB)
        if node.name in ("w:br", "w:cr"):
            kind = node.attrs.get("w:type", "textWrapping")
            if kind in ("page", "textWrapping") and not node.attrs.keys() - {"w:type"}:
                return Piece(atom=PAGE_BREAK if kind == "page" else HARD_BREAK)
        reference = self.note(node)
        image = self._image(node)
        if image is not None:
            return Piece(atom=IMAGE, attrs=tuple(sorted({**image, "ref": reference}.items())))
        words = "".join(found.text() for found in node.walk() if found.name in ("w:t", "w:delText", "m:t"))
        attrs = {"ref": reference, "label": names.LABELS.get(node.name, "unknown"), "text": short(words or node.text())}
        return Piece(atom=OPAQUE_INLINE, attrs=tuple(sorted((key, found) for key, found in attrs.items() if found)))

    def _image(self, node: Node) -> dict[str, str] | None:
        if node.name != "w:drawing":
            return None
        inner = {found.name: found for found in node.walk()}
        blip, extent, about = inner.get("a:blip"), inner.get("wp:extent"), inner.get("wp:docPr")
        target = self.images.get(blip.attrs.get("r:embed", ""), "") if blip is not None else ""
        if "pic:pic" not in inner or not target:
            return None
        found = {"part": target, "alt": short(about.attrs.get("descr", "")) if about is not None else ""}
        for key, name in (("width", "cx"), ("height", "cy")):
            size = extent.attrs.get(name, "") if extent is not None else ""
            found[key] = f"{int(size) / _EMU_PER_PT:.1f}pt" if size.isdigit() else ""
        return {key: value for key, value in found.items() if value}


def _height(places: list[dict[int, tuple[int, str, Node]]], row: int, column: int) -> int:
    height = 1
    while row + height < len(places) and places[row + height].get(column, (0, "", None))[1] == "continue":
        height += 1
    return height


def _link_of(node: Node) -> str:
    found = _FIELD_LINK.match(node.attrs.get("w:instr", ""))
    return "" if found is None else f"#{found[2]}" if found[1] else found[2]


def short(text: str) -> str:
    """What fits on a card."""
    text = " ".join(text.split())
    return text if len(text) <= _PREVIEW else text[: _PREVIEW - 1] + "…"
