"""What happens to documents is told to a site, signed; a site that is away costs nothing."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from collab.clock import FakeClock
from collab.config import RoomConfig, SaveConfig, WebhookConfig
from collab.errors import ConfigError
from collab.web.pages import Bundle
from collab.web.webhooks import Webhooks
from tests.patience import PATIENCE_S
from tests.web.edge_server import Running, first_json, make_config, running, with_secret
from tests.web.test_wopi import HELLO, type_at_start

SECRET = "a secret of the site"
Received = tuple[dict[str, str], bytes]


class Site:
    """A site's own server: remembers what it was told, answers what the test wants."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.statuses: list[int] = []
        self.url = ""

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Site]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
        }
        body = await reader.readexactly(int(headers["content-length"]))
        self.received.append((headers, body))
        status = self.statuses.pop(0) if self.statuses else 204
        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async def heard(self, event: str) -> Received:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = [one for one in self.received if json.loads(one[1])["event"] == event]
                if found:
                    return found[-1]
                await asyncio.sleep(0.02)


@pytest.fixture
async def told(folder: Path, bundle: Bundle) -> AsyncIterator[tuple[Site, Running]]:
    async with Site().served() as site:
        config = with_secret(make_config(folder, webhook=WebhookConfig(site.url, SECRET)))
        config = replace(config, save=SaveConfig(debounce_s=0.05), room=RoomConfig(idle_unload_s=0.1))
        async with running(replace(config, auth=replace(config.auth, secret=None)), bundle) as server:
            yield site, server


async def test_opened_saved_and_closed_are_told_and_signed(told: tuple[Site, Running]) -> None:
    site, server = told
    opened = await server.open("a.md")
    async with server.join(str(opened["document_id"]), str(opened["token"])) as socket:
        await first_json(socket, HELLO)
        await type_at_start(socket, "typed ")
        await site.heard("saved")
    headers, body = await site.heard("closed")

    expected = hmac.new(SECRET.encode(), headers["x-collab-timestamp"].encode() + b"." + body, hashlib.sha256)
    assert headers["x-collab-signature"] == f"sha256={expected.hexdigest()}"
    said = json.loads(body)
    assert (said["document_id"], said["name"]) == (opened["document_id"], "a.md")
    assert [json.loads(one[1])["event"] for one in site.received] == ["opened", "saved", "closed"]


async def test_a_site_that_refuses_is_told_again(told: tuple[Site, Running]) -> None:
    site, server = told
    site.statuses = [500]

    await server.open("a.md")
    await site.heard("closed")

    assert [json.loads(one[1])["event"] for one in site.received[:2]] == ["opened", "opened"]


def test_an_address_without_a_secret_is_refused() -> None:
    with pytest.raises(ConfigError):
        Webhooks(WebhookConfig("https://site.example/hook"), FakeClock(), lambda name: None)


async def test_a_full_queue_drops_and_counts() -> None:
    counted: list[str] = []
    webhooks = Webhooks(WebhookConfig("https://site.example/hook", SECRET), FakeClock(), counted.append)

    for _ in range(1_001):
        webhooks.tell("d", "saved", "a.md")

    assert counted == ["webhooks_dropped_total"]
    await webhooks.close()
