"""Owns the command line of `collab admin`: its options and its help."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from collab.commands.sources import Options, gather

if TYPE_CHECKING:
    from collab.commands.operator import Desk

admin = typer.Typer(
    name="admin",
    help="See and steer a running server: who is there, close, unload, save, drain.\n\n"
    "The token of an owner of everything comes from a file (--token-file) or COLLAB_ADMIN_TOKEN, never from the "
    "command line; where the server's own secret is known (COLLAB_SECRET, --config) none is needed, nor in open mode. "
    "Each node of a group speaks for itself: ask each by its own address.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Server = Annotated[
    str | None,
    typer.Option(help="The server's address. [dim]default: COLLAB_ADMIN_URL, else this machine[/dim]"),
]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", help="A file with an owner's access token.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the server's answer as it came.")]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="The server's configuration file.", show_default=False)
]
DocumentId = Annotated[str, typer.Argument(help="A document's id, as `collab admin rooms` lists it.")]


def _desk(server: str | None, token_file: Path | None, config: Path | None, as_json: bool) -> Desk:
    from collab.commands.operator import Desk

    known = gather(Options(config=config)).config
    return Desk.of(known, os.environ, Console(), server=server, token_file=token_file, as_json=as_json)


@admin.command()
def rooms(
    server: Server = None, token_file: TokenFile = None, config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """List the documents in memory: people, connections, what is not stored yet, size, worker."""
    from collab.commands import operator

    operator.rooms(_desk(server, token_file, config, as_json))


@admin.command()
def connections(
    document: Annotated[str | None, typer.Option(help="Of this document's id only.", show_default=False)] = None,
    user: Annotated[str | None, typer.Option(help="Of this person's id only.", show_default=False)] = None,
    server: Server = None,
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List who is connected: person, role, dialect, since when; addresses as digests."""
    from collab.commands import operator

    operator.connections(_desk(server, token_file, config, as_json), document, user)


@admin.command()
def kick(
    connection: Annotated[
        str | None, typer.Argument(help="A connection as listed, `worker-0/17`.", show_default=False)
    ] = None,
    user: Annotated[str | None, typer.Option(help="All of this person's id.", show_default=False)] = None,
    server: Server = None,
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Close a connection, or all of a person. They may come again; `collab token --revoke` keeps them out."""
    from collab.commands import operator

    operator.kick(_desk(server, token_file, config, as_json), connection, user)


@admin.command()
def unload(
    document: DocumentId,
    server: Server = None,
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Save a document and forget its room; who has it open comes back to one loaded anew."""
    from collab.commands import operator

    operator.unload(_desk(server, token_file, config, as_json), document)


@admin.command()
def save(
    document: DocumentId,
    server: Server = None,
    token_file: TokenFile = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Store a document now, and say what the storage has then."""
    from collab.commands import operator

    operator.save(_desk(server, token_file, config, as_json), document)


@admin.command()
def drain(
    server: Server = None, token_file: TokenFile = None, config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """Store everything and send everybody away; nobody is taken in until the server is restarted."""
    from collab.commands import operator

    operator.drain(_desk(server, token_file, config, as_json))
