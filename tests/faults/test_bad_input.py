"""What a person may get wrong when starting a server: one clear sentence, exit code 2, no traceback, nothing harmed.

`test_bad_files.py` has what may happen to a file while it is open.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collab.slot import Slot
from tests.faults.typist import Typist
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.serving import TOP, Server

pytestmark = pytest.mark.slow

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, PR_CAPBSET_DROP = 1, 2, 24
KIB = 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "notes.md").write_text("# Notes\n", encoding="utf-8")
    return folder


def refusal(folder: Path, data: Path, *options: str, before: Callable[[], None] | None = None) -> str:
    """The one sentence with which `collab serve` refuses."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COLLAB_")}
    command = [sys.executable, "-m", "collab", "serve", str(folder), "--data", str(data)]
    result = subprocess.run(
        [*command, *(options or ("--port", str(free_port())))],
        cwd=TOP,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        preexec_fn=before,
        check=False,
    )
    assert "Traceback" not in result.stdout + result.stderr
    assert result.returncode == 2, result.stdout + result.stderr
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("collab: ") and lines[0].endswith("."), lines[0]
    assert "livefolder" not in result.stdout, "it looked as if it had started"
    return lines[0]


def without_roots_rights() -> None:
    """Let root be refused like everybody else, in the child only."""
    if os.getuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, with nothing left on it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.getuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can mount a small disk to fill")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> None:
    """Leave not a byte."""
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * KIB)
        except OSError:
            pass


# -- folders --


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "none", tmp_path / "data")


def test_a_folder_that_is_a_file(folder: Path, tmp_path: Path) -> None:
    assert "is a file" in refusal(folder / "notes.md", tmp_path / "data")


def test_a_folder_that_may_not_be_read(folder: Path, tmp_path: Path) -> None:
    folder.chmod(0)

    said = refusal(folder, tmp_path / "data", before=without_roots_rights)

    folder.chmod(0o700)
    assert "cannot be read" in said


def test_a_data_folder_that_may_not_be_written(folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o500)

    assert "cannot be written" in refusal(folder, data, before=without_roots_rights)


def test_a_data_folder_that_is_a_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "data").touch()

    assert "a file is in the way" in refusal(folder, tmp_path / "data")


def test_a_data_folder_on_a_full_disk(folder: Path, full_disk: Path) -> None:
    data = full_disk / "data"
    data.mkdir()
    fill(full_disk)

    said = refusal(folder, data)

    assert str(data) in said


def test_a_disk_that_holds_the_journal_but_not_the_slot(folder: Path, full_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=512k", str(full_disk)], check=True)

    said = refusal(folder, full_disk / "data")

    assert str(full_disk) in said


@pytest.mark.parametrize(
    ("content", "mode", "named"),
    [("[server]\nport = 1", 0, "wrong.toml"), ("[server", 0o600, "wrong.toml"), ("[nothing]\n", 0o600, "[nothing]")],
)
def test_a_configuration_file_that_cannot_be_used(
    folder: Path, tmp_path: Path, content: str, mode: int, named: str
) -> None:
    config = tmp_path / "wrong.toml"
    config.write_text(content, encoding="utf-8")
    config.chmod(mode)

    assert named in refusal(folder, tmp_path / "data", "--config", str(config), before=without_roots_rights)


# -- ports and second servers --


def test_a_port_in_use(folder: Path, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        said = refusal(folder, tmp_path / "data", "--port", str(port))

    assert f"Port {port}" in said and "--port" in said


def test_a_second_server_on_the_same_data_folder(folder: Path, tmp_path: Path) -> None:
    first = Server(folder, tmp_path / "data").start()
    try:
        said = refusal(folder, tmp_path / "data")

        assert "another server" in said and "--data" in said
        first.wait_ready(2.0)
    finally:
        assert first.stop() == 0


# -- damaged journals --


@pytest.fixture
async def served(folder: Path, tmp_path: Path) -> Server:
    """A server that ran once and journalled an edit."""
    server = Server(folder, tmp_path / "data").start()
    document = await Typist(1, server.url, "notes.md", 1).read()
    assert document.text() == "# Notes\n"
    server.stop()
    return server


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: os.truncate(path, path.stat().st_size // 2),
        lambda path: os.truncate(path, 100),
        lambda path: os.truncate(path, 0),
        lambda path: overwrite(path, path.stat().st_size // 2, b"\xa5" * 16 * KIB),
        lambda path: overwrite(path, 0, b"not a database" * 100),
    ],
    ids=["cut in half", "cut to its head", "zero length", "garbage within", "garbage at the start"],
)
async def test_a_damaged_journal_is_kept_aside_and_the_server_starts_and_says_so(
    served: Server, damage: Callable[[Path], None]
) -> None:
    journal = served.data / "journal.db"
    damage(journal)
    damaged = journal.read_bytes()
    (served.data / "journal.suspect").touch()

    served.start()
    try:
        document = await Typist(2, served.url, "notes.md", 2).read()
    finally:
        assert served.stop() == 0

    assert document.text() == "# Notes\n"
    assert (served.folder / "notes.md").read_bytes() == b"# Notes\n"
    kept = [path.read_bytes() for path in served.data.iterdir() if ".damaged-" in path.name]
    assert damaged in kept or not damaged
    assert ("journal_damaged" if damaged else "journal_empty") in served.tail()


def overwrite(path: Path, offset: int, content: bytes) -> None:
    """Change bytes in place, the length stays or grows."""
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)


def test_a_slot_that_is_no_slot_keeps_nobody_out(folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "apply.slot").write_bytes(b"\x01" + os.urandom(1000))

    server = Server(folder, data).start()

    assert server.stop() == 0
    assert Slot.read_left(data / "apply.slot") is None
