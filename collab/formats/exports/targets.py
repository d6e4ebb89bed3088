"""Owns the table of exports: which formats a document can be had in, by what it is and by its name; makes none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collab.document import Kind
from collab.formats.table import file_type

ODT_FIRST = "odt"
"""What is no office document becomes one of these on its way."""


@dataclass(frozen=True, slots=True)
class Target:
    """A format to export to. `via`: the extension of the file that an office program makes it from, "" where none is
    needed."""

    name: str
    label: str
    extension: str
    via: str = ""


MARKDOWN = Target("md", "Markdown", "md")
HTML = Target("html", "HTML", "html")
PLAIN = Target("txt", "Text", "txt")
ODT = Target("odt", "OpenDocument", "odt")
SCRIPT = Target("script", "Script", "py")
_OFFICE = {"odt": "OpenDocument", "docx": "Word", "ods": "OpenDocument", "xlsx": "Excel"}
_SHEETS = {"ods", "ots", "fods", "xlsx", "xlsm", "xltx"}
_NO_PAGES = {"latex", "typst", "html", "svg", "vue"}
"""Sources of pages: a PDF of them is what their own program makes."""


def targets_of(kind: str | None, path: str) -> Sequence[Target]:
    """The formats for a document of this kind (None: not opened yet) and name; none of them is its own."""
    found = file_type(path)
    extension = path.rpartition(".")[2].lower()
    if kind == Kind.RICH or (kind is None and found.language == "document" and found.editable):
        other = "docx" if found.format == "odt" else "odt"
        return (MARKDOWN, HTML, PLAIN, pdf(extension), by_office(other, extension))
    if kind == Kind.NOTEBOOK or (kind is None and found.language == "notebook"):
        return (HTML, MARKDOWN, SCRIPT)
    if kind == Kind.TEXT or (kind is None and found.format == "text"):
        if found.language == "markdown":
            return (ODT, HTML, pdf(ODT_FIRST), by_office("docx", ODT_FIRST))
        return () if found.language in _NO_PAGES else (pdf(ODT_FIRST),)
    if extension not in _SHEETS:
        return ()
    return (pdf(extension), by_office("xlsx" if found.format == "ods" else "ods", extension))


def pdf(via: str) -> Target:
    return Target("pdf", "PDF", "pdf", via)


def by_office(extension: str, via: str) -> Target:
    """An office's format that this server does not make itself."""
    return Target(extension, _OFFICE[extension], extension, via)
