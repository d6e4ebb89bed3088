"""Notebooks as script, Markdown and web page."""

from __future__ import annotations

import json

import pytest

from collab.errors import FormatError
from collab.formats.exports.convert import Asked, export
from collab.limits import Limits

OUTPUTS = [
    {"output_type": "stream", "name": "stdout", "text": ["1\n", "\x1b[31m2</pre>\x1b[0m\n"]},
    {"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0KGgo=\n", "text/plain": "<Figure>"}},
    {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>x</script>"}},
    {"output_type": "execute_result", "metadata": {}, "data": {"text/html": "<b>1</b>", "text/plain": "'1'"}},
    {"output_type": "display_data", "metadata": {}, "data": {"image/png": '"><script>y</script>', "text/plain": "bad"}},
    {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []},
]
NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"language_info": {"name": "python", "file_extension": ".py"}},
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "<script>z</script>"]},
            {
                "cell_type": "code",
                "metadata": {},
                "execution_count": 1,
                "source": "a = 1\nprint(a)",
                "outputs": OUTPUTS,
            },
        ],
    }
).encode()


def exported(target: str, content: bytes = NOTEBOOK) -> tuple[str, str]:
    made = export(Asked("notebook", "a/b.ipynb", target), content, Limits())
    return made.extension, made.content.decode()


def test_a_script_has_the_code_as_it_is_and_all_else_as_comments() -> None:
    assert exported("script") == ("py", "# %% [markdown]\n# # Title\n# <script>z</script>\n\n# %%\na = 1\nprint(a)\n")


def test_markdown_has_code_and_outputs_fenced() -> None:
    _, text = exported("md")

    assert text.startswith("# Title\n<script>z</script>\n\n```python\na = 1\nprint(a)\n```\n\n```\n1\n2</pre>\n```")


def test_a_web_page_shows_pictures_and_runs_nothing() -> None:
    _, page = exported("html")

    assert '<img alt="" src="data:image/png;base64,iVBORw0KGgo=">' in page
    assert "2&lt;/pre&gt;" in page and "ValueError: no" in page and "bad" in page
    assert "<script" not in page


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"cells": 1}', b"[" * 100_000, b"\xff"])
def test_a_damaged_notebook_is_refused(content: bytes) -> None:
    with pytest.raises(FormatError):
        exported("html", content)


def test_cells_that_are_none_do_no_harm() -> None:
    odd = json.dumps({"cells": [1, {}, {"cell_type": "code", "outputs": [1, {"data": 3}], "source": 5}], "metadata": 7})

    for target in ("script", "md", "html"):
        exported(target, odd.encode())
