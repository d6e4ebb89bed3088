"""Owns the `collab` command: its options, its help, and how a problem is said (one sentence, exit code 2)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from collab import __version__
from collab.commands.admin import admin
from collab.commands.sources import Options, gather
from collab.config import Config
from collab.errors import CollabError, ConfigError
from collab.protocol.roles import Role

app = typer.Typer(
    name="collab",
    help="Edit the files of a folder together, live. Nothing that was acknowledged is ever lost.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.add_typer(admin)
console = Console()

Folder = Annotated[
    str | None,
    typer.Argument(
        help="The folder to share, or the address of a storage (webdav+https://…, s3://…, cs3://…). "
        "Left out: a small sample folder is made here.",
        show_default=False,
    ),
]
Host = Annotated[
    str | None, typer.Option(help="Address to listen on. [dim]default: 127.0.0.1[/dim]", show_default=False)
]
Port = Annotated[
    int | None, typer.Option(help="Port; 0 takes a free one. [dim]default: 8000[/dim]", show_default=False)
]
Workers = Annotated[
    int | None,
    typer.Option(
        help="Processes that share the rooms; 0: one for each core. [dim]default: 1[/dim]", show_default=False
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        help="Where journal and history live. [dim]default: a place for this folder in your state directory[/dim]",
        show_default=False,
        readable=False,
    ),
]
Database = Annotated[
    str | None,
    typer.Option(
        help="Registry and journal in PostgreSQL, for several servers: postgresql://USER@HOST/NAME."
        " [dim]default: a file in the data folder[/dim]",
        show_default=False,
    ),
]
Redis = Annotated[
    str | None,
    typer.Option(
        help="Joins nodes that share a database: redis://HOST:PORT. The password goes into COLLAB_REDIS_PASSWORD.",
        show_default=False,
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="A TOML file: the sections of `collab check-config`, and [[roots]].",
        show_default=False,
        readable=False,
    ),
]
DocumentName = Annotated[str, typer.Argument(help="A document's id, or its path in the folder.")]


@app.command()
def serve(
    folder: Folder = None,
    host: Host = None,
    port: Port = None,
    data: Data = None,
    database: Database = None,
    redis: Redis = None,
    workers: Workers = None,
    config: ConfigFile = None,
    open_browser: Annotated[bool, typer.Option("--open-browser", help="Open the start page in a browser.")] = False,
) -> None:
    """Share a folder: every file in it becomes a live document.

    Without a secret the server is yours alone: it listens on this machine, and only your own user gets in.
    To let others in, set COLLAB_SECRET (32 bytes or more), name a --host, and hand out tokens with
    [bold]collab token[/bold]. Put a proxy with TLS in front.

    Each setting is also in the environment: COLLAB_PORT, COLLAB_SERVER_PUBLIC_URL, COLLAB_LIMITS_FILE_SIZE_BYTES;
    [bold]collab check-config[/bold] lists them all.
    """
    from collab.commands.serve import serve as run

    options = Options(folder, host, port, data, config, workers, database, redis)
    raise typer.Exit(run(options, open_browser=open_browser, console=console))


@app.command()
def token(
    user: Annotated[str, typer.Option(help="The person's id: records and revocation go by it.")] = "",
    name: Annotated[str | None, typer.Option(help="The name that others see.", show_default=False)] = None,
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.EDITOR,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="ROOT or ROOT/PATH; may be repeated. Left out: everything.", show_default=False),
    ] = None,
    hours: Annotated[float, typer.Option(help="How long it is valid.")] = 12.0,
    revoke: Annotated[
        str | None,
        typer.Option(
            help="Withdraw instead: a token, `jti:ID`, or `sub:USER` for all of a person.", show_default=False
        ),
    ] = None,
    folder: Folder = None,
    data: Data = None,
    database: Database = None,
    config: ConfigFile = None,
) -> None:
    """Make a signed token for a person, or withdraw one.

    The address that is printed signs its holder in; the token travels in the part behind `#`, which browsers send
    to nobody. Programs send it as [bold]Authorization: Bearer[/bold]. Live connections of a withdrawn token close
    within a minute.
    """
    from collab.commands import tokens

    sourced = gather(Options(folder=folder, data=data, config=config, database=database))
    if revoke is not None:
        tokens.revoke(sourced.config, revoke, console)
    else:
        tokens.make(sourced.config, tokens.Wish(user, name, role, tuple(scope or ()), hours), console)


@app.command("check-config")
def check_config(
    folder: Folder = None,
    host: Host = None,
    port: Port = None,
    data: Data = None,
    database: Database = None,
    redis: Redis = None,
    config: ConfigFile = None,
) -> None:
    """Show every setting with its value and where it comes from; secrets are masked."""
    from collab.commands.checks import print_config

    print_config(gather(Options(folder, host, port, data, config, database=database, redis=redis)), console)


@app.command()
def doctor(
    folder: Folder = None,
    address: Annotated[str | None, typer.Argument(help="Of a storage, behind its kind.", show_default=False)] = None,
    token_file: Annotated[Path | None, typer.Option(help="A file with an access token.", show_default=False)] = None,
    host: Host = None,
    port: Port = None,
    data: Data = None,
    database: Database = None,
    redis: Redis = None,
    config: ConfigFile = None,
) -> None:
    """Check everything that a server needs, and say how to mend what is wrong.

    [bold]collab doctor webdav URL[/bold] (also [bold]s3[/bold], [bold]cs3[/bold]) looks at a storage instead, step by
    step: it makes a scratch folder there, tries everything in it and removes it. URL may be the name of a root of the
    configuration file; else its settings come from COLLAB_ROOT_….

    [bold]collab doctor wopi URL[/bold] looks at a WOPI host: give it the WOPISrc of a file and, in a file, an access
    token for it.
    """
    if address is not None:
        asked = gather(Options(None, host, port, data, config, database=database)).config
        return _doctor_of(str(folder), address, token_file, asked)
    from collab.commands.checks import doctor as examine

    options = Options(folder, host, port, data, config, database=database, redis=redis)
    raise typer.Exit(examine(gather(options).config, console))


def _doctor_of(kind: str, address: str, token_file: Path | None, config: Config) -> None:
    if kind == "wopi":
        from collab.commands import wopi_doctor

        raise typer.Exit(wopi_doctor.examine(config, address, token_file, console))
    if kind not in {"webdav", "s3", "cs3"}:
        raise ConfigError(f"collab doctor knows no storages of the kind {kind}.")
    from collab.commands.storage_doctor import examine

    raise typer.Exit(examine(config, kind, address, console))


wopi = typer.Typer(help="The side of this server that WOPI hosts see.", no_args_is_help=True)
app.add_typer(wopi, name="wopi")


@wopi.callback()
def wopi_top() -> None:
    """The side of this server that WOPI hosts see."""


@wopi.command("rotate-keys")
def rotate_keys(folder: Folder = None, data: Data = None, config: ConfigFile = None) -> None:
    """Make new proof keys. The present ones stay valid for hosts that have not read them yet."""
    from collab.commands.wopi import rotate_keys as run

    run(gather(Options(folder=folder, data=data, config=config)).config, console)


@app.command()
def replay(
    document: Annotated[
        str | None, typer.Argument(help="A document's id, or its path in the folder.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All documents.")] = False,
    at: Annotated[
        str | None, typer.Option(help="As the document was at this time, or at this point; with --write.")
    ] = None,
    points: Annotated[bool, typer.Option("--points", help="List the points that --at can name.")] = False,
    write: Annotated[Path | None, typer.Option(help="Write the document to this new file instead.")] = None,
    folder: Annotated[Path | None, typer.Option(help="The shared folder, to find its journal.")] = None,
    data: Data = None,
    database: Database = None,
    config: ConfigFile = None,
) -> None:
    """Rebuild a document from its journal and compare it with what was stored. Changes nothing.

    It works on a copy, so the server may run. With --write the document of now, or of --at, goes into a new file.
    """
    if not every and document is None:
        raise ConfigError("Name a document, or say --all.")
    from collab.commands import upkeep
    from collab.commands.pasts import When

    config_now = gather(Options(folder=folder, data=data, config=config, database=database)).config
    if points and document is not None:
        return upkeep.list_points(config_now, document, console)
    if write is not None and document is not None:
        return upkeep.rebuild(config_now, document, When.of(at), write, console)
    raise typer.Exit(upkeep.replay(config_now, None if every else document, console))


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
    folder: Annotated[Path | None, typer.Option(help="The shared folder, to find its journal.")] = None,
    data: Data = None,
    database: Database = None,
    config: ConfigFile = None,
) -> None:
    """Write a consistent copy of registry and journal. The server may run."""
    from collab.commands import upkeep

    upkeep.backup(gather(Options(folder=folder, data=data, config=config, database=database)).config, target, console)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A file that `collab backup` wrote.")],
    folder: Annotated[Path | None, typer.Option(help="The shared folder, to find its journal.")] = None,
    data: Data = None,
    database: Database = None,
    config: ConfigFile = None,
) -> None:
    """Make registry and journal of a folder from a backup. There must be no journal yet."""
    from collab.commands import upkeep

    upkeep.restore(gather(Options(folder=folder, data=data, config=config, database=database)).config, source, console)


@app.command()
def rebase(
    document: Annotated[
        str | None, typer.Argument(help="A document's id, or its path in the folder.", show_default=False)
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--all-quiet", help="All that nobody was connected to for COLLAB_STORE_REBASE_DAYS.")
    ] = False,
    folder: Annotated[Path | None, typer.Option(help="The shared folder, to find its journal.")] = None,
    data: Data = None,
    database: Database = None,
    config: ConfigFile = None,
) -> None:
    """Let documents go on with a fresh history, where the old one grew large. Stop the server first.

    The content stays; the old history is kept. Browsers that were away hand their edits over when they come back, and
    these are merged as text. A running server does this by itself with quiet documents; a single one is also rebased
    by POST /api/v1/documents/ID/rebase.
    """
    from collab.commands.rebasing import Wish
    from collab.commands.rebasing import rebase as run

    if (document is None) != quiet:
        raise ConfigError("Name a document, or say --all-quiet.")
    config_now = gather(Options(folder=folder, data=data, config=config, database=database)).config
    raise typer.Exit(run(config_now, Wish(document, config_now.store.rebase_ratio if quiet else None), console))


@app.command()
def purge(
    document: DocumentName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    folder: Annotated[Path | None, typer.Option(help="The shared folder, to find its journal.")] = None,
    data: Data = None,
    database: Database = None,
    config: ConfigFile = None,
) -> None:
    """Remove a document's history, shares and quarantine for good. The file itself stays. Stop the server first."""
    from collab.commands import upkeep

    config_now = gather(Options(folder=folder, data=data, config=config, database=database)).config
    if not yes and not typer.confirm(f"Remove the history of {document} for good?"):
        raise typer.Exit(1)
    upkeep.purge(config_now, document, console)


@app.command()
def erase(
    person: Annotated[str, typer.Argument(help="The person's id, as in `collab token --user`.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    folder: Annotated[Path | None, typer.Option(help="The shared folder, to find its journal.")] = None,
    data: Data = None,
    database: Database = None,
    config: ConfigFile = None,
) -> None:
    """Replace a person's id and name in all kept history. Stop the server first."""
    from collab.commands import upkeep

    config_now = gather(Options(folder=folder, data=data, config=config, database=database)).config
    if not yes and not typer.confirm(f"Erase {person} from all history?"):
        raise typer.Exit(1)
    upkeep.erase(config_now, person, console)


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def loadtest(context: typer.Context) -> None:
    """Measure this server, or any other Yjs server, and prove that it lost nothing."""
    from loadtest.__main__ import main as run

    run(context.args, "collab loadtest")


@app.callback(invoke_without_command=True)
def top(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        console.print(__version__)
        raise typer.Exit(0)


def main() -> None:
    """The entry point of the command."""
    try:
        app()
    except CollabError as error:
        print(f"collab: {error}", file=sys.stderr)
        sys.exit(2)
