"""Owns the vocabulary of WordprocessingML: namespaces, and which element is what; reads nothing."""

from __future__ import annotations

_TRANSITIONAL = "http://schemas.openxmlformats.org/"
_STRICT = "http://purl.oclc.org/ooxml/"
NAMES = {
    f"{_TRANSITIONAL}wordprocessingml/2006/main": "w",
    f"{_STRICT}wordprocessingml/main": "w",
    f"{_TRANSITIONAL}officeDocument/2006/relationships": "r",
    f"{_STRICT}officeDocument/relationships": "r",
    f"{_TRANSITIONAL}drawingml/2006/main": "a",
    f"{_STRICT}drawingml/main": "a",
    f"{_TRANSITIONAL}drawingml/2006/picture": "pic",
    f"{_STRICT}drawingml/picture": "pic",
    f"{_TRANSITIONAL}drawingml/2006/wordprocessingDrawing": "wp",
    f"{_STRICT}drawingml/wordprocessingDrawing": "wp",
    f"{_TRANSITIONAL}officeDocument/2006/math": "m",
    f"{_STRICT}officeDocument/math": "m",
    f"{_TRANSITIONAL}markup-compatibility/2006": "mc",
    "urn:schemas-microsoft-com:vml": "v",
    "http://www.w3.org/XML/1998/namespace": "xml",
}

RANGES = {
    f"w:{name}"
    for name in (
        "bookmarkStart bookmarkEnd commentRangeStart commentRangeEnd moveFromRangeStart moveFromRangeEnd "
        "moveToRangeStart moveToRangeEnd permStart permEnd customXmlInsRangeStart customXmlInsRangeEnd "
        "customXmlDelRangeStart customXmlDelRangeEnd customXmlMoveFromRangeStart customXmlMoveFromRangeEnd "
        "customXmlMoveToRangeStart customXmlMoveToRangeEnd"
    ).split()
}
SKIPPED_BLOCKS = RANGES | {
    "w:sectPr",
    "w:proofErr",
    "w:sdtPr",
    "w:sdtEndPr",
    "w:customXmlPr",
    "w:tcPr",
    "w:trPr",
    "w:tblPr",
    "w:tblGrid",
}
MARKERS = RANGES | {
    "w:pPr",
    "w:proofErr",
    "w:rPr",
    "w:sdtPr",
    "w:sdtEndPr",
    "w:customXmlPr",
    "w:smartTagPr",
    "w:lastRenderedPageBreak",
    "w:annotationRef",
    "w:fldChar",
    "w:instrText",
    "w:delInstrText",
}
TRANSPARENT = {
    "w:hyperlink",
    "w:ins",
    "w:smartTag",
    "w:sdt",
    "w:sdtContent",
    "w:customXml",
    "w:moveTo",
    "w:dir",
    "w:bdo",
    "w:fldSimple",
}
WRAPPING_BLOCKS = {"w:sdt", "w:customXml"}

LABELS = {
    "w:sdt": "contents",
    "w:del": "deleted text",
    "w:moveFrom": "moved text",
    "w:drawing": "drawing",
    "w:pict": "drawing",
    "w:object": "object",
    "mc:AlternateContent": "drawing",
    "m:oMath": "formula",
    "m:oMathPara": "formula",
    "w:footnoteReference": "note",
    "w:endnoteReference": "note",
    "w:commentReference": "comment",
    "w:fldSimple": "field",
    "w:tbl": "table",
    "w:altChunk": "embedded document",
    "w:sym": "symbol",
    "w:ruby": "ruby",
}
PARAGRAPH_ORDER = (
    "pStyle keepNext keepLines pageBreakBefore framePr widowControl numPr suppressLineNumbers pBdr shd tabs "
    "suppressAutoHyphens kinsoku wordWrap overflowPunct topLinePunct autoSpaceDE autoSpaceDN bidi adjustRightInd "
    "snapToGrid spacing ind contextualSpacing mirrorIndents suppressOverlap jc textDirection textAlignment "
    "textboxTightWrap outlineLvl divId cnfStyle rPr sectPr pPrChange"
).split()
RUN_ORDER = (
    "rStyle rFonts b bCs i iCs caps smallCaps strike dstrike outline shadow emboss imprint noProof snapToGrid vanish "
    "webHidden color spacing w kern position sz szCs highlight u effect bdr shd fitText vertAlign rtl cs em lang "
    "eastAsianLayout specVanish oMath rPrChange"
).split()
