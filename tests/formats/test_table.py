"""The table of file types."""

from __future__ import annotations

from collections import Counter

import pytest

from collab.errors import FormatError
from collab.formats import table
from collab.formats.table import FORMATS, FileType, FormatTable, file_type, format_named, format_of


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("notes.md", "markdown"),
        ("thesis/chapter.TEX", "latex"),
        ("refs.bib", "bibtex"),
        ("run.py", "python"),
        ("table.csv", "csv"),
        ("data.json", "json"),
        ("conf.yml", "yaml"),
        ("page.html", "html"),
        ("drawing.svg", "svg"),
        ("app.ts", "typescript"),
        ("Makefile", "makefile"),
        ("Dockerfile", "dockerfile"),
        ("Dockerfile.prod", "dockerfile"),
        ("README", "text"),
        ("LICENSE", "text"),
        (".gitignore", "text"),
        ("analysis.R", "r"),
        ("a\\b\\code.cpp", "cpp"),
    ],
)
def test_a_text_file_is_known_by_its_name(path: str, language: str) -> None:
    assert file_type(path) == FileType(language, "text")
    assert file_type(path).editable


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("photo.JPG", "image"),
        ("paper.pdf", "pdf"),
        ("a.zip", "archive"),
        ("letter.doc", "document"),
        ("x.exe", "binary"),
    ],
)
def test_what_cannot_be_edited_here_is_known_by_its_name(path: str, language: str) -> None:
    assert file_type(path) == FileType(language, None)
    assert not file_type(path).editable
    assert FormatTable().for_path(path) is None
    with pytest.raises(FormatError):
        format_of(path)


@pytest.mark.parametrize("path", ["notes", "x.unheardof", ".hidden", "trailing.", "a.b/c", ""])
def test_an_unknown_name_is_offered_and_decoding_decides(path: str) -> None:
    assert file_type(path) == FileType("text", "text", certain=False)


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("text/markdown; charset=utf-8", FileType("markdown", "text")),
        ("text/x-unheard-of", FileType("text", "text")),
        ("image/svg+xml", FileType("svg", "text")),
        ("image/png", FileType("image", None)),
        ("application/octet-stream", FileType("text", "text", certain=False)),
    ],
)
def test_the_media_type_decides_where_the_name_says_nothing(media_type: str, expected: FileType) -> None:
    assert file_type("unnamed", media_type) == expected
    assert file_type("unnamed.py", media_type).language == "python"


def test_no_extension_stands_twice() -> None:
    for tables in ((table._TEXT_EXTENSIONS, table._BINARY_EXTENSIONS), (table._NAMES,)):
        counts = Counter(name for part in tables for names in part.values() for name in names.split())
        assert [name for name, count in counts.items() if count > 1] == []


def test_a_format_is_found_by_its_own_name() -> None:
    assert all(format_named(name).name == name for name in FORMATS)
    with pytest.raises(FormatError):
        FormatTable().by_name("pickle")
