"""Owns the vocabulary of OpenDocument text: namespaces, and which element is what; reads nothing."""

from __future__ import annotations

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
NAMES = {
    **{
        f"{_OASIS}{name}:1.0": name
        for name in ("office", "style", "text", "table", "meta", "chart", "form", "script", "animation", "database")
    },
    f"{_OASIS}drawing:1.0": "draw",
    f"{_OASIS}datastyle:1.0": "number",
    f"{_OASIS}xsl-fo-compatible:1.0": "fo",
    f"{_OASIS}svg-compatible:1.0": "svg",
    f"{_OASIS}dr3d:1.0": "dr3d",
    "http://www.w3.org/1999/xlink": "xlink",
    "http://www.w3.org/XML/1998/namespace": "xml",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://openoffice.org/2009/office": "officeooo",
    "urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0": "loext",
}
NAMESPACES = {prefix: namespace for namespace, prefix in NAMES.items()}

SKIPPED_BLOCKS = {
    f"text:{name}"
    for name in (
        "sequence-decls variable-decls user-field-decls dde-connection-decls tracked-changes change change-start "
        "change-end soft-page-break page-sequence alphabetical-index-auto-mark-file bookmark bookmark-start "
        "bookmark-end number"
    ).split()
} | {"office:forms", "table:calculation-settings", "table:content-validations", "office:event-listeners"}
"""Between blocks, and no person's business: they stay where they are."""

MARKERS = {
    f"text:{name}"
    for name in (
        "bookmark bookmark-start bookmark-end reference-mark reference-mark-start reference-mark-end change "
        "change-start change-end toc-mark toc-mark-start toc-mark-end alphabetical-index-mark "
        "alphabetical-index-mark-start alphabetical-index-mark-end user-index-mark user-index-mark-start "
        "user-index-mark-end soft-page-break number"
    ).split()
} | {"office:annotation-end", "office:event-listeners"}
"""Within paragraphs, and seen by nobody."""

FOR_OTHERS = MARKERS - {"text:soft-page-break", "text:number", "office:event-listeners"}
"""What moves on when its paragraph goes."""

TRANSPARENT = {"text:span", "text:a", "text:meta"}
ROWS = {"table:table-header-rows", "table:table-rows", "table:table-row-group"}

LABELS = {
    "text:note": "note",
    "office:annotation": "comment",
    "text:table-of-content": "contents",
    "text:illustration-index": "index",
    "text:table-index": "index",
    "text:object-index": "index",
    "text:user-index": "index",
    "text:alphabetical-index": "index",
    "text:bibliography": "bibliography",
    "text:ruby": "ruby",
    "draw:frame": "frame",
    "draw:custom-shape": "drawing",
    "draw:control": "form field",
    "draw:g": "drawing",
    "table:table": "table",
    "text:section": "section",
}


def label(name: str) -> str:
    """What a thing is called that is only shown."""
    if name in LABELS:
        return LABELS[name]
    if name.startswith("draw:") or name.startswith("dr3d:"):
        return "drawing"
    return "field" if name.startswith("text:") else "unknown"
