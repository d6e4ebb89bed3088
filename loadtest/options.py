"""Owns the options of the command: names, help, and under which heading the help shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer.models import OptionInfo

from loadtest.peers.table import PEERS
from loadtest.settings import PROTOCOLS

TOKEN_VARIABLE = "LOADTEST_TOKEN"  # noqa: S105 - the name of the variable
DEFAULT_ROUNDS = 3
"""Of a comparison."""
_PEERS = ", ".join(PEERS)

HELP = "\n\n".join(
    (
        "Measure a Yjs server, this one or any other, and prove that it lost nothing.",
        "Every run ends with a comparison of the documents of all clients and of the server. Where they differ the run "
        "is invalid, whatever its figures say. When the generator and not the server was the limit, that is said, too.",
        "[bold]Exit codes[/]  0 valid · 1 invalid: documents differ, edits lost, server gone, interrupted · 2 wrong "
        "usage, or a server that cannot be started · 3 the generator was the limit",
        "[dim]collab loadtest ws://127.0.0.1:8000/ws --scenario offices --html report.html[/]",
        "[dim]collab loadtest livefolder --compare y-websocket --compare hocuspocus --pin[/]",
        f"[dim]{TOKEN_VARIABLE}=… collab loadtest hocuspocus+wss://example.org/collab --scenario lecture[/]",
    )
)


def _option(
    panel: str,
    text: str,
    *names: str,
    minimum: float | None = None,
    metavar: str | None = None,
    default: bool = False,
) -> OptionInfo:
    option: OptionInfo = typer.Option(
        *names, rich_help_panel=panel, help=text, min=minimum, metavar=metavar, show_default=default
    )
    return option


def _load(text: str, *names: str, minimum: float | None = None, default: bool = False) -> OptionInfo:
    return _option("Load", text, *names, minimum=minimum, default=default)


def _server(text: str, *names: str) -> OptionInfo:
    return _option("Server", text, *names)


Target = Annotated[
    str | None,
    typer.Argument(
        metavar="[URL|NAME]",
        help="The address that a room's name is appended to ([cyan]ws://127.0.0.1:8000/ws[/]), or a server that is "
        f"installed and started here: {_PEERS}.",
        show_default=False,
    ),
]
Scenario = Annotated[str, _load("What happens; [bold]--list[/] shows them all.", "--scenario", "-s", default=True)]
Clients = Annotated[int | None, _load("Clients in each room.", minimum=1)]
Rooms = Annotated[int | None, _load("Rooms.", minimum=1)]
Duration = Annotated[float | None, _load("Seconds of the measured part.", minimum=0)]
Seed = Annotated[int, _load("The same seed types the same.", default=True)]
Set = Annotated[
    list[str] | None,
    _option("Load", "A parameter of the scenario; may be repeated.", "--set", metavar="NAME=VALUE"),
]
Recording = Annotated[Path | None, _load("A recorded session, for the scenario replay.")]
Record = Annotated[
    Path | None,
    _option("Load", "Run nothing: write what happens in the room --document to this new file, until Ctrl-C."),
]
Processes = Annotated[int, _load("Generator processes; take more where there are cores.", minimum=1, default=True)]

Protocol = Annotated[str | None, _server(f"{', '.join(PROTOCOLS)}. [dim]default: y-websocket[/]")]
TokenFile = Annotated[Path | None, _server(f"File with the token for URL; or set {TOKEN_VARIABLE}.")]
Document = Annotated[
    str | None, _server("Name of the room, or path of the Jupyter document. [dim]default: a new one[/]")
]
Extensions = Annotated[
    bool, _server("Use this server's extensions: acknowledgements are measured, too.", "--extensions")
]
ServerPid = Annotated[int | None, _server("The server's process. [dim]default: found by its port[/]")]

Compare = Annotated[
    list[str] | None,
    _option("Comparison", "Run this server in turn with the first one; may be repeated.", metavar="URL|NAME"),
]
Rounds = Annotated[
    int | None, _option("Comparison", f"Rounds. [dim]default: 1, comparing {DEFAULT_ROUNDS}[/]", minimum=1)
]
Pin = Annotated[
    bool,
    _option("Comparison", "One core for a server that is started here, the others for the generator.", "--pin"),
]

Json = Annotated[Path | None, _option("Results", "Write the result here.", "--json")]
Html = Annotated[Path | None, _option("Results", "Write the report here: one file that needs no network.", "--html")]
From = Annotated[
    list[Path] | None,
    _option("Results", "Run nothing: take the results of an earlier --json; may be repeated.", "--from"),
]
List = Annotated[
    bool, _option("Results", "Show scenarios with their parameters, and the servers known by name.", "--list")
]
Quiet = Annotated[bool, _option("Results", "Nothing while it runs; the table at the end.", "--quiet", "-q")]
