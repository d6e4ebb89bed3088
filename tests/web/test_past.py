"""Points and retired histories over HTTP: what comes back, and who may do what."""

from __future__ import annotations

import base64
import contextlib

import httpx
from websockets.exceptions import ConnectionClosed

from collab.document import Document, Splice, decode_state_vector
from collab.errors import CloseCode
from collab.protocol.messages import encode_sync_step1
from collab.protocol.roles import Role
from collab.store.base import DocumentId
from tests.web.edge_server import JSON, Running, bearer

RAW = {"Content-Type": "application/octet-stream"}


async def opened(server: Running, path: str = "a.md") -> tuple[httpx.AsyncClient, str, str]:
    """A client, the document's address and its history."""
    client = server.client(headers={"Origin": server.url})
    answer = await server.open(path, client)
    return client, f"/api/v1/documents/{answer['document_id']}", str(answer["history_id"])


async def state_of(server: Running, address: str) -> bytes:
    history = await server.application.edge.store.load(DocumentId(address.rpartition("/")[2]))
    assert history is not None and history.snapshot is not None
    updates = [stored.entry.update for stored in history.updates]
    return Document.from_updates([history.snapshot.state, *updates]).diff()


def offline(state: bytes, text: str) -> bytes:
    """A browser's whole document after an edit at the start that nobody got."""
    document = Document.from_updates([state], 4711)
    document.edit_text([Splice(0, 0, text)])
    return document.diff()


async def test_an_offline_edit_of_a_retired_history_ends_up_in_the_document(server: Running) -> None:
    client, address, history = await opened(server)
    edit = offline(await state_of(server, address), "offline\n")

    rebased = await client.post(f"{address}/rebase", headers=JSON)
    vector = await client.get(f"{address}/histories/{history}")
    first = await client.post(f"{address}/histories/{history}/edits", content=edit, headers=RAW)
    again = await client.post(f"{address}/histories/{history}/edits", content=edit, headers=RAW)

    assert rebased.status_code == 200, rebased.text
    assert decode_state_vector(base64.b64decode(vector.json()["state_vector"]))
    assert first.json() == {"new": True, "changes": 1, "conflicts": 0}
    assert again.json() == {"new": False, "changes": 0, "conflicts": 0}
    assert (await client.get(f"{address}/content")).content == b"offline\n# A\n"


async def test_after_a_rebase_old_tokens_and_old_histories_are_turned_away(server: Running) -> None:
    client = server.client(headers={"Origin": server.url})
    before = await server.open("a.md", client)
    address = f"/api/v1/documents/{before['document_id']}"
    stale = Document.from_updates([await state_of(server, address)])
    await client.post(f"{address}/rebase", headers=JSON)
    after = await server.open("a.md", client)

    codes = []
    for token, query in ((before, "v=1"), (after, f"v=1&history={before['history_id']}"), (after, "v=0")):
        async with server.join(str(before["document_id"]), str(token["token"]), query) as socket:
            with contextlib.suppress(ConnectionClosed):
                await socket.send(encode_sync_step1(stale.state_vector()))
                await socket.wait_closed()
        codes.append(socket.close_code)

    assert before["history_id"] != after["history_id"]
    assert codes == [CloseCode.HISTORY_CHANGED] * 3


async def test_edits_on_a_history_that_never_was_are_refused(server: Running) -> None:
    client, address, history = await opened(server)

    for name in ("none", history):
        told = await client.get(f"{address}/histories/{name}")
        answer = await client.post(f"{address}/histories/{name}/edits", content=b"\x00\x00", headers=RAW)
        assert (told.status_code, answer.status_code) == (409, 409)
        assert answer.json()["error"]["code"] == "history_changed"


async def test_bytes_that_are_no_update_are_refused(server: Running) -> None:
    client, address, history = await opened(server)
    await client.post(f"{address}/rebase", headers=JSON)

    answer = await client.post(f"{address}/histories/{history}/edits", content=b"\xff" * 40, headers=RAW)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed_message")


async def test_who_may_only_read_hands_nothing_over_and_names_nothing(site: Running) -> None:
    owner = site.client(headers=bearer(site, Role.OWNER))
    answer = await site.open("a.md", owner)
    address = f"/api/v1/documents/{answer['document_id']}"
    edit = offline(await state_of(site, address), "forged\n")
    assert (await owner.post(f"{address}/rebase", headers=JSON)).status_code == 200
    edits = f"{address}/histories/{answer['history_id']}/edits"

    for role in (Role.VIEWER, Role.COMMENTER):
        reader = site.client(headers=bearer(site, role))
        assert (await reader.post(edits, content=edit, headers=RAW)).status_code == 403
        assert (await reader.post(f"{address}/points", json={"name": "mine"})).status_code == 403
        assert (await reader.post(f"{address}/rebase", headers=JSON)).status_code == 403
        assert (await reader.get(f"{address}/points")).status_code == 200
    elsewhere = site.client(headers=bearer(site, Role.EDITOR, scope=("docs", "sub")))
    assert (await elsewhere.post(edits, content=edit, headers=RAW)).status_code == 403
    assert (await elsewhere.get(f"{address}/points")).status_code == 403
    assert (await owner.get(f"{address}/content")).content == b"# A\n"


async def test_the_merged_edit_is_that_persons(site: Running) -> None:
    owner = site.client(headers=bearer(site, Role.OWNER))
    answer = await site.open("a.md", owner)
    address = f"/api/v1/documents/{answer['document_id']}"
    edit = offline(await state_of(site, address), "from bob\n")
    await owner.post(f"{address}/rebase", headers=JSON)
    bob = site.client(headers=bearer(site, Role.EDITOR, user="bob"))

    await bob.post(f"{address}/histories/{answer['history_id']}/edits", content=edit, headers=RAW)

    after = await site.open("a.md", owner)
    document_id = DocumentId(str(answer["document_id"]))
    entries = await site.application.edge.store.updates(
        document_id,
        after["history_id"],
        after_seq=0,
        limit=9,  # type: ignore[arg-type]  # of the JSON answer
    )
    assert [(stored.entry.author_id, stored.entry.author_name) for stored in entries] == [("bob", "Bob")]


async def test_a_document_that_is_open_is_not_rebased_and_the_reason_is_told(server: Running) -> None:
    client = server.client(headers={"Origin": server.url})
    answer = await server.open("a.md", client)
    async with server.join(str(answer["document_id"]), str(answer["token"])) as socket:
        await socket.recv()
        refused = await client.post(f"/api/v1/documents/{answer['document_id']}/rebase", headers=JSON)

    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "not_rebased"
    assert "open" in refused.json()["error"]["message"]


async def test_a_point_is_named_listed_read_and_forgotten(server: Running) -> None:
    client, address, history = await opened(server)
    edit = offline(await state_of(server, address), "later\n")

    made = await client.post(f"{address}/points", json={"name": " as sent "})
    await client.post(f"{address}/rebase", headers=JSON)
    await client.post(f"{address}/histories/{history}/edits", content=edit, headers=RAW)
    listed = (await client.get(f"{address}/points")).json()["points"]
    content = await client.get(f"{address}/points/{made.json()['point_id']}/content")
    gone = await client.delete(f"{address}/points/{made.json()['point_id']}", headers=JSON)
    twice = await client.delete(f"{address}/points/{made.json()['point_id']}", headers=JSON)

    assert made.status_code == 201
    assert [point["name"] for point in listed] == [None, "as sent"]
    assert listed[1] == made.json() and made.json()["named_by"]["name"]
    assert content.content == b"# A\n"
    assert "attachment" in content.headers["content-disposition"]
    assert (gone.status_code, twice.status_code) == (204, 404)


async def test_a_listed_point_can_be_named_later(server: Running) -> None:
    client, address, _ = await opened(server)
    await client.post(f"{address}/rebase", headers=JSON)
    oldest = (await client.get(f"{address}/points")).json()["points"][-1]

    named = await client.post(f"{address}/points", json={"name": "first", "point_id": oldest["point_id"]})

    assert named.json() == {**oldest, **{key: named.json()[key] for key in ("name", "named_by", "named_at_ms")}}
    assert named.json()["name"] == "first"


async def test_impossible_points_and_names_are_refused(server: Running) -> None:
    client, address, history = await opened(server)

    for name in ("", "  ", "two\nlines", "x" * 201):
        assert (await client.post(f"{address}/points", json={"name": name})).status_code in (400, 413), name
    for point in ("none", f"{history}.99", f"{history}.-1", f"{history}.{'9' * 30}", ".1", "other.0"):
        assert (await client.get(f"{address}/points/{point}/content")).status_code == 404, point
        answer = await client.post(f"{address}/points", json={"name": "x", "point_id": point})
        assert answer.status_code == 404, point
