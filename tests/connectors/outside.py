"""What other applications do to a local folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path

from tests.patience import PATIENCE_S


def put(path: Path, content: bytes) -> None:
    """Write in place, as simple tools do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def save_like_vim(path: Path, content: bytes) -> None:
    """Rename the old file to a backup, write the new one under the name, remove the backup."""
    backup = path.with_name(path.name + "~")
    path.rename(backup)
    path.write_bytes(content)
    backup.unlink()


def save_by_rename(path: Path, content: bytes) -> None:
    """Write beside and rename over, as most editors do."""
    temporary = path.with_name("." + path.name + ".tmp")
    temporary.write_bytes(content)
    temporary.replace(path)


def lock_like_libreoffice(path: Path, person: str = "Foreign Person") -> Path:
    """Open the document in LibreOffice."""
    lock = path.with_name(f".~lock.{path.name}#")
    lock.write_text(f"{person},person,far-host,22.11.2026 21:00,file:///home/person/.config/libreoffice/4;")
    return lock


def leftovers(root: Path) -> list[str]:
    """Temporary files of ours that are still there."""
    return [path.name for path in root.rglob(".livefolder-*")]


def besides(root: Path, *names: str) -> dict[str, bytes]:
    """What else stands in a folder."""
    return {path.name: path.read_bytes() for path in root.iterdir() if path.name not in names}


def held_open(path: Path) -> FileIO:
    """Open a file for appending and keep it so, as a log or an editor does."""
    return open(path, "ab", buffering=0)


def until(condition: Callable[[], bool]) -> None:
    """Look until something is so; fails when it never is."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.002)
