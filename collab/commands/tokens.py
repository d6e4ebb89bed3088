"""Owns `collab token`: making signed tokens, and withdrawing them."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace

from rich.console import Console

from collab.audit import Event
from collab.auth.tokens import Purpose, Scope, Tokens, check_secret
from collab.clock import SystemClock
from collab.commands.auditing import note
from collab.commands.storing import opened
from collab.config import Config
from collab.errors import ConfigError, Unauthenticated
from collab.protocol.roles import Role
from collab.startup import address
from connectors.errors import InvalidPath
from connectors.paths import split_path

_HOUR_S = 3600
_CALL_S = 30
_FOREVER_MS = 10 * 365 * 24 * _HOUR_S * 1000


@dataclass(frozen=True, slots=True)
class Wish:
    """What a token is to say."""

    user: str
    name: str | None
    role: Role
    scopes: tuple[str, ...]
    hours: float


def make(config: Config, wish: Wish, console: Console) -> None:
    """Print a token and the address that signs in with it. Raises: ConfigError."""
    if not wish.user:
        raise ConfigError("A token is for a person: name one with --user.")
    if wish.hours <= 0:
        raise ConfigError("A token that is valid for no time opens nothing: --hours must be more than 0.")
    tokens = _tokens(config)
    grant = tokens.new(wish.user, wish.name or wish.user, wish.role, round(wish.hours * _HOUR_S))
    if wish.scopes:
        grant = replace(grant, scopes=tuple(map(_scope, wish.scopes)))
    token = tokens.sign(Purpose.ACCESS, grant)
    console.print(token, soft_wrap=True, highlight=False)
    console.print(f"{address(config, config.server.port)}/#token={token}", soft_wrap=True, highlight=False)
    console.print(f"[dim]jti:{grant.token_id}  {wish.role.value}  {wish.hours:g} hours[/dim]", highlight=False)


def revoke(config: Config, subject: str, console: Console) -> None:
    """Withdraw a token or all tokens of a person. Raises: ConfigError."""
    if not subject.startswith(("jti:", "sub:", "share:")):
        try:
            subject = f"jti:{_tokens(config).verify(Purpose.ACCESS, subject).token_id}"
        except Unauthenticated:
            raise ConfigError("This is no valid token of this server; name `jti:ID` or `sub:USER`.") from None
    try:
        asyncio.run(_revoke(config, subject))
    except ConfigError:
        ask_server(config, "/api/v1/admin/revocations", {"subject": subject})
    else:
        note(config, Event.REVOKED, subject=subject)
    console.print(f"Withdrawn: {subject}", highlight=False)


async def _revoke(config: Config, subject: str) -> None:
    now_ms = SystemClock().wall_ms()
    async with opened(config) as store:
        await store.revoke(subject, now_ms + _FOREVER_MS, now_ms)


def ask_server(config: Config, path: str, body: Mapping[str, object]) -> None:
    """A server that runs holds its store: let it do it. Raises: ConfigError."""
    tokens = _tokens(config)
    operator = tokens.sign(Purpose.ACCESS, tokens.new("operator", "Operator", Role.OWNER, _CALL_S))
    local = f"http://{_local_host(config)}:{config.server.port}{path}"
    request = urllib.request.Request(  # http, and an address of our own configuration
        local,
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {operator}", "Content-Type": "application/json"},
    )
    try:
        urllib.request.urlopen(request, timeout=_CALL_S).close()  # noqa: S310  # as above
    except OSError as error:
        raise ConfigError(
            f"The server does not answer on port {config.server.port} ({error}); name its --config or COLLAB_PORT."
        ) from None


def _local_host(config: Config) -> str:
    host = config.server.host
    if host in {"0.0.0.0", ""}:  # noqa: S104  # compared, not bound
        return "127.0.0.1"
    return "[::1]" if host == "::" else f"[{host}]" if ":" in host else host


def _tokens(config: Config) -> Tokens:
    if config.auth.secret is None:
        raise ConfigError("Tokens need a secret: set COLLAB_SECRET to the one of the server.")
    check_secret(config.auth.secret)
    return Tokens(config.auth.secret.encode(), SystemClock())


def _scope(text: str) -> Scope:
    root, _, path = text.partition("/")
    try:
        split_path(path)
    except InvalidPath:
        raise ConfigError(f"The scope {text!r} is not ROOT or ROOT/PATH.") from None
    return Scope(root, path)
