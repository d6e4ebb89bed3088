"""Owns the list of sheets in a workbook's parts: names, order, new and deleted ones, and what else its part says."""

from __future__ import annotations

import posixpath
import re

from collab.formats.sheet.model import Plan, SheetPlan
from collab.formats.sheet.xlsx_names import CONTENT_TYPES, NAMES
from collab.formats.sheet.xlsx_package import prefix_of, relations_path
from collab.formats.sheet.xlsx_read import Workbook
from collab.formats.sheet.xlsx_tags import closing, opened, with_attributes
from collab.formats.zipped.patch import Patch, apply_patches, refuse
from collab.formats.zipped.scan import Node, Scan, scan
from collab.limits import Limits

_WORKSHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_AFTER_CALC = (
    "oleSize customWorkbookViews pivotCaches smartTagPr smartTagTypes webPublishing fileRecoveryPr webPublishObjects "
    "extLst"
)


class TabWriter:
    """Collects what changes beside the sheets."""

    def __init__(self, workbook: Workbook, plan: Plan, limits: Limits) -> None:
        self._workbook = workbook
        self._plan = plan
        self._limits = limits
        self._new: dict[str, tuple[str, str]] = {}
        """Sheet id -> part and relationship id."""
        self._dropped: set[str] = set()
        self._emptied: dict[str, bytes] = {}
        self.compute_at_load = False
        self.patches: list[Patch] = []
        """Of the workbook's part, found by others."""
        kept = {sheet.source for sheet in plan.sheets}
        self._gone = [tab for number, tab in enumerate(workbook.tabs) if number not in kept]
        for tab in self._gone:
            self._delete(tab.sheet.part, tab.sheet.scan)

    @property
    def deletes(self) -> bool:
        """Whether a sheet goes."""
        return bool(self._gone)

    def drop(self, part: str) -> None:
        """Nothing refers to a part any more."""
        self._dropped.add(part)

    def _delete(self, part: str, source: Scan) -> None:
        """A deleted sheet's member stays in the package, without a cell in it."""
        self.drop(part)
        head = source.content[: source.root.start]
        tag = opened(source.tag(source.root))
        data = b"<" + prefix_of(source.content, source.root) + b"sheetData/>"
        self._emptied[part] = head + tag + data + closing(tag)

    def new_part(self, sheet: SheetPlan) -> tuple[str, bytes]:
        """Where a new sheet goes, and an empty one in the language of the others."""
        package = self._workbook.package
        folder = posixpath.join(posixpath.dirname(self._workbook.part), "worksheets")
        taken = {name.lower() for name in package.members} | {part.lower() for part, _ in self._new.values()}
        number = 1
        while posixpath.join(folder, f"sheet{number}.xml").lower() in taken:
            number += 1
        part = posixpath.join(folder, f"sheet{number}.xml")
        ids = {*self._workbook.relations, *(relation for _, relation in self._new.values())}
        count = 1
        while f"rId{count}" in ids:
            count += 1
        self._new[sheet.id] = (part, f"rId{count}")
        root = self._workbook.tabs[0].sheet.scan
        namespace = re.search(rb'"(http://[^"]*spreadsheetml/(?:2006/)?main)"', root.tag(root.root))
        if namespace is None:
            raise refuse("a worksheet without a namespace")
        head = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        return part, head + b'<worksheet xmlns="' + namespace[1] + b'"><dimension ref="A1"/><sheetData/></worksheet>'

    def written(self) -> dict[str, bytes]:
        """The changed parts: workbook, its relationships, content types, emptied sheets."""
        parts = dict(self._emptied)
        workbook = apply_patches(self._workbook.scan.content, self._workbook_patches())
        if workbook != self._workbook.scan.content:
            parts[self._workbook.part] = workbook
        if self._new or self._dropped:
            parts[CONTENT_TYPES] = self._content_types()
            path = relations_path(self._workbook.part)
            parts[path] = self._relations(scan(self._workbook.package.read(path), self._limits, NAMES))
        return parts

    # -- the workbook's part --

    def _workbook_patches(self) -> list[Patch]:
        found = self._workbook.scan
        sheets = found.root.find("x:sheets")
        if sheets is None:
            raise refuse("a workbook without sheets")
        items, order = self._sheet_elements(sheets)
        patches = []
        old = [found.source(node) for node in sheets.elements]
        if items != old:
            tag = opened(found.tag(sheets))
            patches.append(Patch(sheets.start, sheets.end, tag + b"".join(items) + closing(tag)))
        if order != list(range(len(old))):
            patches += self._places(order)
        if self.compute_at_load:
            patches.append(self._calculation())
        return [*patches, *self.patches]

    def _sheet_elements(self, sheets: Node) -> tuple[list[bytes], list[int | None]]:
        """The elements in their new order, and which old place each had."""
        found, nodes = self._workbook.scan, list(sheets.elements)
        tabs = [tab.node for tab in self._workbook.tabs]
        items: list[tuple[bytes, int | None]] = []
        for sheet in self._plan.sheets:
            if sheet.source is None:
                items.append((self._new_element(sheet, nodes), None))
                continue
            node, tab = tabs[sheet.source], self._workbook.tabs[sheet.source]
            values: dict[str, str | None] = {}
            if sheet.name != tab.name:
                values["name"] = sheet.name
            if sheet.hidden != tab.hidden:
                values["state"] = "hidden" if sheet.hidden else None
            items.append((with_attributes(found.source(node), values), _index(nodes, node)))
        for at, node in enumerate(nodes):
            if not any(node is tab for tab in tabs):
                items.insert(min(at, len(items)), (found.source(node), at))
        return [item for item, _ in items], [old for _, old in items]

    def _new_element(self, sheet: SheetPlan, nodes: list[Node]) -> bytes:
        numbers = [int(node.attrs.get("sheetId", "0")) for node in nodes if node.attrs.get("sheetId", "").isdigit()]
        number = max([0, *numbers]) + 1 + list(self._new).index(sheet.id)
        found = self._workbook.scan
        tag = b"<" + prefix_of(found.content, found.root) + b"sheet/>"
        values: dict[str, str | None] = {"name": sheet.name, "sheetId": str(number)}
        values["state"] = "hidden" if sheet.hidden else None
        values[self._relation_attribute(nodes)] = self._new[sheet.id][1]
        return with_attributes(tag, values)

    def _relation_attribute(self, nodes: list[Node]) -> str:
        for node in nodes:
            match = re.search(rb"\s([\w.-]+:id)\s*=", self._workbook.scan.source(node))
            if match is not None:
                return match[1].decode()
        raise refuse("a sheet without its part")

    def _places(self, order: list[int | None]) -> list[Patch]:
        """Sheets named by their place: the shown one, and the ones that names belong to."""
        found, patches = self._workbook.scan, []
        places = {old: new for new, old in enumerate(order) if old is not None}
        views = found.root.find("x:bookViews")
        tagged = [
            (node, key) for node in (views.elements if views is not None else ()) for key in ("activeTab", "firstSheet")
        ]
        for node in self._workbook.names:
            local = node.attrs.get("localSheetId", "")
            if local.isdigit() and int(local) not in places:
                # The name of a sheet that is gone goes with it.
                self.patches[:] = [patch for patch in self.patches if not node.start <= patch.start < node.end]
                patches.append(Patch(node.start, node.end, b""))
            else:
                tagged.append((node, "localSheetId"))
        by_node: dict[int, tuple[Node, dict[str, str | None]]] = {}
        for node, key in tagged:
            old = node.attrs.get(key, "")
            if old.isdigit():
                by_node.setdefault(node.start, (node, {}))[1][key] = str(places.get(int(old), 0))
        for node, values in by_node.values():
            tag = found.tag(node)
            patches.append(Patch(node.start, node.start + len(tag), with_attributes(tag, values)))
        return patches

    def _calculation(self) -> Patch:
        """The office computes when it opens the file: there is a formula whose value is not known."""
        found = self._workbook.scan
        node = found.root.find("x:calcPr")
        if node is not None:
            tag = found.tag(node)
            return Patch(node.start, node.start + len(tag), with_attributes(tag, {"fullCalcOnLoad": "1"}))
        later = {f"x:{name}" for name in _AFTER_CALC.split()}
        at = next((one.start for one in found.root.elements if one.name in later), found.root.inner_end)
        return Patch(at, at, b"<" + prefix_of(found.content, found.root) + b'calcPr fullCalcOnLoad="1"/>')

    # -- relationships and content types --

    def _relations(self, found: Scan) -> bytes:
        gone = {key for key, one in self._workbook.relations.items() if one.part in self._dropped}
        patches = [Patch(node.start, node.end, b"") for node in found.root.elements if node.attrs.get("Id") in gone]
        if self._new:
            kind = self._kind_of_worksheets(found)
            prefix = prefix_of(found.content, found.root)
            base = posixpath.dirname(self._workbook.part)
            items = [
                with_attributes(
                    b"<" + prefix + b"Relationship/>",
                    {"Id": relation, "Type": kind, "Target": posixpath.relpath(part, base or ".")},
                )
                for part, relation in self._new.values()
            ]
            patches.append(Patch(found.root.inner_end, found.root.inner_end, b"".join(items)))
        return apply_patches(found.content, patches)

    def _kind_of_worksheets(self, found: Scan) -> str:
        kinds = (node.attrs.get("Type", "") for node in found.root.elements)
        return next(kind for kind in kinds if kind.endswith("/worksheet"))

    def _content_types(self) -> bytes:
        found = scan(self._workbook.package.read(CONTENT_TYPES), self._limits, NAMES)
        names = {f"/{part}".lower() for part in self._dropped}
        patches = [
            Patch(node.start, node.end, b"")
            for node in found.root.elements
            if node.name == "ct:Override" and node.attrs.get("PartName", "").lower() in names
        ]
        prefix = prefix_of(found.content, found.root)
        items = [
            with_attributes(b"<" + prefix + b"Override/>", {"PartName": f"/{part}", "ContentType": _WORKSHEET_TYPE})
            for part, _ in self._new.values()
        ]
        patches.append(Patch(found.root.inner_end, found.root.inner_end, b"".join(items)))
        return apply_patches(found.content, [patch for patch in patches if patch.start != patch.end or patch.new])


def _index(nodes: list[Node], wanted: Node) -> int:
    return next(at for at, node in enumerate(nodes) if node is wanted)
