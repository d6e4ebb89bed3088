"""The editor in the page of a WOPI host of another origin, in a real browser; the cases are in wopi.mjs."""

from __future__ import annotations

import secrets
import socket
import urllib.request
from pathlib import Path

import pytest

from collab.clock import SystemClock
from tests.browser.browser_run import case_names, run_cases
from tests.ports import free_port
from tests.serving import Server
from tests.wopi.host import WopiHost
from tests.wopi.profiles import STRICT
from tests.wopi.proof_check import keys_of
from tests.wopi.served import serve

SCRIPT = Path(__file__).with_name("wopi.mjs")
CASES = case_names(SCRIPT)

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    folder, data = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("server") / "data"
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    host = WopiHost(SystemClock(), STRICT)
    host.post_message_origin = f"http://localhost:{port}"
    settings = {
        "COLLAB_AUTH_SECRET": secrets.token_urlsafe(32),
        "COLLAB_WOPI_HOSTS": f"127.0.0.1:{port}",
        "COLLAB_WOPI_NETWORKS": "127.0.0.0/8",
        "COLLAB_WOPI_FRAME_ANCESTORS": f"http://localhost:{port}",
        "COLLAB_WOPI_RECHECK_S": "2",
        "COLLAB_WOPI_POLL_S": "1",
        "COLLAB_ROOM_IDLE_UNLOAD_S": "1",
    }
    server = Server(folder, data, port=free_port(), environ=settings)
    with serve(host, server.url, listening), server:
        with urllib.request.urlopen(f"{server.url}/hosting/discovery", timeout=60) as answer:  # noqa: S310 - our own
            host.keys = keys_of(answer.read())
        return run_cases(SCRIPT, {"host": host.origin, "editor": server.url})


@pytest.mark.parametrize("case", CASES)
def test_wopi_page(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]


def test_every_case_of_the_script_is_a_test_here(results: dict[str, str | None]) -> None:
    assert sorted(results) == sorted(CASES)
