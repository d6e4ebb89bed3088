"""Other servers are installed by name, start on loopback, speak their protocol, and are gone when they are stopped."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import psutil
import pytest
import websockets

from loadtest.dialects.base import Kind as Message
from loadtest.dialects.table import dialect_for
from loadtest.peers import install, livefolder
from loadtest.peers.install import PeerError, cache_folder, install_node
from loadtest.peers.peer import Kind, Launch, Peer
from loadtest.peers.table import PEERS
from loadtest.settings import Credentials, RunSettings

pytestmark = pytest.mark.slow

HERE = Path(install.__file__).parent
PATIENCE_S = 30


def kind(command: list[str], folder: Path) -> Kind:
    return Kind("made-up", "of a test", "y-websocket", "", lambda _cache, _own: Launch(command, folder, os.environ))


def test_the_pins_name_no_registry() -> None:
    lock = (HERE / "node" / "package-lock.json").read_text(encoding="utf-8")

    assert '"resolved"' not in lock
    assert '"integrity"' in lock


def test_everything_that_is_installed_has_one_version() -> None:
    pinned = re.findall(r"^([\w-]+)==\d", (HERE / "python" / "constraints.txt").read_text(encoding="utf-8"), re.M)
    wanted = re.findall(r"^([\w-]+)", (HERE / "python" / "requirements.txt").read_text(encoding="utf-8"), re.M)

    assert set(wanted) <= set(pinned)


def test_peers_are_installed_where_the_environment_says(tmp_path: Path) -> None:
    assert cache_folder({"LOADTEST_CACHE": str(tmp_path)}) == tmp_path
    assert cache_folder({}) == Path(install.__file__).parents[2] / ".loadtest"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "node").write_text("in the way", encoding="utf-8")

    with pytest.raises(PeerError, match="LOADTEST_CACHE"):
        install_node(tmp_path)


def test_a_server_that_ends_at_its_start_is_reported_with_what_it_said(tmp_path: Path) -> None:
    peer = Peer(kind([sys.executable, "-c", "raise SystemExit('no licence')"], tmp_path), tmp_path)

    with pytest.raises(PeerError, match="ended with status 1 at its start: no licence"):
        peer.start()
    with pytest.raises(PeerError, match="does not run"):
        _ = peer.pid


def test_a_program_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(PeerError, match="cannot be started"):
        Peer(kind([str(tmp_path / "nothing")], tmp_path), tmp_path).start()


def test_our_own_server_runs_with_sign_in_and_without_foreign_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLAB_SAVE_POLL_S", "7")

    environ = livefolder.environment()

    assert len(environ["COLLAB_AUTH_SECRET"]) >= 32
    assert environ["COLLAB_AUTH_SECRET"] != livefolder.environment()["COLLAB_AUTH_SECRET"]
    assert "COLLAB_SAVE_POLL_S" not in environ


async def answers(peer: Peer) -> None:
    """A client that asks for a room's content gets it."""
    settings = RunSettings(peer.base_url, "lock-step", peer.protocol, credentials=Credentials(peer.token))
    dialect = dialect_for(settings, "a room")
    async with asyncio.timeout(PATIENCE_S), websockets.connect(dialect.url) as socket:
        if dialect.greeting is not None:
            await socket.send(dialect.greeting)
        await socket.send(dialect.encode_step1(b"\x00"))
        while True:
            message = await socket.recv()
            assert isinstance(message, bytes)
            if dialect.decode(message).kind is Message.SYNCED:
                return


@pytest.mark.interop
@pytest.mark.parametrize("name", PEERS)
def test_a_peer_starts_answers_in_its_protocol_and_ends_with_all_its_processes(name: str) -> None:
    core = min(os.sched_getaffinity(0))
    own = os.sched_getaffinity(0)

    with Peer(PEERS[name], cache_folder(), {core}) as peer:
        processes = [psutil.Process(peer.pid), *psutil.Process(peer.pid).children(recursive=True)]
        assert peer.url("a room").startswith("ws://127.0.0.1:")
        assert peer.versions
        assert all(process.cpu_affinity() == [core] for process in processes)
        asyncio.run(answers(peer))

    assert not [process for process in processes if process.is_running()]
    assert os.sched_getaffinity(0) == own
