"""The command says what it does, and what is wrong in one sentence."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.clients import ask
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.serving import TOP, Server

pytestmark = pytest.mark.slow

SECRET = "a secret of tests that is long enough"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("# A\n", encoding="utf-8")
    return folder


def collab(*arguments: str | Path, cwd: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COLLAB_")}
    return subprocess.run(
        [sys.executable, "-m", "collab", *map(str, arguments)],
        cwd=cwd or TOP,
        env=clean | {"PYTHONPATH": str(TOP), "COLUMNS": "200", "NO_COLOR": "1"} | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], said: str) -> None:
    """One clear sentence, status 2, no traceback."""
    assert done.returncode == 2, done.stderr + done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_help_names_every_command() -> None:
    text = collab("--help").stdout

    for command in (
        "serve",
        "token",
        "check-config",
        "doctor",
        "admin",
        "replay",
        "backup",
        "restore",
        "rebase",
        "purge",
        "erase",
    ):
        assert command in text


@pytest.mark.parametrize("command", ["serve", "token", "replay", "backup", "rebase"])
def test_each_command_explains_itself(command: str) -> None:
    done = collab(command, "--help")

    assert done.returncode == 0
    assert "--data" in done.stdout


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    refused(collab("serve", tmp_path / "none"), "does not exist")


def test_a_file_instead_of_a_folder_is_refused(folder: Path) -> None:
    refused(collab("serve", folder / "a.md"), "is a file")


def test_another_bind_without_a_secret_is_refused(folder: Path) -> None:
    refused(collab("serve", folder, "--host", "0.0.0.0"), "COLLAB_SECRET")  # noqa: S104  # refused


def test_a_short_secret_is_refused(folder: Path) -> None:
    refused(collab("serve", folder, COLLAB_SECRET="short"), "32 bytes")


def test_a_port_in_use_is_refused(folder: Path, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        refused(collab("serve", folder, "--port", str(port), "--data", tmp_path / "data"), "in use")


def test_an_unknown_setting_is_refused(folder: Path) -> None:
    refused(collab("serve", folder, COLLAB_SERVER_PROT="1"), "COLLAB_SERVER_PROT is not a setting")


def test_a_second_server_on_one_data_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    first = Server(folder, tmp_path / "data").start()
    try:
        refused(collab("serve", folder, "--port", str(free_port()), "--data", tmp_path / "data"), "data folder")
    finally:
        first.stop()


def test_without_a_folder_a_sample_is_made_and_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    environ = {"XDG_STATE_HOME": str(tmp_path / "state"), "COLLAB_PORT": str(free_port())}
    with closing(socket.create_server(("127.0.0.1", int(environ["COLLAB_PORT"])))):
        refused(collab("serve", cwd=tmp_path, **environ), "in use")

    names = sorted(entry.name for entry in (tmp_path / "sample").iterdir())
    assert names == ["data.csv", "paper.tex", "refs.bib", "script.py", "welcome.md"]
    assert list((tmp_path / "state" / "livefolder").iterdir())


def test_the_sample_script_runs_on_the_sample_data(tmp_path: Path) -> None:
    from collab.commands.sample import make_sample

    make_sample(tmp_path / "sample")
    done = subprocess.run(
        [sys.executable, tmp_path / "sample" / "script.py"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )

    assert done.stdout.count("events") == 4
    assert not make_sample(tmp_path / "sample")


def test_check_config_shows_values_and_sources_and_masks_the_secret(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "collab.toml"
    file.write_text("[save]\ndebounce_s = 7\n", encoding="utf-8")

    done = collab("check-config", folder, "--port", "9000", "--config", file, COLLAB_SECRET=SECRET)

    lines = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.split()}
    assert done.returncode == 0, done.stderr
    assert lines["server.port"] == ["9000", "option"]
    assert lines["save.debounce_s"] == ["7.0", str(file)]
    assert lines["auth.secret"] == ["********", "environment"]
    assert lines["server.host"] == ["127.0.0.1", "default"]
    assert SECRET not in done.stdout


def test_doctor_finds_what_is_wrong_and_says_how_to_mend_it(folder: Path, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = str(other.getsockname()[1])
        done = collab("doctor", folder, "--port", port, "--data", tmp_path / "data")

    assert done.returncode == 1
    assert "in use" in done.stdout and "--port" in done.stdout
    assert "per synced write" in done.stdout
    assert not (tmp_path / "data").exists()


def test_a_token_signs_in_and_can_be_withdrawn_while_the_server_runs(folder: Path, tmp_path: Path) -> None:
    server = Server(folder, tmp_path / "data", environ={"COLLAB_SECRET": SECRET}).start()
    try:
        place = ("--data", str(tmp_path / "data"))
        made = collab("token", "--user", "anna", "--role", "editor", COLLAB_SECRET=SECRET, COLLAB_PORT=str(server.port))
        token = made.stdout.splitlines()[0]
        header = {"Authorization": f"Bearer {token}"}
        assert f"{server.url}/#token={token}" in made.stdout
        assert ask("GET", f"{server.url}/api/v1/folders?path=", headers=header).status_code == 200

        done = collab("token", "--revoke", token, *place, COLLAB_SECRET=SECRET, COLLAB_PORT=str(server.port))

        assert done.returncode == 0, done.stderr
        assert ask("GET", f"{server.url}/api/v1/folders?path=", headers=header).status_code == 403
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--user", "anna"], "COLLAB_SECRET"),
        ([], "--user"),
        (["--revoke", "nonsense"], "COLLAB_SECRET"),
    ],
)
def test_a_token_that_cannot_be_made_is_explained(arguments: list[str], said: str) -> None:
    refused(collab("token", *arguments), said)


def test_replay_backup_restore_and_purge_work_on_a_stopped_server(folder: Path, tmp_path: Path) -> None:
    server = Server(folder, tmp_path / "data").start()
    ask("POST", f"{server.url}/api/v1/documents/open", json={"path": "a.md"}).raise_for_status()
    copied = collab("backup", tmp_path / "copy.db", "--data", tmp_path / "data")
    server.stop()
    place = ("--data", tmp_path / "data")

    replayed = collab("replay", "--all", *place)
    restored = collab("restore", tmp_path / "copy.db", "--data", tmp_path / "other")
    again = collab("replay", "a.md", "--data", tmp_path / "other")
    purged = collab("purge", "a.md", "--yes", *place)

    assert copied.returncode == 0, copied.stderr
    assert replayed.returncode == 0 and "a.md  agrees" in replayed.stdout, replayed.stdout + replayed.stderr
    assert restored.returncode == 0, restored.stderr
    assert again.returncode == 0 and "1 documents, 0 that do not agree" in again.stdout
    assert purged.returncode == 0, purged.stderr
    refused(collab("replay", "a.md", *place), "knows no document")


def test_replay_of_a_running_server_looks_at_a_copy(folder: Path, tmp_path: Path) -> None:
    server = Server(folder, tmp_path / "data").start()
    try:
        ask("POST", f"{server.url}/api/v1/documents/open", json={"path": "a.md"}).raise_for_status()
        replayed = collab("replay", "--all", "--data", tmp_path / "data")
    finally:
        server.stop()

    assert replayed.returncode == 0 and "a.md  agrees" in replayed.stdout, replayed.stdout + replayed.stderr


def test_replay_writes_a_document_to_a_new_file_only(folder: Path, tmp_path: Path) -> None:
    server = Server(folder, tmp_path / "data").start()
    try:
        ask("POST", f"{server.url}/api/v1/documents/open", json={"path": "a.md"}).raise_for_status()
    finally:
        server.stop()
    arguments = ("replay", "a.md", "--data", tmp_path / "data", "--write", tmp_path / "rebuilt.md")

    written = collab(*arguments, "--at", "2001-01-01")

    assert written.returncode == 0, written.stderr
    assert (tmp_path / "rebuilt.md").read_bytes() == (folder / "a.md").read_bytes()
    refused(collab(*arguments), "nothing is overwritten")


def test_rebase_gives_a_named_document_a_fresh_history_and_points_find_the_old_one(
    folder: Path, tmp_path: Path
) -> None:
    server = Server(folder, tmp_path / "data").start()
    try:
        opened = ask("POST", f"{server.url}/api/v1/documents/open", json={"path": "a.md"}).json()
        address = f"{server.url}/api/v1/documents/{opened['document_id']}/points"
        named = ask("POST", address, json={"name": "as sent"})
        running = collab("rebase", "a.md", "--data", tmp_path / "data")
    finally:
        server.stop()
    place = ("--data", tmp_path / "data")

    done = collab("rebase", "a.md", *place)
    (folder / "a.md").write_text("# changed later\n", encoding="utf-8")
    points = collab("replay", "a.md", "--points", *place)
    rebuilt = collab("replay", "a.md", *place, "--at", "as sent", "--write", tmp_path / "sent.md")
    first = collab("replay", "a.md", *place, "--at", "2001-01-01", "--write", tmp_path / "first.md")

    assert named.status_code == 201
    refused(running, "another server")
    assert done.returncode == 0 and "a.md  rebased" in done.stdout, done.stdout + done.stderr
    assert len(points.stdout.splitlines()) == 2 and "as sent" in points.stdout
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert (tmp_path / "sent.md").read_bytes() == (tmp_path / "first.md").read_bytes() == b"# A\n"
    assert first.returncode == 0
    assert collab("replay", "--all", *place).returncode == 0
    refused(collab("replay", "a.md", *place, "--at", "unknown", "--write", tmp_path / "no.md"), "neither a time nor")


def test_rebase_of_all_quiet_documents_leaves_those_of_today(folder: Path, tmp_path: Path) -> None:
    server = Server(folder, tmp_path / "data").start()
    ask("POST", f"{server.url}/api/v1/documents/open", json={"path": "a.md"}).raise_for_status()
    server.stop()

    done = collab("rebase", "--all-quiet", "--data", tmp_path / "data")

    assert done.returncode == 0 and "0 of 0 documents" in done.stdout, done.stdout + done.stderr
    refused(collab("rebase", "--data", tmp_path / "data"), "--all-quiet")
    refused(collab("rebase", "none.md", "--data", tmp_path / "data"), "knows no document")
