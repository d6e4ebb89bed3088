"""S7: after a whole session at debug level no token stands in the log, the metrics or an error."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
import structlog
from websockets.exceptions import ConnectionClosed, InvalidStatus

from collab import logs
from collab.config import LogConfig
from collab.protocol.roles import Role
from tests.clients import connect
from tests.patience import PATIENCE_S
from tests.web.edge_server import Running, bearer, first_json


@pytest.fixture(params=["console", "json"])
def log_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """All that the process logs, at debug level."""
    path = tmp_path / "server.log"
    stream = path.open("w", encoding="utf-8")
    root = logging.getLogger()
    before, level, config = root.handlers, root.level, structlog.get_config()
    logs.configure(LogConfig(format=request.param, level="debug"), stream)

    def undo() -> None:
        root.handlers, root.level = before, level
        structlog.configure(**config)
        stream.close()

    request.addfinalizer(undo)
    return path


async def test_no_token_is_written_anywhere(site: Running, log_file: Path) -> None:
    secrets, answers = await whole_session(site)

    log = await asyncio.to_thread(log_file.read_text, encoding="utf-8")
    metrics = (await site.client().get("/metrics")).text
    assert "handshake_refused" in log and "connected" in log and "collab_handshakes_total" in metrics
    for secret in secrets:
        assert secret not in log
        assert secret not in metrics
        assert not any(secret in answer for answer in answers)


async def whole_session(site: Running) -> tuple[set[str], list[str]]:
    """Sign in, open, share, join well and badly; returns the secrets used and the texts of the refusals."""
    access = bearer(site, Role.OWNER, "olga")["Authorization"].split()[1]
    browser = site.client(headers={"Origin": site.url})
    await browser.post("/api/v1/session", json={"token": access})
    opened = await site.open("a.md", browser)
    document, token = str(opened["document_id"]), str(opened["token"])
    share = (await browser.post(f"/api/v1/documents/{document}/shares", json={"role": "editor"})).json()
    secret = share["url"].partition("#")[2]
    redeemed = (await browser.post("/api/v1/shares/redeem", json={"secret": secret})).json()
    async with site.join(document, token) as socket, connect(str(opened["websocket_url"])):
        await first_json(socket, 112)
    refusals = []
    for address in (f"{site.ws_url}/other?token={token}", f"{site.ws_url}/{document}?token={access}"):
        with pytest.raises(InvalidStatus) as caught:
            async with connect(address):
                pass
        refusals.append(str(caught.value.response.body))
    async with site.join("other", token, f"v=1&token={token}") as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), PATIENCE_S)
        refusals.append(str(closed.value))
    for request in (
        browser.get(f"/api/v1/folders?path=none&token={access}&access_token={token}"),
        browser.get(f"/nowhere?token={token}", headers={"Accept": "text/html"}),
        browser.post("/api/v1/session", json={"token": access + "x"}),
        browser.post("/api/v1/shares/redeem", json={"secret": secret + "x"}),
        site.client().get("/api/v1/live", headers={"Authorization": f"Bearer {token}"}),
        site.client().get("/api/v1/live", headers={"Authorization": f"Basic {access}"}),
    ):
        refusals.append((await request).text)
    cookie = next(iter(browser.cookies.values()))
    return {access, token, secret, cookie, redeemed["token"]}, refusals
