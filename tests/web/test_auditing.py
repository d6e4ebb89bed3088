"""The audit log of a server says who did what, and nothing that was written or that opens a door."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collab.document import Document, Splice
from collab.protocol.messages import MessageType, encode_update
from collab.protocol.roles import Role
from collab.siteconfig import AuditConfig
from collab.web.pages import Bundle
from tests.patience import PATIENCE_S
from tests.web.edge_server import Running, bearer, first_json, make_config, running, with_secret

CONTENT = "what nobody else may read"


@pytest.fixture
async def site(folder: Path, bundle: Bundle) -> AsyncIterator[Running]:
    config = make_config(folder, audit=AuditConfig(folder.parent / "audit.jsonl"))
    async with running(with_secret(config), bundle) as site:
        yield site


def events(site: Running) -> list[dict[str, object]]:
    text = (site.folder.parent / "audit.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def of(site: Running, event: str) -> list[dict[str, object]]:
    return [line for line in events(site) if line["event"] == event]


async def heard(site: Running, event: str) -> dict[str, object]:
    """The first line of an event, when it is there."""
    async with asyncio.timeout(PATIENCE_S):
        while not of(site, event):  # noqa: ASYNC110  # a file has no event for it
            await asyncio.sleep(0.02)
    return of(site, event)[0]


async def test_a_session_is_opened_wrote_and_left_with_its_count(site: Running) -> None:
    opened = await site.open("a.md", site.client(headers=bearer(site, Role.EDITOR, "anna")))
    async with site.join(str(opened["document_id"]), str(opened["token"])) as socket:
        await first_json(socket, MessageType.HELLO)
        await socket.send(encode_update(_typed(CONTENT)))
        wrote = await heard(site, "wrote")
    left = await heard(site, "left")

    (came,) = of(site, "opened")
    for line in (came, wrote, left):
        assert (line["user_id"], line["name"], line["role"]) == ("anna", "Anna", "editor")
        assert (line["document_id"], line["root"], line["path"]) == (opened["document_id"], "docs", "a.md")
        assert (line["node"], line["worker"]) == (site.application.edge.node, "worker-0")
    assert left["edits"] == 1


async def test_who_only_reads_wrote_nothing(site: Running) -> None:
    opened = await site.open("a.md", site.client(headers=bearer(site, Role.VIEWER, "ben")))
    async with site.join(str(opened["document_id"]), str(opened["token"])) as socket:
        await first_json(socket, MessageType.HELLO)

    assert (await heard(site, "left"))["edits"] == 0
    assert of(site, "wrote") == []


async def test_what_is_done_to_files_and_rights_is_noted_with_its_person(site: Running) -> None:
    owner = site.client(headers=bearer(site, Role.OWNER, "root"))
    opened = await site.open("a.md", owner)
    shares = f"/api/v1/documents/{opened['document_id']}/shares"
    share = (await owner.post(shares, json={"role": "viewer"})).json()
    await owner.delete(f"{shares}/{share['share_id']}")
    await owner.post("/api/v1/admin/revocations", json={"subject": "sub:ben"})
    await owner.post("/api/v1/files", json={"path": "new.md", "content": CONTENT})
    await owner.post("/api/v1/files/rename", json={"path": "new.md", "new_path": "newer.md"})
    await owner.delete("/api/v1/files", params={"path": "newer.md"})
    await owner.post(f"/api/v1/documents/{opened['document_id']}/restore", json={})

    lines = events(site)

    names = ["shared", "revoked", "revoked", "uploaded", "renamed", "deleted", "restored"]
    assert [line["event"] for line in lines] == names
    assert {line["user_id"] for line in lines} == {"root"}
    assert [line["subject"] for line in lines[1:3]] == [f"share:{share['share_id']}", "sub:ben"]
    assert (lines[4]["path"], lines[4]["new_path"]) == ("new.md", "newer.md")
    _holds_no_secret(site, share["url"].partition("#")[2])


async def test_signing_in_and_out_is_noted(site: Running) -> None:
    token = bearer(site, Role.EDITOR, "anna")["Authorization"].split()[1]
    browser = site.client(headers={"Origin": site.url})

    await browser.post("/api/v1/session", json={"token": token})
    await browser.delete("/api/v1/session")

    assert [(line["event"], line["user_id"]) for line in events(site)] == [
        ("signed_in", "anna"),
        ("signed_out", "anna"),
    ]
    _holds_no_secret(site, token)


async def test_who_is_refused_is_noted_and_what_for(site: Running) -> None:
    await site.client().get("/api/v1/live")
    await site.client(headers=bearer(site, Role.VIEWER, "ben")).delete("/api/v1/files", params={"path": "a.md"})
    opened = await site.open("a.md", site.client(headers=bearer(site, Role.VIEWER, "ben")))
    async with site.join(str(opened["document_id"]), "no-token") as socket:
        await socket.wait_closed()

    stranger, ben, socket_line = of(site, "refused")

    assert (stranger["code"], stranger["path"], "user_id" in stranger) == ("unauthenticated", "/api/v1/live", False)
    assert (ben["code"], ben["user_id"], ben["method"]) == ("permission_denied", "ben", "DELETE")
    assert (socket_line["code"], socket_line["path"]) == ("unauthenticated", f"/ws/{opened['document_id']}")
    _holds_no_secret(site, "no-token")


def _typed(text: str) -> bytes:
    document = Document(client_id=77)
    return document.changed_by(lambda: document.edit_text([Splice(0, 0, text)]))


def _holds_no_secret(site: Running, secret: str) -> None:
    text = (site.folder.parent / "audit.jsonl").read_text(encoding="utf-8")
    assert secret
    assert secret not in text
    assert CONTENT not in text
    assert "eyJ" not in text
