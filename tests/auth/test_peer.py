"""The user behind a loopback connection is read from the kernel."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import closing

import pytest

from collab.auth.peer import peer_uid

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's table is Linux's")


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")], ids=["IPv4", "IPv6"]
)
def test_our_own_connection_has_our_own_uid(family: int, host: str) -> None:
    with closing(socket.socket(family)) as listener:
        listener.bind((host, 0))
        listener.listen()
        with closing(socket.create_connection(listener.getsockname()[:2])) as client:
            found = peer_uid(client.getsockname()[:2], listener.getsockname()[:2])

    assert found == os.getuid()


def test_a_connection_that_its_owner_closed_has_no_user() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        client = socket.create_connection(listener.getsockname())
        accepted, peer = listener.accept()
        client.close()
        with closing(accepted):
            found = peer_uid(peer, listener.getsockname())

    assert found is None


def test_a_connection_that_never_was_has_no_user() -> None:
    assert peer_uid(("127.0.0.1", 1), ("127.0.0.1", 2)) is None
