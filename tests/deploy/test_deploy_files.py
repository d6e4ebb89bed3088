"""What stands in deploy/ is accepted by the programs that it is for, and a server works behind both proxies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from collab.protocol.codec import encode_var_bytes
from collab.protocol.messages import MessageType, encode_sync_step1
from tests.browser.make_token import make_token
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.serving import TOP, Server
from tests.web.edge_server import first_json

DEPLOY = TOP / "deploy"
SECRET = secrets.token_urlsafe(32)


def program(name: str) -> str:
    """Where a program is; skips loudly when it is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    top = tmp_path_factory.mktemp("behind")
    (top / "folder").mkdir()
    (top / "folder" / "a.md").write_text("behind a proxy\n", encoding="utf-8")
    environ = {"COLLAB_AUTH_SECRET": SECRET, "COLLAB_SERVER_PUBLIC_URL": "https://edit.example.org"}
    with Server(top / "folder", top / "data", environ=environ) as server:
        yield server


def nginx(folder: Path, server: Server, port: int) -> tuple[list[str], list[str]]:
    """The commands that check and run nginx with our file, which is included as a distribution includes it."""
    site = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    site = site.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}").replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    site = site.replace("/var/log/nginx/livefolder.log", str(folder / "access.log"))
    (folder / "site.conf").write_text(site, encoding="utf-8")
    temporary = "".join(f"{kind}_temp_path {folder / kind};\n" for kind in TEMPORARY)
    (folder / "nginx.conf").write_text(
        f"daemon off;\nuser root;\npid {folder / 'nginx.pid'};\nerror_log {folder / 'error.log'};\nevents {{}}\n"
        f"http {{\n{temporary}include {folder / 'site.conf'};\n}}\n",
        encoding="utf-8",
    )
    start = [program("nginx"), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    return [*start, "-t"], start


TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def haproxy(folder: Path, server: Server, port: int) -> tuple[list[str], list[str]]:
    """The same for HAProxy."""
    text = (DEPLOY / "haproxy.cfg").read_text(encoding="utf-8")
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}").replace("127.0.0.1:8081", f"127.0.0.1:{port}")
    (folder / "haproxy.cfg").write_text(text, encoding="utf-8")
    start = [program("haproxy"), "-f", str(folder / "haproxy.cfg")]
    return [*start, "-c"], [*start, "-db"]


@pytest.fixture(scope="module", params=[nginx, haproxy], ids=["nginx", "haproxy"])
def proxied(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """The address of a proxy before the server, and what it logs."""
    folder, port = tmp_path_factory.mktemp("proxy"), free_port()
    check, start = request.param(folder, server, port)
    checked = subprocess.run(check, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    log = folder / "output.log"
    with log.open("wb") as output:
        proxy = subprocess.Popen(start, stdout=output, stderr=output)
    try:
        answers(f"http://127.0.0.1:{port}/healthz")
        yield f"127.0.0.1:{port}", folder
    finally:
        proxy.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            proxy.wait(PATIENCE_S)
        proxy.kill()


def answers(url: str) -> None:
    """Wait until there is an answer; HAProxy looks at its servers first."""

    async def wait() -> None:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    await asyncio.to_thread(urllib.request.urlopen, url, None, 5)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    return

    asyncio.run(wait())


def test_a_document_is_edited_through_the_proxy_and_no_token_is_in_its_log(proxied: tuple[str, Path]) -> None:
    address, folder = proxied
    bearer = {"Authorization": f"Bearer {make_token(SECRET, 'ada', 'editor', 3600)}"}
    url = f"http://{address}/api/v1/documents/open"
    opened = httpx.post(url, json={"path": "a.md"}, headers=bearer, timeout=PATIENCE_S).json()

    async def join() -> dict[str, object]:
        query = f"?v=1&token={opened['token']}"
        place = f"ws://{address}/ws/{opened['document_id']}{query}"
        async with connect(place, subprotocols=[Subprotocol("collab.v1")], open_timeout=PATIENCE_S) as socket:
            hello = await first_json(socket, MessageType.HELLO, PATIENCE_S)
            await socket.send(encode_sync_step1(b"\x00"))
            async with asyncio.timeout(PATIENCE_S):
                while not (message := await socket.recv()).startswith(b"\x00\x01"):
                    pass
            assert b"behind a proxy" in message
            await socket.send(b"\x00\x02" + encode_var_bytes(b"\x00\x00"))
            return hello

    assert asyncio.run(join())["role"] == "editor"
    logs = "".join(path.read_text(errors="replace") for path in folder.glob("*.log"))
    assert f"/ws/{opened['document_id']}" in logs
    assert opened["token"] not in logs


def test_numbers_are_not_for_the_world(proxied: tuple[str, Path]) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://{proxied[0]}/metrics", timeout=PATIENCE_S)
    assert refused.value.code == 403
    refused.value.close()


def test_the_compose_nginx_file_is_accepted(tmp_path: Path) -> None:
    site = (DEPLOY / "compose-nginx.conf").read_text(encoding="utf-8")
    (tmp_path / "site.conf").write_text(re.sub(r"node[12]:8000", "127.0.0.1:8000", site), encoding="utf-8")
    (tmp_path / "nginx.conf").write_text(f"events {{}}\nhttp {{ include {tmp_path / 'site.conf'}; }}\n")
    command = [program("nginx"), "-t", "-e", str(tmp_path / "error.log"), "-c", str(tmp_path / "nginx.conf")]
    checked = subprocess.run([*command, "-g", f"pid {tmp_path}/pid;"], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr


def test_the_alert_rules_are_accepted_and_name_metrics_that_exist() -> None:
    rules = DEPLOY / "prometheus" / "alerts.yml"
    checked = subprocess.run(
        [program("promtool"), "check", "rules", str(rules)], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert unknown_metrics(rules.read_text(encoding="utf-8")) == set()


def test_the_dashboard_is_whole_and_names_metrics_that_exist() -> None:
    text = (DEPLOY / "grafana" / "livefolder.json").read_text(encoding="utf-8")
    panels = json.loads(text)["panels"]

    assert all(target["expr"] for panel in panels for target in panel["targets"])
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert unknown_metrics(text) == set()


def unknown_metrics(text: str) -> set[str]:
    """Names in a text that nothing in the source counts."""
    source = "".join(path.read_text(encoding="utf-8") for path in (TOP / "collab").rglob("*.py"))
    names = {name.removesuffix("_bucket") for name in re.findall(r"\bcollab_([a-z_]+)", text)} - LABELLED
    return {name for name in names if f'"{name}"' not in source}


LABELLED = {"errors_total", "handshakes_total"}
"""Counters that the metrics make themselves."""


def test_the_chart_names_settings_that_exist() -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    texts = "".join(path.read_text(encoding="utf-8") for path in (DEPLOY / "helm").rglob("*.yaml"))
    texts += (DEPLOY / "compose.yaml").read_text(encoding="utf-8") + (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    named = set(re.findall(r"\bCOLLAB_[A-Z_]+", texts))

    assert {name for name in named if f"`{name}`" not in readme} == set()
