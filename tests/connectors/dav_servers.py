"""Owns real WebDAV servers of third parties, started on loopback for tests, and what happens on them from outside."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.patience import PATIENCE_S
from tests.ports import free_port

APACHE_MODULES = Path("/usr/lib/apache2/modules")
LOCK_BODY = (
    b'<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
    b"<D:locktype><D:write/></D:locktype><D:owner>Foreign Person</D:owner></D:lockinfo>"
)
APACHE_TICK_S = 0.02
"""Its ETag is a file's length and time, and the kernel gives the same time to all that is written in one tick."""
DISCOVERY = b'<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><D:lockdiscovery/></D:prop></D:propfind>'


@dataclass
class DavSite:
    """A running server, and an outsider's hand on it."""

    name: str
    port: int
    folders: int = field(default=0)

    def new_folder(self) -> Outside:
        """An empty folder for one test."""
        self.folders += 1
        outside = Outside(self.port, f"/t{self.folders}", APACHE_TICK_S if self.name == "apache" else 0)
        assert outside.ask("MKCOL", "", slash=True)[0] == 201
        return outside


@dataclass
class Outside:
    """What another WebDAV client does in a folder."""

    port: int
    base: str
    tick_s: float = 0

    @property
    def address(self) -> str:
        return f"webdav+http://127.0.0.1:{self.port}{self.base}/"

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None, *, slash: bool = False
    ) -> tuple[int, dict[str, str], bytes]:
        """One exchange on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        target = self.base + ("/" if path or slash else "") + quote(path) + ("/" if slash and path else "")
        try:
            connection.request(method, target, body, headers or {})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def write(self, path: str, content: bytes) -> None:
        """Store, as somebody who knows nothing of conditions; makes folders."""
        names = path.split("/")[:-1]
        for depth in range(1, len(names) + 1):
            self.ask("MKCOL", "/".join(names[:depth]), slash=True)
        status, _, body = self.ask("PUT", path, content)
        assert status in (200, 201, 204), (status, body)
        time.sleep(self.tick_s)

    def read(self, path: str) -> bytes:
        status, _, body = self.ask("GET", path)
        assert status == 200, (status, body)
        return body

    def lock(self, path: str) -> None:
        status, _, body = self.ask("LOCK", path, LOCK_BODY, {"Depth": "0", "Timeout": "Second-600"})
        assert status in (200, 201), body

    def unlock(self, path: str) -> None:
        """Break whatever lock there is."""
        _, _, body = self.ask("PROPFIND", path, DISCOVERY, {"Depth": "0"})
        found = re.search(rb"locktoken>\s*<[^>]*href[^>]*>([^<]+)<", body)
        assert found is not None, body
        token = found[1].decode().strip().replace("&lt;", "<").replace("&gt;", ">").strip("<>")
        assert self.ask("UNLOCK", path, b"", {"Lock-Token": f"<{token}>"})[0] == 204


def wait_until_up(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until somebody answers on a port."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        finally:
            connection.close()
    process.kill()
    raise AssertionError(f"the server did not come up: {log.read_text(errors='replace')[-2000:]}")


@contextlib.contextmanager
def program(command: list[str], port: int, folder: Path, **environ: str) -> Iterator[None]:
    """A program that listens on a port, ended afterwards."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=os.environ | environ, cwd=folder
        )
    try:
        wait_until_up(port, process, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()


@contextlib.contextmanager
def wsgidav(folder: Path) -> Iterator[DavSite]:
    """wsgidav on cheroot: locks and conditions, ETags of a second's precision, without quotes in properties."""
    pytest.importorskip("wsgidav", reason="no wsgidav (pip install wsgidav cheroot)")
    port = free_port()
    (folder / "share").mkdir()
    config = {
        "host": "127.0.0.1",
        "port": port,
        "provider_mapping": {"/": str(folder / "share")},
        "simple_dc": {"user_mapping": {"*": True}},
        "lock_storage": True,
        "property_manager": True,
        "verbose": 1,
        "logging": {"enable": False},
        "hotfixes": {},
    }
    (folder / "wsgidav.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "wsgidav.server.server_cli", "--config", str(folder / "wsgidav.json")]
    with program(command, port, folder):
        yield DavSite("wsgidav", port)


@contextlib.contextmanager
def rclone(folder: Path) -> Iterator[DavSite]:
    """rclone: real locks, and every condition is ignored."""
    found = shutil.which("rclone")
    if found is None:
        pytest.skip("no rclone (apt-get install rclone)")
    port = free_port()
    (folder / "share").mkdir()
    command = [found, "serve", "webdav", str(folder / "share"), "--addr", f"127.0.0.1:{port}", "--config", "/dev/null"]
    command += ["--vfs-cache-mode", "off", "--dir-cache-time", "0s"]
    with program(command, port, folder):
        yield DavSite("rclone", port)


APACHE_CONFIG = """
ServerRoot "{folder}"
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile "{folder}/httpd.pid"
DefaultRuntimeDir "{folder}"
ErrorLog "{folder}/error.log"
LogLevel error
{modules}
{account}
StartServers 1
MinSpareThreads 5
MaxRequestWorkers 50
ThreadsPerChild 25
KeepAliveTimeout 30
DavLockDB "{folder}/locks/db"
DocumentRoot "{folder}/share"
<Directory "{folder}/share">
  Dav On
  Require all granted
</Directory>
"""


@contextlib.contextmanager
def apache(folder: Path) -> Iterator[DavSite]:
    """Apache's mod_dav: locks and conditions; the answer to a PUT has no ETag."""
    found = shutil.which("apache2") or shutil.which("apache2", path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip("no Apache (apt-get install apache2)")
    port = free_port()
    names = ("mpm_event", "authz_core", "dav", "dav_fs", "dav_lock")
    modules = [f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so" for name in names]
    for name in ("share", "locks"):
        (folder / name).mkdir()
    account = ""
    if os.getuid() == 0:  # its workers are somebody else then
        worker = pwd.getpwnam("www-data")
        account = "User www-data\nGroup www-data"
        for path in (folder, folder / "share", folder / "locks"):
            os.chown(path, worker.pw_uid, worker.pw_gid)
    config = APACHE_CONFIG.format(folder=folder, port=port, modules="\n".join(modules), account=account)
    (folder / "apache.conf").write_text(config)
    with program([found, "-DFOREGROUND", "-f", str(folder / "apache.conf")], port, folder):
        yield DavSite("apache", port)


SERVERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[DavSite]]] = {
    "wsgidav": wsgidav,
    "apache": apache,
    "rclone": rclone,
}


@contextlib.contextmanager
def serving(name: str) -> Iterator[DavSite]:
    """A server by name, in a folder that its workers may enter."""
    folder = Path(tempfile.mkdtemp(prefix=f"collab-test-{name}-"))
    folder.chmod(0o755)
    try:
        with SERVERS[name](folder) as site:
            yield site
    finally:
        shutil.rmtree(folder, ignore_errors=True)
