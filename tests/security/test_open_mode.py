"""Open mode lets in the user who started the server, on this machine, from its own pages, and nobody else."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys

import pytest

from collab.auth.open_mode import Asked, refusal
from collab.auth.origin import Origin
from tests.patience import PATIENCE_S
from tests.web.edge_server import Running, make_config, running

PORT = 8000
GOOD = {"host": f"127.0.0.1:{PORT}"}

ALLOWED = {
    "address": GOOD,
    "localhost": {"host": f"localhost:{PORT}"},
    "IPv6": {"host": f"[::1]:{PORT}"},
    "no port": {"host": "localhost"},
    "own page": GOOD | {"origin": f"http://127.0.0.1:{PORT}", "sec-fetch-site": "same-origin"},
    "typed address": GOOD | {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
}
REFUSED = {
    # DNS rebinding, and names that only look like ours
    "rebinding": {"host": f"evil.example:{PORT}"},
    "rebinding with our port": {"host": "rebind.network:8000"},
    "suffix": {"host": f"127.0.0.1.nip.io:{PORT}"},
    "localhost suffix": {"host": f"localhost.evil.com:{PORT}"},
    "trailing dot": {"host": f"localhost.:{PORT}"},
    "other loopback address": {"host": f"127.0.0.2:{PORT}"},
    "short address": {"host": f"127.1:{PORT}"},
    "decimal address": {"host": f"2130706433:{PORT}"},
    "hexadecimal address": {"host": f"0x7f.0.0.1:{PORT}"},
    "octal address": {"host": f"0177.0.0.1:{PORT}"},
    "any address": {"host": f"0.0.0.0:{PORT}"},
    "mapped address": {"host": f"[::ffff:127.0.0.1]:{PORT}"},
    "long IPv6": {"host": f"[0:0:0:0:0:0:0:1]:{PORT}"},
    "user before host": {"host": f"localhost@evil.com:{PORT}"},
    "two hosts in one": {"host": "localhost:8000, evil.com"},
    "empty host": {"host": ""},
    "no host": {},
    "another port": {"host": "127.0.0.1:8001"},
    "port with letters": {"host": "127.0.0.1:8000x"},
    "port too long": {"host": "127.0.0.1:008000"},
    "space": {"host": " 127.0.0.1:8000"},
    # proxies
    "x-forwarded-for": GOOD | {"x-forwarded-for": "10.0.0.1"},
    "x-forwarded-for loopback": GOOD | {"x-forwarded-for": "127.0.0.1"},
    "x-forwarded-host": GOOD | {"x-forwarded-host": "edit.example.org"},
    "x-forwarded-proto": GOOD | {"x-forwarded-proto": "https"},
    "x-forwarded-server": GOOD | {"x-forwarded-server": "a"},
    "x-forwarded empty": GOOD | {"x-forwarded-for": ""},
    "forwarded": GOOD | {"forwarded": "for=10.0.0.1"},
    "via": GOOD | {"via": "1.1 proxy"},
    "x-real-ip": GOOD | {"x-real-ip": "10.0.0.1"},
    "true-client-ip": GOOD | {"true-client-ip": "10.0.0.1"},
    "cf-connecting-ip": GOOD | {"cf-connecting-ip": "10.0.0.1"},
    "x-client-ip": GOOD | {"x-client-ip": "10.0.0.1"},
    "x-envoy": GOOD | {"x-envoy-external-address": "10.0.0.1"},
    "cdn-loop": GOOD | {"cdn-loop": "cdn"},
    # other web pages
    "foreign origin": GOOD | {"origin": "https://evil.com"},
    "null origin": GOOD | {"origin": "null"},
    "empty origin": GOOD | {"origin": ""},
    "https origin": GOOD | {"origin": f"https://127.0.0.1:{PORT}"},
    "origin of another port": GOOD | {"origin": "http://127.0.0.1:5173"},
    "origin of another name": GOOD | {"origin": f"http://localhost:{PORT}"},
    "origin suffix": GOOD | {"origin": f"http://127.0.0.1:{PORT}.evil.com"},
    "cross-site": GOOD | {"sec-fetch-site": "cross-site"},
    "same-site": GOOD | {"sec-fetch-site": "same-site"},
    "cross-site with our origin": GOOD | {"origin": f"http://127.0.0.1:{PORT}", "sec-fetch-site": "cross-site"},
    "unknown site": GOOD | {"sec-fetch-site": "SAME-ORIGIN"},
    "empty site": GOOD | {"sec-fetch-site": ""},
}


def asked(headers: dict[str, str], method: str = "GET", *, websocket: bool = False) -> Asked:
    return Asked(method, list(headers.items()), websocket)


def test_there_are_at_least_forty_hostile_variants() -> None:
    assert len(REFUSED) >= 40


@pytest.mark.parametrize("headers", ALLOWED.values(), ids=ALLOWED)
def test_the_local_user_comes_in(headers: dict[str, str]) -> None:
    assert refusal(asked(headers), PORT, frozenset()) is None


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_stranger_stays_out(headers: dict[str, str], method: str) -> None:
    assert refusal(asked(headers, method), PORT, frozenset())


def test_a_typed_address_changes_nothing_and_opens_no_socket() -> None:
    typed = ALLOWED["typed address"]

    assert refusal(asked(typed, "POST"), PORT, frozenset())
    assert refusal(asked(typed, websocket=True), PORT, frozenset())


@pytest.mark.parametrize("name", ["host", "origin", "sec-fetch-site"])
def test_a_header_that_comes_twice_is_refused(name: str) -> None:
    headers = [*ALLOWED["own page"].items(), (name, ALLOWED["own page"][name])]

    assert refusal(Asked("GET", headers), PORT, frozenset())


def test_an_origin_that_the_operator_named_comes_in_from_its_own_page() -> None:
    headers = GOOD | {"origin": "http://localhost:5173", "sec-fetch-site": "same-site"}

    assert refusal(asked(headers), PORT, frozenset({Origin("http", "localhost", 5173)})) is None
    assert refusal(asked(headers), PORT, frozenset({Origin("http", "localhost", 5174)}))


ON_THE_WIRE = {name: headers for name, headers in REFUSED.items() if name != "space"}
"""HTTP itself takes spaces around a value away."""


async def test_the_server_answers_strangers_with_403(server: Running) -> None:
    for name, headers in ON_THE_WIRE.items():
        answer = await ask(server, headers)
        assert answer.split()[1] in ("403", "400"), f"{name}: {answer}"
        assert "a.md" not in answer


async def ask(server: Running, headers: dict[str, str]) -> str:
    """The answer to a request with exactly these headers."""
    ours = {name: value.replace("8000", str(server.port)) for name, value in headers.items()}
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in ours.items())
    writer.write(f"GET /api/v1/folders?path= HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode())
    answer = (await asyncio.wait_for(reader.read(), PATIENCE_S)).decode()
    writer.close()
    return answer


async def test_the_reason_is_told(server: Running) -> None:
    answer = await server.client().get("/api/v1/me", headers={"X-Forwarded-For": "10.0.0.1"})

    assert answer.status_code == 403
    assert "proxy" in answer.json()["error"]["message"]


ASK = """
import os, socket, sys
"warm".encode("idna")  # nobody may not read the library
os.setgid(65534); os.setuid(65534)
asking = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10)
asking.sendall(b"GET /api/v1/me HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nConnection: close\\r\\n\\r\\n")
answer = b""
while part := asking.recv(65536):
    answer += part
sys.stdout.buffer.write(answer)
"""


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="needs root, to become another user")
async def test_another_user_of_this_machine_is_refused(server: Running) -> None:
    command = [sys.executable, "-c", ASK, str(server.port)]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )

    head, _, body = done.stdout.partition("\n\n")
    assert head.split()[1] == "403"
    assert "user who started it" in json.loads(body)["error"]["message"]


async def test_where_users_cannot_be_told_apart_a_one_time_token_opens_the_server(server: Running) -> None:
    config = make_config(server.folder)
    store = config.store.__class__(data=server.folder.parent / "other")
    async with running(config.__class__(roots=config.roots, store=store), peer_uids=False) as elsewhere:
        client = elsewhere.client()
        assert (await client.get("/api/v1/folders?path=")).status_code == 401
        token = elsewhere.application.one_time_token()

        signed_in = await client.post("/api/v1/session", json={"token": token})

        assert signed_in.status_code == 200
        assert (await client.get("/api/v1/folders?path=")).status_code == 200
        second = elsewhere.client()
        assert (await second.post("/api/v1/session", json={"token": token})).status_code == 403
