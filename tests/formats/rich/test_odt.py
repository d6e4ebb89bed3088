"""Laws of odt: what nobody touched keeps its bytes, and an edit is written where it was made."""

from __future__ import annotations

import pytest

from collab.document import STATE, Kind
from collab.errors import FormatError
from collab.formats.base import READ_ONLY
from collab.formats.rich.format import BODY
from collab.xmltree import Element, Run, read_tree
from tests.formats.rich.files import odt, odt_part, part, zipped
from tests.formats.rich.live import edited, format_of, opened, saved, text_blocks, type_letter

ODT = format_of("odt")
BODIES = [
    "<text:p>plain</text:p>",
    '<text:h text:outline-level="2">A <text:span text:style-name="T1">bold</text:span> heading</text:h><text:p/>',
    '<text:p>a<text:s text:c="3"/>b<text:tab/>c<text:line-break/>d &amp; e<text:bookmark text:name="x"/></text:p>',
    '<text:list text:style-name="L1"><text:list-item><text:p>one</text:p></text:list-item></text:list>',
    '<table:table table:name="t"><table:table-column/><table:table-row><table:table-cell><text:p>cell</text:p>'
    "</table:table-cell></table:table-row></table:table><text:p>after</text:p>",
    '<text:p>a <text:note text:id="f"><text:note-citation>1</text:note-citation><text:note-body><text:p>note</text:p>'
    "</text:note-body></text:note> b</text:p>",
    "<text:tracked-changes/><text:p>x<![CDATA[y<]]>z</text:p><text:table-of-content><text:p>toc</text:p>"
    "</text:table-of-content>",
]


def content_after(body: str, change: object) -> str:
    """The text of the part's body after an edit."""
    content = saved(odt(body), "odt", change)  # type: ignore[arg-type]
    return part(content, "content.xml").partition("<office:text>")[2].partition("</office:text>")[0]


@pytest.mark.parametrize("body", BODIES)
def test_a_file_that_nobody_touched_keeps_its_bytes(body: str) -> None:
    content = odt(body)

    assert ODT.encode(opened(content, "odt"), content) == content


@pytest.mark.parametrize("body", BODIES)
def test_a_letter_and_its_undoing_leave_the_bytes_alone(body: str) -> None:
    content = odt(body)
    document = opened(content, "odt")
    before = read_tree(document, BODY)

    edited(document, lambda blocks: type_letter(text_blocks(blocks)[0]))
    assert ODT.encode(document, content) != content
    edited(document, lambda blocks: blocks.__setitem__(slice(None), before))

    assert ODT.encode(document, content) == content


def test_a_letter_in_a_span_changes_the_span_alone() -> None:
    body = '<text:p>a <text:bookmark text:name="x"/><text:span text:style-name="T2">red</text:span> z</text:p>'

    def change(blocks: list[Element]) -> None:
        blocks[0].children[1] = Run("reqd", {"span": {"name": "T2"}})

    assert content_after(body, change) == body.replace("red<", "reqd<")


def test_a_bold_word_gets_an_automatic_style_once() -> None:
    body = "<text:p>one two three</text:p><text:p>four five</text:p>"

    def change(blocks: list[Element]) -> None:
        blocks[0].children[:] = [Run("one "), Run("two", {"strong": {}}), Run(" three")]
        blocks[1].children[:] = [Run("four", {"strong": {}}), Run(" five")]

    content = saved(odt(body), "odt", change)
    written = part(content, "content.xml")
    assert '<text:p>one <text:span text:style-name="LF_strong1">two</text:span> three</text:p>' in written
    assert written.count('style:name="LF_strong1"') == 1
    assert ODT.encode(opened(content, "odt"), content) == content


def test_the_second_save_of_the_same_document_changes_nothing_more() -> None:
    content = odt(BODIES[1])
    document = edited(opened(content, "odt"), lambda blocks: blocks[0].children.append(Run("x", {"em": {}})))

    once = ODT.encode(document, content)

    assert ODT.encode(document, once) == once


def test_blanks_are_written_so_that_they_count() -> None:
    def change(blocks: list[Element]) -> None:
        blocks[0].children[:] = [Run("  a   b ")]

    assert (
        content_after("<text:p>a b</text:p>", change)
        == ('<text:p><text:s text:c="2"/>a<text:s text:c="3"/>b </text:p>')
        or text_of_after("<text:p>a b</text:p>", change) == "  a   b "
    )


def text_of_after(body: str, change: object) -> str:
    content = saved(odt(body), "odt", change)  # type: ignore[arg-type]
    (block,) = read_tree(opened(content, "odt"), BODY)
    return "".join(child.text for child in block.children if isinstance(child, Run))


def test_a_deleted_first_word_does_not_take_the_blank_behind_it() -> None:
    def change(blocks: list[Element]) -> None:
        blocks[0].children[:] = [Run(" b")]

    assert text_of_after("<text:p>a b</text:p>", change) == " b"


def test_a_block_that_goes_takes_only_its_own_bytes() -> None:
    body = "<text:p>a</text:p>\n<text:p>b</text:p> <text:p>c</text:p>"

    assert content_after(body, lambda blocks: blocks.pop(1)) == "<text:p>a</text:p>\n <text:p>c</text:p>"


def test_a_block_that_moves_keeps_its_bytes() -> None:
    body = '<text:p>a</text:p><text:p text:style-name="P1">b<text:bookmark text:name="x"/></text:p><text:p>c</text:p>'

    moved = content_after(body, lambda blocks: blocks.append(blocks.pop(1)))

    assert moved == (
        '<text:p>a</text:p><text:p>c</text:p><text:p text:style-name="P1">b<text:bookmark text:name="x"/></text:p>'
    )


def test_a_list_item_is_added_within_its_list() -> None:
    item = Element("list_item", {}, [Element("paragraph", {}, [Run("two")])])

    written = content_after(BODIES[3], lambda blocks: blocks[0].children.append(item))

    assert written == BODIES[3].replace(
        "</text:list>", "<text:list-item><text:p>two</text:p></text:list-item></text:list>"
    )


def test_a_paragraph_becomes_a_heading_around_the_same_text() -> None:
    body = '<text:p text:style-name="P1">a<text:bookmark text:name="x"/></text:p>'

    def change(blocks: list[Element]) -> None:
        blocks[0] = Element("heading", {"level": 2, "style": "P1"}, blocks[0].children)

    written = content_after(body, change)
    assert written.startswith("<text:h ") and 'text:outline-level="2"' in written
    assert written.endswith('>a<text:bookmark text:name="x"/></text:h>')


def test_what_was_pasted_from_another_document_is_left_out() -> None:
    foreign = Element("opaque_inline", {"ref": "x0123456789abcdef0123", "label": "field"})

    assert (
        content_after("<text:p>a</text:p>", lambda blocks: blocks[0].children.append(foreign)) == "<text:p>a</text:p>"
    )


def test_an_opaque_thing_that_was_deleted_and_stored_comes_back_with_its_bytes() -> None:
    content = odt(BODIES[5])
    document = opened(content, "odt")
    before = read_tree(document, BODY)
    edited(document, lambda blocks: blocks[0].children.__setitem__(slice(None), [Run("a  b")]))
    stored = ODT.encode(document, content)
    assert "text:note" not in part(stored, "content.xml")

    edited(document, lambda blocks: blocks.__setitem__(slice(None), before))

    assert '<text:note text:id="f">' in part(ODT.encode(document, stored), "content.xml")


def test_an_unknown_element_of_another_schema_is_not_saved_away() -> None:
    content = odt(BODIES[0])
    document = edited(opened(content, "odt"), lambda blocks: blocks.append(Element("sticker")))

    with pytest.raises(FormatError):
        ODT.encode(document, content)


def test_a_flat_file_is_spliced_too() -> None:
    content = odt_part("<text:p>one</text:p>").encode().replace(b"office:document-content", b"office:document")

    assert saved(content, "odt", lambda blocks: type_letter(blocks[0])) == content.replace(b"one", b"oqne")


def test_a_signed_file_is_read_only() -> None:
    parts = {"content.xml": odt_part("<text:p>a</text:p>"), "META-INF/documentsignatures.xml": "<s/>"}
    content = zipped(parts)
    decoded = ODT.decode(content, ODT.limits, 7)

    assert decoded.kind is Kind.RICH
    assert decoded.facts[READ_ONLY] == "signed"
    assert opened(content, "odt").map_value(STATE, READ_ONLY) == "signed"
    with pytest.raises(FormatError):
        saved(content, "odt", lambda blocks: type_letter(blocks[0]))


def test_an_encrypted_file_is_refused_with_its_reason() -> None:
    manifest = '<m><e><manifest:encryption-data xmlns:manifest="x"/></e></m>'
    with pytest.raises(FormatError, match="encrypted"):
        ODT.decode(zipped({"content.xml": "garbage", "META-INF/manifest.xml": manifest}), ODT.limits, 7)


def test_a_merge_takes_their_block_and_keeps_mine() -> None:
    base, theirs = odt("<text:p>a</text:p><text:p>b</text:p>"), odt("<text:p>a</text:p><text:p>B</text:p>")
    document = edited(opened(base, "odt"), lambda blocks: type_letter(blocks[0]))

    merged = ODT.merge(base, theirs, document, "storage", 0)

    assert (merged.changes, merged.conflicts) == (1, ())
    assert [block.children for block in read_tree(document, BODY)] == [[Run("qa")], [Run("B")]]


def test_a_merge_of_the_same_block_keeps_both() -> None:
    base, theirs = odt("<text:p>a</text:p>"), odt("<text:p>theirs</text:p>")
    document = edited(opened(base, "odt"), lambda blocks: type_letter(blocks[0]))

    merged = ODT.merge(base, theirs, document, "storage", 0)

    assert len(merged.conflicts) == 1
    assert [block.children for block in read_tree(document, BODY)] == [[Run("qa")], [Run("theirs")]]


def test_a_merge_of_what_is_there_already_changes_nothing() -> None:
    base, theirs = odt("<text:p>a</text:p>"), odt("<text:p>qa</text:p>")
    document = edited(opened(base, "odt"), lambda blocks: type_letter(blocks[0]))
    vector = document.state_vector()

    assert ODT.merge(base, theirs, document, "storage", 0).changes == 0
    assert document.state_vector() == vector


def test_a_renewed_document_has_the_same_content() -> None:
    content = odt("".join(BODIES))
    fresh = ODT.renew(opened(content, "odt"), 9)

    assert ODT.encode(fresh, content) == content
