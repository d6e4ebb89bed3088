"""JupyterLab's dialect: one room for all, saves that are answered truly, and nobody harms anybody."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pycrdt
import pytest
from websockets.exceptions import ConnectionClosed

from collab.config import JupyterConfig
from collab.protocol.roles import Role
from tests.clients import connect
from tests.formats.notebook.made import cell, notebook, stream
from tests.jupyter_client import JupyterClient
from tests.patience import PATIENCE_S
from tests.web.edge_server import Running, bearer, make_config, running, with_secret

TWO = notebook(cell("a = 1", "a"), cell("b = 2", "b"), minor=5, kernelspec={"name": "python3"})
SECRET = "shared by all servers of the course"


@pytest.fixture
def book(server: Running) -> Path:
    path = server.folder / "book.ipynb"
    path.write_bytes(TWO)
    return path


async def session(server: Running, path: str = "book.ipynb", **body: object) -> dict[str, Any]:
    asked = {"path": path, "format": "json", "type": "notebook", **body}
    response = await server.client().post("/api/v1/jupyter/sessions", json=asked)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@asynccontextmanager
async def tab(opened: dict[str, Any], history: str | None = None) -> AsyncIterator[JupyterClient]:
    url = f"{opened['websocket_url']}&history={history or opened['history_id']}"
    async with connect(url, max_size=None, compression=None) as socket, JupyterClient(socket) as client:
        yield client


async def test_everybody_gets_the_same_ids_and_the_web_editor_the_same_room(server: Running, book: Path) -> None:
    first, second = await session(server, user="ann"), await session(server, user="bob")
    web = await server.open("book.ipynb")

    assert first["document_id"] == second["document_id"] == web["document_id"]
    assert first["history_id"] == second["history_id"] == web["history_id"]
    assert (first["kind"], web["kind"], first["schema"]) == ("notebook", "notebook", "2.0.0")


async def test_edits_reach_the_other_tab_and_the_file(server: Running, book: Path) -> None:
    opened = await session(server)
    async with tab(opened) as ann, tab(opened) as bob:
        ann.type(0, "\nmore")
        await bob.until(lambda: bob.sources()[0] == "a = 1\nmore")

        assert await bob.save(7) == "success"

    assert book.read_bytes() == notebook(cell("a = 1\nmore", "a"), cell("b = 2", "b"), kernelspec={"name": "python3"})


async def test_the_hash_and_dirty_of_a_save_are_there_before_its_answer(server: Running, book: Path) -> None:
    opened = await session(server)
    async with tab(opened) as ann:
        assert ann.state["hash"] == hashlib.sha256(TWO).hexdigest()
        ann.type(0, "x")
        ann.state["dirty"] = True

        assert await ann.save(1) == "success"

        assert ann.state["hash"] == hashlib.sha256(book.read_bytes()).hexdigest()
        assert ann.state["dirty"] is False


async def test_a_change_of_the_file_is_merged_and_its_hash_told(server: Running, book: Path) -> None:
    opened = await session(server)
    async with tab(opened) as ann:
        outside = TWO.replace(b"b = 2", b"b = 3")
        book.write_bytes(outside)

        await ann.until(lambda: ann.sources() == ["a = 1", "b = 3"])
        await ann.until(lambda: ann.state["hash"] == hashlib.sha256(outside).hexdigest())

    assert book.read_bytes() == outside


async def test_a_save_that_the_storage_refuses_is_answered_as_failed(server: Running, book: Path) -> None:
    opened = await session(server)
    async with tab(opened) as ann:
        book.unlink()
        book.mkdir()
        ann.type(0, "x")

        assert await ann.save(1) == "failed"


async def test_presence_comes_back_to_its_sender_with_the_name_that_the_server_knows(
    server: Running, book: Path
) -> None:
    opened = await session(server, user="ann", name="Ann Arbor")
    async with tab(opened) as ann:
        ann.show({"user": {"username": "root", "display_name": "The Boss", "color": "var(--jp-collaborator-color1)"}})

        await ann.until(lambda: ann.doc.client_id in ann.people)
        user = ann.people[ann.doc.client_id]["user"]

    assert (user["username"], user["display_name"], user["initials"]) == ("jupyter:ann", "Ann Arbor", "AA")
    assert user["color"].startswith("#")


async def test_trust_never_reaches_another_tab(server: Running, book: Path) -> None:
    opened = await session(server)
    async with tab(opened) as evil, tab(opened) as victim:
        output = {"output_type": "display_data", "data": {"text/html": "<img src=x onerror=alert(1)>"}, "metadata": {}}
        evil.cells.append(
            pycrdt.Map(
                {
                    "id": "evil",
                    "cell_type": "code",
                    "source": pycrdt.Text(""),
                    "metadata": pycrdt.Map({"trusted": True}),
                    "outputs": pycrdt.Array([pycrdt.Map(output)]),
                }
            )
        )
        evil.cells[0]["metadata"]["trusted"] = True

        await victim.until(lambda: len(victim.cells) == 3)
        await evil.until(lambda: "trusted" not in str(evil.cells))

        assert "trusted" not in str(victim.cells)
        evil.type(1, "still in step")
        await victim.until(lambda: victim.sources()[1].endswith("still in step"))
        assert await evil.save(1) == "success"

    assert b"trusted" not in book.read_bytes()


async def test_a_reader_changes_nothing_and_is_told_so(server: Running, book: Path) -> None:
    async with tab(await session(server)) as ann, tab(await session(server, writable=False)) as reader:
        reader.type(0, "not mine")
        assert await reader.save(3) == "failed"
        ann.type(1, "!")

        await reader.until(lambda: reader.sources()[1] == "b = 2!")

        assert ann.sources() == ["a = 1", "b = 2!"]


async def test_only_another_history_is_told_to_reload(server: Running, book: Path) -> None:
    opened = await session(server)

    async with connect(f"{opened['websocket_url']}&history=anothers") as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), PATIENCE_S)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1003
    told = json.loads(closed.value.rcvd.reason)
    assert (told["reason"], told["reloadable"]) == ("unknown_session", True)


async def test_a_large_output_is_one_update_and_reaches_everybody(server: Running, book: Path) -> None:
    opened = await session(server)
    picture = "A" * 5_000_000
    async with tab(opened) as ann, tab(opened) as bob:
        ann.cells[0]["outputs"].append(
            pycrdt.Map({"output_type": "display_data", "data": {"image/png": picture}, "metadata": {}})
        )

        await bob.until(lambda: len(bob.cells[0]["outputs"]) == 1)
        assert await ann.save(1) == "success"

    assert json.loads(book.read_bytes())["cells"][0]["outputs"][0]["data"]["image/png"] == picture


async def test_a_progress_bar_arrives_in_fewer_frames_than_it_has_steps(server: Running, book: Path) -> None:
    steps = 2_000
    opened = await session(server)
    async with tab(opened) as ann, tab(opened) as bob:
        before = bob.frames
        text = pycrdt.Text("")
        ann.cells[0]["outputs"].append(pycrdt.Map({"output_type": "stream", "name": "stdout", "text": text}))
        for step in range(steps):
            text.clear()
            text += f"{step} of {steps}"
            if step % 50 == 0:
                await asyncio.sleep(0)

        await bob.until(lambda: f"{steps - 1} of {steps}" in str(bob.cells))

        assert bob.frames - before < steps
        assert await ann.save(1) == "success"


async def test_printed_lines_are_saved_with_few_writes(server: Running, book: Path) -> None:
    lines = 20_000
    opened = await session(server)
    async with tab(opened) as ann, tab(opened) as bob:
        text = pycrdt.Text("")
        ann.cells[0]["outputs"].append(pycrdt.Map({"output_type": "stream", "name": "stdout", "text": text}))
        for start in range(0, lines, 200):
            text += "".join(f"{line}\n" for line in range(start, start + 200))

        await bob.until(lambda: f"{lines - 1}\\n" in str(bob.cells))
        assert await ann.save(1) == "success"

    assert json.loads(book.read_bytes())["cells"][0]["outputs"] == [
        stream("".join(f"{line}\n" for line in range(lines)))
    ]


@pytest.mark.parametrize("asked", ["file", "unicode"])
async def test_a_notebook_is_not_opened_as_text_beside(server: Running, book: Path, asked: str) -> None:
    response = await server.client().post(
        "/api/v1/jupyter/sessions", json={"path": "book.ipynb", "format": "text", "type": asked}
    )

    assert response.status_code == 415
    assert "another form" in response.json()["error"]["message"]


async def test_a_text_file_has_a_room_too(server: Running) -> None:
    (server.folder / "plain.py").write_text("x = 1\n")
    opened = await session(server, "plain.py", format="text", type="file")

    async with tab(opened) as ann:
        assert str(ann.doc.get("source", type=pycrdt.Text)) == "x = 1\n"
        await ann.until(lambda: "hash" in ann.state)
        assert ann.state["hash"] == hashlib.sha256(b"x = 1\n").hexdigest()


async def test_a_broken_notebook_is_refused_to_jupyter_and_left_alone(server: Running, book: Path) -> None:
    book.write_bytes(TWO[:-30])
    response = await server.client().post(
        "/api/v1/jupyter/sessions", json={"path": "book.ipynb", "format": "json", "type": "notebook"}
    )
    web = await server.open("book.ipynb")

    assert response.status_code == 415
    assert (web["kind"], web["writable"], web["role"]) == ("text", False, "commenter")
    assert book.read_bytes() == TWO[:-30]


class Hub(BaseHTTPRequestHandler):
    """A JupyterHub that knows one token."""

    def do_GET(self) -> None:
        known = self.path == "/hub/api/user" and self.headers["Authorization"] == "token of-ann"
        content = b'{"name": "ann"}' if known else b"{}"
        self.send_response(200 if known else 403)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Any:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hub"
    server.shutdown()
    server.server_close()


@asynccontextmanager
async def site_with(tmp_path: Path, **jupyter: object) -> AsyncIterator[Running]:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "book.ipynb").write_bytes(TWO)
    config = replace(with_secret(make_config(folder)), jupyter=JupyterConfig(**jupyter))  # type: ignore[arg-type]
    async with running(config) as server:
        yield server


async def ask(server: Running, authorization: str, **body: object) -> tuple[int, Any]:
    response = await server.client().post(
        "/api/v1/jupyter/sessions",
        json={"path": "book.ipynb", "format": "json", "type": "notebook", **body},
        headers={"Authorization": authorization} if authorization else {},
    )
    return response.status_code, response.json()


async def test_a_hub_says_who_its_users_are(tmp_path: Path, hub: str) -> None:
    async with site_with(tmp_path, hub_url=hub) as server:
        status, opened = await ask(server, "token of-ann", user="root", name="Root")
        assert status == 200
        async with tab(opened) as ann:
            ann.show({"user": {"username": "root"}})
            await ann.until(lambda: ann.doc.client_id in ann.people)
            assert ann.people[ann.doc.client_id]["user"]["username"] == "jupyter:ann"

        assert (await ask(server, "token of-nobody"))[0] == 401
        assert (await ask(server, ""))[0] == 403
        assert (await ask(server, f"Jupyter-Secret {SECRET}", user="ann"))[0] == 401


async def test_a_shared_secret_is_believed_and_a_wrong_one_is_not(tmp_path: Path) -> None:
    async with site_with(tmp_path, shared_secret=SECRET) as server:
        assert (await ask(server, f"Jupyter-Secret {SECRET}", user="ann"))[0] == 200
        assert (await ask(server, "Jupyter-Secret wrong", user="ann"))[0] == 403
        assert (await ask(server, f"Jupyter-Secret {SECRET}"))[0] == 403


async def test_a_token_of_this_server_is_enough_and_its_role_holds(site: Running) -> None:
    (site.folder / "book.ipynb").write_bytes(TWO)
    status, opened = await ask(site, bearer(site, Role.VIEWER)["Authorization"])

    assert (status, opened["role"], opened["writable"]) == (200, "viewer", False)


async def test_an_old_notebook_is_read_only_and_its_conversion_is_a_new_file(server: Running, book: Path) -> None:
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": []}]}
    old["worksheets"][0]["cells"].append({"cell_type": "code", "input": ["x = 1"], "outputs": [], "language": "python"})  # type: ignore[index]
    book.write_text(json.dumps(old))
    client = server.client()
    opened = await server.open("book.ipynb", client)
    converted = await client.get(f"/api/v1/documents/{opened['document_id']}/content?converted=1")
    made = await client.put("/api/v1/files/content?path=book-4.ipynb", content=converted.content)

    assert (opened["kind"], opened["writable"]) == ("notebook", False)
    assert opened["facts"] == {"nbformat": "3", "read_only": "old_notebook"}
    assert made.status_code == 201
    assert (await server.open("book-4.ipynb", client))["writable"] is True
    assert json.loads(book.read_text()) == old
