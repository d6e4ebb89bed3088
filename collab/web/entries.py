"""Owns how a file or folder is described in the API; knows no request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collab.formats.table import file_type, size_limit_bytes
from collab.limits import Limits
from collab.protocol.roles import Identity
from connectors.base import EntryKind, Stat

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


def person_json(person: Identity) -> dict[str, str]:
    """Who is somewhere, without the id."""
    return {name: value for name, value in person.to_json().items() if name != "id"}


def entry_json(stat: Stat, people: Sequence[Identity], limits: Limits) -> dict[str, object]:
    """An Entry of the API."""
    folder = stat.kind is EntryKind.FOLDER
    kind = file_type(stat.path)
    return {
        "name": stat.path.rpartition("/")[2],
        "path": stat.path,
        "kind": stat.kind.value,
        "size_bytes": stat.size_bytes,
        "modified_ms": stat.modified_ms,
        "format": "folder" if folder else kind.language,
        "editable": not folder and kind.editable and stat.size_bytes <= size_limit_bytes(kind.format, limits),
        "people": [person_json(person) for person in people],
    }
