"""Owns `collab wopi`: new proof keys."""

from __future__ import annotations

import asyncio

from rich.console import Console

from collab.commands.storing import opened
from collab.commands.tokens import ask_server
from collab.config import Config
from collab.errors import ConfigError


def rotate_keys(config: Config, console: Console) -> None:
    """Make new proof keys; the present ones become the old ones. Raises: ConfigError."""
    try:
        asyncio.run(_rotate(config))
    except ConfigError:
        ask_server(config, "/api/v1/admin/wopi/rotate-keys", {})
    console.print("New proof keys are in use; requests are signed with the old ones too.")
    console.print("[dim]Rotate again only when every host has read the discovery anew: up to 24 hours.[/dim]")


async def _rotate(config: Config) -> None:
    from collab.web.wopi_door import rotate

    async with opened(config) as store:
        await rotate(store)
