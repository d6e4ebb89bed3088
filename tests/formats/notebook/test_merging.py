"""The three-way merge of notebooks: by cell, source by lines; nothing of either side is lost."""

from __future__ import annotations

import pytest

from collab.document import CONFLICTS, Document
from collab.formats.base import Merged
from collab.formats.notebook.live import CELLS, read_live
from collab.formats.notebook.source import NoNotebook
from collab.nested import remove, set_member
from tests.formats.notebook.made import FORMAT, Json, cell, notebook, opened, sources, stream, typed


def merged(base: bytes, theirs: bytes, document: Document) -> Merged:
    return FORMAT.merge(base, theirs, document, "storage:files", 1)


@pytest.fixture(params=[4, 5], ids=["without ids", "with ids"])
def minor(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def cells(*texts: str, minor: int = 5, names: str = "abcdefgh") -> bytes:
    named = (name if minor == 5 else None for name in names)
    return notebook(*(cell(text, name) for text, name in zip(texts, named, strict=False)), minor=minor)


def test_edits_of_different_cells_and_lines_are_both_there(minor: int) -> None:
    base = cells("1\n2\n3", "two", "three", minor=minor)
    document = opened(base)
    typed(document, 0, "mine ")
    typed(document, 2, "mine ")

    outcome = merged(base, cells("1\n2\n3 theirs", "two theirs", "three", minor=minor), document)

    assert sources(document) == ["mine 1\n2\n3 theirs", "two theirs", "mine three"]
    assert outcome.conflicts == ()
    assert outcome.changes == 2
    assert len(outcome.places) == 2


def test_a_merge_that_is_there_already_changes_nothing(minor: int) -> None:
    base, theirs = cells("1", "2", minor=minor), cells("1 theirs", "2", "3", minor=minor)
    document = opened(base)
    merged(base, theirs, document)

    update = document.changed_by(lambda: merged(base, theirs, document))

    assert update == b""
    assert FORMAT.encode(document, theirs) == theirs


def test_a_moved_cell_stays_moved_and_keeps_the_edit_of_the_other_side(minor: int) -> None:
    base = cells("1", "2", "3", "4", minor=minor)
    document = opened(base)
    typed(document, 0, "mine ")

    merged(base, cells("2", "3", "1", "4", minor=minor, names="bcad"), document)

    assert sources(document) == ["2", "3", "mine 1", "4"]


def test_cells_that_both_sides_added_stay_both(minor: int) -> None:
    base = cells("1", "2", minor=minor)
    document = opened(base)
    merged(base, cells("1", "mine", "2", minor=minor, names="axb"), document)

    merged(base, cells("1", "theirs", "2", minor=minor, names="ayb"), document)

    assert sources(document) == ["1", "mine", "theirs", "2"]


def test_the_same_line_on_both_sides_stays_in_both_versions_and_is_told() -> None:
    base = cells("1", "2")
    document = opened(base)
    typed(document, 0, "mine ")

    outcome = merged(base, cells("1 theirs", "2"), document)

    assert sources(document)[0] == "mine 1\n1 theirs"
    (note,) = document.map_values(CONFLICTS).values()
    assert isinstance(note, dict)
    assert (note["cell"], note["part"], note["live"], note["theirs"]) == ("a", "source", "mine 1", "1 theirs")
    assert len(outcome.conflicts) == 1


@pytest.mark.parametrize("mine_deleted", [True, False], ids=["deleted here", "deleted there"])
def test_a_cell_that_one_side_deleted_and_the_other_edited_stays(mine_deleted: bool) -> None:
    base = cells("1", "2", "3")
    document = opened(base)
    if mine_deleted:
        remove(document, (CELLS,), 1)
        theirs = notebook(cell("1", "a"), cell("2 edited", "b"), cell("3", "c"))
    else:
        typed(document, 1, "edited ")
        theirs = notebook(cell("1", "a"), cell("3", "c"))

    outcome = merged(base, theirs, document)

    assert sources(document) == ["1", "2 edited" if mine_deleted else "edited 2", "3"]
    assert len(outcome.conflicts) == 1


def test_a_cell_that_was_deleted_and_not_touched_goes(minor: int) -> None:
    base = cells("1", "2", "3", minor=minor)
    document = opened(base)

    merged(base, cells("1", "3", minor=minor, names="ac"), document)

    assert sources(document) == ["1", "3"]


def run(text: str, count: int) -> Json:
    return cell("run", "a", outputs=[stream(text)], execution_count=count)


def test_outputs_of_one_side_replace_and_of_two_stay_beside_each_other() -> None:
    base = notebook(run("old\n", 1))
    document = opened(base)
    merged(base, notebook(run("theirs\n", 2)), document)

    assert read_live(document).cells[0]["outputs"][0]["text"] == "theirs\n"

    outcome = merged(base, notebook(run("others\n", 5)), document)
    assert [one["text"] for one in read_live(document).cells[0]["outputs"]] == ["theirs\n", "others\n"]
    assert len(outcome.conflicts) == 1


def test_metadata_is_merged_by_key() -> None:
    base = notebook(cell("1", "a", metadata={"tags": ["x"], "k": 1}), title="old", theirs=1)
    document = opened(base)
    set_member(document, (CELLS, 0, "metadata"), "k", 2)

    merged(base, notebook(cell("1", "a", metadata={"tags": ["y"], "k": 1}), title="new"), document)

    live = read_live(document)
    assert live.cells[0]["metadata"] == {"tags": ["y"], "k": 2}
    assert live.metadata == {"title": "new"}


def test_another_cell_type_is_taken_over() -> None:
    base = notebook(cell("1", "a", outputs=[stream("x\n")]))
    document = opened(base)
    theirs = notebook(cell("1", "a", "markdown"))

    merged(base, theirs, document)

    assert FORMAT.encode(document, theirs) == theirs


def test_a_broken_file_is_refused_and_changes_nothing() -> None:
    base = cells("1", "2")
    document = opened(base)

    with pytest.raises(NoNotebook):
        merged(base, base[:-20], document)

    assert sources(document) == ["1", "2"]


def test_a_lost_ancestor_loses_nothing_and_doubles_nothing() -> None:
    document = opened(cells("1", "2 mine", "3"))
    theirs = cells("1", "2 theirs", "3", "4")

    merged(FORMAT.common(document, theirs), theirs, document)

    live = sources(document)
    assert [live.count(text) for text in ("1", "3", "4")] == [1, 1, 1]
    assert "2 mine" in "\n".join(live)
    assert "2 theirs" in "\n".join(live)


def test_a_file_that_takes_over_everything_is_reached() -> None:
    base = cells("1", "2", "3", "4", "5")
    theirs = notebook(cell("5!", "e"), cell("new", "n"), cell("3", "c"), cell("1", "a"), cell("2", "b"))
    document = opened(base)

    merged(base, theirs, document)

    assert FORMAT.encode(document, theirs) == theirs
