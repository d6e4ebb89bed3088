"""Owns a rich file as exports need it: lists nested, and what its styles stand for; writes nothing.

Files say lists in two ways, as elements and as properties of paragraphs. Here both are elements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from collab.errors import FormatError, LimitExceeded
from collab.formats.rich.docx import DocxFile
from collab.formats.rich.docx_names import NAMES
from collab.formats.rich.model import OPAQUE_BLOCK, OPAQUE_INLINE, SECTION, SPAN, Block, Piece
from collab.formats.rich.odf import OdfFile
from collab.formats.rich.source import reference
from collab.formats.zipped.scan import Node, scan
from collab.limits import Limits

CODE, QUOTE, TITLE, RULE = "code", "quote", "title", "rule"
_ROLES = {
    CODE: {"preformatted text", "source text", "source code", "code", "html preformatted", "plain text", "html code"},
    QUOTE: {"quotations", "quote", "block quote", "block text", "intense quote"},
    TITLE: {"title"},
    RULE: {"horizontal line"},
}
NOTE, COMMENT = "note", "comment"
_CHAIN = 20
_DEEPEST_LIST = 9
_DEEPEST_HEADING = 6
_LEFT_OUT = {COMMENT, "contents", "index"}
"""What belongs to the page or to the work on it, and not to the text."""


@dataclass(frozen=True, slots=True)
class Body:
    """The blocks of a document. `role` tells what a style of paragraphs, or of characters, stands for."""

    blocks: Sequence[Block]
    role: Callable[[str], str] = lambda style: ""
    looks: Mapping[str, object] = field(default_factory=dict)
    part: Callable[[str], bytes | None] = lambda name: None
    """A picture within the file."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """Foot- and endnotes, by the references that stand for them."""

    def note(self, piece: Piece) -> str | None:
        """The text of a note; None for other things."""
        if piece.atom != OPAQUE_INLINE or piece.get("label") != NOTE:
            return None
        return self.notes.get(piece.get("ref"), piece.get("text"))


def read_body(format_name: str, content: bytes, limits: Limits) -> Body:
    """A file of a rich format. Raises: FormatError, LimitExceeded."""
    file = DocxFile(content, limits) if format_name == "docx" else OdfFile(content, limits)
    role = _docx_roles(file) if isinstance(file, DocxFile) else _odf_roles(file)
    package = file.package

    def part(name: str) -> bytes | None:
        try:
            return package.read(name) if package is not None and name in package else None
        except (FormatError, LimitExceeded):
            return None

    notes = _docx_notes(file, limits) if isinstance(file, DocxFile) else _odf_notes(file)
    return Body(nested(file.source.blocks), role, file.looks(), part, notes)


def _odf_notes(file: OdfFile) -> dict[str, str]:
    scanned, found = file.source.scan, {}
    for node in scanned.root.walk():
        if node.name == "text:note":
            body = node.find("text:note-body")
            found[reference(scanned.source(node))] = " ".join(_paragraphs(body)) if body is not None else ""
    return found


def _docx_notes(file: DocxFile, limits: Limits) -> dict[str, str]:
    texts: dict[tuple[str, str], str] = {}
    for kind in ("footnote", "endnote"):
        part = f"word/{kind}s.xml"
        root = scan(file.package.read(part), limits, NAMES).root if part in file.package else None
        for node in root.elements if root is not None else ():
            texts[kind, node.attrs.get("w:id", "")] = " ".join(_paragraphs(node)).strip()
    scanned, found = file.source.scan, {}
    for node in scanned.root.walk():
        kind = node.name.removeprefix("w:").removesuffix("Reference")
        if node.name in ("w:footnoteReference", "w:endnoteReference"):
            found[reference(scanned.source(node))] = texts.get((kind, node.attrs.get("w:id", "")), "")
    return found


def _paragraphs(node: Node) -> list[str]:
    """The texts of the paragraphs within an element, whatever else it is."""
    found = [one for one in node.walk() if one.name in ("text:p", "text:h", "w:p")]
    return [
        "".join(part.text() for part in one.walk() if part.name in ("w:t", "m:t")) if one.name == "w:p" else one.text()
        for one in found
    ]


def opaque_lines(block: Block) -> list[str]:
    """What a thing says that is only shown in the document."""
    lines = [line for line in _paragraphs(block.node) if line.strip()] if block.node is not None else []
    return lines or [block.attrs["preview"]] if lines or block.attrs.get("preview") else []


def _odf_roles(file: OdfFile) -> Callable[[str], str]:
    def names(style: str) -> list[str]:
        found: list[str] = []
        for family in ("paragraph", "text"):
            name = style
            while name and len(found) < _CHAIN:
                known = file.styles.get(family, name)
                found += [name.replace("_20_", " ").lower(), known.label.lower() if known else ""]
                name = known.parent if known else ""
        return found

    return lambda style: _role(names(style))


def _docx_roles(file: DocxFile) -> Callable[[str], str]:
    return lambda style: _role([one.label.lower() for one in file.styles.chain(style)][:_CHAIN])


def _role(names: Sequence[str]) -> str:
    return next((role for name in names for role, known in _ROLES.items() if name in known), "")


def nested(blocks: Sequence[Block]) -> list[Block]:
    """The same blocks, paragraphs of lists as lists; sections are only what is in them."""
    done: list[Block] = []
    open_lists: list[Block] = []
    for block in _flat(blocks):
        place = block.attrs.get("list", "")
        if not place or place == "0/0" or not block.is_text:
            open_lists = []
            done.append(block if block.is_text else _inside(block))
        else:
            open_lists = _put(done, open_lists, block, place)
    return done


def _flat(blocks: Sequence[Block]) -> list[Block]:
    """Without sections and what is left out."""
    kept = []
    for block in blocks:
        if block.kind == SECTION:
            kept += _flat(block.children)
        elif block.kind != OPAQUE_BLOCK or block.attrs.get("label") not in _LEFT_OUT:
            kept.append(block)
    return kept


def _inside(block: Block) -> Block:
    return Block(block.kind, block.attrs, nested(block.children), block.pieces)


def _put(done: list[Block], open_lists: list[Block], block: Block, place: str) -> list[Block]:
    """Add a paragraph to the list at its depth; the lists that are open then."""
    number, _, level = place.partition("/")
    depth = min(int(level), _DEEPEST_LIST) if level.isdecimal() else 0
    attrs = {"numbered": block.attrs.get("numbered", ""), "number": number}
    kept = open_lists[: depth + 1]
    if kept and len(kept) == depth + 1 and kept[-1].attrs != attrs:
        kept.pop()
    while len(kept) < depth + 1:
        made = Block("list", attrs)
        if kept:
            if not kept[-1].children:
                kept[-1].children.append(Block("list_item"))
            kept[-1].children[-1].children.append(made)
        else:
            done.append(made)
        kept.append(made)
    plain = {key: value for key, value in block.attrs.items() if key not in ("list", "numbered")}
    kept[-1].children.append(Block("list_item", children=[Block(block.kind, plain, pieces=block.pieces)]))
    return kept


def heading_level(block: Block) -> int:
    """1 to 6, whatever the file says."""
    level = block.attrs.get("level", "")
    return min(max(int(level), 1), _DEEPEST_HEADING) if level.isdecimal() else 1


def is_ordered(block: Block) -> bool:
    """Whether a list counts."""
    return bool(block.attrs.get("numbered") or block.attrs.get("ordered"))


def shown_text(piece: Piece) -> str:
    """What a field or another thing in a line shows of itself."""
    return "" if piece.get("label") in _LEFT_OUT else piece.get("text")


def marks_of(piece: Piece, role: Callable[[str], str]) -> dict[str, str]:
    """The marks of a piece; a style of characters that stands for code is one of its own."""
    marks = dict(piece.marks)
    spans = marks.pop(SPAN, "").split()
    if any(role(span) == CODE for span in spans):
        marks[CODE] = ""
    return marks
