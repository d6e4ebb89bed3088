"""Rich documents as one web page: structure, escaped text, the pictures, and nothing that runs."""

from __future__ import annotations

import io
import zipfile
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from collab.formats.exports.html_write import to_html
from collab.formats.exports.tree import Body, read_body
from collab.formats.rich.model import OPAQUE_INLINE, Block, Piece
from collab.limits import Limits
from tests.formats.rich.files import docx, odt, odt_part

PNG = b"\x89PNG\r\n\x1a\n not really"
HARMLESS = {
    *("html", "head", "meta", "title", "style", "body", "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li"),
    *("table", "tr", "td", "pre", "blockquote", "hr", "br", "strong", "em", "u", "s", "sub", "sup", "code", "span"),
    *("a", "img", "section"),
}


class Tags(HTMLParser):
    """Notes all tags with their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.partition("</head>")[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def of(*blocks: Block) -> str:
    return to_html(Body(blocks), "t", 1000)


EVIL = st.sampled_from(
    ["<script>x</script>", '"onload="x', "javascript:x", "a&b", "]]>", "<!--", "plain", "'><img src=x onerror=y>"]
)


@given(EVIL, EVIL, EVIL, EVIL)
def test_nothing_of_a_document_is_ever_markup(text: str, href: str, note: str, style: str) -> None:
    field = Piece(atom=OPAQUE_INLINE, attrs=(("label", "note"), ("ref", "x"), ("text", note)))
    image = Piece(atom="image", attrs=(("alt", text), ("part", style), ("width", href)))
    marked = Piece(text, (("link", href), ("span", style), ("strong", "")))
    attrs = {"style": style, "align": href, "colspan": text, "level": text}
    cell = Block("table_cell", attrs, [Block("paragraph", attrs, pieces=[marked, field, image])])

    found = Tags(
        of(Block("heading", attrs, pieces=[marked]), Block("table", attrs, [Block("table_row", children=[cell])]))
    )

    assert {tag for tag, _ in found.tags} <= HARMLESS
    names = {name for _, attrs in found.tags for name in attrs}
    assert names <= {"href", "rel", "class", "id", "style", "alt", "src", "colspan", "rowspan"}
    assert all(not (attrs.get("href") or "#").startswith("javascript") for _, attrs in found.tags)
    assert text in found.text


def test_the_page_forbids_scripts_and_loading_for_whoever_opens_it() -> None:
    assert "default-src &#x27;none&#x27;" in of(Block("paragraph", pieces=[Piece("x")]))


def test_structure_and_marks_are_written() -> None:
    item = Block("list_item", children=[Block("paragraph", pieces=[Piece("a", (("em", ""), ("strong", "")))])])

    page = of(Block("heading", {"level": "9"}, pieces=[Piece("H")]), Block("list", {"ordered": "1"}, [item]))

    assert "<h6>H</h6>\n<ol>\n<li><p><em><strong>a</strong></em></p></li>\n</ol>" in page


def test_styles_look_as_in_the_file() -> None:
    page = to_html(read_body("odt", odt('<text:p text:style-name="P1">x</text:p>'), Limits()), "t", 1000)

    assert ".s0{margin-left:1cm}" in page
    assert '<p class="s0">x</p>' in page


def with_picture(name: str) -> bytes:
    image = f'<draw:image xlink:href="{name}"/><svg:title>cat</svg:title>'
    frame = f'<draw:frame svg:width="2cm" svg:height="1cm">{image}</draw:frame>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("content.xml", odt_part(f"<text:p>{frame}</text:p>"))
        package.writestr("Pictures/a.png", PNG)
    return buffer.getvalue()


def test_a_picture_is_in_the_page_itself() -> None:
    page = to_html(read_body("odt", with_picture("Pictures/a.png"), Limits()), "t", 1000)

    assert '<img alt="cat" style="width:2cm;height:1cm;" src="data:image/png;base64,iVBORw0K' in page


def test_a_picture_that_is_too_large_or_elsewhere_is_named() -> None:
    for name, most in (("Pictures/a.png", 5), ("https://example.org/a.png", 1000), ("Pictures/b.png", 1000)):
        page = to_html(read_body("odt", with_picture(name), Limits()), "t", most)

        assert '<span class="quiet">[cat]</span>' in page and "<img" not in page


def test_footnotes_of_a_docx_are_read_from_their_part() -> None:
    content = docx('<w:p><w:r><w:t>Word</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>')
    notes = (
        '<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:footnote w:id="2">'
        "<w:p><w:r><w:footnoteRef/></w:r><w:r><w:t>said below</w:t></w:r></w:p></w:footnote></w:footnotes>"
    )
    buffer = io.BytesIO(content)
    with zipfile.ZipFile(buffer, "a") as package:
        package.writestr("word/footnotes.xml", notes)

    page = to_html(read_body("docx", buffer.getvalue(), Limits()), "t", 1000)

    assert 'Word<sup id="ref-1"><a href="#note-1">1</a></sup>' in page
    assert "said below" in page
