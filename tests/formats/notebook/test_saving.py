"""Open and save: what nobody touched keeps its bytes, whatever the file looks like."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.document import STATE, Document, Kind, Splice
from collab.errors import FormatError
from collab.formats.base import READ_ONLY
from collab.formats.notebook.live import CELLS, read_live, shared_cell
from collab.limits import Limits
from collab.nested import insert, remove, set_member
from collab.protocol.update import check_update
from tests.formats.notebook.made import FORMAT, cell, notebook, opened, sources, stream, typed

CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "ipynb"
NOTEBOOKS = sorted(CORPUS.glob("*.ipynb"))
needs_corpus = pytest.mark.skipif(not NOTEBOOKS, reason=f"no notebooks in {CORPUS}")


def span(before: bytes, after: bytes) -> tuple[bytes, bytes]:
    """What differs, without what is the same at both ends."""
    shorter = min(len(before), len(after))
    head = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    tail = next((at for at in range(shorter - head) if before[-1 - at] != after[-1 - at]), shorter - head)
    return before[head : len(before) - tail], after[head : len(after) - tail]


@needs_corpus
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_that_nobody_edited_keeps_its_bytes(path: Path) -> None:
    content = path.read_bytes()

    assert FORMAT.encode(opened(content), content) == content


@needs_corpus
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_an_edit_changes_the_bytes_of_its_cell_only_and_undone_none(path: Path) -> None:
    content = path.read_bytes()
    document = opened(content)
    if document.map_value(STATE, READ_ONLY):  # of nbformat 2 and 3, which is shown converted and never written
        assert json.loads(content)["nbformat"] < 4
        assert FORMAT.encode(document, content) == content
        return
    before = json.loads(content)["cells"]

    for number in range(0, len(before), 1 + len(before) // 10):
        typed(document, number, 'é"\\')
        saved = FORMAT.encode(document, content)
        typed_back = Splice(0, 3, "")
        document.edit_text([typed_back], (CELLS, number, "source"))

        after = json.loads(saved)["cells"]
        assert [one for at, one in enumerate(after) if at != number] == [
            one for at, one in enumerate(before) if at != number
        ]
        assert "".join(after[number]["source"]) == 'é"\\' + "".join(before[number]["source"])
        assert FORMAT.encode(document, content) == content


@pytest.mark.parametrize(
    "layout",
    [
        {"indent": 4},
        {"indent": "\t"},
        {"indent": 2, "ensure_ascii": False},
        {"separators": (",", ":")},
        {},
    ],
    ids=["four", "tabs", "two", "compact", "one line"],
)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_new_cells_are_laid_out_as_the_file_is(layout: dict[str, object], end: str) -> None:
    whole = json.loads(notebook(cell("a = 'ä'\nb", "1"), cell("c", "2"), language="python"))
    content = (json.dumps(whole, **layout) + end).encode()  # type: ignore[arg-type]  # of json
    document = opened(content)

    insert(document, (CELLS,), 1, shared_cell({**json.loads(json.dumps(read_live(document).cells[0])), "id": "3"}))

    whole["cells"].insert(1, {**whole["cells"][0], "id": "3"})
    expected = json.loads(json.dumps(whole))
    saved = FORMAT.encode(document, content)
    assert json.loads(saved) == expected
    assert saved.decode().count("\n") == (json.dumps(whole, **layout) + end).count("\n")  # type: ignore[arg-type]
    assert (b"\\u00e4" in saved) is (b"\\u00e4" in content)


def test_windows_line_ends_between_and_within_stay() -> None:
    content = notebook(cell("a\r\nb\r\n", "1"), cell("c", "2")).replace(b"\n", b"\r\n")
    document = opened(content)

    typed(document, 0, "x")

    assert span(content, FORMAT.encode(document, content)) == (b"", b"x")


def test_deleting_and_moving_leave_the_other_cells_alone() -> None:
    cells = [cell(f"source {number}", str(number), outputs=[stream("out\n")]) for number in range(4)]
    content = notebook(*cells)
    document = opened(content)

    kept = read_live(document).cells[3]
    remove(document, (CELLS,), 3)
    remove(document, (CELLS,), 1)
    insert(document, (CELLS,), 0, shared_cell(kept))

    assert FORMAT.encode(document, content) == notebook(cells[3], cells[0], cells[2])


def test_numbers_from_browsers_are_whole_again() -> None:
    content = notebook(cell("1", "1"))
    document = opened(content)

    set_member(document, (CELLS, 0), "execution_count", 3.0)

    assert FORMAT.encode(document, content) == notebook(cell("1", "1", execution_count=3))


def test_what_is_only_live_or_only_trusted_is_not_written() -> None:
    content = notebook(cell("1", "1"))
    document = opened(content)

    set_member(document, (CELLS, 0), "execution_state", "running")
    set_member(document, (CELLS, 0, "metadata"), "trusted", True)

    assert FORMAT.encode(document, content) == content


def test_a_stored_trust_is_not_made_live() -> None:
    document = opened(notebook(cell("1", "1", metadata={"trusted": True})))

    assert read_live(document).cells[0]["metadata"] == {}


def test_unknown_members_attachments_and_outputs_survive_an_edit_beside_them() -> None:
    attachments = {"a.png": {"image/png": "AAAA"}}
    odd = {"foo": {"deep": [1, 2.5, None, True]}, "bar": "é"}
    outputs = [{"output_type": "unheard_of", "x": 1}, stream("text\n")]
    content = notebook(
        cell("see", "1", "markdown", attachments=attachments, **odd), cell("run", "2", outputs=outputs), extra=odd
    )
    document = opened(content)

    typed(document, 0, "x")
    typed(document, 1, "x")

    saved = json.loads(FORMAT.encode(document, content))
    whole = json.loads(content)
    whole["cells"][0]["source"], whole["cells"][1]["source"] = ["xsee"], ["xrun"]
    assert saved == whole


def test_ids_that_repeat_or_lack_are_given_to_the_document_only() -> None:
    content = notebook(cell("a", "1"), cell("b", "1"), cell("c"))
    document = opened(content)
    ids = [one["id"] for one in read_live(document).cells]

    assert ids[0] == "1"
    assert len(set(ids)) == 3
    assert FORMAT.encode(document, content) == content

    typed(document, 2, "x")
    saved = json.loads(FORMAT.encode(document, content))["cells"]
    assert [one.get("id") for one in saved] == ["1", "1", ids[2]]


def test_a_file_below_version_4_5_gets_no_ids() -> None:
    content = notebook(cell("a"), cell("b"), minor=4)
    document = opened(content)

    typed(document, 1, "x")

    assert FORMAT.encode(document, content) == notebook(cell("a"), cell("xb"), minor=4)


def test_the_same_cell_twice_is_saved_once() -> None:
    content = notebook(cell("a", "1"), cell("b", "2"))
    document = opened(content)

    insert(document, (CELLS,), 2, shared_cell(read_live(document).cells[0]))

    assert FORMAT.encode(document, content) == content


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"cells": [}', "Line 1, column 12"),
        (notebook(cell("a", "1"))[:-9], "Line"),
        (b"[]", "Expecting '{'"),
        (b'{"cells": []}', "version"),
        (b'{"nbformat": 5, "cells": []}', "version 5"),
        (b'{"nbformat": 4, "cells": [3]}', "Cell 1"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}', "source of cell 1"),
        (b"<<<<<<< HEAD\n{}", "Line 1"),
        (b'{"nbformat": 4, "metadata": ' + b"[" * 100_000, "nested"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_no_notebook_is_shown_as_text_that_nobody_can_edit(content: bytes, why: str) -> None:
    decoded = FORMAT.decode(content, Limits(), 7)

    assert decoded.kind is Kind.TEXT
    assert decoded.facts[READ_ONLY] == "invalid_notebook"
    assert why in decoded.facts["error"]


def test_an_older_notebook_is_shown_converted_and_never_written() -> None:
    code = {"cell_type": "code", "input": ["x"], "prompt_number": 2, "outputs": [], "language": "python"}
    heading = {"cell_type": "heading", "level": 2, "source": ["T"]}
    content = json.dumps({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [heading, code]}]}).encode()
    document = opened(content)

    assert sources(document) == ["## T", "x"]
    assert FORMAT.decode(content, Limits(), 7).facts == {"nbformat": "3", READ_ONLY: "old_notebook"}
    assert FORMAT.encode(document, content) == content
    assert json.loads(FORMAT.encode(document, b""))["nbformat"] == 4


def test_odd_values_open_and_stay() -> None:
    odd = (
        b'{"big": 123456789012345678901234567890, "nan": NaN, "huge": 1e999, "lone": "\\ud800", "float": 1.0, "k": 1e5}'
    )
    content = notebook(cell("a", "1"), cell("b", "2")).replace(b'"metadata": {}', b'"metadata": ' + odd)
    document = opened(content)

    assert FORMAT.encode(document, content) == content
    typed(document, 1, "x")
    assert span(content, FORMAT.encode(document, content)) == (b"", b"x")


def test_many_cells_and_outputs_take_linear_time() -> None:
    content = notebook(
        *(cell(f"x = {number}", str(number)) for number in range(10_000)),
        cell("flood", "flood", outputs=[stream(f"{number}\n") for number in range(20_000)]),
    )
    document = opened(content)

    typed(document, 5_000, "y")

    assert span(content, FORMAT.encode(document, content)) == (b"", b"y")


def test_an_empty_file_is_an_empty_notebook_and_stays_empty() -> None:
    assert FORMAT.encode(opened(b""), b"") == b""


def test_the_fresh_document_of_a_rebase_is_the_same_notebook() -> None:
    content = notebook(cell("a", "1", outputs=[stream("x\n")]), language="python")
    document = opened(content)
    typed(document, 0, "y")

    fresh = FORMAT.renew(document, 11)

    assert list(fresh.clocks()) == [11]
    assert FORMAT.encode(fresh, content) == FORMAT.encode(document, content)


def test_a_cell_of_thirty_megabytes_opens_and_is_saved_in_its_place() -> None:
    limits = Limits()
    content = notebook(cell("x" * 30_000_000, "a"), cell("b", "b"))

    decoded = FORMAT.decode(content, limits, 7)
    document = Document.from_updates([decoded.update])
    typed(document, 1, "y")

    assert check_update(decoded.update, {}, limits).complete
    assert span(content, FORMAT.encode(document, content)) == (b"", b"y")


@pytest.mark.parametrize("hostile", ["a string", 3, None, {"cell_type": "code"}, {"id": 5, "source": ["x"]}, []])
def test_what_a_hostile_client_puts_between_the_cells_hurts_no_save(hostile: object) -> None:
    content = notebook(cell("a", "a"), cell("b", "b"))
    document = opened(content)

    insert(document, (CELLS,), 1, hostile)

    saved = json.loads(FORMAT.encode(document, content))["cells"]
    assert [saved[0], saved[-1]] == json.loads(content)["cells"]


def test_a_cell_whose_members_are_no_shared_types_is_saved() -> None:
    content = notebook(cell("a", "a"))
    document = opened(content)

    set_member(document, (CELLS, 0), "source", "plain")
    set_member(document, (CELLS, 0), "metadata", [1])

    assert json.loads(FORMAT.encode(document, content))["cells"][0]["source"] == ["plain"]


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_give_a_document_or_a_reason(content: bytes) -> None:
    try:
        decoded = FORMAT.decode(content, Limits(), 7)
    except FormatError as error:
        assert error.public
    else:
        document = Document.from_updates([decoded.update])
        if decoded.kind is Kind.NOTEBOOK:
            assert FORMAT.encode(document, content) == content


@given(st.integers(0, 10_000), st.sampled_from([b"", b"\x00", b"}", b"]", b'"', b","]))
def test_a_damaged_notebook_is_never_written_over(at: int, damage: bytes) -> None:
    whole = notebook(cell("a\nb", "a", outputs=[stream("x\n")]), cell("c", "b", "markdown"), title="ä")
    content = whole[: at % len(whole)] + damage + whole[at % len(whole) + 1 :]
    try:
        decoded = FORMAT.decode(content, Limits(), 7)
    except FormatError:
        return
    if decoded.kind is Kind.NOTEBOOK:
        assert FORMAT.encode(Document.from_updates([decoded.update]), content) == content
    else:
        assert decoded.facts[READ_ONLY] == "invalid_notebook"
