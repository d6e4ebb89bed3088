"""The command says what it saw, in its exit code too, and refuses what makes no sense before anything runs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from loadtest.outcome import Exit, exit_code, read_json, write_json
from loadtest.results import Result
from loadtest.settings import SettingsError
from tests.loadtest import made
from tests.serving import TOP

pytestmark = pytest.mark.slow

PATIENCE_S = 180


def environment(**more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("COLLAB_", "LOADTEST_TOKEN"))}
    return clean | {"PYTHONPATH": str(TOP), "COLUMNS": "200", "NO_COLOR": "1"} | more


def run(*arguments: str | Path, program: str = "loadtest", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", *program.split(), *map(str, arguments)],
        cwd=TOP,
        env=environment(**environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name an address"),
        (("nowhere",), "neither an address"),
        (("ws://127.0.0.1:1/ws", "--scenario", "tea-party"), "no scenario 'tea-party'"),
        (("ws://127.0.0.1:1/ws", "--protocol", "telepathy"), "The protocol is one of"),
        (("ws://127.0.0.1:1/ws?token=hush",), "--token-file"),
        (("ws://127.0.0.1:1/ws", "--token-file", "no such file"), "cannot be read"),
        (("ws://127.0.0.1:1/ws", "--set", "writers"), "NAME=VALUE"),
        (("ws://127.0.0.1:1/ws", "--html", "no such folder/report.html"), "There is no folder"),
        (("ws://127.0.0.1:1/ws", "--json", "tests"), "is a folder"),
        (("--from", "README.md"), "holds no result"),
        (("--from", "no such file"), "cannot be read"),
        (("ws://127.0.0.1:1/ws", "--compare", "nowhere"), "neither an address"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_status_2(arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)

    assert done.returncode == Exit.USAGE
    assert said in done.stderr
    assert "hush" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not done.stdout


def test_an_unknown_option_is_wrong_usage() -> None:
    assert run("--tea").returncode == Exit.USAGE


def test_the_list_has_every_scenario_and_server() -> None:
    done = run("--list")

    assert done.returncode == 0
    for name in ("lock-step", "fan-out", "offices", "lecture", "class", "join-storm", "idle", "replay", "mixed-day"):
        assert name in done.stdout
    for name in ("livefolder", "y-websocket", "hocuspocus", "pycrdt-websocket"):
        assert name in done.stdout


def test_collab_has_the_command_with_its_help() -> None:
    done = run("loadtest", "--help", program="collab")

    assert done.returncode == 0
    assert "Usage: collab loadtest" in done.stdout
    assert "Exit codes" in done.stdout


def test_the_other_commands_of_collab_do_not_load_it() -> None:
    code = "import sys, collab.cli; sys.exit(any(name.partition('.')[0] == 'loadtest' for name in sys.modules))"

    assert subprocess.run([sys.executable, "-c", code], cwd=TOP, check=False).returncode == 0


@pytest.mark.parametrize(
    ("result", "code"),
    [(made.result(), Exit.VALID), (made.invalid(), Exit.INVALID), (made.bound(), Exit.GENERATOR_BOUND)],
)
def test_the_exit_code_is_the_verdict(tmp_path: Path, result: Result, code: Exit) -> None:
    write_json(tmp_path / "run.json", [result])

    done = run("--from", tmp_path / "run.json", "--html", tmp_path / "run.html")

    assert done.returncode == code
    assert "<!doctype html>" in (tmp_path / "run.html").read_text(encoding="utf-8")


def test_the_worst_verdict_decides_and_no_run_is_no_success() -> None:
    assert exit_code([made.result(), made.bound()]) is Exit.GENERATOR_BOUND
    assert exit_code([made.bound(), made.invalid(), made.result()]) is Exit.INVALID
    assert exit_code([]) is Exit.INVALID


def test_earlier_results_are_compared_side_by_side(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", [made.result("ours"), made.result("ours", 1.2)])
    write_json(tmp_path / "b.json", [made.result("theirs", 2.2)])

    done = run("--from", tmp_path / "a.json", "--from", tmp_path / "b.json", "--html", tmp_path / "both.html")

    assert done.returncode == 0
    assert "2.00×" in done.stdout  # noqa: RUF001 - the times sign
    assert "theirs" in (tmp_path / "both.html").read_text(encoding="utf-8")


def test_results_survive_their_file(tmp_path: Path) -> None:
    for results in ([made.result()], [made.result(), made.invalid()]):
        write_json(tmp_path / "results.json", results)

        assert read_json(tmp_path / "results.json") == results


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"runs": [{}]}', '{"runs": 3}', "\x00"])
def test_a_file_that_holds_no_results_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.json").write_text(text, encoding="utf-8")

    with pytest.raises(SettingsError, match="holds no result"):
        read_json(tmp_path / "file.json")


def test_hostile_names_do_not_reach_the_terminal_as_markup(tmp_path: Path) -> None:
    write_json(tmp_path / "run.json", [replace(made.invalid(), notes=("[red]a note[/]",), errors={"[/]": 1})])

    done = run("--from", tmp_path / "run.json")

    assert done.returncode == Exit.INVALID
    assert "[red]a note[/]" in done.stdout


def test_a_server_that_is_not_there_is_an_invalid_run_with_a_report(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{closed.getsockname()[1]}/ws"
        done = run(
            url, "--clients", "2", "--duration", "1", "--json", tmp_path / "run.json", "--html", tmp_path / "a.html"
        )

    assert done.returncode == Exit.INVALID, done.stderr
    [result] = read_json(tmp_path / "run.json")
    assert not result.proof.holds
    assert "Invalid" in done.stdout
    assert "Invalid" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_ctrl_c_ends_with_what_was_measured_and_says_so(tmp_path: Path) -> None:
    command = [
        "livefolder",
        "--scenario",
        "idle",
        "--clients",
        "1",
        "--rooms",
        "3",
        "--duration",
        "600",
        "--json",
        str(tmp_path / "run.json"),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "loadtest", *command],
        cwd=TOP,
        env=environment(PYTHONUNBUFFERED="1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    seen = next((line for line in process.stdout if "3 connections" in line), None)
    assert seen is not None, process.communicate()

    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == Exit.INVALID, errors
    assert "interrupted" in output
    assert "Traceback" not in errors
    stored = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert stored["verdict"] == "invalid"
    assert stored["samples"]


def test_a_room_that_cannot_be_joined_is_not_recorded(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{closed.getsockname()[1]}/ws"
        done = run(url, "--document", "a", "--record", tmp_path / "session.jsonl")

    assert done.returncode == Exit.USAGE
    assert "cannot be recorded" in done.stderr
    assert not (tmp_path / "session.jsonl").exists()
    assert "Traceback" not in done.stderr


def test_a_comparison_goes_on_without_a_server_that_cannot_be_installed(tmp_path: Path) -> None:
    (tmp_path / "node").write_text("in the way", encoding="utf-8")
    arguments = ("--clients", "2", "--duration", "0.5", "--rounds", "1", "--json", tmp_path / "runs.json")

    done = run("livefolder", "--compare", "hocuspocus", *arguments, LOADTEST_CACHE=str(tmp_path))

    assert "hocuspocus is left out" in done.stdout
    assert [result.server for result in read_json(tmp_path / "runs.json")] == ["livefolder"]
