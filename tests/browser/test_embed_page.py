"""The SDK in pages of other origins, in a real browser; the cases are in embed.mjs."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.browser.browser_run import PROJECT, case_names, run_cases
from tests.browser.make_token import make_token
from tests.serving import Server

SCRIPT = Path(__file__).with_name("embed.mjs")
CASES = case_names(SCRIPT)

pytestmark = [pytest.mark.slow, pytest.mark.browser]


class Quiet(SimpleHTTPRequestHandler):
    """The example's folder; anything else is an empty page."""

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.startswith("/embed.html"):
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Empty</title>")


@contextmanager
def site() -> Iterator[str]:
    """A site of its own origin."""
    examples = str(PROJECT / "docs" / "examples")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=examples))
    thread = threading.Thread(target=server.serve_forever, name="site")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    folder, data = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("server") / "data"
    secret = secrets.token_urlsafe(32)
    with site() as allowed, site() as foreign:
        settings = {"COLLAB_AUTH_SECRET": secret, "COLLAB_SERVER_ALLOWED_ORIGINS": allowed}
        with Server(folder, data, environ=settings) as server:
            servers = {
                "site": allowed,
                "foreign": foreign,
                "editor": server.url,
                "folder": str(folder),
                "token": make_token(secret, "ada", "editor", 3600),
            }
            return run_cases(SCRIPT, servers)


@pytest.mark.parametrize("case", CASES)
def test_embedding(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]


def test_every_case_of_the_script_is_a_test_here(results: dict[str, str | None]) -> None:
    assert sorted(results) == sorted(CASES)
