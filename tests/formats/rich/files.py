"""Small documents that the tests make themselves: the parts of an odt, fodt and docx that matter."""

from __future__ import annotations

import io
import zipfile

_NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        ("office", "office"),
        ("style", "style"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("fo", "xsl-fo-compatible"),
        ("svg", "svg-compatible"),
    )
)
_STYLES = (
    '<style:style style:name="T1" style:family="text"><style:text-properties fo:font-weight="bold"/></style:style>'
    '<style:style style:name="T2" style:family="text"><style:text-properties fo:color="#ff0000"/></style:style>'
    '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Standard">'
    '<style:paragraph-properties fo:margin-left="1cm"/></style:style>'
)
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def zipped(parts: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return buffer.getvalue()


def odt_part(body: str) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document-content {_NAMES} xmlns:xlink='
        f'"http://www.w3.org/1999/xlink"><office:automatic-styles>{_STYLES}</office:automatic-styles>'
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )


def odt(body: str) -> bytes:
    """An odt with this as its text."""
    parts = {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": odt_part(body)}
    return zipped({**parts, "Configurations2/x.bin": "kept", "META-INF/manifest.xml": "<m/>"})


def docx(body: str) -> bytes:
    """A docx with this as its body."""
    relation = f'<Relationship Id="rId1" Type="{_R}/officeDocument" Target="word/document.xml"/>'
    relations = f'<Relationships xmlns="urn:relations">{relation}</Relationships>'
    document = f'<w:document xmlns:w="{_W}" xmlns:r="{_R}"><w:body>{body}<w:sectPr/></w:body></w:document>'
    return zipped({"[Content_Types].xml": "<Types/>", "_rels/.rels": relations, "word/document.xml": document})


def part(content: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return package.read(name).decode()
