"""Owns why rows, columns and sheets of an xlsx file cannot move: parts that name cells and are not rewritten here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from collab.formats.sheet.xlsx_package import Relation
from collab.formats.sheet.xlsx_sheet import Worksheet
from collab.formats.zipped.scan import Node

_BY_RELATION = {
    "drawing": "charts",
    "chartsheet": "charts",
    "pivotTable": "pivots",
    "queryTable": "tables",
    "table": "tables",
    "comments": "comments",
    "threadedComment": "comments",
    "vmlDrawing": "charts",
    "oleObject": "objects",
    "package": "objects",
    "control": "objects",
    "ctrlProp": "objects",
}
_BY_ELEMENT = {
    "x:protectedRanges": "protected",
    "x:sheetProtection": "protected",
    "x:scenarios": "scenarios",
    "x:autoFilter": "filters",
    "x:sortState": "filters",
    "x:dataConsolidate": "names",
    "x:conditionalFormatting": "conditions",
    "x:dataValidations": "validations",
    "x:hyperlinks": "links",
    "x:rowBreaks": "breaks",
    "x:colBreaks": "breaks",
    "x:customSheetViews": "views",
    "x:cellWatches": "watches",
    "x:ignoredErrors": "",
    "x:smartTags": "names",
    "x:oleObjects": "objects",
    "x:controls": "objects",
    "x:tableParts": "tables",
    "x:extLst": "extensions",
    "mc:AlternateContent": "objects",
}


@dataclass(slots=True)
class Surroundings:
    """What of a workbook names cells."""

    names: bool = False
    """There are defined names."""
    relations: list[Sequence[Relation]] = field(default_factory=list)
    """Of each worksheet."""
    unread: bool = False
    """There are formulas that are not understood."""
    others: str = ""
    """Another part of the workbook that names cells: charts on a sheet of their own, pivot caches, external links."""


def lock_of(sheet: Worksheet, number: int, around: Surroundings) -> str:
    """Why rows and columns of a sheet cannot move; empty when they can."""
    if sheet.odd:
        return "order"
    if around.others:
        return around.others
    if around.names:
        return "names"
    for relations in around.relations:
        # A chart of another sheet may show this one.
        if any(relation.kind == "drawing" for relation in relations):
            return "charts"
    for relation in around.relations[number]:
        if reason := _BY_RELATION.get(relation.kind, ""):
            return reason
    if sheet.arrays:
        return "arrays"
    if around.unread:
        return "formulas"
    return next((reason for node in sheet.root.elements if (reason := _reason(node))), "")


def _reason(node: Node) -> str:
    return _BY_ELEMENT.get(node.name, "")


def named_of(sheets: Sequence[Worksheet], around: Surroundings) -> str:
    """Why sheets cannot be renamed or deleted; empty when they can."""
    if around.others:
        return around.others
    if around.names:
        return "names"
    kinds = {relation.kind for relations in around.relations for relation in relations}
    if "drawing" in kinds:
        return "charts"
    if kinds & {"table", "queryTable", "pivotTable"}:
        return "tables"
    if around.unread:
        return "formulas"
    return next((_reason(node) or "names" for sheet in sheets for node in _with_sheet_names(sheet)), "")


def _with_sheet_names(sheet: Worksheet) -> Sequence[Node]:
    """Elements beside the cells in which a sheet may be named."""
    elements = (node for node in sheet.root.elements if node.name != "x:sheetData")
    return [node for node in elements if b"!" in sheet.scan.source(node)]
