"""Owns how our own server is started for a measurement: as people run it, with journal, checker and sign-in on."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from loadtest.peers.install import PeerError

_TOKEN_TIMEOUT_S = 60
_PACKAGES = Path(__file__).resolve().parents[2]
"""Where the server's package lies beside this one, so that it is found from any folder."""
ALLOWANCES = {
    "COLLAB_LIMITS_MESSAGES_PER_SECOND": "1000000",
    "COLLAB_LIMITS_MESSAGES_BURST": "1000000",
    "COLLAB_LIMITS_AWARENESS_MESSAGES_PER_SECOND": "1000000",
    "COLLAB_LIMITS_CONNECTIONS_PER_ROOM": "100000",
    "COLLAB_LIMITS_CONNECTIONS_PER_ADDRESS": "100000",
    "COLLAB_LIMITS_PENDING_HANDSHAKES": "100000",
    "COLLAB_LIMITS_ROOMS_PER_USER": "100000",
}
"""All clients of a load test are one person at one address and write as fast as they can: what is a flood from one
person is the test here. The checks still run; only their thresholds are out of the way."""


def environment() -> dict[str, str]:
    """Of the server and of the command that makes its token: a secret of its own, nothing else from outside."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("COLLAB_")}
    ours = {"COLLAB_AUTH_SECRET": secrets.token_hex(32), "COLLAB_SERVER_SCRATCH": "true", "COLLAB_LOG_LEVEL": "warning"}
    found_at = os.pathsep.join(filter(None, [str(_PACKAGES), os.environ.get("PYTHONPATH")]))
    process = {"PYTHONPATH": found_at, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "COLUMNS": "200"}
    return {**outside, **ours, **ALLOWANCES, **process}


def command(folder: Path) -> list[str]:
    """Serves an empty folder on a free port."""
    shared = folder / "shared"
    shared.mkdir(exist_ok=True)
    serve = [sys.executable, "-m", "collab", "serve", str(shared), "--port", "0"]
    return [*serve, "--data", str(folder / "journal")]


def make_token(environ: Mapping[str, str]) -> str:
    """A token that lets the clients in. Raises: PeerError."""
    words = [sys.executable, "-m", "collab", "token", "--user", "loadtest", "--role", "editor"]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            words, env=environ, capture_output=True, text=True, timeout=_TOKEN_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise PeerError(f"`collab token` did not answer within {_TOKEN_TIMEOUT_S} s.") from None
    lines = done.stdout.split()
    if done.returncode or not lines:
        raise PeerError(f"`collab token` failed: {done.stderr.strip()}")
    return lines[0]
