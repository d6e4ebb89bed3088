"""Owns how a file or folder is described in the API; knows no request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collab.limits import Limits
from collab.protocol.roles import Identity
from collab.rooms.ports import FormatTable
from connectors.base import EntryKind, Stat

_LANGUAGES: Mapping[str, str] = {
    **dict.fromkeys(("md", "markdown", "mkd", "qmd", "rmd"), "markdown"),
    **dict.fromkeys(("tex", "sty", "cls", "ltx"), "latex"),
    "bib": "bibtex",
    **dict.fromkeys(("py", "pyi", "pyw"), "python"),
    **dict.fromkeys(("js", "mjs", "cjs", "jsx"), "javascript"),
    **dict.fromkeys(("ts", "tsx", "mts"), "typescript"),
    **dict.fromkeys(("html", "htm", "xhtml"), "html"),
    **dict.fromkeys(("yml", "yaml"), "yaml"),
    **dict.fromkeys(("c", "h"), "c"),
    **dict.fromkeys(("cc", "cpp", "cxx", "hh", "hpp", "hxx"), "cpp"),
    **dict.fromkeys(("sh", "bash", "zsh"), "shell"),
    **dict.fromkeys(("json", "jsonc", "geojson", "webmanifest"), "json"),
    **dict.fromkeys(("csv", "tsv"), "csv"),
    **dict.fromkeys(("png", "jpg", "jpeg", "gif", "webp", "avif", "bmp", "ico"), "image"),
    "css": "css",
    "svg": "svg",
    "xml": "xml",
    "toml": "toml",
    "rs": "rust",
    "go": "go",
    "java": "java",
    "r": "r",
    "jl": "julia",
    "sql": "sql",
    "ipynb": "notebook",
    "rst": "text",
    "txt": "text",
    "log": "text",
}
RASTER_TYPES: Mapping[str, str] = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "svg": "image/svg+xml",
}
"""What may be shown by its address; everything else is a download."""


def extension_of(path: str) -> str:
    """The extension in lower case, empty when there is none."""
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name.lstrip(".") else ""


def language_of(path: str, editable: bool) -> str:
    """The language or kind of a file, by its name."""
    return _LANGUAGES.get(extension_of(path), "text" if editable else "binary")


def is_editable(path: str, size_bytes: int, formats: FormatTable, limits: Limits) -> bool:
    """Whether a file of this name and size can become a live document."""
    return size_bytes <= limits.file_size_bytes and formats.for_path(path) is not None


def person_json(person: Identity) -> dict[str, str]:
    return {"name": person.name, "color": person.color}


def entry_json(stat: Stat, people: Sequence[Identity], formats: FormatTable, limits: Limits) -> dict[str, object]:
    """An Entry of the API."""
    folder = stat.kind is EntryKind.FOLDER
    editable = not folder and is_editable(stat.path, stat.size_bytes, formats, limits)
    return {
        "name": stat.path.rpartition("/")[2],
        "path": stat.path,
        "kind": stat.kind.value,
        "size_bytes": stat.size_bytes,
        "modified_ms": stat.modified_ms,
        "format": "folder" if folder else language_of(stat.path, editable),
        "editable": editable,
        "people": [person_json(person) for person in people],
    }
