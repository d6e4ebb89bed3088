"""Guests, asking, rights that end: real browsers against a server with a secret; the cases are in access.mjs."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import pytest

from tests.browser.browser_run import case_names, run_cases
from tests.browser.make_token import make_token
from tests.serving import Server

SCRIPT = Path(__file__).with_name("access.mjs")
CASES = case_names(SCRIPT)

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    folder, data = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("server") / "data"
    secret = secrets.token_urlsafe(32)
    settings = {"COLLAB_AUTH_SECRET": secret}
    with pytest.MonkeyPatch.context() as environment, Server(folder, data, environ=settings) as server:
        environment.setenv("COLLAB_AUTH_SECRET", secret)
        servers = {
            "site": server.url,
            "folder": str(folder),
            "owner": make_token(secret, "olga", "owner", 3600),
            "python": sys.executable,
        }
        return run_cases(SCRIPT, servers)


@pytest.mark.parametrize("case", CASES)
def test_access(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]
