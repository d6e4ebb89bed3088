"""A new workbook: the same bytes every time, and it opens."""

from __future__ import annotations

from collab.formats.sheet.blank import blank_sheet
from tests.formats.sheet.files import Open, values


def test_a_new_workbook_opens_empty_and_is_the_same_every_time() -> None:
    content = blank_sheet("ods")

    assert content is not None
    assert content == blank_sheet("ods")
    assert blank_sheet("txt") is None
    opened = Open(content)
    assert opened.sheet().name == "Sheet1"
    assert (opened.sheet().rows, opened.sheet().cols) == ([], [])


def test_the_first_cell_of_a_new_workbook_is_stored() -> None:
    content = blank_sheet("ods")
    assert content is not None
    opened = Open(content)
    for place in range(3):
        opened.insert("rows", place, f"p{place + 1}").insert("cols", place, f"p{place + 1}")
    opened.member("cells", "p3:p2", {"v": "here"})

    saved = opened.saved()

    assert values(saved) == [[None, None], [None, None], [None, "here"]]
    assert opened.format.encode(opened.document, saved) == saved
