"""Owns the command of the load test: its options, its help, its exit codes."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console

from loadtest import options, terminal, words
from loadtest.comparison import compare as compare_results
from loadtest.outcome import Exit, check_writable, exit_code, read_json, write_html, write_json
from loadtest.peers.install import PeerError
from loadtest.peers.table import PEERS
from loadtest.results import Result, Verdict
from loadtest.scenarios.table import SCENARIOS
from loadtest.settings import PROTOCOLS, Credentials, RunSettings, SettingsError, Value
from loadtest.targets import Target, parse_target
from loadtest.turns import Interrupted, Turn, record_session_until_interrupted, run_turn, turns

_OVERHEAD_S = 3.0

app = typer.Typer(
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@dataclass(frozen=True, slots=True)
class Output:
    """Where results go."""

    json: Path | None = None
    html: Path | None = None
    quiet: bool = False
    command: str = ""

    def check(self) -> None:
        """Before a long run. Raises: SettingsError."""
        for path in filter(None, (self.json, self.html)):
            check_writable(path)


@app.command(help=options.HELP)
def loadtest(
    context: typer.Context,
    target: options.Target = None,
    scenario: options.Scenario = "lock-step",
    protocol: options.Protocol = None,
    clients: options.Clients = None,
    rooms: options.Rooms = None,
    duration: options.Duration = None,
    seed: options.Seed = 1,
    set_: options.Set = None,
    recording: options.Recording = None,
    record: options.Record = None,
    processes: options.Processes = 1,
    token_file: options.TokenFile = None,
    document: options.Document = None,
    extensions: options.Extensions = False,
    server_pid: options.ServerPid = None,
    compare: options.Compare = None,
    rounds: options.Rounds = None,
    pin: options.Pin = False,
    json: options.Json = None,
    html: options.Html = None,
    from_: options.From = None,
    list_: options.List = False,
    quiet: options.Quiet = False,
) -> None:
    """One command; its help says what it does."""
    console = Console(highlight=False)
    if list_:
        return list_all(console)
    output = Output(json, html, quiet, shlex.join([*str(context.info_name).split(), *context.obj]))
    output.check()
    if from_:
        earlier = [result for path in from_ for result in read_json(path)]
        raise typer.Exit(finish(console, earlier, output, compared=len(earlier) > 1))
    settings = RunSettings("", _known(scenario), clients=clients, rooms=rooms, duration_s=duration, seed=seed)
    settings = replace(settings, processes=processes, parameters=_pairs(set_ or ()), document=document)
    settings = replace(
        settings, recording=str(recording) if recording else None, extensions=extensions, server_pid=server_pid
    )
    targets = [_first(target, protocol, token_file), *(parse_target(text) for text in compare or ())]
    if record is not None:
        raise typer.Exit(record_room(console, targets[0], settings, record))
    rounds = rounds or (options.DEFAULT_ROUNDS if compare else 1)
    results = run_all(console, turns(targets, [settings], rounds), quiet=quiet, pin=pin)
    raise typer.Exit(finish(console, results, output, compared=len(targets) > 1 or rounds > 1))


def run_all(console: Console, planned: Sequence[Turn], *, quiet: bool, pin: bool) -> list[Result]:
    """One run after the other; Ctrl-C and SIGTERM end them with what there is, and end what was started.

    A server that cannot be started is left out when others can. Raises: SettingsError, PeerError.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results: list[Result] = []
    missing: dict[str, PeerError] = {}
    for turn in planned:
        if turn.target.name in missing:
            continue
        turn = replace(turn, settings=replace(turn.settings, command=run_again(turn.target, turn.settings)))
        try:
            with terminal.view_of(console, turn, _expected_s(turn.settings), quiet=quiet) as view:
                results.append(run_turn(turn, view.show, pin=pin))
        except Interrupted as stop:
            return [*results, stop.result]
        except PeerError as error:
            missing[turn.target.name] = error
            console.print(f"{turn.target.name} is left out: {error}", style="red", markup=False)
            continue
        if len(planned) > 1 and not quiet:
            terminal.print_line(console, turn, results[-1])
    if not results:
        raise next(iter(missing.values()))
    return results


def record_room(console: Console, target: Target, settings: RunSettings, path: Path) -> Exit:
    """Write a room's session down until Ctrl-C. Raises: SettingsError, PeerError."""
    if target.peer:
        raise SettingsError("There is nobody to be recorded in a server that is started here; name an address.")
    written = record_session_until_interrupted(target, settings, path, lambda text: console.print(text, markup=False))
    console.print(f"{words.plural(written, 'update')} in {path}", markup=False)
    return Exit.VALID


def finish(console: Console, results: Sequence[Result], output: Output, *, compared: bool) -> Exit:
    """Print and write what came out. Raises: SettingsError."""
    if compared:
        terminal.print_comparison(console, compare_results(results))
        for result in results:
            if result.verdict is Verdict.INVALID:
                terminal.print_result(console, result)
    else:
        terminal.print_result(console, results[0])
    if output.json is not None:
        write_json(output.json, results)
    if output.html is not None:
        write_html(output.html, results, output.command, compared=compared)
    return exit_code(results)


def list_all(console: Console) -> None:
    """What can be run, and against what."""
    terminal.print_scenarios(console, list(SCENARIOS.values()))
    terminal.print_peers(console, list(PEERS.values()))


def run_again(target: Target, settings: RunSettings) -> str:
    """The command of one run, everything that decides it named."""
    url = target.url if target.protocol == PROTOCOLS[0] else f"{target.protocol}+{target.url}"
    command: list[object] = ["collab", "loadtest", target.peer or url, "--scenario", settings.scenario]
    for name, value in (
        ("--clients", settings.clients),
        ("--rooms", settings.rooms),
        ("--duration", settings.duration_s),
        ("--document", settings.document),
        ("--recording", settings.recording),
    ):
        command += [name, value] if value is not None else []
    for parameter, value in settings.parameters.items():
        command += ["--set", f"{parameter}={value}"]
    command += ["--extensions"] if settings.extensions else []
    command += ["--processes", settings.processes] if settings.processes != 1 else []
    return shlex.join(str(word) for word in [*command, "--seed", settings.seed])


def _first(text: str | None, protocol: str | None, token_file: Path | None) -> Target:
    if text is None:
        raise SettingsError(f"Name an address (ws://…) or one of {', '.join(PEERS)}; --help says more.")
    if protocol is not None and protocol not in PROTOCOLS:
        raise SettingsError(f"The protocol is one of {', '.join(PROTOCOLS)}, not {protocol!r}.")
    return parse_target(text, protocol, Credentials(_token(token_file)))


def _token(file: Path | None) -> str | None:
    if file is None:
        return os.environ.get(options.TOKEN_VARIABLE) or None
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The token file {file} cannot be read ({error}).") from None
    if not token:
        raise SettingsError(f"The token file {file} is empty.")
    return token


def _known(scenario: str) -> str:
    if scenario not in SCENARIOS:
        raise SettingsError(f"There is no scenario {scenario!r}; --list shows them: {', '.join(SCENARIOS)}.")
    return scenario


def _pairs(texts: Sequence[str]) -> dict[str, Value]:
    pairs: dict[str, Value] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise SettingsError(f"--set takes NAME=VALUE, not {text!r}.")
        pairs[name] = _value(value)
    return pairs


def _value(text: str) -> Value:
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


def _expected_s(settings: RunSettings) -> float:
    length = settings.duration_s
    if length is None:
        length = float(SCENARIOS[settings.scenario].parameters["duration_s"].default)
    return length + _OVERHEAD_S


def main(arguments: Sequence[str], name: str) -> NoReturn:
    """Run the command with these arguments and exit."""
    try:
        app(list(arguments), prog_name=name, obj=list(arguments))
    except (SettingsError, PeerError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(Exit.USAGE)
    sys.exit(Exit.VALID)
