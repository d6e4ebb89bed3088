"""Readers who ask to edit, owners who answer, and what a room token is worth over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection

from collab.auth.tokens import Purpose
from collab.protocol.roles import Role
from collab.web.pages import Bundle
from tests.web.edge_server import JSON, Running, bearer, first_json, make_config, running, with_secret

HELLO, NOTICE = 112, 115
FEW = 2


@pytest.fixture
async def site(folder: Path, bundle: Bundle) -> AsyncIterator[Running]:
    """A server that looks for revocations often and lets a person ask twice."""
    config = with_secret(make_config(folder))
    config = replace(
        config,
        auth=replace(config.auth, recheck_s=0.05),
        limits=replace(config.limits, access_requests_per_hour=FEW),
    )
    async with running(config, bundle) as site:
        yield site


@dataclass
class Guest:
    """Who came by a link to read."""

    client: httpx.AsyncClient
    opened: dict[str, str]

    @property
    def requests(self) -> str:
        return f"/api/v1/documents/{self.opened['document_id']}/access-requests"


async def owner_of(site: Running) -> tuple[httpx.AsyncClient, dict[str, str]]:
    owner = site.client(headers={**bearer(site, Role.OWNER, "olga"), **JSON})
    return owner, (await owner.post("/api/v1/documents/open", json={"path": "a.md"})).json()


async def guest_of(site: Running, owner: httpx.AsyncClient, document_id: str, role: str = "viewer") -> Guest:
    made = await owner.post(f"/api/v1/documents/{document_id}/shares", json={"role": role})
    secret = made.json()["url"].partition("#")[2]
    visitor = site.client(headers={"Origin": site.url})
    opened = (await visitor.post("/api/v1/shares/redeem", json={"secret": secret, "name": "Gus"})).json()
    headers = {"Authorization": f"Bearer {opened['token']}", **JSON}
    return Guest(site.client(headers=headers), opened)


async def notice_of(socket: ClientConnection, code: str) -> dict[str, object]:
    async with asyncio.timeout(30):
        while True:
            payload = await first_json(socket, NOTICE, 30)
            if payload["code"] == code:
                return payload


async def asked(guest: Guest, owner_socket: ClientConnection) -> str:
    assert (await guest.client.post(guest.requests)).json() == {"told": 1}
    payload = await notice_of(owner_socket, "access_asked")
    assert payload["user"] == guest.opened["user"]
    return str(payload["request_id"])


@pytest.mark.parametrize("answer", ["once", "editor"])
async def test_a_reader_who_is_allowed_gets_a_token_to_edit_with(site: Running, answer: str) -> None:
    owner, opened = await owner_of(site)
    guest = await guest_of(site, owner, opened["document_id"])
    async with (
        site.join(opened["document_id"], opened["token"]) as owner_socket,
        site.join(opened["document_id"], guest.opened["token"]) as guest_socket,
    ):
        request_id = await asked(guest, owner_socket)

        given = await owner.post(f"{guest.requests}/{request_id}", json={"answer": answer})

        assert given.status_code == 204
        told = await notice_of(guest_socket, "role_changed")
        assert told["role"] == "editor" and ("url" in told) == (answer == "editor")
        token = str(told["token"])
        renewed = await site.client(headers={"Authorization": f"Bearer {token}", **JSON}).post(
            f"/api/v1/documents/{opened['document_id']}/token"
        )
        assert (renewed.json()["role"], renewed.json()["writable"]) == ("editor", True)
        async with site.join(opened["document_id"], token) as again:
            assert (await first_json(again, HELLO))["role"] == "editor"
        assert json.dumps(await notice_of(owner_socket, "access_answered")).count(token) == 0


async def test_a_lasting_right_is_a_link_that_the_owner_can_revoke(site: Running) -> None:
    owner, opened = await owner_of(site)
    guest = await guest_of(site, owner, opened["document_id"])
    shares = f"/api/v1/documents/{opened['document_id']}/shares"
    async with (
        site.join(opened["document_id"], opened["token"]) as owner_socket,
        site.join(opened["document_id"], guest.opened["token"]) as guest_socket,
    ):
        await owner.post(f"{guest.requests}/{await asked(guest, owner_socket)}", json={"answer": "editor"})
        token = str((await notice_of(guest_socket, "role_changed"))["token"])
    listed = (await owner.get(shares)).json()["shares"]
    made = next(share for share in listed if share["role"] == "editor")

    assert (await owner.delete(f"{shares}/{made['share_id']}")).status_code == 204

    renewal = f"/api/v1/documents/{opened['document_id']}/token"
    refused = await site.client(headers={"Authorization": f"Bearer {token}", **JSON}).post(renewal)
    assert refused.status_code == 403
    assert (await guest.client.post(renewal)).json()["role"] == "viewer"


async def test_a_reader_who_is_denied_is_told_and_stays_a_reader(site: Running) -> None:
    owner, opened = await owner_of(site)
    guest = await guest_of(site, owner, opened["document_id"])
    async with (
        site.join(opened["document_id"], opened["token"]) as owner_socket,
        site.join(opened["document_id"], guest.opened["token"]) as guest_socket,
    ):
        request_id = await asked(guest, owner_socket)
        await owner.post(f"{guest.requests}/{request_id}", json={"answer": "deny"})

        await notice_of(guest_socket, "access_denied")

        assert (await owner.post(f"{guest.requests}/{request_id}", json={"answer": "once"})).status_code == 404
        assert [c.role for c in site.application.edge.rooms.local.connections(opened["document_id"])].count(
            Role.VIEWER
        ) == 1  # type: ignore[arg-type]  # an id


async def test_nobody_is_told_when_no_owner_is_there(site: Running) -> None:
    owner, opened = await owner_of(site)
    guest = await guest_of(site, owner, opened["document_id"])
    editor = site.client(headers={**bearer(site, Role.EDITOR, "ed"), **JSON})
    theirs = (await editor.post("/api/v1/documents/open", json={"path": "a.md"})).json()
    async with site.join(opened["document_id"], theirs["token"]):
        assert (await guest.client.post(guest.requests)).json() == {"told": 0}


async def test_only_an_owner_answers(site: Running) -> None:
    owner, opened = await owner_of(site)
    guest = await guest_of(site, owner, opened["document_id"])
    editor = site.client(headers={**bearer(site, Role.EDITOR, "ed"), **JSON})
    roomy = site.client(headers={"Authorization": f"Bearer {opened['token']}", **JSON})
    async with site.join(opened["document_id"], opened["token"]) as owner_socket:
        request_id = await asked(guest, owner_socket)

        for client in (guest.client, editor, roomy):
            assert (await client.post(f"{guest.requests}/{request_id}", json={"answer": "once"})).status_code == 403


async def test_who_asks_again_and_again_is_told_to_wait(site: Running) -> None:
    owner, opened = await owner_of(site)
    guest = await guest_of(site, owner, opened["document_id"])
    async with site.join(opened["document_id"], opened["token"]) as owner_socket:
        for _ in range(FEW):
            request_id = await asked(guest, owner_socket)
            assert (await guest.client.post(guest.requests)).json() == {"told": 1}  # still the same one
            await owner.post(f"{guest.requests}/{request_id}", json={"answer": "deny"})

        assert (await guest.client.post(guest.requests)).status_code == 429


async def test_who_may_edit_has_nothing_to_ask(site: Running) -> None:
    owner, opened = await owner_of(site)

    assert (await owner.post(f"/api/v1/documents/{opened['document_id']}/access-requests")).status_code == 400


# -- room tokens over HTTP --


async def test_a_room_token_opens_its_own_document_and_nothing_else(site: Running) -> None:
    owner, opened = await owner_of(site)
    other = (await owner.post("/api/v1/documents/open", json={"path": "sub/b.tex"})).json()
    guest = await guest_of(site, owner, opened["document_id"], "editor")

    saved = await guest.client.post(f"/api/v1/documents/{opened['document_id']}/save")
    elsewhere = [
        await guest.client.post(f"/api/v1/documents/{other['document_id']}/save"),
        await guest.client.get("/api/v1/folders?path="),
        await guest.client.get("/api/v1/files/content?path=a.md"),
        await guest.client.post("/api/v1/documents/open", json={"path": "a.md"}),
    ]

    assert saved.status_code == 200
    assert [answer.status_code for answer in elsewhere] == [401] * 4


async def test_a_room_token_makes_no_shares_even_an_owners(site: Running) -> None:
    _, opened = await owner_of(site)
    roomy = site.client(headers={"Authorization": f"Bearer {opened['token']}", **JSON})

    answer = await roomy.post(f"/api/v1/documents/{opened['document_id']}/shares", json={"role": "editor"})

    assert answer.status_code == 403


async def test_a_guest_renews_an_expired_token_while_the_link_stands(site: Running) -> None:
    owner, opened = await owner_of(site)
    guest = await guest_of(site, owner, opened["document_id"])
    tokens = site.application.edge.tokens
    grant = tokens.verify(Purpose.ROOM, guest.opened["token"])
    old = tokens.sign(Purpose.ROOM, replace(grant, expires_s=1))
    over = tokens.sign(Purpose.ROOM, replace(grant, expires_s=1, until_s=1))
    no_guest = tokens.sign(Purpose.ROOM, replace(grant, expires_s=1, chain=()))
    renewal = f"/api/v1/documents/{opened['document_id']}/token"

    answers = [
        await site.client(headers={"Authorization": f"Bearer {token}", **JSON}).post(renewal)
        for token in (old, over, no_guest)
    ]

    assert [answer.status_code for answer in answers] == [200, 401, 401]
    fresh = tokens.verify(Purpose.ROOM, answers[0].json()["token"])
    assert (fresh.user_id, fresh.role, fresh.chain) == (grant.user_id, grant.role, grant.chain)
