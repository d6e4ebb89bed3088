"""Rich documents as Markdown: what a CommonMark reader finds again is what stood in the document."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from collab.formats.exports.markdown_inline import Segment, inline
from collab.formats.exports.markdown_write import to_markdown
from collab.formats.exports.tree import Body, nested, read_body
from collab.formats.rich.model import HARD_BREAK, Block, Piece
from collab.limits import Limits
from tests.formats.rich.files import docx, odt

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_NAMES = {"strong": "strong", "em": "em", "s": "strike"}
_TAGS = {"strong": "strong", "em": "em", "s": "strike", "u": "underline", "sub": "sub", "sup": "sup"}


def of(*blocks: Block) -> str:
    return to_markdown(Body(nested(blocks)))


def paragraph(*pieces: Piece, **attrs: str) -> Block:
    return Block("paragraph", attrs, pieces=list(pieces))


def bullet(text: str, place: str) -> Block:
    return paragraph(Piece(text), list=place, numbered="")


def read(markdown: str) -> list[tuple[str, frozenset[str]]]:
    """Each character with its marks, as a reader of Markdown finds them; blanks have none."""
    found: list[tuple[str, frozenset[str]]] = []
    open_marks: list[str] = []
    for token in READER.parse(markdown)[1].children or ():
        name = token.type.partition("_")[0]
        if token.type in ("strong_open", "em_open", "s_open"):
            open_marks.append(_NAMES[name])
        elif token.type in ("strong_close", "em_close", "s_close"):
            open_marks.remove(_NAMES[name])
        elif token.type == "html_inline":
            tag = token.content.strip("</>")
            open_marks.remove(_TAGS[tag]) if token.content.startswith("</") else open_marks.append(_TAGS[tag])
        else:
            text = "\n" if token.type == "hardbreak" else token.content
            found += [(one, frozenset() if one.isspace() else frozenset(open_marks)) for one in text]
    return found


MARKS = st.sets(st.sampled_from(["strong", "em", "strike", "underline", "sub"])).map(
    lambda names: tuple(sorted((name, "") for name in names))
)
TEXTS = st.text(alphabet=st.sampled_from("ab1 *_~`[]()<>&#;\\!.-+|é漢\n"), min_size=1, max_size=5)


@given(st.lists(st.tuples(TEXTS, MARKS), min_size=1, max_size=6))
def test_a_reader_finds_every_character_with_its_marks(pieces: list[tuple[str, tuple[tuple[str, str], ...]]]) -> None:
    segments = [Segment(" ".join(f"x{text}".split(" ")), marks) for text, marks in pieces]
    wanted = [
        (one, frozenset() if one.isspace() else frozenset(name for name, _ in segment.marks))
        for segment in segments
        for one in segment.text
    ]

    written = inline([Segment("y"), *segments, Segment("z")])

    assert squeezed(read(written)) == squeezed([("y", frozenset()), *wanted, ("z", frozenset())]), written


def squeezed(found: list[tuple[str, frozenset[str]]]) -> list[tuple[str, frozenset[str]]]:
    """Readers take blanks at the ends of lines away."""
    return [one for one in found if one[0] != " "]


def test_headings_lists_and_links_are_written() -> None:
    link = Piece("here", (("link", "https://example.org/a b"),))

    text = of(
        Block("heading", {"level": "2"}, pieces=[Piece("One #")]),
        paragraph(Piece("See "), link),
        Block(
            "list",
            {"ordered": "1"},
            [
                Block(
                    "list_item",
                    children=[
                        paragraph(Piece("first")),
                        Block("list", {}, [Block("list_item", children=[paragraph(Piece("deep"))])]),
                    ],
                )
            ],
        ),
    )

    assert text == "## One \\#\n\nSee [here](https://example.org/a%20b)\n\n1. first\n\n   - deep\n"


def test_paragraphs_that_are_list_items_become_a_nested_list() -> None:
    text = of(bullet("a", "1/0"), bullet("b", "1/1"), bullet("c", "1/0"), paragraph(Piece("end")))

    assert text == "- a\n\n  - b\n- c\n\nend\n"


def test_two_lists_in_a_row_stay_two() -> None:
    tokens = READER.parse(of(bullet("a", "1/0"), bullet("b", "2/0")))

    assert [token.type for token in tokens].count("bullet_list_open") == 2


def test_what_begins_a_block_in_markdown_is_text() -> None:
    for text in (
        "# a",
        "- a",
        "+ a",
        "1. a",
        "12) a",
        "> a",
        "--- a",
        "===",
        "    a",
        "* a",
        "~~~",
        "```",
        "| a |",
        "<b>",
        "[a]: b",
    ):
        tokens = READER.parse(of(paragraph(Piece(text))))

        assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"], text
        assert "".join(child.content for child in tokens[1].children or ()) == text.strip(), text


def test_a_line_break_within_a_paragraph_is_one_in_markdown() -> None:
    text = of(paragraph(Piece("a"), Piece(atom=HARD_BREAK), Piece("- b")))

    assert text == "a\\\n\\- b\n"


def test_a_table_is_written_with_its_cells_escaped() -> None:
    cells = [Block("table_cell", children=[paragraph(Piece(text))]) for text in ("a|b", "c", "d", "e")]
    rows = [Block("table_row", children=cells[:2]), Block("table_row", children=cells[2:])]

    assert of(Block("table", children=rows)) == "| a\\|b | c |\n| --- | --- |\n| d | e |\n"


def test_a_link_that_could_run_something_is_only_text() -> None:
    for href in (
        "javascript:alert(1)",
        " java\tscript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//host/share",
    ):
        assert of(paragraph(Piece("x", (("link", href),)))) == "x\n", href


def test_notes_and_code_of_an_odt_are_found() -> None:
    note = (
        '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body>'
        f"<text:p>{'long ' * 60}end</text:p></text:note-body></text:note>"
    )
    content = odt(
        f"<text:p>Word{note} more</text:p>"
        '<text:p text:style-name="Preformatted_20_Text">a  =<text:s/>*1*</text:p>'
        '<text:p text:style-name="Preformatted_20_Text">b</text:p><text:p text:style-name="Quotations">said</text:p>'
    )

    text = to_markdown(read_body("odt", content, Limits()))

    assert text.startswith("Word[^1] more\n\n```\na = *1*\nb\n```\n\n> said\n\n[^1]: long ")
    assert text.endswith("long end\n")


def test_lists_and_marks_of_a_docx_are_found() -> None:
    run = "<w:r><w:rPr><w:b/></w:rPr><w:t>bold</w:t></w:r><w:r><w:t>thin</w:t></w:r>"
    item = '<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="7"/></w:numPr></w:pPr>'

    text = to_markdown(read_body("docx", docx(f"<w:p>{run}</w:p><w:p>{item}{run}</w:p>"), Limits()))

    assert text == "**bold**thin\n\n- **bold**thin\n"


def test_levels_and_depths_that_are_no_numbers_or_huge_do_no_harm() -> None:
    for level in ("", "0", "x", "²", "99999999999"):
        assert of(Block("heading", {"level": level}, pieces=[Piece("a")])).strip("# \n") == "a"
        assert of(bullet("a", f"1/{level}")).strip("- \n") == "a"
        cell = Block("table_cell", {"colspan": level}, [paragraph(Piece("a"))])
        assert of(Block("table", children=[Block("table_row", children=[cell])])).startswith("| a |")
