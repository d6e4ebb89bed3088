"""A server that is not the owner of a file gives nobody rights that they did not have."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

TOP = Path(__file__).parents[2]
NOBODY = 65534

SAVE_AS_NOBODY = f"""
import asyncio, os, sys
from pathlib import Path
from connectors.base import Credentials
from connectors.errors import ConnectorError
from connectors.local import LocalConnector
from connectors.local_settings import LocalSettings

async def main():
    connector = LocalConnector(LocalSettings(Path(sys.argv[1])))
    await connector.swept()
    os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
    somebody = Credentials("a", "A")
    try:
        found = await connector.stat("a.txt", somebody)
        await connector.write("a.txt", b"new", somebody, if_version=found.version)
        print("saved", end="")
    except ConnectorError as error:
        print(type(error).__name__, end="")
    await connector.close()

asyncio.run(main())
"""


@pytest.fixture
def file(root: Path) -> Path:
    if os.geteuid() != 0:
        pytest.skip("another owner needs the right to change to one")
    root.chmod(0o777)
    file = root / "a.txt"
    file.write_bytes(b"old")
    os.chown(file, 1234, 2345)
    return file


def save_as_nobody(root: Path) -> str:
    child = subprocess.run(
        [sys.executable, "-c", SAVE_AS_NOBODY, str(root)], cwd=TOP, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert child.stderr == ""
    return child.stdout


def test_a_group_that_cannot_be_kept_gives_the_new_group_no_more_than_everybody(root: Path, file: Path) -> None:
    file.chmod(0o676)

    assert save_as_nobody(root) == "saved"

    found = file.stat()
    assert (file.read_bytes(), found.st_uid, found.st_gid) == (b"new", NOBODY, NOBODY)
    assert stat.S_IMODE(found.st_mode) == 0o666


def test_a_file_that_may_not_be_read_is_denied(root: Path, file: Path) -> None:
    file.chmod(0o600)

    assert save_as_nobody(root) == "AccessDenied"
    assert file.read_bytes() == b"old"


def test_a_file_that_may_only_be_read_is_denied(root: Path, file: Path) -> None:
    file.chmod(0o644)

    assert save_as_nobody(root) == "AccessDenied"
    assert file.read_bytes() == b"old"


def test_a_writable_file_in_a_folder_that_is_not_is_denied(root: Path, file: Path) -> None:
    file.chmod(0o666)
    root.chmod(0o755)

    assert save_as_nobody(root) == "AccessDenied"
    assert file.read_bytes() == b"old"
    assert os.listdir(root) == ["a.txt"]
