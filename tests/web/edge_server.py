"""Owns a whole server inside the test's event loop: real uvicorn, real sockets on loopback, a folder in a temp dir."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
from websockets.asyncio.client import ClientConnection
from websockets.typing import Origin, Subprotocol

from collab.auth.tokens import Purpose, Scope
from collab.config import Config, RootConfig
from collab.protocol.roles import Role
from collab.startup import listen
from collab.web.app import Application
from collab.web.pages import Bundle
from collab.web.server import EdgeServer, uvicorn_config
from tests.clients import connect, http_client
from tests.patience import PATIENCE_S

SECRET = "a secret of tests that is long enough"
JSON = {"Content-Type": "application/json"}


@dataclass
class Running:
    """A server that answers."""

    application: Application
    config: Config
    port: int
    folder: Path
    server: EdgeServer
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def client(self, **options: object) -> httpx.AsyncClient:
        """An HTTP client without a cookie of its own; closed with the server."""
        client = http_client(self.url, **options)
        self.clients.append(client)
        return client

    async def open(self, path: str, client: httpx.AsyncClient | None = None, **body: object) -> dict[str, object]:
        """Open a document; the answer of the API."""
        response = await (client or self.client()).post("/api/v1/documents/open", json={"path": path, **body})
        assert response.status_code == 200, response.text
        answer: dict[str, object] = response.json()
        return answer

    def token_id(self, header: dict[str, str]) -> str:
        """The id of the access token in a header."""
        token = header["Authorization"].split()[1]
        return self.application.edge.tokens.verify(Purpose.ACCESS, token).token_id

    def join(self, document: str, token: str = "", query: str = "v=1", **options: object) -> connect:
        """A WebSocket as our own browser client opens it."""
        offered = [Subprotocol("collab.v1"), *([Subprotocol(f"token.{token}")] if token else [])]
        return connect(f"{self.ws_url}/{document}?{query}", subprotocols=offered, compression=None, **options)  # type: ignore[arg-type]  # tests only


def make_config(folder: Path, **sections: object) -> Config:
    """A configuration over a folder, with its data folder beside it."""
    config = Config(roots=(RootConfig("docs", folder),))
    config = replace(config, store=replace(config.store, data=folder.parent / "data"))
    return replace(config, **sections)  # type: ignore[arg-type]  # tests only


def with_secret(config: Config) -> Config:
    """The same server in token mode."""
    return replace(config, auth=replace(config.auth, secret=SECRET))


@contextlib.asynccontextmanager
async def running(config: Config, bundle: Bundle | None = None, peer_uids: bool = True) -> AsyncIterator[Running]:
    """A server over a configuration, stopped at the end as a signal would stop it."""
    assert config.store.data is not None
    config.store.data.mkdir(parents=True, exist_ok=True)
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    async with Application(config, port, bundle=bundle, peer_uids=peer_uids) as application:
        settings = uvicorn_config(application.asgi, config, application.sockets)
        server = EdgeServer(settings, application.drain)
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve(sockets=[listener]), name="server")
            state = Running(application, config, port, config.roots[0].path, server)
            try:
                async with asyncio.timeout(PATIENCE_S):
                    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
                        await asyncio.sleep(0.01)
                yield state
            finally:
                for client in state.clients:
                    await client.aclose()
                server.should_exit = True
                await asyncio.wait({serving}, timeout=PATIENCE_S)


async def first_json(socket: ClientConnection, kind: int, timeout_s: float = PATIENCE_S) -> dict[str, object]:
    """The payload of the first extension message of a type."""
    async with asyncio.timeout(timeout_s):
        async for message in socket:
            assert isinstance(message, bytes)
            if message[0] == kind:
                payload: dict[str, object] = json.loads(message[message.index(b"{") :])
                return payload
    raise AssertionError(f"no message of type {kind}")


def as_origin(text: str) -> Origin:
    return Origin(text)


def bearer(site: Running, role: Role, user: str = "anna", scope: tuple[str, str] | None = None) -> dict[str, str]:
    """The header of a person with an access token."""
    tokens = site.application.edge.tokens
    grant = tokens.new(user, user.title(), role, 3600)
    if scope is not None:
        grant = replace(grant, scopes=(Scope(*scope),))
    return {"Authorization": f"Bearer {tokens.sign(Purpose.ACCESS, grant)}"}
