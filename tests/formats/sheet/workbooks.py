"""Small xlsx workbooks that the tests make."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><color rgb="FFFF0000"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf fontId="0"/><xf fontId="1"/><xf fontId="0" numFmtId="14" applyNumberFormat="1"/></cellXfs>'
    "</styleSheet>"
)


def worksheet(rows: str, before: str = "", after: str = "") -> str:
    """A worksheet with these rows."""
    return f'<worksheet xmlns="{MAIN}" xmlns:r="{RELATIONS}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'


def workbook(
    sheets: Mapping[str, str],
    *,
    strings: str = "",
    chain: str = "",
    extra: str = "",
    others: Mapping[str, str] | None = None,
) -> bytes:
    """A package of worksheets by their names; `extra` goes into the workbook's part, `others` are further members."""
    parts = {"xl/styles.xml": STYLES}
    relations = [("styles", "styles.xml")]
    types = [("xl/workbook.xml", "sheet.main"), ("xl/styles.xml", "styles")]
    if strings:
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{strings}</sst>'
        relations.append(("sharedStrings", "sharedStrings.xml"))
        types.append(("xl/sharedStrings.xml", "sharedStrings"))
    if chain:
        parts["xl/calcChain.xml"] = f'<calcChain xmlns="{MAIN}">{chain}</calcChain>'
        relations.append(("calcChain", "calcChain.xml"))
        types.append(("xl/calcChain.xml", "calcChain"))
    tabs = ""
    for number, (name, content) in enumerate(sheets.items(), start=1):
        parts[f"xl/worksheets/sheet{number}.xml"] = content
        types.append((f"xl/worksheets/sheet{number}.xml", "worksheet"))
        tabs += f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>'
    ids = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)] + relations
    parts["xl/workbook.xml"] = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{tabs}</sheets>{extra}</workbook>'
    )
    parts["xl/_rels/workbook.xml.rels"] = relations_part(ids)
    parts["_rels/.rels"] = relations_part([("officeDocument", "xl/workbook.xml")])
    overrides = "".join(f'<Override PartName="/{part}" ContentType="{_TYPE}.{kind}+xml"/>' for part, kind in types)
    parts["[Content_Types].xml"] = (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f"{overrides}</Types>"
    )
    return packed({**parts, **(others or {})})


def relations_part(items: list[tuple[str, str]]) -> str:
    """Relationships of these kinds and targets."""
    body = "".join(
        f'<Relationship Id="rId{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(items, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{body}</Relationships>'


def packed(parts: Mapping[str, str]) -> bytes:
    """A zip file of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(zipfile.ZipInfo(name), HEAD + text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def part(content: bytes, name: str) -> str:
    """A member as text."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return package.read(name).decode("utf-8")


def changed_parts(before: bytes, after: bytes) -> set[str]:
    """Names of the members that differ."""
    with zipfile.ZipFile(io.BytesIO(before)) as old, zipfile.ZipFile(io.BytesIO(after)) as new:
        names = {*old.namelist(), *new.namelist()}
        both = {*old.namelist()} & {*new.namelist()}
        return {name for name in names if name not in both or old.read(name) != new.read(name)}
