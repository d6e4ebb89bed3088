"""A real Jupyter server with our extension: sessions, the relay and its ends; the browser is a client of ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.browser.jupyter.labs import TOKEN, Lab, need_jupyter
from tests.clients import ask, connect
from tests.formats.notebook.made import cell, notebook
from tests.jupyter_client import JupyterClient
from tests.patience import PATIENCE_S
from tests.serving import Server

pytestmark = [pytest.mark.slow, pytest.mark.interop]
HEADERS = {"Authorization": f"token {TOKEN}"}
NOTEBOOK = {"format": "json", "type": "notebook"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    need_jupyter()
    folder = tmp_path_factory.mktemp("shared")
    with Server(folder, tmp_path_factory.mktemp("server") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def lab(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    root = tmp_path_factory.mktemp("ann")
    (root / "team").symlink_to(server.folder)
    (root / "own.ipynb").write_bytes(notebook(cell("mine", "a")))
    with Lab(root, tmp_path_factory.mktemp("home"), server.url, '{"team": ""}') as lab:
        yield lab


@pytest.fixture
def book(server: Server, request: pytest.FixtureRequest) -> Path:
    path = server.folder / f"{request.node.name[:60]}.ipynb"
    path.write_bytes(notebook(cell("a = 1", "a")))
    return path


def session(lab: Lab, path: str, **body: str) -> tuple[int, dict[str, Any]]:
    url = f"{lab.url}/api/collaboration/session/{quote(path, safe='')}"
    answer = ask("PUT", url, json=body or NOTEBOOK, headers=HEADERS)
    return answer.status_code, answer.json()


def room_url(lab: Lab, opened: dict[str, Any], session_id: str | None = None) -> str:
    room = f"json:notebook:{opened['fileId']}"
    address = lab.url.replace("http", "ws")
    return f"{address}/api/collaboration/room/{room}?sessionId={session_id or opened['sessionId']}&token={TOKEN}"


@asynccontextmanager
async def tab(url: str) -> AsyncIterator[JupyterClient]:
    async with connect(url, max_size=None) as socket, JupyterClient(socket) as client:
        yield client


async def test_an_edit_goes_through_the_relay_into_the_file(lab: Lab, book: Path) -> None:
    status, opened = session(lab, f"team/{book.name}")
    assert status == 200
    assert {key: opened[key] for key in NOTEBOOK} == NOTEBOOK

    async with tab(room_url(lab, opened)) as ann, tab(room_url(lab, opened)) as bob:
        ann.type(0, " # edited")
        await bob.until(lambda: bob.sources() == ["a = 1 # edited"])
        assert await bob.save(1) == "success"

    assert book.read_bytes() == notebook(cell("a = 1 # edited", "a"))


async def test_another_session_is_told_to_reload(lab: Lab, book: Path) -> None:
    _, opened = session(lab, f"team/{book.name}")

    async with connect(room_url(lab, opened, "anothers")) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), PATIENCE_S)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1003
    assert json.loads(closed.value.rcvd.reason)["reason"] == "unknown_session"


async def test_a_server_that_is_down_refuses_the_upgrade_and_comes_back(server: Server, lab: Lab, book: Path) -> None:
    _, opened = session(lab, f"team/{book.name}")
    async with connect(room_url(lab, opened), max_size=None) as socket:
        async with JupyterClient(socket) as ann:
            ann.type(0, "!")
            assert await ann.save(1) == "success"
            await asyncio.to_thread(server.stop)
            await asyncio.wait_for(socket.wait_closed(), PATIENCE_S)
        assert socket.close_code == 1012

    try:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(room_url(lab, opened)):
                pass
        assert refused.value.response.status_code == 503
        assert session(lab, f"team/{book.name}")[0] == 503
    finally:
        await asyncio.to_thread(server.start)

    async with tab(room_url(lab, opened)) as again:
        assert again.sources() == ["a = 1!"]


async def test_a_file_that_its_user_may_only_read_is_only_read(lab: Lab, book: Path) -> None:
    book.chmod(0o444)
    _, opened = session(lab, f"team/{book.name}")

    async with tab(room_url(lab, opened)) as ann:
        ann.type(0, "not mine")
        assert await ann.save(1) == "failed"

    assert book.read_bytes() == notebook(cell("a = 1", "a"))


@pytest.mark.parametrize(
    ("path", "status"),
    [("own.ipynb", 404), ("team/nothing.ipynb", 404), ("team", 400), ("../x.ipynb", 404)],
    ids=["not shared", "missing", "a folder", "outside"],
)
def test_what_is_no_shared_file_is_refused(lab: Lab, path: str, status: int) -> None:
    assert session(lab, path)[0] == status


def test_a_notebook_asked_for_as_text_is_refused_with_the_reason(lab: Lab, book: Path) -> None:
    session(lab, f"team/{book.name}")

    status, answer = session(lab, f"team/{book.name}", format="text", type="file")

    assert status == 415
    assert "another form" in answer["message"]


@pytest.mark.parametrize("path", ["timeline/team/a.ipynb", "fork/json:notebook:x", "undo_redo/json:notebook:x"])
def test_what_is_not_offered_is_a_quiet_404(lab: Lab, path: str) -> None:
    method = "PUT" if path.startswith("undo") else "GET"

    answer = ask(method, f"{lab.url}/api/collaboration/{path}", headers=HEADERS)

    assert answer.status_code == 404
    assert answer.json()["code"] == 404


async def test_global_awareness_comes_back_to_all_tabs_and_needs_a_sign_in(lab: Lab) -> None:
    url = f"{lab.url.replace('http', 'ws')}/api/collaboration/room/JupyterLab:globalAwareness"
    async with connect(f"{url}?token={TOKEN}") as ann, connect(f"{url}?token={TOKEN}") as bob:
        await ann.send(b"\x00\x00\x01\x00")
        await ann.send(b"\x01\x05hello")
        for socket in (ann, bob):
            assert await asyncio.wait_for(socket.recv(), PATIENCE_S) == b"\x01\x05hello"

    with pytest.raises(InvalidStatus) as refused:
        async with connect(url):
            pass
    assert refused.value.response.status_code == 403


async def test_a_rename_in_jupyterlab_moves_the_room(server: Server, lab: Lab, book: Path) -> None:
    _, opened = session(lab, f"team/{book.name}")
    async with tab(room_url(lab, opened)) as ann:
        renamed = await asyncio.to_thread(
            ask,
            "PATCH",
            f"{lab.url}/api/contents/team/{quote(book.name)}",
            json={"path": "team/renamed.ipynb"},
            headers=HEADERS,
        )
        assert renamed.status_code == 200
        ann.type(0, " # renamed")
        async with asyncio.timeout(PATIENCE_S):
            while b"renamed" not in (server.folder / "renamed.ipynb").read_bytes():  # noqa: ASYNC110 - told behind it
                await asyncio.sleep(0.05)
        assert await ann.save(1) == "success"

    assert (server.folder / "renamed.ipynb").read_bytes() == notebook(cell("a = 1 # renamed", "a"))
    assert not book.exists()
    assert session(lab, "team/renamed.ipynb")[1]["fileId"] == opened["fileId"]
