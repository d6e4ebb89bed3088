"""Pages carry a strict policy; files come as attachments; folders, search and moves do what they say."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection

from collab.document import Document, Splice
from collab.limits import Limits
from collab.protocol.messages import Acknowledgement, decode_message, encode_update
from collab.web.pages import Bundle
from tests.patience import PATIENCE_S
from tests.web.edge_server import Running, make_config, running


@pytest.mark.parametrize(("address", "title"), [("/", "start"), ("/edit/sub/b.tex?root=docs", "edit"), ("/s", "share")])
async def test_a_page_has_a_strict_policy_with_a_nonce_of_its_own(server: Running, address: str, title: str) -> None:
    client = server.client()
    first, second = await client.get(address), await client.get(address)

    policy = first.headers["content-security-policy"]
    nonce = re.search(r"'nonce-([\w-]+)'", policy)
    assert nonce is not None and f'nonce="{nonce[1]}"' in first.text
    assert nonce[1] not in second.text
    assert f"<title>{title}</title>" in first.text
    assert "unsafe" not in policy and "default-src 'self'" in policy and "frame-ancestors 'self'" in policy
    assert f"ws://127.0.0.1:{server.port}" in policy
    assert first.headers["referrer-policy"] == "no-referrer"
    assert first.headers["cross-origin-opener-policy"] == "same-origin"


async def test_hashed_files_are_kept_for_ever_and_others_are_not(server: Running) -> None:
    client = server.client()

    assert "immutable" in (await client.get("/static/assets/start-ABCD1234.js")).headers["cache-control"]
    assert (await client.get("/static/LICENSES.txt")).headers["cache-control"] == "no-cache"
    assert (await client.get("/static/start.html")).status_code == 404


async def test_pages_that_were_not_built_say_how_to_build_them(folder: Path, tmp_path: Path) -> None:
    async with running(make_config(folder), Bundle(tmp_path / "nowhere")) as server:
        answer = await server.client().get("/")

    assert answer.status_code == 503
    assert "static/build.py" in answer.text


async def test_a_folder_lists_folders_first_with_what_they_are(server: Running) -> None:
    answer = (await server.client().get("/api/v1/folders?path=")).json()

    assert [entry["name"] for entry in answer["entries"]] == ["sub", "a.md", "page.html", "pic.png"]
    assert [entry["format"] for entry in answer["entries"]] == ["folder", "markdown", "html", "image"]
    assert [entry["editable"] for entry in answer["entries"]] == [False, True, True, False]


async def test_a_search_finds_by_a_part_of_the_name_in_all_folders(server: Running) -> None:
    answer = (await server.client().get("/api/v1/search?q=B.T")).json()

    assert [entry["path"] for entry in answer["entries"]] == ["sub/b.tex"]
    assert answer["truncated"] is False


async def test_an_upload_replaces_only_when_asked(server: Running) -> None:
    client, address = server.client(), "/api/v1/files/content?path=sub/new.bin"

    assert (await client.put(address, content=b"one")).status_code == 201
    assert (await client.put(address, content=b"two")).status_code == 409
    assert (await client.put(f"{address}&replace=1", content=b"three")).status_code == 200
    assert (await client.get(address)).content == b"three"


async def test_a_download_is_never_a_page(server: Running) -> None:
    client = server.client()
    page = await client.get("/api/v1/files/content?path=page.html")

    assert page.headers["content-disposition"].startswith("attachment")
    assert page.headers["content-type"] == "application/octet-stream"
    assert (await client.get("/api/v1/files/content?path=page.html&inline=1")).status_code == 400
    picture = await client.get("/api/v1/files/content?path=pic.png&inline=1")
    assert picture.headers["content-type"] == "image/png"
    assert "sandbox" in picture.headers["content-security-policy"]


async def test_making_and_deleting_files_and_folders(server: Running) -> None:
    client = server.client()

    assert (await client.post("/api/v1/folders", json={"path": "new"})).status_code == 201
    assert (await client.post("/api/v1/files", json={"path": "new/x.md", "content": "x"})).status_code == 201
    assert (await client.post("/api/v1/files", json={"path": "new/x.md"})).json()["error"]["code"] == "already_there"
    assert (await client.delete("/api/v1/files?path=new")).status_code == 204
    assert (await client.get("/api/v1/folders?path=new")).status_code == 404
    assert (await client.delete("/api/v1/files?path=")).status_code == 403


async def test_a_live_document_follows_a_rename_and_shows_who_is_in_it(server: Running) -> None:
    client = server.client()
    opened = await server.open("a.md", name="Anna")
    async with server.join(str(opened["document_id"]), str(opened["token"])):
        live = (await client.get("/api/v1/live")).json()["documents"]
        assert [(item["path"], item["people"][0]["name"]) for item in live] == [("a.md", "Anna")]

        moved = await client.post("/api/v1/files/rename", json={"path": "a.md", "new_path": "sub/moved.md"})

        assert moved.json()["path"] == "sub/moved.md"
        assert [item["path"] for item in (await client.get("/api/v1/live")).json()["documents"]] == ["sub/moved.md"]
    again = await server.open("sub/moved.md")
    assert again["document_id"] == opened["document_id"]


async def test_the_live_content_can_be_downloaded_and_stored_at_once(server: Running) -> None:
    client = server.client()
    opened = await server.open("a.md")

    copy = await client.get(f"/api/v1/documents/{opened['document_id']}/content")
    saved = await client.post(f"/api/v1/documents/{opened['document_id']}/save", json={})

    assert copy.text == "# A\n" and copy.headers["content-disposition"].startswith("attachment")
    assert saved.json()["state"] == "stored"


@pytest.mark.parametrize(("path", "status", "code"), [("pic.png", 415, "format_error"), ("none.md", 404, "not_found")])
async def test_what_cannot_be_edited_is_refused(server: Running, path: str, status: int, code: str) -> None:
    answer = await server.client().post("/api/v1/documents/open", json={"path": path})

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_a_draining_server_is_not_ready_and_opens_nothing(server: Running) -> None:
    client = server.client()
    assert (await client.get("/readyz")).json() == {"ready": True, "draining": False, "journal": "ok"}

    assert (await client.post("/api/v1/admin/drain", json={})).status_code == 200

    assert (await client.get("/readyz")).status_code == 503
    assert (await client.get("/healthz")).status_code == 200
    assert (await client.post("/api/v1/documents/open", json={"path": "a.md"})).status_code == 503


async def test_metrics_count_what_happened(server: Running) -> None:
    await server.open("a.md")
    await server.client().get("/api/v1/folders?path=none")

    text = (await server.client().get("/metrics")).text

    assert 'collab_errors_total{code="not_found"} 1.0' in text
    assert "collab_rooms_loaded_total 1.0" in text
    assert "collab_connections 0.0" in text


async def test_an_edit_shows_in_counts_bytes_and_latencies(server: Running) -> None:
    opened = await server.open("a.md")
    document = str(opened["document_id"])
    replica = Document(client_id=77)
    update = replica.changed_by(lambda: replica.edit_text([Splice(0, 0, "typed ")]))
    async with server.join(document, str(opened["token"])) as socket:
        await socket.send(encode_update(update))
        await acknowledged(socket)
        await server.client().post(f"/api/v1/documents/{document}/save", json={})

        text = (await server.client().get("/metrics")).text

    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    counted = ("updates_total", "update_bytes_total", "received_bytes_total", "sent_bytes_total")
    timed = ("journal_append_seconds_count", "save_seconds_count")
    assert all(float(figures[f"collab_{name}"]) > 0 for name in (*counted, *timed))
    assert figures["collab_rooms_in_memory"] == "1.0"
    assert {f"collab_{name}" for name in ("rooms_dirty", "inbox_messages", "unjournalled_messages")} <= figures.keys()


async def acknowledged(socket: ClientConnection) -> None:
    """Wait until the update is acknowledged."""
    async with asyncio.timeout(PATIENCE_S):
        async for data in socket:
            message = decode_message(bytes(data), Limits()) if isinstance(data, bytes) else None
            if isinstance(message, Acknowledgement) and message.count:
                return
