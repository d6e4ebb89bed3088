"""Ranges of an odt whose paragraph goes: an end that others need moves to a neighbour, a whole range goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from collab.errors import FormatError
from collab.formats.rich import odf_names as names
from collab.formats.rich.odf import OdfFile
from collab.formats.zipped.scan import Node
from collab.xmltree import Element, Run
from tests.formats.rich.files import odt, part
from tests.formats.rich.live import LIMITS, saved, text_blocks

COMMENT = '<office:annotation office:name="n"><text:p>why</text:p></office:annotation>'
RANGES = {
    "bookmark": ('<text:bookmark-start text:name="n"/>', '<text:bookmark-end text:name="n"/>'),
    "reference": ('<text:reference-mark-start text:name="n"/>', '<text:reference-mark-end text:name="n"/>'),
    "change": ('<text:change-start text:change-id="n"/>', '<text:change-end text:change-id="n"/>'),
    "index": (
        '<text:alphabetical-index-mark-start text:id="n"/>',
        '<text:alphabetical-index-mark-end text:id="n"/>',
    ),
    "comment": (COMMENT, '<office:annotation-end office:name="n"/>'),
}
SMALL = 25_000
INVISIBLE = [kind for kind in RANGES if kind != "comment"]
each_kind = pytest.mark.parametrize("kind", RANGES)
each_invisible_kind = pytest.mark.parametrize("kind", INVISIBLE)


def after(body: str, change: Callable[[list[Element]], object]) -> str:
    content = saved(odt(body), "odt", change)
    return part(content, "content.xml").partition("<office:text>")[2].partition("</office:text>")[0]


def without(*indexes: int) -> Callable[[list[Element]], object]:
    def change(blocks: list[Element]) -> None:
        blocks[:] = [block for index, block in enumerate(blocks) if index not in indexes]

    return change


@each_kind
def test_an_end_moves_to_the_paragraph_before(kind: str) -> None:
    start, end = RANGES[kind]
    body = f"<text:p>a{start}b</text:p><text:p>c{end}d</text:p><text:p>e</text:p>"

    assert after(body, without(1)) == f"<text:p>a{start}b{end}</text:p><text:p>e</text:p>"


@each_invisible_kind
def test_a_start_moves_to_the_paragraph_behind(kind: str) -> None:
    start, end = RANGES[kind]
    body = f"<text:p>a</text:p><text:p>b{start}c</text:p><text:p>d{end}e</text:p>"

    assert after(body, without(1)) == f"<text:p>a</text:p><text:p>{start}d{end}e</text:p>"


@each_kind
def test_a_range_in_the_paragraph_goes_with_it(kind: str) -> None:
    start, end = RANGES[kind]
    body = f"<text:p>a</text:p><text:p>b{start}c{end}d</text:p><text:p>e</text:p>"

    assert after(body, without(1)) == "<text:p>a</text:p><text:p>e</text:p>"


@each_kind
def test_a_range_over_several_paragraphs_goes_when_all_of_it_goes(kind: str) -> None:
    start, end = RANGES[kind]
    body = f"<text:p>a</text:p><text:p>b{start}c</text:p><text:p>d</text:p><text:p>e{end}</text:p><text:p>f</text:p>"

    assert after(body, without(1, 2, 3)) == "<text:p>a</text:p><text:p>f</text:p>"


@each_invisible_kind
def test_both_ends_move_towards_what_is_left_between_them(kind: str) -> None:
    start, end = RANGES[kind]
    body = f"<text:p>a</text:p><text:p>b{start}</text:p><text:p>c</text:p><text:p>{end}d</text:p><text:p>e</text:p>"

    assert after(body, without(1)) == body.replace(f"<text:p>b{start}</text:p><text:p>c", f"<text:p>{start}c")
    assert after(body, without(3)) == body.replace(f"c</text:p><text:p>{end}d", f"c{end}")


def test_a_comment_that_goes_leaves_other_paragraphs_alone() -> None:
    start, end = RANGES["comment"]
    body = f"<text:p>a</text:p><text:p>b{start}c</text:p><text:p>d{end}e</text:p>"

    assert after(body, without(1)) == f"<text:p>a</text:p><text:p>d{end}e</text:p>"


@each_invisible_kind
def test_the_first_block_gives_its_start_to_the_second(kind: str) -> None:
    start, end = RANGES[kind]
    body = f"<text:p>{start}a</text:p><text:p>b</text:p><text:p>c{end}</text:p>"

    assert after(body, without(0)) == f"<text:p>{start}b</text:p><text:p>c{end}</text:p>"


@each_kind
def test_the_last_block_gives_its_end_to_the_one_before(kind: str) -> None:
    start, end = RANGES[kind]
    body = f"<text:p>{start}a</text:p><text:p/><text:p>c{end}</text:p>"

    assert after(body, without(2)) == f"<text:p>{start}a</text:p><text:p>{end}</text:p>"


def test_an_end_never_moves_before_its_start() -> None:
    start, end = RANGES["change"]
    body = f"<text:p>a</text:p>{start}<text:p>b{end}</text:p><text:p>c</text:p>"

    assert after(body, without(1)) == f"<text:p>a</text:p>{start}<text:p>{end}c</text:p>"


@each_kind
def test_an_end_that_stood_before_its_start_comes_behind_it(kind: str) -> None:
    start, end = RANGES[kind]
    body = f"<text:p>b{end}</text:p><text:p>c</text:p><text:p>a{start}</text:p>"

    assert after(body, without(0)) == f"<text:p>c</text:p><text:p>a{start}{end}</text:p>"


def test_several_ends_keep_their_order() -> None:
    starts = "".join(RANGES[kind][0] for kind in INVISIBLE)
    ends = "".join(RANGES[kind][1] for kind in INVISIBLE[::-1])
    body = f"<text:p>{starts}a</text:p><text:p>b{ends}</text:p>"

    assert after(body, without(1)) == f"<text:p>{starts}a{ends}</text:p>"


def test_the_place_of_a_tracked_deletion_stays_known() -> None:
    body = '<text:tracked-changes/><text:p>a</text:p><text:p>b<text:change text:change-id="n"/></text:p>'

    assert after(body, without(1)) == '<text:tracked-changes/><text:p>a<text:change text:change-id="n"/></text:p>'


def test_a_start_comes_behind_the_number_of_a_heading() -> None:
    start, end = RANGES["bookmark"]
    heading = f'<text:h text:outline-level="1"><text:number>1</text:number>b{end}</text:h>'

    assert after(f"<text:p>a{start}</text:p>{heading}", without(0)) == heading.replace(">b", f">{start}b")


@each_kind
def test_an_end_in_a_list_item_moves_within_the_list(kind: str) -> None:
    start, end = RANGES[kind]
    first, second, third = (
        f"<text:list-item><text:p>{text}</text:p></text:list-item>" for text in (f"a{start}", f"b{end}", "c")
    )

    def change(blocks: list[Element]) -> None:
        blocks[0].children.pop(1)

    written = after(f"<text:list>{first}{second}{third}</text:list>", change)

    assert written == f"<text:list>{first.replace(start, start + end)}{third}</text:list>"


@each_kind
def test_an_end_in_a_cell_moves_within_the_cell(kind: str) -> None:
    start, end = RANGES[kind]
    cell = f"<text:p>a{start}</text:p><text:p>b{end}</text:p>"
    row = f"<table:table-row><table:table-cell>{cell}</table:table-cell></table:table-row>"
    body = f"<table:table><table:table-column/>{row}</table:table><text:p>z</text:p>"

    def change(blocks: list[Element]) -> None:
        row = blocks[0].children[0]
        assert isinstance(row, Element) and isinstance(row.children[0], Element)
        row.children[0].children.pop(1)

    assert after(body, change) == body.replace(cell, f"<text:p>a{start}{end}</text:p>")


def test_an_end_in_a_table_that_goes_moves_out_of_it() -> None:
    start, end = RANGES["bookmark"]
    row = f"<table:table-row><table:table-cell><text:p>b{end}</text:p></table:table-cell></table:table-row>"
    body = f"<text:p>{start}a</text:p><table:table><table:table-column/>{row}</table:table><text:p>z</text:p>"

    assert after(body, without(1)) == f"<text:p>{start}a{end}</text:p><text:p>z</text:p>"


def test_an_end_within_a_thing_that_goes_stays_in_its_paragraph() -> None:
    start, end = RANGES["bookmark"]
    ruby = f"<text:ruby><text:ruby-base>b{end}</text:ruby-base><text:ruby-text>x</text:ruby-text></text:ruby>"

    def change(blocks: list[Element]) -> None:
        blocks[0].children[:] = [Run("ac")]

    assert after(f"<text:p>{start}a{ruby}c</text:p>", change) == f"<text:p>{start}a{end}c</text:p>"


def test_a_block_that_moves_takes_its_end_along() -> None:
    start, end = RANGES["bookmark"]
    body = f"<text:p>{start}a</text:p><text:p>b{end}</text:p><text:p>c</text:p>"

    assert after(body, lambda blocks: blocks.append(blocks.pop(1))) == (
        f"<text:p>{start}a</text:p><text:p>c</text:p><text:p>b{end}</text:p>"
    )


# -- paragraphs that become one --


def joined(*indexes: int) -> Callable[[list[Element]], object]:
    """The later of these paragraphs flow into the first."""

    def change(blocks: list[Element]) -> None:
        for index in indexes[1:]:
            append(blocks[indexes[0]], blocks[index])
        without(*indexes[1:])(blocks)

    return change


def append(block: Element, other: Element) -> None:
    for child in other.children:
        last = block.children[-1] if block.children else None
        if isinstance(child, Run) and isinstance(last, Run) and last.marks == child.marks:
            block.children[-1] = Run(last.text + child.text, child.marks)
        else:
            block.children.append(child)


@each_kind
def test_a_range_stays_round_its_text_when_its_paragraph_flows_into_the_one_before(kind: str) -> None:
    start, end = RANGES[kind]
    body = f"<text:p>first one</text:p>\n<text:p>a{start}second{end}b</text:p><text:p>c</text:p>"

    assert after(body, joined(0, 1)) == f"<text:p>first onea{start}second{end}b</text:p><text:p>c</text:p>"


@each_kind
def test_a_range_over_two_paragraphs_stays_as_it_is_when_they_become_one(kind: str) -> None:
    start, end = RANGES[kind]
    body = f"<text:p>fi{start}rst</text:p><text:p>sec{end}ond and long</text:p>"

    assert after(body, joined(0, 1)) == f"<text:p>fi{start}rstsec{end}ond and long</text:p>"


def test_a_selection_that_goes_leaves_what_stands_behind_it() -> None:
    start, end = RANGES["bookmark"]
    body = f"<text:p>one {start}two</text:p><text:p>three</text:p><text:p>four{end} five</text:p>"

    def change(blocks: list[Element]) -> None:
        blocks[:] = [Element("paragraph", {}, [Run("one five")])]

    written = after(body, change)

    assert written.index("one") < written.index(start) < written.index(end) < written.index("five")


def test_blanks_that_did_not_count_at_a_beginning_do_not_count_in_the_middle() -> None:
    body = '<text:p>first</text:p><text:p>\n  <text:span text:style-name="T2"> second</text:span></text:p>'

    assert after(body, joined(0, 1)) == '<text:p>first<text:span text:style-name="T2">second</text:span></text:p>'


def test_paragraphs_with_the_same_ends_are_told_apart_when_they_become_one() -> None:
    start, end = RANGES["bookmark"]
    body = f"<text:p>aa</text:p><text:p>{start}a{end}a</text:p><text:p>aa</text:p>"

    assert after(body, joined(0, 1)) == f"<text:p>aa{start}a{end}a</text:p><text:p>aa</text:p>"


def test_a_paragraph_flows_into_a_heading() -> None:
    body = '<text:h text:outline-level="1">first</text:h><text:p>sec<text:bookmark text:name="n"/>ond</text:p>'

    assert after(body, joined(0, 1)) == (
        '<text:h text:outline-level="1">firstsec<text:bookmark text:name="n"/>ond</text:h>'
    )


def test_a_change_that_stands_between_joined_paragraphs_stays() -> None:
    start, end = RANGES["change"]
    body = f"<text:p>first</text:p>{start}<text:p>second</text:p><text:p>third{end}</text:p>"

    assert after(body, joined(0, 1)) == f"<text:p>first{start}second</text:p><text:p>third{end}</text:p>"


# -- files of others --


def marks_of(content: bytes) -> Counter[tuple[bool, str, str]]:
    """The ends of ranges in a file: whether it is a start, and of what."""
    return counted(OdfFile(content, LIMITS).source.body)


def counted(parent: Node) -> Counter[tuple[bool, str, str]]:
    found: Counter[tuple[bool, str, str]] = Counter()
    for node in parent.walk():
        for is_start, table in ((True, names.RANGE_STARTS), (False, names.RANGE_ENDS)):
            if node.name in table:
                kind, key = table[node.name]
                found[is_start, kind, node.attrs.get(key, "")] += 1
    return found


def alone(content: bytes) -> set[tuple[str, str]]:
    """Ranges with one end only; a comment that goes may leave its end, which an undo needs."""
    found = marks_of(content)
    starts = {(kind, name) for is_start, kind, name in found if is_start and name}
    ends = {(kind, name) for is_start, kind, name in found if not is_start and name}
    return {one for one in starts ^ ends if one in starts or one[0] != names.COMMENT}


def files_with_ranges(corpus: Path) -> list[tuple[bytes, list[int]]]:
    """Small files, and the numbers of their paragraphs that hold one end of a range that goes further."""
    found = []
    for path in sorted((corpus / "odt").iterdir()):
        if path.stat().st_size < SMALL:
            content = path.read_bytes()
            try:
                numbers = across(content)
            except FormatError:
                continue
            found += [(content, numbers)] if numbers else []
    return found


def across(content: bytes) -> list[int]:
    found = []
    blocks = (block for top in OdfFile(content, LIMITS).source.blocks for block in top.walk() if block.is_text)
    for index, block in enumerate(blocks):
        inside = counted(block.node) if block.node is not None else Counter()
        if any(inside[True, kind, name] != inside[False, kind, name] for _, kind, name in inside if name):
            found.append(index)
    return found


def parent_of(blocks: list[Element], wanted: Element) -> list[Element]:
    """The list of blocks that holds this one."""
    if any(block is wanted for block in blocks):
        return blocks
    lists = [block.children for block in blocks if block.tag not in ("paragraph", "heading")]
    return next((found for one in lists if (found := parent_of(one, wanted))), [])  # type: ignore[arg-type]


def test_no_range_of_a_file_of_others_loses_one_end_with_its_paragraph(corpus: Path) -> None:
    chosen = files_with_ranges(corpus)

    for content, numbers in chosen:
        for number in numbers:

            def change(blocks: list[Element], number: int = number) -> None:
                gone = text_blocks(blocks)[number]
                around = parent_of(blocks, gone)
                around[:] = [block for block in around if block is not gone]

            assert alone(saved(content, "odt", change)) <= alone(content)
    assert len(chosen) >= 3


def test_joined_paragraphs_of_a_file_of_others_keep_all_ranges(corpus: Path) -> None:
    done = 0
    for content, numbers in files_with_ranges(corpus):
        for number in numbers:
            moved: list[bool] = []

            def change(blocks: list[Element], number: int = number, moved: list[bool] = moved) -> None:
                last = text_blocks(blocks)[number]
                around = parent_of(blocks, last)
                at = next(index for index, block in enumerate(around) if block is last)
                if at and around[at - 1].tag in ("paragraph", "heading") and around[at - 1].children and last.children:
                    append(around[at - 1], around.pop(at))
                    moved.append(True)

            written = saved(content, "odt", change)
            assert marks_of(written) == marks_of(content)
            done += len(moved)
    assert done >= 1
