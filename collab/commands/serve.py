"""Owns `collab serve` on the side of the person who starts it: one calm screen, then the supervisor."""

from __future__ import annotations

import webbrowser
from dataclasses import replace

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from collab import __version__, logs
from collab.clock import SystemClock
from collab.commands.sample import SAMPLE, make_sample
from collab.commands.sources import Options, Sourced, gather
from collab.config import Config
from collab.errors import ConfigError, JournalError
from collab.startup import address, listen, settle
from collab.store.fence import Fence
from collab.supervisor.supervisor import Supervisor


def serve(options: Options, *, open_browser: bool, console: Console) -> int:
    """Serve until a signal. Returns the exit code. Raises: ConfigError."""
    sourced = _with_a_folder(options)
    config = settle(sourced.config)
    logs.configure(config.log)
    fence = _hold(config)
    listener = listen(config.server.host, config.server.port)
    port = listener.getsockname()[1]
    url = address(config, port)

    def announce(token: str) -> None:
        opens = f"{url}/#token={token}" if token else f"{url}/"
        _print_screen(console, config, opens)
        if open_browser:
            webbrowser.open(opens)

    held = [fence.fileno()]
    try:
        return Supervisor(config, listener, announce, clock=SystemClock(), held=held).run()
    finally:
        fence.release()


def _hold(config: Config) -> Fence:
    """Have the data folder for ourselves and our workers. Raises: ConfigError."""
    if config.store.data is None:
        raise ConfigError("The server needs a data folder.")
    fence = Fence(config.store.data)
    try:
        fence.acquire()
    except JournalError as error:
        raise ConfigError(f"No journal can be kept in {config.store.data} ({error}).") from None
    return fence


def _with_a_folder(options: Options) -> Sourced:
    """The configuration, with the sample folder when it names none."""
    sourced = gather(options)
    if sourced.config.roots:
        return sourced
    folder = SAMPLE.absolute()
    try:
        make_sample(folder)
    except OSError as error:
        raise ConfigError(f"The sample folder {folder} cannot be made ({error.strerror}); name a folder.") from None
    return gather(replace(options, folder=folder))


def _print_screen(console: Console, config: Config, url: str) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for root in config.roots:
        table.add_row("Folder" if root.path is not None else "Storage", root.where)
    table.add_row("Journal", config.store.place)
    table.add_row("Access", _access(config))
    console.print()
    console.print(f"  [bold]livefolder[/bold] [dim]{__version__}[/dim]   [bold cyan]{url}[/bold cyan]")
    console.print()
    console.print(Padding(table, (0, 0, 0, 2)))
    console.print()
    console.print("  [dim]Every file in the folder is live; edits go back into it.[/dim]")
    console.print("  [dim]Ctrl+C stores everything and stops.[/dim]")
    console.print()


def _access(config: Config) -> str:
    if config.open_mode:
        return "you, on this machine only"
    return "people with a token (`collab token`)"
