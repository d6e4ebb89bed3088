"""Owns why rows, columns and sheets of an xlsx file cannot move: parts that name cells and are not rewritten here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from collab.formats.sheet.formula.parts import Ids
from collab.formats.sheet.xlsx_charts import ALL
from collab.formats.sheet.xlsx_package import Relation
from collab.formats.sheet.xlsx_ranges import is_understood
from collab.formats.sheet.xlsx_sheet import Worksheet

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
    "x:ignoredErrors": "conditions",
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
    """There are defined names that cannot be moved along."""
    ids: Ids | None = None
    """Of the file."""
    relations: list[Sequence[Relation]] = field(default_factory=list)
    """Of each worksheet."""
    shown: frozenset[str] = frozenset()
    """Folded names of the sheets that charts and shapes show; `*` for all."""
    tabs: Sequence[str] = ()
    """The names of the worksheets."""
    elsewhere: str = ""
    """Something that is not understood on any sheet names a sheet."""
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
    if ALL in around.shown or around.tabs[number].casefold() in around.shown:
        return "charts"
    if around.elsewhere:
        return around.elsewhere
    for relation in around.relations[number]:
        if reason := _BY_RELATION.get(relation.kind, ""):
            return reason
    if sheet.arrays:
        return "arrays"
    if around.unread:
        return "formulas"
    return _elements_of(sheet, number, around)


def _elements_of(sheet: Worksheet, number: int, around: Surroundings) -> str:
    for node in sheet.root.elements:
        reason = _BY_ELEMENT.get(node.name, "")
        if reason and not (around.ids is not None and is_understood(node, number, around.ids)):
            return reason
    return ""


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
    return around.elsewhere


def elsewhere(sheets: Sequence[Worksheet], ids: Ids) -> str:
    """Why no sheet can be moved in: an element of any of them names a sheet and is not understood."""
    for number, sheet in enumerate(sheets):
        for node in sheet.root.elements:
            if node.name != "x:sheetData" and b"!" in sheet.scan.source(node) and not is_understood(node, number, ids):
                return _BY_ELEMENT.get(node.name, "") or "names"
    return ""
