"""The CS3 connector keeps the contract behind a gateway that a third-party client accepts, too."""

from __future__ import annotations

import configparser
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

pytest.importorskip("grpc", reason="no grpcio (pip install 'livefolder[cs3]')")
pytest.importorskip("cs3", reason="no cs3apis (pip install 'livefolder[cs3]')")

from cs3.storage.provider.v1beta1 import resources_pb2 as storage
from cs3.types.v1beta1 import types_pb2

from connectors.cs3 import Cs3Connector
from connectors.cs3_settings import Cs3Settings
from connectors.errors import AccessDenied, AddressRefused, Unsupported
from tests.connectors.conformance import (
    ALICE,
    NAME,
    OURS,
    ConnectorContents,
    ConnectorLocks,
    ConnectorSafety,
    Do,
    Get,
    Put,
    version_of,
)
from tests.connectors.cs3_fixture import SECRET, Cs3Site, cs3_site
from tests.connectors.folders_conformance import ConnectorFolders


@pytest.fixture(scope="module")
def site() -> Iterator[Cs3Site]:
    with cs3_site() as site:
        yield site


@pytest.fixture
def base(site: Cs3Site) -> Iterator[str]:
    """An empty folder for one test; afterwards the gateway is as it was."""
    site.tree.make_folders("/home/alice/x")
    yield "/home/alice"
    for path in site.tree.beneath("/home"):
        del site.tree.nodes[path]
    site.tree.locks_implemented = True


@pytest.fixture
def settings(site: Cs3Site, base: str) -> Cs3Settings:
    return Cs3Settings(site.address(base), client_id="alice", client_secret=SECRET, tls=False)


@pytest.fixture
async def connector(settings: Cs3Settings) -> AsyncIterator[Cs3Connector]:
    connector = Cs3Connector(settings)
    yield connector
    await connector.close()


@pytest.fixture
async def another(settings: Cs3Settings) -> AsyncIterator[Cs3Connector]:
    connector = Cs3Connector(settings)
    yield connector
    await connector.close()


@pytest.fixture
def seed(site: Cs3Site, base: str) -> Put:
    def put(path: str, content: bytes) -> None:
        with site.tree.guard:
            site.tree.make_folders(f"{base}/{path}")
            site.tree.put(f"{base}/{path}", content)

    return put


@pytest.fixture
def outside_write(seed: Put) -> Put:
    return seed


@pytest.fixture
def outside_read(site: Cs3Site, base: str) -> Get:
    return lambda path: site.tree.nodes[f"{base}/{path}"].content or b""


@pytest.fixture
def outside_lock(site: Cs3Site, base: str) -> Do:
    def lock(path: str) -> None:
        expiration = types_pb2.Timestamp(seconds=4_000_000_000)
        site.tree.nodes[f"{base}/{path}"].lock = storage.Lock(
            lock_id="foreign", app_name="Foreign Person", expiration=expiration
        )

    return lock


@pytest.fixture
def outside_unlock(site: Cs3Site, base: str) -> Do:
    return lambda path: setattr(site.tree.nodes[f"{base}/{path}"], "lock", None)


class TestCs3Connector(ConnectorSafety, ConnectorContents, ConnectorLocks, ConnectorFolders):
    """The whole contract."""


async def test_a_root_may_be_named_by_its_id(site: Cs3Site, settings: Cs3Settings, seed: Put) -> None:
    seed("folder/a.txt", b"a")
    opaque_id = site.tree.nodes["/home/alice"].opaque_id
    by_id = replace(settings, storage_id="storage-1", space_id="space-1", opaque_id=opaque_id)

    connector = Cs3Connector(by_id)

    assert (await connector.read("folder/a.txt", ALICE, limit_bytes=10)).content == b"a"
    assert [stat.path for stat in await connector.list("folder", ALICE, limit=10)] == ["folder/a.txt"]
    await connector.close()


async def test_the_stable_id_follows_a_rename(connector: Cs3Connector, seed: Put) -> None:
    seed("a.txt", b"a")
    before = (await connector.stat("a.txt", ALICE)).stable_id

    after = (await connector.rename("a.txt", "b.txt", ALICE)).stable_id

    assert before == after
    assert before is not None
    assert before.startswith("storage-1$space-1!")


async def test_a_token_that_is_not_taken_any_more_is_renewed_once(
    site: Cs3Site, connector: Cs3Connector, seed: Put
) -> None:
    seed("a.txt", b"a")
    await connector.stat("a.txt", ALICE)
    signed_in = site.tree.signed_in
    site.tree.tokens.clear()

    assert (await connector.stat("a.txt", ALICE)).size_bytes == 1
    assert site.tree.signed_in == signed_in + 1


async def test_wrong_credentials_are_said_to_be(settings: Cs3Settings) -> None:
    connector = Cs3Connector(replace(settings, client_secret="wrong"))

    with pytest.raises(AccessDenied):
        await connector.stat("", ALICE)
    await connector.close()


async def test_a_gateway_without_locks_has_no_lock_and_files_are_written_all_the_same(
    site: Cs3Site, connector: Cs3Connector, seed: Put, outside_read: Get
) -> None:
    seed(NAME, b"a")
    site.tree.locks_implemented = False

    with pytest.raises(Unsupported):
        await connector.lock(NAME, OURS, "Alice", ALICE)

    assert not connector.capabilities.locks
    await connector.write(NAME, b"b", ALICE, if_version=await version_of(connector, NAME))
    assert outside_read(NAME) == b"b"


async def test_a_gateway_that_sends_transfers_to_a_foreign_host_is_not_followed(
    settings: Cs3Settings, seed: Put
) -> None:
    seed("a.txt", b"a")
    connector = Cs3Connector(replace(settings, address=settings.address.replace("127.0.0.1", "localhost")))

    with pytest.raises(AddressRefused, match="data_hosts"):
        await connector.read("a.txt", ALICE, limit_bytes=10)
    await connector.close()
    allowed = Cs3Connector(
        replace(settings, address=settings.address.replace("127.0.0.1", "localhost"), data_hosts="127.0.0.1")
    )
    assert (await allowed.read("a.txt", ALICE, limit_bytes=10)).content == b"a"
    await allowed.close()


async def test_a_third_party_client_works_with_this_gateway_and_sees_our_locks(
    site: Cs3Site, base: str, connector: Cs3Connector, seed: Put
) -> None:
    """If cs3client accepts the fixture, what our connector learns from it is worth something."""
    cs3client = pytest.importorskip("cs3client.cs3client", reason="no cs3client (pip install cs3client)")
    auth_of = pytest.importorskip("cs3client.auth").Auth
    resource_of = pytest.importorskip("cs3client.cs3resource").Resource.from_file_ref_and_endpoint
    locked_error = pytest.importorskip("cs3client.exceptions").FileLockedException
    config = configparser.ConfigParser()
    config["cs3client"] = {
        "host": f"127.0.0.1:{site.port}",
        "ssl_enabled": "False",
        "ssl_verify": "False",
        "auth_client_id": "alice",
        "auth_client_secret": SECRET,
        "tus_enabled": "False",
    }
    log = logging.getLogger("cs3client-test")
    log.disabled = True
    client = cs3client.CS3Client(config, "cs3client", log)
    token = auth_of(client).get_token()
    seed(NAME, b"first")
    resource = resource_of(f"{base}/{NAME}")

    assert client.file.stat(token, resource).size == 5
    client.file.write_file(token, resource, b"second", 6)
    assert b"".join(client.file.read_file(token, resource)) == b"second"
    assert (await connector.read(NAME, ALICE, limit_bytes=10)).content == b"second"
    await connector.lock(NAME, OURS, "Alice", ALICE)
    assert client.file.get_lock(token, resource)["app_name"] == "livefolder"
    with pytest.raises(locked_error):
        client.file.write_file(token, resource, b"third", 5)
    await connector.write(NAME, b"ours", ALICE, if_version=await version_of(connector, NAME))
    await connector.unlock(NAME, OURS, ALICE)
    client.file.set_lock(token, resource, "Foreign Person", "foreign")
    assert [info.path for info in client.file.list_dir(token, resource_of(base))] == [f"{base}/{NAME}"]
