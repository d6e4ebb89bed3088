"""New documents are sound files of their kind, and the same bytes every time."""

from __future__ import annotations

import io
import zipfile

import pytest

from collab.formats.rich.blank import blank_file
from collab.formats.rich.format import BODY
from collab.xmltree import Run, read_tree
from tests.formats.rich.live import format_of, opened, saved


@pytest.mark.parametrize("kind", ["odt", "docx"])
def test_a_new_file_opens_with_one_empty_paragraph_and_takes_text(kind: str) -> None:
    content = blank_file(kind)
    assert content is not None and content == blank_file(kind)
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert package.testzip() is None

    written = saved(content, kind, lambda blocks: blocks[0].children.append(Run("first words")))

    (block,) = read_tree(opened(written, kind), BODY)
    assert block.children == [Run("first words")]
    assert format_of(kind).encode(opened(written, kind), written) == written


def test_the_type_of_an_odt_stands_first_and_unpacked() -> None:
    assert (blank_file("odt") or b"")[30:].startswith(b"mimetypeapplication/vnd.oasis.opendocument.text")


def test_other_kinds_begin_with_no_bytes() -> None:
    assert blank_file("md") is None
