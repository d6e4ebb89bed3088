"""Owns new, empty documents: what a file needs before anybody wrote in it. Knows no document that exists.

They are written here and not by a library, so that no library has to be there at run time, and a new file is the same
bytes every time.
"""

from __future__ import annotations

from collab.formats.zipped.records import END_OF_NOTHING, moved_end, write_member

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_ODF_NAMES = " ".join(
    f'xmlns:{prefix}="{_OASIS}{name}:1.0"'
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
_MIMETYPE = "application/vnd.oasis.opendocument.text"
_HEADING_PT = (20, 16, 14)
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml."
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def blank_file(extension: str) -> bytes | None:
    """The bytes of a new file of this kind, None for kinds that begin with no bytes."""
    if extension == "odt":
        return zipped(_odt())
    return zipped(_docx()) if extension == "docx" else None


def odt_with(body: str, styles: str, automatic: str) -> bytes:
    """An odt of which the body, further named styles and automatic styles are given, as XML."""
    parts = _odt()
    parts["content.xml"] = (
        parts["content.xml"]
        .replace("<office:automatic-styles/>", f"<office:automatic-styles>{automatic}</office:automatic-styles>")
        .replace('<text:p text:style-name="Standard"/>', body)
    )
    parts["styles.xml"] = parts["styles.xml"].replace("</office:styles>", f"{styles}</office:styles>")
    return zipped(parts)


def zipped(parts: dict[str, str]) -> bytes:
    """A zip of these parts, in their order."""
    body, directory = bytearray(), b""
    for name, content in parts.items():
        record, entry = write_member(name, content.encode(), len(body))
        body += record
        directory += entry
    return bytes(body) + directory + moved_end(END_OF_NOTHING, len(parts), len(body), len(directory))


def _odt() -> dict[str, str]:
    head = f'{_ODF_NAMES} xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.3"'
    body = '<office:body><office:text><text:p text:style-name="Standard"/></office:text></office:body>'
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="{kind}"/>'
        for path, kind in (("/", _MIMETYPE), ("content.xml", "text/xml"), ("styles.xml", "text/xml"))
    )
    return {
        "mimetype": _MIMETYPE,
        "content.xml": f"{_XML}<office:document-content {head}><office:automatic-styles/>{body}"
        "</office:document-content>",
        "styles.xml": f"{_XML}<office:document-styles {head}>{_odt_styles()}</office:document-styles>",
        "META-INF/manifest.xml": f'{_XML}<manifest:manifest xmlns:manifest="{_OASIS}manifest:1.0" '
        f'manifest:version="1.3">{entries}</manifest:manifest>',
    }


def _odt_styles() -> str:
    headings = "".join(
        f'<style:style style:name="Heading_20_{level}" style:display-name="Heading {level}" style:family="paragraph" '
        f'style:parent-style-name="Standard" style:next-style-name="Standard" style:default-outline-level="{level}">'
        '<style:paragraph-properties fo:margin-top="0.4cm" fo:margin-bottom="0.2cm" fo:keep-with-next="always"/>'
        f'<style:text-properties fo:font-size="{size}pt" fo:font-weight="bold"/></style:style>'
        for level, size in enumerate(_HEADING_PT, 1)
    )
    return (
        '<office:font-face-decls><style:font-face style:name="Liberation Serif" '
        'svg:font-family="Liberation Serif"/></office:font-face-decls><office:styles>'
        '<style:default-style style:family="paragraph"><style:paragraph-properties fo:line-height="115%"/>'
        '<style:text-properties style:font-name="Liberation Serif" fo:font-size="12pt" fo:language="en" '
        'fo:country="US"/></style:default-style>'
        '<style:style style:name="Standard" style:family="paragraph"><style:paragraph-properties '
        f'fo:margin-bottom="0.25cm"/></style:style>{headings}</office:styles><office:automatic-styles>'
        '<style:page-layout style:name="pm1"><style:page-layout-properties fo:page-width="21cm" '
        'fo:page-height="29.7cm" '
        'fo:margin-top="2cm" fo:margin-bottom="2cm" fo:margin-left="2cm" fo:margin-right="2cm"/></style:page-layout>'
        '</office:automatic-styles><office:master-styles><style:master-page style:name="Standard" '
        'style:page-layout-name="pm1"/></office:master-styles>'
    )


def _docx() -> dict[str, str]:
    page = (
        '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/>'
        '<w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134" w:header="709" w:footer="709" '
        'w:gutter="0"/>'
        "</w:sectPr>"
    )
    kinds = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{_WORD_TYPE}{kind}+xml"/>'
        for name, kind in (("document", "document.main"), ("styles", "styles"), ("numbering", "numbering"))
    )
    return {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{kinds}</Types>',
        "_rels/.rels": _relations({"officeDocument": "word/document.xml"}),
        "word/document.xml": f'{_XML}<w:document xmlns:w="{_W}"><w:body><w:p/>{page}</w:body></w:document>',
        "word/_rels/document.xml.rels": _relations({"styles": "styles.xml", "numbering": "numbering.xml"}),
        "word/styles.xml": f'{_XML}<w:styles xmlns:w="{_W}">{_docx_styles()}</w:styles>',
        "word/numbering.xml": f'{_XML}<w:numbering xmlns:w="{_W}">{_docx_numbering()}</w:numbering>',
    }


def _relations(targets: dict[str, str]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets.items(), 1)
    )
    return f'{_XML}<Relationships xmlns="{_PACKAGE}relationships">{rows}</Relationships>'


def _docx_styles() -> str:
    headings = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/>'
        '<w:basedOn w:val="Normal"/><w:next w:val="Normal"/><w:qFormat/><w:pPr><w:keepNext/>'
        f'<w:spacing w:before="240" w:after="120"/><w:outlineLvl w:val="{level - 1}"/></w:pPr>'
        f'<w:rPr><w:b/><w:sz w:val="{size * 2}"/></w:rPr></w:style>'
        for level, size in enumerate(_HEADING_PT, 1)
    )
    return (
        '<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Liberation Serif" w:hAnsi="Liberation Serif"/>'
        '<w:sz w:val="24"/></w:rPr></w:rPrDefault></w:docDefaults>'
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/>'
        f'<w:pPr><w:spacing w:after="140" w:line="276" w:lineRule="auto"/></w:pPr></w:style>{headings}'
    )


def _docx_numbering() -> str:
    kinds = (("bullet", "•"), ("decimal", "%{}."))
    abstract = "".join(
        f'<w:abstractNum w:abstractNumId="{number}">'
        + "".join(_level(depth, kind, text) for depth in range(9))
        + "</w:abstractNum>"
        for number, (kind, text) in enumerate(kinds)
    )
    numbers = "".join(f'<w:num w:numId="{n + 1}"><w:abstractNumId w:val="{n}"/></w:num>' for n in range(len(kinds)))
    return abstract + numbers


def _level(depth: int, kind: str, text: str) -> str:
    return (
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/>'
        f'<w:lvlText w:val="{text.format(depth + 1)}"/>'
        f'<w:lvlJc w:val="left"/><w:pPr><w:ind w:left="{720 * (depth + 1)}" w:hanging="360"/></w:pPr></w:lvl>'
    )
