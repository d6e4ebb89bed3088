"""Owns the table of servers that can be started by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from collab import __version__
from loadtest.peers import livefolder
from loadtest.peers.install import install_node, install_python
from loadtest.peers.peer import Kind, Launch


def _livefolder(_cache: Path, folder: Path) -> Launch:
    environ = livefolder.environment()
    token = livefolder.make_token(environ)
    return Launch(livefolder.command(folder), folder, environ, token, {"livefolder": __version__})


def _node(script: str, cache: Path, _folder: Path) -> Launch:
    node, home = install_node(cache)
    return Launch([str(node), script], home, {**os.environ, "NODE_ENV": "production"})


def _pycrdt(cache: Path, _folder: Path) -> Launch:
    python, home = install_python(cache)
    return Launch([str(python), "serve_pycrdt.py"], home, {**os.environ, "PYTHONPATH": ""})


PEERS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "livefolder",
            "this server, with journal, checker and sign-in on",
            "y-websocket",
            "/ws",
            _livefolder,
            ready_path="/readyz",
        ),
        Kind(
            "y-websocket",
            "@y/websocket-server under Node, in memory only",
            "y-websocket",
            "",
            partial(_node, "y-websocket.mjs"),
        ),
        Kind(
            "hocuspocus",
            "@hocuspocus/server under Node, in memory only",
            "hocuspocus",
            "",
            partial(_node, "hocuspocus.mjs"),
        ),
        Kind("pycrdt-websocket", "pycrdt-websocket under uvicorn, in memory only", "y-websocket", "", _pycrdt),
    )
}
