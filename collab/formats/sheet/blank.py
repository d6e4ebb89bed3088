"""Owns new, empty workbooks: what a file needs before anybody wrote in it. Knows no workbook that exists."""

from __future__ import annotations

from collab.formats.rich.blank import zipped

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMES = " ".join(
    f'xmlns:{prefix}="{_OASIS}{name}:1.0"'
    for prefix, name in (
        ("office", "office"),
        ("style", "style"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("number", "datastyle"),
        ("fo", "xsl-fo-compatible"),
        ("svg", "svg-compatible"),
    )
)
_MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_CALCEXT = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"
_ROWS, _COLUMNS = 100, 26


def blank_sheet(extension: str) -> bytes | None:
    """The bytes of a new workbook of this kind, None for other kinds."""
    return zipped(_ods()) if extension == "ods" else None


def _ods() -> dict[str, str]:
    head = (
        f'{_NAMES} xmlns:of="{_OASIS}of:1.2" xmlns:calcext="{_CALCEXT}" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.3"'
    )
    repeated = f'table:number-columns-repeated="{_COLUMNS}"'
    rows = f'<table:table-row table:number-rows-repeated="{_ROWS}"><table:table-cell {repeated}/></table:table-row>'
    table = f'<table:table table:name="Sheet1"><table:table-column {repeated}/>{rows}</table:table>'
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="{kind}"/>'
        for path, kind in (("/", _MIMETYPE), ("content.xml", "text/xml"), ("styles.xml", "text/xml"))
    )
    return {
        "mimetype": _MIMETYPE,
        "content.xml": f"{_XML}<office:document-content {head}><office:automatic-styles/><office:body>"
        f"<office:spreadsheet>{table}</office:spreadsheet></office:body></office:document-content>",
        "styles.xml": f"{_XML}<office:document-styles {head}>{_styles()}</office:document-styles>",
        "META-INF/manifest.xml": f'{_XML}<manifest:manifest xmlns:manifest="{_OASIS}manifest:1.0" '
        f'manifest:version="1.3">{entries}</manifest:manifest>',
    }


def _styles() -> str:
    return (
        '<office:font-face-decls><style:font-face style:name="Liberation Sans" '
        'svg:font-family="Liberation Sans"/></office:font-face-decls><office:styles>'
        '<style:default-style style:family="table-cell"><style:text-properties style:font-name="Liberation Sans" '
        'fo:font-size="10pt" fo:language="en" fo:country="US"/></style:default-style>'
        '<style:style style:name="Default" style:family="table-cell"/></office:styles>'
        '<office:automatic-styles><style:page-layout style:name="pm1"><style:page-layout-properties '
        'fo:page-width="21cm" fo:page-height="29.7cm" fo:margin-top="2cm" fo:margin-bottom="2cm" fo:margin-left="2cm" '
        'fo:margin-right="2cm"/></style:page-layout></office:automatic-styles><office:master-styles>'
        '<style:master-page style:name="Default" style:page-layout-name="pm1"/></office:master-styles>'
    )
