"""Owns `collab admin …`: what an operator asks of a running server, over its HTTP API."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

from rich.console import Console
from rich.table import Table

from collab.auth.tokens import Purpose, Tokens, check_secret
from collab.clock import SystemClock
from collab.config import Config
from collab.errors import ConfigError
from collab.protocol.roles import Role
from connectors.addresses import AddressRules
from connectors.errors import ConnectorError
from connectors.http import Http, HttpAnswer, HttpRequest

URL_VARIABLE = "COLLAB_ADMIN_URL"
TOKEN_VARIABLE = "COLLAB_ADMIN_TOKEN"  # noqa: S105  # the name of a variable
_ANSWER_BYTES = 128 * 1024 * 1024
_CALL_S = 200.0
_TOKEN_S = 60
_API = "/api/v1/admin"


@dataclass(frozen=True, slots=True)
class Desk:
    """Which server, by which right, and how to print."""

    url: str
    token: str | None = field(repr=False)
    console: Console
    as_json: bool = False

    @classmethod
    def of(
        cls,
        config: Config,
        environ: Mapping[str, str],
        console: Console,
        *,
        server: str | None,
        token_file: Path | None,
        as_json: bool,
    ) -> Desk:
        """The token of the file, else of the environment, else one of the server's secret. Raises: ConfigError."""
        url = server or environ.get(URL_VARIABLE) or f"http://{_here(config)}:{config.server.port}"
        if token_file is not None:
            try:
                token: str | None = token_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                raise ConfigError(f"The token file {token_file} cannot be read.") from None
            if not token:
                raise ConfigError(f"The token file {token_file} is empty.")
        else:
            token = environ.get(TOKEN_VARIABLE, "").strip() or _signed(config)
        return cls(url.rstrip("/"), token, console, as_json)

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, object]:
        """The server's answer. Raises: ConfigError with what it said, or that it does not answer."""
        try:
            answer = asyncio.run(self._send(method, path, body))
        except ConnectorError as error:
            raise ConfigError(f"The server {self.url} does not answer ({error}).") from None
        try:
            told = json.loads(answer.content)
        except ValueError:
            told = None
        if not answer.ok or not isinstance(told, dict):
            raise ConfigError(f"{self.url} refused: {_reason(answer, told)}")
        return told

    async def _send(self, method: str, path: str, body: Mapping[str, object] | None) -> HttpAnswer:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        http = Http(AddressRules.configured(self.url))
        try:
            content = None if body is None else json.dumps(body).encode()
            request = HttpRequest(method, f"{self.url}{_API}{path}", headers, content, _CALL_S)
            return await http.send(request, limit_bytes=_ANSWER_BYTES)
        finally:
            await http.close()

    def show(self, told: Mapping[str, object], name: str, columns: Mapping[str, str]) -> None:
        """Print a list as a table, or the answer as it came."""
        if self.as_json:
            self.console.print_json(json.dumps(told))
            return
        rows = told.get(name)
        table = Table(*columns, box=None, pad_edge=False)
        for row in rows if isinstance(rows, list) else []:
            table.add_row(*(_cell(key, row.get(key)) for key in columns.values()))
        self.console.print(table)
        self._print_who(told)

    def say(self, told: Mapping[str, object], sentence: str) -> None:
        """Print what was done, or the answer as it came."""
        if self.as_json:
            self.console.print_json(json.dumps(told))
        else:
            self.console.print(sentence, highlight=False, markup=False)
            self._print_who(told)

    def _print_who(self, told: Mapping[str, object]) -> None:
        workers, missing = told.get("workers"), told.get("missing")
        said = f"node {told.get('node', self.url)}"
        if isinstance(workers, list):
            said += f": {', '.join(map(str, workers))}"
        if isinstance(missing, list) and missing:
            said += f"; no answer from {', '.join(map(str, missing))}"
        if told.get("truncated"):
            said += "; there are more than listed"
        self.console.print(said, style="dim", highlight=False, markup=False)


def rooms(desk: Desk) -> None:
    """Print the rooms in memory."""
    columns = {
        "document": "document_id",
        "root": "root",
        "path": "path",
        "kind": "kind",
        "people": "people",
        "connections": "connections",
        "dirty": "dirty",
        "storage": "storage",
        "bytes": "size_bytes",
        "worker": "worker",
    }
    desk.show(desk.ask("GET", "/rooms"), "rooms", columns)


def connections(desk: Desk, document_id: str | None, user_id: str | None) -> None:
    """Print who is connected."""
    wanted = {"document_id": document_id, "user_id": user_id}
    query = urlencode({name: value for name, value in wanted.items() if value})
    columns = {
        "connection": "connection",
        "person": "user_id",
        "name": "name",
        "role": "role",
        "dialect": "dialect",
        "since": "since_ms",
        "address": "address",
        "document": "document_id",
        "path": "path",
    }
    desk.show(desk.ask("GET", "/connections" + (f"?{query}" if query else "")), "connections", columns)


def kick(desk: Desk, connection: str | None, user_id: str | None) -> None:
    """Close a connection, or all of a person. Raises: ConfigError."""
    if (connection is None) == (user_id is None):
        raise ConfigError("Name a connection as `collab admin connections` lists it, or a person with --user.")
    told = desk.ask("POST", "/kick", {"connection": connection} if connection else {"user_id": user_id})
    desk.say(told, f"Closed: {told.get('closed')}")


def unload(desk: Desk, document_id: str) -> None:
    """Save a document and forget its room."""
    desk.say(desk.ask("POST", f"/rooms/{quote(document_id, safe='')}/unload", {}), f"Unloaded: {document_id}")


def save(desk: Desk, document_id: str) -> None:
    """Store a document now."""
    told = desk.ask("POST", f"/rooms/{quote(document_id, safe='')}/save", {})
    desk.say(told, f"{document_id}: {told.get('state')}")


def drain(desk: Desk) -> None:
    """Send everybody away; the server takes nobody in until it is restarted."""
    desk.say(desk.ask("POST", "/drain", {}), "Draining: everything is stored, nobody is taken in.")


def _cell(key: str, value: object) -> str:
    if key == "since_ms" and isinstance(value, int):
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(value / 1000))
    if value is None:
        return "-"
    shown = "yes" if value is True else "no" if value is False else str(value)
    return "".join(char if char.isprintable() else "?" for char in shown).replace("[", r"\[")


def _reason(answer: HttpAnswer, told: object) -> str:
    error = told.get("error") if isinstance(told, dict) else None
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        return f"{error['message']} ({error.get('code')})"
    return f"status {answer.status}"


def _signed(config: Config) -> str | None:
    """A short-lived token, where this command knows the server's secret."""
    if config.auth.secret is None:
        return None
    check_secret(config.auth.secret)
    tokens = Tokens(config.auth.secret.encode(), SystemClock())
    return tokens.sign(Purpose.ACCESS, tokens.new("operator", "Operator", Role.OWNER, _TOKEN_S))


def _here(config: Config) -> str:
    host = config.server.host
    if host in {"0.0.0.0", ""}:  # noqa: S104  # compared, not bound
        return "127.0.0.1"
    return "[::1]" if host == "::" else f"[{host}]" if ":" in host else host
