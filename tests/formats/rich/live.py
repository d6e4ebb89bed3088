"""A rich document as people have it open: edits of the shared tree, and the file that comes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from collab.document import Document
from collab.formats.rich.format import BODY, RichFormat
from collab.formats.table import FORMATS
from collab.limits import Limits
from collab.xmltree import Element, Run, read_tree, replace_tree

LIMITS = Limits()
TEXT_BLOCKS = {"paragraph", "heading"}


def format_of(name: str) -> RichFormat:
    found = FORMATS[name]
    assert isinstance(found, RichFormat)
    return found


def opened(content: bytes, name: str) -> Document:
    return Document.from_updates([format_of(name).decode(content, LIMITS, 7).update])


def edited(document: Document, change: Callable[[list[Element]], object]) -> Document:
    """The same document after an edit of its tree: only the top blocks that changed are replaced."""
    before, after = read_tree(document, BODY), read_tree(document, BODY)
    change(after)
    head = next(
        (i for i, (one, other) in enumerate(zip(before, after, strict=False)) if one != other),
        min(len(before), len(after)),
    )
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    replace_tree(document, BODY, head, len(before) - tail, after[head : len(after) - tail])
    return document


def saved(content: bytes, name: str, change: Callable[[list[Element]], object]) -> bytes:
    """The file after one edit."""
    return format_of(name).encode(edited(opened(content, name), change), content)


def text_blocks(blocks: list[Element], within: str | None = None) -> list[Element]:
    """All paragraphs and headings in order; `within`: only those inside such an element."""
    return list(_text_blocks(blocks, within, within is None))


def _text_blocks(blocks: list[Element], within: str | None, inside: bool) -> Iterator[Element]:
    for block in blocks:
        if block.tag in TEXT_BLOCKS:
            if inside:
                yield block
        else:
            children = [child for child in block.children if isinstance(child, Element)]
            yield from _text_blocks(children, within, inside or block.tag == within)


def type_letter(block: Element, letter: str = "q") -> None:
    """One letter in the middle of the block's first text."""
    for index, child in enumerate(block.children):
        if isinstance(child, Run):
            half = len(child.text) // 2
            block.children[index] = Run(child.text[:half] + letter + child.text[half:], child.marks)
            return
    block.children.append(Run(letter))


def make_bold(block: Element) -> bool:
    """The middle third of the first text that is long enough and not bold."""
    for index, child in enumerate(block.children):
        if isinstance(child, Run) and len(child.text) > 5 and "strong" not in child.marks:
            third = len(child.text) // 3
            text, marks = child.text, child.marks
            bold = Run(text[third : 2 * third], {**marks, "strong": {}})
            block.children[index : index + 1] = [Run(text[:third], marks), bold, Run(text[2 * third :], marks)]
            return True
    return False
