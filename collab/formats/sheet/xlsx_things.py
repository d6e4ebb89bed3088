"""Owns what stands over a sheet's cells: comments and drawings, as far as they are shown; writes nothing."""

from __future__ import annotations

from collections.abc import Mapping

from collab.errors import FormatError
from collab.formats.sheet.clean import clean_text
from collab.formats.sheet.model import Comment, Place, Sheet, Thing
from collab.formats.sheet.xlsx_names import NAMES, place_of
from collab.formats.sheet.xlsx_package import Relation, relations_of
from collab.formats.sheet.xlsx_sheet import text_of
from collab.formats.zipped.package import Package
from collab.formats.zipped.scan import Node, scan
from collab.limits import Limits

_ANCHORS = ("xdr:twoCellAnchor", "xdr:oneCellAnchor", "xdr:absoluteAnchor")
_UNITS_A_PIXEL = 9525
_MOST = 1_000
_LONGEST = 10_000


def add_things(package: Package, relations: Mapping[str, Relation], sheet: Sheet, limits: Limits) -> None:
    """Put comments and drawings into a sheet. A part that cannot be read is not shown, and kept."""
    for relation in relations.values():
        if relation.part not in package or relation.kind not in ("comments", "drawing"):
            continue
        try:
            root = scan(package.read(relation.part), limits, NAMES).root
            targets = relations_of(package, relation.part, limits)
        except FormatError:
            continue
        if relation.kind == "comments":
            sheet.comments.update(_comments(root))
        else:
            sheet.things += _things(root, targets, sheet)[: _MOST - len(sheet.things)]


def _comments(root: Node) -> dict[Place, Comment]:
    names, comments = root.find("x:authors"), root.find("x:commentList")
    authors = [node.text() for node in names.elements] if names is not None else []
    found = {}
    for node in comments.elements if comments is not None else ():
        place, text = place_of(node.attrs.get("ref", "")), node.find("x:text")
        number = node.attrs.get("authorId", "")
        author = authors[int(number)] if number.isdigit() and int(number) < len(authors) else ""
        if place is not None:
            words = clean_text(text_of(text))[:_LONGEST] if text is not None else ""
            found[place] = Comment(clean_text(author)[:200], words, "")
    return found


def _things(root: Node, targets: Mapping[str, Relation], sheet: Sheet) -> list[Thing]:
    bottom, right = max(0, sheet.rows - 1), max(0, sheet.cols - 1)
    found = []
    for anchor in root.walk():
        if anchor.name not in _ANCHORS or not sheet.rows or not sheet.cols:
            continue
        start = anchor.find("xdr:from")
        row, col = (_count(start, f"xdr:{key}") if start is not None else 0 for key in ("row", "col"))
        found.append(_thing(anchor, (min(row, bottom), min(col, right)), targets))
    return found


def _thing(anchor: Node, place: Place, targets: Mapping[str, Relation]) -> Thing:
    size, kind, label, href = anchor.find("xdr:ext"), "object", "", ""
    for node in anchor.walk():
        if node.name == "xdr:cNvPr" and not label:
            label = clean_text(node.attrs.get("descr") or node.attrs.get("name", ""))[:200]
        elif node.name == "a:graphicData" and "chart" in node.attrs.get("uri", ""):
            kind = "chart"
        elif node.name == "a:blip" and kind != "chart" and anchor.find("xdr:pic") is not None:
            kind = "image"
            target = targets.get(node.attrs.get("r:embed", ""))
            href = target.part if target is not None else ""
        elif node.name == "a:ext" and size is None and "cx" in node.attrs:
            size = node
    width, height = (_pixels(size.attrs.get(key, "")) if size is not None else 0 for key in ("cx", "cy"))
    return Thing(kind, place, width, height, label or {"chart": "Chart", "image": "Image"}.get(kind, "Object"), href)


def _count(node: Node, name: str) -> int:
    found = node.find(name)
    text = found.text().strip() if found is not None else ""
    return int(text) if text.isdigit() and len(text) < 9 else 0


def _pixels(text: str) -> float:
    return round(int(text) / _UNITS_A_PIXEL) if text.isdigit() and len(text) < 12 else 0
