"""Laws of docx: what nobody touched keeps its bytes, and an edit is written where it was made."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from collab.formats.rich.format import BODY
from collab.xmltree import Element, Run, read_tree
from tests.formats.rich.files import docx, part
from tests.formats.rich.live import edited, format_of, opened, saved, text_blocks, type_letter

DOCX = format_of("docx")
RUN = "<w:r><w:rPr><w:b/></w:rPr><w:t>bold</w:t></w:r>"
BODIES = [
    "<w:p><w:r><w:t>plain</w:t></w:r></w:p>",
    f'<w:p><w:pPr><w:pStyle w:val="H1"/><w:jc w:val="center"/></w:pPr><w:bookmarkStart w:id="1"/>{RUN}</w:p><w:p/>',
    '<w:p><w:r><w:t xml:space="preserve">a </w:t><w:tab/><w:br/><w:t>b</w:t></w:r><w:proofErr w:type="x"/></w:p>',
    f"<w:tbl><w:tblGrid><w:gridCol/></w:tblGrid><w:tr><w:tc><w:p>{RUN}</w:p></w:tc></w:tr></w:tbl><w:p/>",
    f"<w:sdt><w:sdtPr/><w:sdtContent><w:p>{RUN}</w:p></w:sdtContent></w:sdt><w:p/>",
    '<w:p><w:del w:id="1"><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins w:id="2"><w:r><w:t>new</w:t></w:r>'
    "</w:ins></w:p>",
]


def body_after(body: str, change: Callable[[list[Element]], object]) -> str:
    written = part(saved(docx(body), "docx", change), "word/document.xml")
    return written.partition("<w:body>")[2].partition("<w:sectPr/>")[0]


@pytest.mark.parametrize("body", BODIES)
def test_a_file_that_nobody_touched_keeps_its_bytes(body: str) -> None:
    content = docx(body)

    assert DOCX.encode(opened(content, "docx"), content) == content


@pytest.mark.parametrize("body", BODIES)
def test_a_letter_and_its_undoing_leave_the_bytes_alone(body: str) -> None:
    content = docx(body)
    document = opened(content, "docx")
    before = read_tree(document, BODY)

    edited(document, lambda blocks: type_letter(text_blocks(blocks)[0]))
    assert DOCX.encode(document, content) != content
    edited(document, lambda blocks: blocks.__setitem__(slice(None), before))

    assert DOCX.encode(document, content) == content


def test_a_letter_goes_into_the_text_of_its_run() -> None:
    expected = BODIES[1].replace("<w:t>bold", '<w:t xml:space="preserve">boqld')
    assert body_after(BODIES[1], lambda blocks: type_letter(blocks[0])) == expected


def test_a_bold_word_splits_its_run() -> None:
    def change(blocks: list[Element]) -> None:
        blocks[0].children[:] = [Run("pl"), Run("ai", {"strong": {}}), Run("n")]

    written = body_after(BODIES[0], change)
    assert '<w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">ai</w:t></w:r>' in written


def test_a_link_needs_no_other_part() -> None:
    def change(blocks: list[Element]) -> None:
        blocks[0].children.append(Run("site", {"link": {"href": "https://example.org/?a=1&b=2"}}))

    content = saved(docx(BODIES[0]), "docx", change)
    last = read_tree(opened(content, "docx"), BODY)[0].children[-1]
    assert isinstance(last, Run)
    assert last.marks == {"link": {"href": "https://example.org/?a=1&b=2"}}


def test_properties_that_are_not_ours_stay_when_the_alignment_changes() -> None:
    body = '<w:p><w:pPr><w:keepNext/><w:spacing w:after="9"/><w:rPr><w:lang w:val="x"/></w:rPr></w:pPr></w:p>'

    def change(blocks: list[Element]) -> None:
        blocks[0] = Element("paragraph", {**blocks[0].attrs, "align": "right"}, blocks[0].children)

    assert body_after(body, change) == body.replace("<w:rPr>", '<w:jc w:val="right"/><w:rPr>')


def test_range_ends_stay_when_their_paragraph_goes() -> None:
    body = f'<w:p><w:bookmarkStart w:id="7" w:name="n"/>{RUN}</w:p><w:p>{RUN}<w:bookmarkEnd w:id="7"/></w:p><w:p/>'

    written = body_after(body, lambda blocks: blocks.pop(1))

    assert written == f'<w:p><w:bookmarkStart w:id="7" w:name="n"/>{RUN}</w:p><w:bookmarkEnd w:id="7"/><w:p/>'


def test_a_content_control_that_goes_goes_as_a_whole() -> None:
    assert body_after(BODIES[4], lambda blocks: blocks.pop(0)) == "<w:p/>"


def test_a_new_row_is_a_row_of_the_same_table() -> None:
    def change(blocks: list[Element]) -> None:
        cell = Element("table_cell", {}, [Element("paragraph", {}, [Run("x")])])
        blocks[0].children.append(Element("table_row", {}, [cell]))

    content = saved(docx(BODIES[3]), "docx", change)
    assert part(content, "word/document.xml").count("<w:tr>") == 2
    assert DOCX.encode(opened(content, "docx"), content) == content
