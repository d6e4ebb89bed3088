"""Markdown and plain text as odt: what was written is what our own reader finds in the file."""

from __future__ import annotations

import pytest

from collab.formats.exports.markdown_read import CODE_STYLE, QUOTE_STYLE, markdown_blocks, markdown_page, plain_blocks
from collab.formats.exports.markdown_write import to_markdown
from collab.formats.exports.odt_write import to_odt
from collab.formats.exports.tree import read_body
from collab.formats.rich.model import Block
from collab.formats.rich.odf import OdfFile
from collab.limits import Limits

TEXT = """# One

Some *very* **strong** `code  x` and a [link](https://example.org/?a=1&b=2).
Two\\
lines, ~~gone~~, a & b < c.

- first
  1. deep
- [x] done

> said *so*

| a | b |
| --- | ---: |
| 1 | **2** |

```python
def f():
    return  "<x>"
```

***

3. three
4. four
"""


def blocks_of(text: str) -> list[Block]:
    return OdfFile(to_odt(markdown_blocks(text)), Limits()).source.blocks


def test_an_odt_of_markdown_reads_as_the_same_blocks() -> None:
    found = blocks_of(TEXT)

    assert [block.kind for block in found] == [
        *("heading", "paragraph", "list", "paragraph", "table"),
        *("paragraph", "paragraph", "paragraph", "list"),
    ]
    assert found[1].text == "Some very strong code  x and a link. Two\ufffclines, gone, a & b < c."
    assert [(p.text, p.marks) for p in found[1].pieces if p.marks] == [
        ("very", (("em", ""),)),
        ("strong", (("strong", ""),)),
        ("code  x", (("span", "Source_20_Text"),)),
        ("link", (("link", "https://example.org/?a=1&b=2"),)),
        ("gone", (("strike", ""),)),
    ]
    assert found[2].text == "first\ndeep\n☑ done"
    assert found[3].attrs["style"] == QUOTE_STYLE
    assert [block.text for block in found[5:7]] == ["def f():", '    return  "<x>"']
    assert {block.attrs["style"] for block in found[5:7]} == {CODE_STYLE}


def test_markdown_comes_back_from_the_odt_that_was_made_of_it() -> None:
    back = to_markdown(read_body("odt", to_odt(markdown_blocks(TEXT)), Limits()))

    again = to_markdown(read_body("odt", to_odt(markdown_blocks(back)), Limits()))

    assert again == back
    for part in ("# One", "*very* **strong** `code  x`", "- first", '    return  "<x>"\n```', "> said *so*", "---"):
        assert part in back, part


@pytest.mark.parametrize(
    "text", ["", "\n", "   ", "- ", "#", "|a|\n|-|", "> ", "```", "1. \n2. ", "\0\x01\ud83d", "*" * 5000, "> " * 300]
)
def test_any_text_gives_a_file_that_opens(text: str) -> None:
    blocks_of(text)
    OdfFile(to_odt(plain_blocks(text)), Limits())


def test_a_text_keeps_its_lines_and_blanks() -> None:
    found = OdfFile(to_odt(plain_blocks("a\tb\n\n  c   d \n")), Limits()).source.blocks

    assert [block.text for block in found] == ["a       b", "", "  c   d "]


def test_tags_in_markdown_are_text() -> None:
    text = (
        'a <script>alert(1)</script> <img src=x onerror="y"> [x](javascript:alert(1)) ![p](data:text/html,x)\n\n'
        '<div onclick="z">q</div>\n'
    )

    page = markdown_page(text, "<b>")

    body = page.partition("<body>")[2]
    assert "<script" not in body and "<img" not in body and "<div" not in body and "href" not in body
    assert "<title>&lt;b&gt;</title>" in page
    assert "alert(1)" in blocks_of(text)[0].text


def test_front_matter_is_left_out() -> None:
    assert [block.text for block in markdown_blocks("---\ntitle: x\n---\n\n# Y\n")] == ["Y"]
