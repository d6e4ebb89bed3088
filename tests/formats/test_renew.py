"""A fresh document of the same text; what cannot be carried over is refused, not dropped."""

from __future__ import annotations

import pycrdt
import pytest

from collab.document import CONFLICTS, SOURCE, STATE, Document, Splice
from collab.errors import FormatError
from collab.formats.text import ENCODING, TextFormat
from collab.limits import Limits


def edited(text: str = "one 🎈 two\n") -> Document:
    document = Document(1)
    document.edit_text([Splice(0, 0, f"gone{text}")])
    document.edit_text([Splice(0, 4, "")])
    return document


def foreign(change: object) -> Document:
    """A document that another program wrote to."""
    doc: pycrdt.Doc = pycrdt.Doc()  # type: ignore[type-arg]  # of anything
    doc[SOURCE] = pycrdt.Text("one")
    change(doc)  # type: ignore[operator]  # a function of the test
    return Document.from_updates([doc.get_update()])


def test_the_fresh_document_has_the_text_and_one_author() -> None:
    fresh = TextFormat().renew(edited(), 7)

    assert fresh.text() == "one 🎈 two\n"
    assert list(fresh.clocks()) == [7]
    assert len(fresh.diff()) < len(edited().diff())


def test_an_empty_document_stays_empty() -> None:
    assert TextFormat().renew(Document(1), 7).text() == ""


def test_a_charset_that_the_bytes_do_not_show_comes_along() -> None:
    base = "Gr\xfc\xdfe aus K\xf6ln\n".encode("latin-1")
    document = Document.from_updates([TextFormat().decode(base, Limits(), 1).update])

    fresh = TextFormat().renew(document, 7)

    assert document.map_value(STATE, ENCODING) is not None
    assert fresh.map_values(STATE) == document.map_values(STATE)
    assert TextFormat().encode(fresh, base) == base


@pytest.mark.parametrize(
    "change",
    [
        lambda doc: doc.get("comments", type=pycrdt.Array).append("mine"),
        lambda doc: doc[SOURCE].format(0, 2, {"bold": True}),
        lambda doc: doc[SOURCE].insert_embed(1, {"image": "x"}),
        lambda doc: doc.get(CONFLICTS, type=pycrdt.Map).update({"c1": {"base": "", "live": "a", "theirs": "b"}}),
    ],
    ids=["another root", "formatting", "something embedded", "a conflict"],
)
def test_what_the_text_does_not_show_is_refused_with_a_reason(change: object) -> None:
    with pytest.raises(FormatError) as refused:
        TextFormat().renew(foreign(change), 7)

    assert "document" in refused.value.public
