"""Third-party documents in every format that this server writes itself: each gives a copy, or a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from collab.errors import FormatError
from collab.formats.exports.convert import Asked, export
from collab.formats.table import file_type
from collab.limits import Limits

TARGETS = {"document": ("md", "html", "txt"), "notebook": ("script", "md", "html"), "markdown": ("odt", "html")}
KINDS = {"document": "rich", "notebook": "notebook", "markdown": "text"}


@pytest.mark.slow
@pytest.mark.parametrize("language", sorted(TARGETS))
def test_every_document_of_the_corpus_is_exported(language: str, corpus: Path) -> None:
    files = [path for path in sorted(corpus.rglob("*")) if path.is_file() and file_type(path.name).language == language]
    refused = []
    for path in (one for one in files if file_type(one.name).editable):
        for target in TARGETS[language]:
            try:
                made = export(Asked(KINDS[language], path.name, target), path.read_bytes(), Limits())
            except FormatError as error:
                refused.append((path.name, error.public))
            else:
                assert made.content, path.name

    assert files
    assert len(refused) < len(files), refused  # old notebooks, which a live document has converted
