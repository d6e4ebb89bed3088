"""R9: WebSocket conformance by the Autobahn suite, against an echo on the very settings that our server runs with.

Needs a Python 2.7 (on the PATH, or named by COLLAB_TEST_PYTHON27) and a package index for the suite itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette

from collab.config import Config
from collab.errors import CloseCode
from collab.protocol.frames import Opcode, encode_frame
from collab.protocol.sending import CloseInfo
from collab.startup import listen
from collab.web.server import EdgeServer, uvicorn_config
from collab.web.socket_routes import SocketRoute, SocketRoutes
from collab.web.upgrade import Upgrade
from collab.web.wire import WebSocketWire

pytestmark = [pytest.mark.interop, pytest.mark.soak]

SUITE = (
    "autobahntestsuite==0.8.2",
    "autobahn==0.10.9",
    "Twisted==19.10.0",
    "incremental==16.10.1",
    "txaio==2.1.0",
    "zope.interface==4.6.0",
    "klein==17.10.0",
    "Werkzeug==1.0.1",
    "jinja2==2.11.3",
    "markupsafe==1.1.1",
    "cryptography==3.3.2",
    "pyOpenSSL==19.1.0",
    "service_identity==18.1.0",
    "setuptools<45",
)
CASES = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"]
NUMBER_OF_CASES = 247
INSTALL_TIMEOUT_S = 300
RUN_TIMEOUT_S = 300
RUN = """
import os, site, sys
site.addsitedir(os.environ["SUITE"])  # zope is a namespace package: it needs its .pth file
from autobahntestsuite.wstest import run
sys.argv = ["wstest", "-m", "fuzzingclient", "-s", "spec.json"]
run()
"""


def python27() -> str:
    """A Python 2.7 that runs; skips loudly without one."""
    python = os.environ.get("COLLAB_TEST_PYTHON27") or shutil.which("python2.7")
    works = python is not None and subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
    if python is None or not works:
        pytest.skip("no Python 2.7 for the Autobahn suite (set COLLAB_TEST_PYTHON27)")
    return python


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The suite, installed into a folder of its own."""
    python, target = python27(), tmp_path_factory.mktemp("autobahn")
    command = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--target", str(target), *SUITE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, check=False)
    if done.returncode:
        pytest.skip(f"the Autobahn suite cannot be installed: {done.stderr[-300:]}")
    return python, target


class Echo:
    """Sends back what comes."""

    def __init__(self, wire: WebSocketWire) -> None:
        self._wire = wire

    def limit_of(self, start: bytes) -> int:
        return Config().limits.sync_size_bytes

    def receive(self, message: bytes) -> None:
        self._wire.write(encode_frame(message))

    def receive_text(self, text: bytes) -> None:
        self._wire.write(encode_frame(text, Opcode.TEXT))

    def arriving(self, size_bytes: int) -> None:
        """There is no budget here."""

    def receive_oversized(self, start: bytes) -> None:
        self._wire.close(CloseInfo(CloseCode.MESSAGE_TOO_BIG, ""))

    def heard(self) -> None: ...

    def blocked(self) -> None:
        self._wire.pause_reading()

    def writable(self) -> None:
        self._wire.resume_reading()

    def disconnected(self) -> None: ...


async def open_echo(wire: WebSocketWire, upgrade: Upgrade, rest: str) -> None:
    wire.accept(None)
    wire.attach(Echo(wire), lambda info: None)


@asynccontextmanager
async def echo_server() -> AsyncIterator[int]:
    async def nothing_to_drain() -> None:
        return

    listener = listen("127.0.0.1", 0)
    settings = uvicorn_config(Starlette(), Config(), SocketRoutes([SocketRoute("/", open_echo)]))
    server = EdgeServer(settings, nothing_to_drain)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True


async def test_no_case_of_the_autobahn_suite_fails(suite: tuple[str, Path], tmp_path: Path) -> None:
    python, target = suite
    async with echo_server() as port:
        spec = {
            "outdir": str(tmp_path / "reports"),
            "servers": [{"agent": "livefolder", "url": f"ws://127.0.0.1:{port}/"}],
            "cases": CASES,
            "exclude-cases": [],
            "exclude-agent-cases": {},
        }
        (tmp_path / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            python, "-c", RUN, cwd=tmp_path, env=os.environ | {"SUITE": str(target)},
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, errors = await asyncio.wait_for(process.communicate(), RUN_TIMEOUT_S)
    report = tmp_path / "reports" / "index.json"
    assert report.exists(), errors.decode(errors="replace")[-2000:]

    cases = json.loads(report.read_text(encoding="utf-8"))["livefolder"]
    behaviour = Counter(case["behavior"] for case in cases.values())
    closing = Counter(case["behaviorClose"] for case in cases.values())
    print(f"Autobahn: {dict(behaviour)}, closing handshake: {dict(closing)}")
    assert len(cases) == NUMBER_OF_CASES
    assert behaviour["FAILED"] == 0, [name for name, case in cases.items() if case["behavior"] == "FAILED"]
    assert closing["FAILED"] == 0, [name for name, case in cases.items() if case["behaviorClose"] == "FAILED"]
