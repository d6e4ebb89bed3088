"""An operator reaches every worker of a node through any of them, by the command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from collab.protocol.messages import MessageType
from tests.clients import ask, connect
from tests.serving import Server
from tests.test_cli import SECRET, collab, refused
from tests.web.edge_server import first_json

pytestmark = pytest.mark.slow

WORKERS = 3
FILES = 12


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("operator")
    folder = place / "docs"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number}.md").write_text("# A\n", encoding="utf-8")
    environ = {
        "COLLAB_SECRET": SECRET,
        "COLLAB_ROOM_IDLE_UNLOAD_S": "600",
        "COLLAB_LIMITS_ROOM_CHANNEL_QUESTION_S": "60",
    }
    with Server(folder, place / "data", count=WORKERS, environ=environ) as server:
        yield server


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return collab("token", "--user", "root", "--role", "owner", COLLAB_SECRET=SECRET).stdout.split()[0]


def admin(server: Server, *arguments: str, **environ: str) -> dict[str, object]:
    done = collab("admin", *arguments, "--json", "--server", server.url, **environ)
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def opened(server: Server, token: str, number: int) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {token}"}
    answer: httpx.Response = ask(
        "POST", f"{server.url}/api/v1/documents/open", json={"path": f"{number}.md"}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    told: dict[str, str] = answer.json()
    return told


def step(server: Server, token: str, document: str, what: str) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {token}"}
    answer = ask("POST", f"{server.url}/api/v1/admin/rooms/{document}/{what}", json={}, headers=headers)
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


async def test_every_worker_is_asked_and_obeys(server: Server, token: str) -> None:
    documents = [opened(server, token, number) for number in range(FILES)]
    async with AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(connect(f"{document['websocket_url']}&v=1")) for document in documents
        ]
        for socket in sockets:
            await first_json(socket, MessageType.HELLO)

        rooms = admin(server, "rooms", COLLAB_ADMIN_TOKEN=token)
        connections = admin(server, "connections", "--user", "root", COLLAB_ADMIN_TOKEN=token)
        kicked = admin(server, "kick", "--user", "root", COLLAB_ADMIN_TOKEN=token)

        assert rooms["workers"] == [f"worker-{number}" for number in range(WORKERS)]
        assert {row["document_id"] for row in rooms["rooms"]} == {one["document_id"] for one in documents}  # type: ignore[attr-defined]
        assert len({row["worker"] for row in rooms["rooms"]}) > 1  # type: ignore[attr-defined]
        assert len(connections["connections"]) == FILES  # type: ignore[arg-type]
        assert kicked["closed"] == FILES
        for socket in sockets:
            with pytest.raises(ConnectionClosed):
                while True:
                    await socket.recv()
            assert socket.close_code == 4403


def test_a_room_of_another_worker_is_stored_and_unloaded(server: Server, token: str) -> None:
    documents = [opened(server, token, number)["document_id"] for number in range(FILES)]

    stored = [step(server, token, document, "save") for document in documents]
    unloaded = [step(server, token, document, "unload") for document in documents]

    assert {answer["state"] for answer in stored} == {"stored"}
    assert all(answer["unloaded"] for answer in unloaded)
    assert admin(server, "rooms", COLLAB_ADMIN_TOKEN=token)["rooms"] == []


def test_the_token_may_be_in_a_file_and_the_answer_is_a_table(server: Server, token: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{token}\n", encoding="utf-8")
    opened(server, token, 5)

    done = collab("admin", "rooms", "--server", server.url, "--token-file", file)

    assert done.returncode == 0, done.stderr
    assert "5.md" in done.stdout
    assert "worker-2" in done.stdout  # who answered


def test_a_command_that_knows_the_secret_needs_no_token(server: Server, token: str) -> None:
    document = opened(server, token, 5)["document_id"]

    assert admin(server, "save", document, COLLAB_SECRET=SECRET)["state"] == "stored"
    assert admin(server, "unload", document, COLLAB_SECRET=SECRET)["unloaded"] is True


def test_without_a_right_the_refusal_is_one_sentence(server: Server) -> None:
    refused(collab("admin", "rooms", "--server", server.url), "Please sign in again.")


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    refused(collab("admin", "rooms", "--server", "http://127.0.0.1:9"), "does not answer")
