"""Owns one export: a file's bytes to those of the asked format, or to the odt that an office program goes on with."""

from __future__ import annotations

from dataclasses import dataclass

from collab.document import Kind
from collab.errors import FormatError, LimitExceeded
from collab.formats.exports import notebook
from collab.formats.exports.html_write import to_html
from collab.formats.exports.markdown_read import markdown_blocks, markdown_page, plain_blocks
from collab.formats.exports.markdown_write import to_markdown
from collab.formats.exports.odt_write import to_odt
from collab.formats.exports.plain_write import to_plain_text
from collab.formats.exports.tree import read_body
from collab.formats.table import file_type
from collab.limits import Limits


@dataclass(frozen=True, slots=True)
class Asked:
    """What is exported: `path` is the document's name, `target` the name of the format."""

    kind: str
    path: str
    target: str


@dataclass(frozen=True, slots=True)
class Exported:
    """A copy in another format, and the extension of its name."""

    content: bytes
    extension: str


def export(asked: Asked, content: bytes, limits: Limits) -> Exported:
    """A file as `Rooms.content_now` gives it; a text in UTF-8. Raises: FormatError, LimitExceeded."""
    title = asked.path.rpartition("/")[2]
    if asked.kind == Kind.RICH:
        made = _of_rich(asked, title, content, limits)
    elif asked.kind == Kind.NOTEBOOK:
        made = _of_notebook(asked, title, content)
    else:
        made = _of_text(asked, title, content)
    if len(made.content) > limits.export_size_bytes:
        raise LimitExceeded("export_size_bytes")
    return made


def _of_rich(asked: Asked, title: str, content: bytes, limits: Limits) -> Exported:
    body = read_body(file_type(asked.path).format or "odt", content, limits)
    if asked.target == "md":
        return _text(to_markdown(body), "md")
    if asked.target == "txt":
        return _text(to_plain_text(body), "txt")
    if asked.target == "html":
        return _text(to_html(body, title, limits.export_size_bytes // 2), "html")
    raise FormatError(f"no export of a rich document to {asked.target}")


def _of_notebook(asked: Asked, title: str, content: bytes) -> Exported:
    found = notebook.read_notebook(content)
    if asked.target == "script":
        return _text(notebook.to_script(found), found.extension)
    if asked.target == "md":
        return _text(notebook.to_markdown(found), "md")
    if asked.target == "html":
        return _text(notebook.to_html(found, title), "html")
    raise FormatError(f"no export of a notebook to {asked.target}")


def _of_text(asked: Asked, title: str, content: bytes) -> Exported:
    text = content.decode("utf-8", "replace")
    markdown = file_type(asked.path).language == "markdown"
    if asked.target == "html" and markdown:
        return _text(markdown_page(text, title), "html")
    if asked.target == "odt":
        return Exported(to_odt(markdown_blocks(text) if markdown else plain_blocks(text)), "odt")
    raise FormatError(f"no export of a text to {asked.target}")


def _text(text: str, extension: str) -> Exported:
    return Exported(text.encode("utf-8", "replace"), extension)
