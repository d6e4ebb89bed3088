"""Owns which folder of a Jupyter server is which folder of the livefolder server; knows no request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A file as the livefolder server calls it; an empty root is its first one."""

    root: str
    path: str


class Mounts:
    """Folders of the Jupyter server -> `root:folder`; the longest one that fits counts. `{"": "docs:"}`: all of it."""

    def __init__(self, mounts: Mapping[str, str]) -> None:
        folders = {_clean(local): _place(remote) for local, remote in mounts.items()}
        self._folders = sorted(folders.items(), key=lambda item: -len(item[0]))

    def remote(self, local: str) -> Place | None:
        """What a path of the Jupyter server is there; None: it is not shared."""
        path = _clean(local)
        if ".." in path.split("/"):
            return None
        for folder, place in self._folders:
            below = _below(path, folder)
            if below is not None:
                return Place(place.root, _joined(place.path, below))
        return None

    def local(self, remote: Place) -> str | None:
        """The path of the Jupyter server for a file of the livefolder server; None: it has none here."""
        for folder, place in self._folders:
            below = _below(remote.path, place.path)
            if below is not None and place.root in ("", remote.root):
                return _joined(folder, below)
        return None


def _clean(path: str) -> str:
    return path.strip("/")


def _place(remote: str) -> Place:
    root, _, path = remote.partition(":")
    return Place(root, _clean(path))


def _below(path: str, folder: str) -> str | None:
    if not folder or path == folder:
        return path if not folder else ""
    return path.removeprefix(f"{folder}/") if path.startswith(f"{folder}/") else None


def _joined(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder and path else folder or path
