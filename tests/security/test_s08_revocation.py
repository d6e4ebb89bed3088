"""S8: a right that was withdrawn ends, for new requests at once and for open sockets within the recheck interval."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from collab.document import Document, Splice
from collab.limits import Limits
from collab.protocol.messages import Acknowledgement, decode_message, encode_update
from collab.protocol.roles import Role
from collab.web.pages import Bundle
from tests.patience import PATIENCE_S
from tests.web.edge_server import JSON, Running, bearer, first_json, make_config, running, with_secret

HELLO = 112
LIMITS = Limits()


@pytest.fixture
async def site(folder: Path, bundle: Bundle) -> AsyncIterator[Running]:
    """A server that looks for revocations often."""
    config = with_secret(make_config(folder))
    async with running(replace(config, auth=replace(config.auth, recheck_s=0.05)), bundle) as site:
        yield site


async def close_code(socket: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as caught:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await socket.recv()
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


@pytest.mark.parametrize("kind", ["jti", "sub"])
async def test_revoking_a_token_or_a_person_closes_their_sockets(site: Running, kind: str) -> None:
    owner = site.client(headers=bearer(site, Role.OWNER, "olga"))
    header = bearer(site, Role.EDITOR, "anna")
    anna = site.client(headers=header)
    opened = await site.open("a.md", anna)
    async with site.join(str(opened["document_id"]), str(opened["token"])) as socket:
        await first_json(socket, HELLO)
        token_id = site.token_id(header)
        subject = f"jti:{token_id}" if kind == "jti" else "sub:anna"

        answer = await owner.post("/api/v1/admin/revocations", json={"subject": subject})

        assert answer.status_code == 204
        assert await close_code(socket) == 4403
    assert (await anna.get("/api/v1/folders?path=")).status_code == 403


async def test_what_another_process_revoked_closes_sockets_within_the_interval(site: Running) -> None:
    opened = await site.open("a.md", site.client(headers=bearer(site, Role.EDITOR, "anna")))
    async with site.join(str(opened["document_id"]), str(opened["token"])) as socket:
        await first_json(socket, HELLO)
        edge = site.application.edge

        await edge.store.revoke("sub:anna", edge.clock.wall_ms() + 60_000, edge.clock.wall_ms())

        assert await close_code(socket) == 4403


async def test_no_update_is_taken_after_the_socket_was_closed(site: Running) -> None:
    owner = site.client(headers=bearer(site, Role.OWNER, "olga"))
    opened = await site.open("a.md", site.client(headers=bearer(site, Role.EDITOR, "anna")))
    document, typed = Document(client_id=7), 0
    async with site.join(str(opened["document_id"]), str(opened["token"])) as socket:
        await first_json(socket, HELLO)
        acknowledged = 0
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    update = document.changed_by(lambda: document.edit_text([Splice(0, 0, "x")]))
                    await socket.send(encode_update(update))
                    typed += 1
                    acknowledged = await next_acknowledgement(socket)
                    if typed == 20:
                        await owner.post("/api/v1/admin/revocations", json={"subject": "sub:anna"})

    content = await owner.get(f"/api/v1/documents/{opened['document_id']}/content")
    assert typed - 2 <= acknowledged <= typed
    assert content.text.count("x") <= acknowledged + 1


async def next_acknowledgement(socket: ClientConnection) -> int:
    async for data in socket:
        assert isinstance(data, bytes)
        message = decode_message(data, LIMITS)
        if isinstance(message, Acknowledgement):
            return message.count
    await socket.recv()
    raise AssertionError("unreachable")


async def test_a_share_link_opens_one_document_with_its_role_until_it_is_withdrawn(site: Running) -> None:
    owner = site.client(headers=bearer(site, Role.OWNER, "olga"))
    opened = await site.open("a.md", owner)
    document = f"/api/v1/documents/{opened['document_id']}"
    share = (await owner.post(f"{document}/shares", json={"role": "viewer", "expires_in_s": 3600})).json()
    secret = share["url"].partition("#")[2]
    guest = site.client(headers={"Origin": site.url})
    redeemed = (await guest.post("/api/v1/shares/redeem", json={"secret": secret, "name": "Kim"})).json()

    assert redeemed["role"] == "viewer" and redeemed["document_id"] == opened["document_id"]
    assert not redeemed["writable"] and redeemed["user"]["name"] == "Kim"
    async with site.join(redeemed["document_id"], redeemed["token"]) as socket:
        assert (await first_json(socket, HELLO))["role"] == "viewer"
        assert (await owner.delete(f"{document}/shares/{share['share_id']}")).status_code == 204
        assert await close_code(socket) == 4403
    assert (await guest.post("/api/v1/shares/redeem", json={"secret": secret})).status_code == 404
    assert (await owner.get(f"{document}/shares")).json() == {"shares": []}


async def test_a_guest_stays_the_same_person(site: Running) -> None:
    owner = site.client(headers=bearer(site, Role.OWNER, "olga"))
    opened = await site.open("a.md", owner)
    share = (await owner.post(f"/api/v1/documents/{opened['document_id']}/shares", json={"role": "editor"})).json()
    body = {"secret": share["url"].partition("#")[2], "name": "Kim"}
    guest = site.client(headers={"Origin": site.url})

    first = (await guest.post("/api/v1/shares/redeem", json=body)).json()
    again = (await guest.post("/api/v1/shares/redeem", json=body | {"token": first["token"]})).json()
    other = (await guest.post("/api/v1/shares/redeem", json=body)).json()

    assert first["user"]["id"] == again["user"]["id"] != other["user"]["id"]


async def test_a_signed_out_session_is_worth_nothing(site: Running) -> None:
    token = bearer(site, Role.EDITOR)["Authorization"].split()[1]
    browser = site.client(headers={"Origin": site.url})
    await browser.post("/api/v1/session", json={"token": token})
    stolen = dict(browser.cookies)
    assert (await browser.get("/api/v1/folders?path=")).status_code == 200

    assert (await browser.delete("/api/v1/session")).status_code == 204

    thief = site.client(cookies=stolen)
    assert (await thief.get("/api/v1/folders?path=", headers=JSON)).status_code == 401


async def test_a_scoped_token_sees_its_part_only(site: Running) -> None:
    scoped = site.client(headers=bearer(site, Role.OWNER, "anna", scope=("docs", "sub")))

    assert (await scoped.get("/api/v1/folders?path=sub")).status_code == 200
    assert (await scoped.get("/api/v1/folders?path=")).status_code == 403
    assert (await scoped.get("/api/v1/files/content?path=a.md")).status_code == 403
    assert (await scoped.post("/api/v1/documents/open", json={"path": "a.md"})).status_code == 403
    rename = {"path": "sub/b.tex", "new_path": "b.tex"}
    assert (await scoped.post("/api/v1/files/rename", json=rename)).status_code == 403
    revoke = {"subject": "sub:olga"}
    assert (await scoped.post("/api/v1/admin/revocations", json=revoke)).status_code == 403
