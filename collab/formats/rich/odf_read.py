"""Owns reading the body of an OpenDocument text: elements to blocks, paragraphs to leaves; writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from collab.formats.rich import odf_names as names
from collab.formats.rich.leaves import Context, Leaf, text_leaf
from collab.formats.rich.model import (
    HARD_BREAK,
    IMAGE,
    LINK,
    OPAQUE_BLOCK,
    OPAQUE_INLINE,
    SPAN,
    TAB,
    TOGGLES,
    Block,
    Marks,
    Piece,
    joined,
)
from collab.formats.rich.odf_styles import ALIGNED, Styles
from collab.formats.rich.source import Fragments
from collab.formats.zipped.scan import Node, Scan, Text

_BLANKS = " \t\n\r"
_PREVIEW = 200
_SPACES_MAX = 10_000
_WRITTEN_LISTS = {"LFbullet": "", "LFnumber": "1"}


class OdfReader:
    """Reads one part."""

    def __init__(self, scan: Scan, styles: Styles, fragments: Fragments) -> None:
        self.scan = scan
        self.styles = styles
        self.fragments = fragments
        self._toggles: dict[str, tuple[dict[str, bool], bool]] = {}

    def blocks(self, parent: Node, lists: tuple[str, int] = ("", 0)) -> list[Block]:
        """The blocks of a body, a cell, a section or a list item."""
        return [block for node in parent.elements if (block := self._block(node, lists)) is not None]

    def _block(self, node: Node, lists: tuple[str, int]) -> Block | None:
        name = node.name
        if name in ("text:p", "text:h"):
            return self.text_block(node)
        if name in names.SKIPPED_BLOCKS:
            return None
        if name == "text:list":
            return self._list(node, lists)
        if name == "table:table":
            return self._table(node)
        if name == "text:section" and node.attrs.get("text:protected") != "true" and node.inner_start >= 0:
            around = self.fragments.note_around(self.scan.content, node, node)
            return Block("section", {"ref": around}, self.blocks(node, lists), node=node)
        return self._opaque(node)

    def _opaque(self, node: Node) -> Block:
        attrs = {"ref": self._note(node), "label": names.label(node.name), "preview": _preview(node)}
        return Block(OPAQUE_BLOCK, attrs, node=node)

    def _note(self, node: Node) -> str:
        return self.fragments.note(self.scan.source(node))

    def text_block(self, node: Node) -> Block:
        """A paragraph or a heading."""
        attrs = self._style(node.attrs.get("text:style-name", ""))
        kind = "heading" if node.name == "text:h" else "paragraph"
        if kind == "heading":
            attrs["level"] = node.attrs.get("text:outline-level", "1")
        return Block(kind, attrs, pieces=joined([leaf.piece for leaf in self.leaves(node)]), node=node)

    def _style(self, name: str) -> dict[str, str]:
        written = ALIGNED.match(name)
        if written and (self.styles.get("paragraph", name) is not None):
            return {"style": written[1], "align": written[2]}
        return {"style": name} if name else {}

    def _list(self, node: Node, lists: tuple[str, int]) -> Block:
        own = node.attrs.get("text:style-name", "")
        style, level = own or lists[0], lists[1] + 1
        items = []
        for child in node.elements:
            if child.name in ("text:list-item", "text:list-header"):
                attrs = {"header": "1"} if child.name == "text:list-header" else {}
                items.append(Block("list_item", attrs, self.blocks(child, (style, level)), node=child))
        counts = self.styles.lists.get(style, {}).get(level, False)
        attrs = {"ordered": _WRITTEN_LISTS[own]} if own in _WRITTEN_LISTS else {"style": own}
        attrs["numbered"] = "1" if counts else ""
        return Block("list", {key: value for key, value in attrs.items() if value}, items, node=node)

    # -- tables --

    def _table(self, node: Node) -> Block:
        rows = []
        for row in _rows(node):
            cells = [cell for cell in row.elements if cell.name in ("table:table-cell", "table:covered-table-cell")]
            if _repeats(row, "rows") or any(_repeats(cell, "columns") for cell in cells):
                return self._opaque(node)
            shown = [self._cell(cell) for cell in cells if cell.name == "table:table-cell"]
            rows.append(Block("table_row", {}, shown, node=row))
        spans = any(cell.attrs.keys() & {"colspan", "rowspan"} for row in rows for cell in row.children)
        attrs = {"style": node.attrs.get("table:style-name", ""), "fixed": "1" if spans else ""}
        return Block("table", {key: value for key, value in attrs.items() if value}, rows, node=node)

    def _cell(self, node: Node) -> Block:
        spans = {
            key: value
            for key, name in (("colspan", "columns"), ("rowspan", "rows"))
            if (value := node.attrs.get(f"table:number-{name}-spanned", "1")).isdigit() and int(value) > 1
        }
        return Block("table_cell", spans, self.blocks(node), node=node)

    # -- paragraphs --

    def leaves(self, paragraph: Node) -> list[Leaf]:
        """Where the text of a paragraph is."""
        return list(_Paragraph(self).read(paragraph))

    def toggles(self, style: str) -> tuple[dict[str, bool], bool]:
        """What a text style switches, and whether it does more."""
        if style not in self._toggles:
            self._toggles[style] = self.styles.toggles(style)
        return self._toggles[style]

    def marks_within(self, marks: Marks, node: Node) -> Marks:
        """The marks inside a span or a link that stands in text with these marks."""
        if node.name == "text:a":
            href = node.attrs.get("xlink:href", "")
            return with_mark(marks, LINK, href) if href else marks
        style = node.attrs.get("text:style-name", "")
        return self.marks_of_style(marks, style) if node.name == "text:span" and style else marks

    def marks_of_style(self, marks: Marks, style: str) -> Marks:
        """The marks of text in a text style within text with these marks."""
        switched, more = self.toggles(style)
        for name, is_on in switched.items():
            marks = with_mark(marks, name, "" if is_on else None)
        if more:
            outer = dict(marks).get(SPAN, "")
            marks = with_mark(marks, SPAN, f"{outer} {style}".strip())
        return marks


def with_mark(marks: Marks, name: str, value: str | None) -> Marks:
    """The marks with one set, or taken away with None."""
    changed = dict(marks)
    if value is None:
        changed.pop(name, None)
    else:
        changed[name] = value
    return tuple(sorted(changed.items()))


def toggles_of(marks: Marks) -> set[str]:
    """Those that are on."""
    return {name for name, _ in marks if name in TOGGLES}


@dataclass
class _Paragraph:
    reader: OdfReader
    blank: bool = True
    """Whether a blank that comes now is left out (ODF 1.3, part 3, 6.1.2)."""

    def read(self, paragraph: Node) -> Iterator[Leaf]:
        yield from self._inside(paragraph, Context())

    def _inside(self, parent: Node, context: Context) -> Iterator[Leaf]:
        for child in parent.children:
            if isinstance(child, Text):
                yield self._text(child, context)
            elif child.name in names.TRANSPARENT:
                marks = self.reader.marks_within(context.marks, child)
                yield from self._inside(child, replace(context, wrappers=(*context.wrappers, child), marks=marks))
            elif child.name[0] != "#" and child.name not in names.MARKERS:
                yield self._atom(child, context)

    def _text(self, text: Text, context: Context) -> Leaf:
        kept = []
        for index, character in enumerate(text.value):
            blank = character in _BLANKS
            if not (blank and self.blank):
                kept.append(index)
            self.blank = blank
        value = "".join(" " if text.value[index] in _BLANKS else text.value[index] for index in kept)
        return text_leaf(text, value, tuple(kept), context)

    def _atom(self, node: Node, context: Context) -> Leaf:
        self.blank = False
        if node.name == "text:s":
            count = node.attrs.get("text:c", "1")
            spaces = min(int(count), _SPACES_MAX) if count.isdigit() else 1
            return Leaf(Piece(" " * spaces, context.marks), node.start, node.end, context)
        return Leaf(self._piece(node), node.start, node.end, context)

    def _piece(self, node: Node) -> Piece:
        if node.name in ("text:tab", "text:line-break") and not list(node.elements):
            return Piece(atom=TAB if node.name == "text:tab" else HARD_BREAK)
        reference = self.reader._note(node)
        image = _image(node)
        if image is not None:
            return Piece(atom=IMAGE, attrs=tuple(sorted({**image, "ref": reference}.items())))
        label = names.label(node.name)
        text = node.text()
        if label == "note" and (citation := node.find("text:note-citation")) is not None:
            text = f"{citation.text()} {_body(node, 'text:note-body')}"
        if label == "comment":
            words = " ".join(child.text() for child in node.elements if child.name in ("text:p", "text:list"))
            text = f"{_body(node, 'dc:creator')}: {words}"
        attrs = {"ref": reference, "label": label, "text": _short(text)}
        return Piece(atom=OPAQUE_INLINE, attrs=tuple(sorted((k, v) for k, v in attrs.items() if v)))


def _body(node: Node, name: str) -> str:
    found = node.find(name)
    return found.text() if found is not None else ""


def _image(node: Node) -> dict[str, str] | None:
    if node.name != "draw:frame":
        return None
    shown = [child for child in node.elements if child.name.startswith("draw:")]
    if not shown or any(child.name != "draw:image" for child in shown):
        return None
    href = shown[0].attrs.get("xlink:href", "").removeprefix("./")
    found = {
        "part": href if href and ":" not in href and ".." not in href else "",
        "width": node.attrs.get("svg:width", ""),
        "height": node.attrs.get("svg:height", ""),
        "alt": _short(_body(node, "svg:title") or _body(node, "svg:desc")),
    }
    return {key: value for key, value in found.items() if value}


def _rows(node: Node) -> Iterator[Node]:
    for child in node.elements:
        if child.name == "table:table-row":
            yield child
        elif child.name in names.ROWS:
            yield from _rows(child)


def _repeats(node: Node, what: str) -> bool:
    return node.attrs.get(f"table:number-{what}-repeated", "1") != "1"


def _preview(node: Node) -> str:
    return _short(" ".join(found.text() for found in node.walk() if found.name in ("text:p", "text:h")) or node.text())


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _PREVIEW else text[: _PREVIEW - 1] + "…"


def columns(rows: Sequence[Block]) -> int:
    """How many columns a table has."""
    return max((sum(int(cell.attrs.get("colspan", "1")) for cell in row.children) for row in rows), default=0)
