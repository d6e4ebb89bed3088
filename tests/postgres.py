"""Owns a real PostgreSQL server for tests: made, started, killed, stopped and frozen by them; nothing else runs on it.

Starts as an unprivileged user where the tests run as root, listens on loopback only, and writes without fsync unless a
test is about that. Skips loudly where there is no PostgreSQL.
"""

from __future__ import annotations

import asyncio
import contextlib
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from collab.config import StoreConfig
from collab.store.postgres.driver import Target, connect
from tests.patience import PATIENCE_S
from tests.ports import free_port

USER = "livefolder"
PASSWORD = "pass word+1"
DATABASE = "journal"


def binaries() -> Path:
    """Where initdb and postgres are; skips where they are not."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    debian = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not debian:
        pytest.skip("no PostgreSQL server on this machine (Debian: apt-get install postgresql)")
    return Path(debian[-1]).parent


@dataclass
class PostgresServer:
    """One server with one database; `address` has no password in it."""

    folder: Path
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return self.address_at(self.port)

    def address_at(self, port: int) -> str:
        return f"postgresql://{USER}@127.0.0.1:{port}/{DATABASE}?sslmode=disable"

    def config(self, **settings: object) -> StoreConfig:
        """A schema of its own in this server."""
        own: dict[str, object] = {
            "database": self.address,
            "database_password": PASSWORD,
            "database_schema": f"test_{uuid.uuid4().hex[:12]}",
            "commit_delay_ms": 0.0,
        }
        return StoreConfig(**(own | settings))  # type: ignore[arg-type]

    def make(self) -> PostgresServer:
        """Initialise the folder with one superuser who needs a password."""
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        self._give(self.folder)
        self._give(secret)
        access = ("-U", USER, "--auth=scram-sha-256", f"--pwfile={secret}")
        self.run(binaries() / "initdb", "-D", str(self.data), *access, "-E", "UTF8", "--no-locale", "--no-sync")
        self.start()
        environ = os.environ | {"PGPASSWORD": PASSWORD}
        subprocess.run(
            [binaries() / "createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, DATABASE],
            check=True,
            env=environ,
            capture_output=True,
            timeout=PATIENCE_S,
        )
        return self

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Start and wait until it takes connections."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": "200",
            "shared_buffers": "16MB",
            "autovacuum_naptime": "600",
        } | self.settings
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [binaries() / "postgres", "-D", self.data, *options],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
                **_unprivileged(),
            )
        self.wait_ready()

    def wait_ready(self) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up:
            assert self.process is not None
            assert self.process.poll() is None, (self.folder / "server.log").read_text()[-2000:]
            answer = subprocess.run(
                [binaries() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "2"], check=False
            )
            if answer.returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError("PostgreSQL does not start")

    def stop(self) -> None:
        """In good order, at once."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        """All of it at once, as by a power failure of that machine."""
        for process in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        assert self.process is not None
        self.process.wait(PATIENCE_S)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Nothing in it runs, its connections stay open."""
        family = self.family()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        try:
            yield
        finally:
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()

    async def ask(self, query: str, *arguments: object) -> object:
        """One value, by a connection of its own."""
        connection = await connect(Target(self.address, PASSWORD, "public", PATIENCE_S, 1))
        try:
            return await connection.fetchval(query, *arguments)
        finally:
            connection.terminate()

    def remove(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def family(self) -> list[psutil.Process]:
        """Every process of it."""
        assert self.process is not None
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def run(self, program: str | Path, *arguments: str) -> None:
        """A program as the user of the server."""
        done = subprocess.run(
            [program, *arguments], capture_output=True, cwd="/", timeout=120, check=False, **_unprivileged()
        )
        assert done.returncode == 0, done.stderr.decode()

    def _give(self, path: Path) -> None:
        if os.getuid() == 0:
            account = _account()
            os.chown(path, account.pw_uid, account.pw_gid)


def _account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise AssertionError("no unprivileged user")


def _unprivileged() -> dict[str, object]:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return {}
    account = _account()
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def new_server(**settings: str) -> PostgresServer:
    """A server of one's own."""
    binaries()
    folder = Path(tempfile.mkdtemp(prefix="collab-pg-", dir="/tmp" if Path("/tmp").is_dir() else None))  # noqa: S108
    server = PostgresServer(folder, settings=settings)
    try:
        return server.make()
    except BaseException:
        server.remove()
        raise


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for all tests of a run that do it no harm; each takes a schema of its own."""
    server = new_server()
    yield server
    server.remove()


class Proxy:
    """A way to a server that can be slow, cut, or swallow everything."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self.delay_s = 0.0
        self.swallows = False
        """Takes bytes and gives none on, in both directions."""
        self.refuses = False
        self.drop_answer_to: bytes | None = None
        """When this is seen on the way there, it goes on and the connection is cut before the answer."""
        self.cut_before: bytes | None = None
        """When this is seen on the way there, the connection is cut and it does not arrive."""
        self.refuses_after_drop = False
        """Once an answer was dropped, nobody is let in any more."""
        self._target = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.sleep(0)

    def cut(self) -> None:
        """End every connection."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            writer.transport.abort()
            return
        try:
            there_reader, there = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, there}
        deaf = asyncio.Event()
        try:
            await asyncio.gather(self._pump(reader, there, deaf, True), self._pump(there_reader, writer, deaf, False))
        finally:
            for one in (writer, there):
                self._writers.discard(one)
                one.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deaf: asyncio.Event, upwards: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if self.swallows:
                    continue
                if upwards and self.cut_before is not None and self.cut_before in data:
                    self.cut_before = None
                    break
                if upwards and self.drop_answer_to is not None and self.drop_answer_to in data:
                    self.drop_answer_to = None
                    self.refuses = self.refuses_after_drop
                    deaf.set()
                if not upwards and deaf.is_set():
                    break
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@contextlib.asynccontextmanager
async def proxied(server: PostgresServer) -> AsyncIterator[Proxy]:
    """A proxy before a server."""
    async with Proxy(server.port) as proxy:
        yield proxy
