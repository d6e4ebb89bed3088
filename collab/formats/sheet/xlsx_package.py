"""Owns how the parts of an xlsx package find each other: relationships and the main part; knows no cell."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from collab.errors import FormatError
from collab.formats.sheet.xlsx_names import NAMES
from collab.formats.zipped.package import Package
from collab.formats.zipped.scan import Node, Scan, scan
from collab.limits import Limits

NOT_A_SHEET = "This file is not a spreadsheet, so it cannot be edited here."


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship of a part: its kind without the address, the member that it means, and its target as written."""

    kind: str
    part: str
    target: str


def relations_path(part: str) -> str:
    """Where the relationships of a part are; those of the package for an empty name."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels") if part else "_rels/.rels"


def relations_of(package: Package, part: str, limits: Limits) -> dict[str, Relation]:
    """Relationship id -> relationship. Raises: FormatError, LimitExceeded."""
    path = relations_path(part)
    if path not in package:
        return {}
    found = {}
    for node in scan(package.read(path), limits, NAMES).root.elements:
        target, kind = node.attrs.get("Target", ""), node.attrs.get("Type", "").rpartition("/")[2]
        member = ""
        if node.attrs.get("TargetMode") != "External":
            member = posixpath.normpath(posixpath.join("/", posixpath.dirname(part), target)).lstrip("/")
        found[node.attrs.get("Id", "")] = Relation(kind, member, target)
    return found


def main_part(package: Package, limits: Limits) -> str:
    """The workbook's part. Raises: FormatError (not a workbook), LimitExceeded."""
    for relation in relations_of(package, "", limits).values():
        if relation.kind == "officeDocument" and relation.part in package:
            return relation.part
    raise FormatError("no main part", public=NOT_A_SHEET)


def root_of(package: Package, relations: Mapping[str, Relation], kind: str, limits: Limits) -> Scan | None:
    """The first related part of a kind, scanned; None when there is none. Raises: FormatError, LimitExceeded."""
    for relation in relations.values():
        if relation.kind == kind and relation.part in package:
            return scan(package.read(relation.part), limits, NAMES)
    return None


def prefix_of(content: bytes, node: Node) -> bytes:
    """The prefix that an element of a file is written with, colon included."""
    end = node.start + 1
    while content[end : end + 1] not in b" \t\r\n/>:":
        end += 1
    return content[node.start + 1 : end + 1] if content[end : end + 1] == b":" else b""


def is_true(value: str | None, default: bool = False) -> bool:
    """A boolean attribute."""
    return default if value is None else value in ("1", "true", "on")
