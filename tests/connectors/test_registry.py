"""An address finds its connector, and only the modules of that kind are loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connectors.errors import FileMissing, InvalidPath, Unsupported
from connectors.local import LocalConnector
from connectors.memory import MemoryConnector
from connectors.registry import open_connector, scheme_of
from tests.connectors.conformance import ALICE
from tests.connectors.outside import put

TOP = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "with space"
    put(folder / "a.txt", b"a")
    return folder


async def test_a_folder_is_found_by_path_text_and_address(folder: Path) -> None:
    for address in (folder, str(folder), folder.as_uri()):
        connector = open_connector(address)

        assert isinstance(connector, LocalConnector)
        assert (await connector.stat("a.txt", ALICE)).size_bytes == 1
        await connector.close()


def test_memory_is_found() -> None:
    assert isinstance(open_connector("memory:"), MemoryConnector)


@pytest.mark.parametrize("address", ["ftp://host/folder", "webdavs:x", "data:text/plain,a"])
def test_an_unknown_scheme_is_refused(address: str) -> None:
    with pytest.raises(Unsupported, match="known: cs3, file, memory, s3, webdav"):
        open_connector(address)


@pytest.mark.parametrize("address", ["file://host/folder", "file:relative", "file:///a?b", "file:///a#b"])
def test_an_address_that_names_no_folder_here_is_refused(address: str) -> None:
    with pytest.raises(InvalidPath):
        open_connector(address)


def test_a_missing_folder_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        open_connector(tmp_path / "missing")


def test_a_folder_with_a_colon_in_its_name_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes:2026").mkdir()
    monkeypatch.chdir(tmp_path)

    assert scheme_of("notes:2026") == "file"
    assert scheme_of("./notes:2026") == "file"
    assert scheme_of("C:") == "file"


def test_the_registry_alone_loads_no_connector() -> None:
    script = "import sys, connectors.registry; print(sorted(name for name in sys.modules if 'watchfiles' in name))"

    found = subprocess.run([sys.executable, "-c", script], cwd=TOP, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
