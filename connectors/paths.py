"""Owns which paths a connector accepts; pure text, opens nothing.

A path is checked once and used as it is: nothing is decoded, normalised or stripped afterwards, so what was
checked is what is opened. A backslash means a step on other systems and is refused rather than repaired.
"""

from __future__ import annotations

import re

from connectors.errors import InvalidPath

NAME_SIZE_BYTES = 255
PATH_SIZE_BYTES = 4096
PATH_DEPTH = 100
TEMPORARY_PREFIX = ".livefolder-"
"""Names of files that a write has under way; no path may contain one."""

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\ud800-\udfff]")


def split_path(path: str) -> tuple[str, ...]:
    """The names of a path; the root gives none. Raises: InvalidPath."""
    if path == "":
        return ()
    if len(path) > PATH_SIZE_BYTES:
        raise InvalidPath("path is too long")
    names = tuple(path.split("/"))
    if len(names) > PATH_DEPTH:
        raise InvalidPath("path is too deep")
    for name in names:
        check_name(name)
    if len(path.encode()) > PATH_SIZE_BYTES:
        raise InvalidPath("path is too long")
    return names


def check_name(name: str) -> None:
    """Refuse what cannot be one name in a folder. Raises: InvalidPath."""
    reason = _refusal(name)
    if reason is not None:
        raise InvalidPath(f"{name!r} {reason}")


def is_possible_name(name: str) -> bool:
    """Whether `check_name` accepts it; listings leave the others out."""
    return _refusal(name) is None


def _refusal(name: str) -> str | None:
    if name in {"", ".", ".."}:
        return "is no name"
    if _FORBIDDEN.search(name):
        return "contains a forbidden character"
    if len(name.encode()) > NAME_SIZE_BYTES:
        return "is too long"
    if name.startswith(TEMPORARY_PREFIX):
        return "is reserved"
    return None


def parent_of(path: str) -> str:
    """The folder of a path; the root is its own."""
    return path.rpartition("/")[0]


def is_beneath(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies in it."""
    return folder == "" or path == folder or path.startswith(folder + "/")


def rebase_path(path: str, folder: str, new_folder: str) -> str:
    """Where `path` is after `folder` became `new_folder`."""
    return new_folder + path[len(folder) :]
