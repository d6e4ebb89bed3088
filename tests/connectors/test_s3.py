"""The S3 connector keeps the contract on a server that keeps to conditions, and on one that ignores them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("botocore", reason="no botocore (pip install 'livefolder[s3]')")

import botocore.session
from botocore.config import Config

from connectors.s3 import S3Connector
from connectors.s3_objects import Conditions, Objects
from connectors.s3_settings import S3Settings
from tests.connectors.conformance import GOOD_NAMES, ConnectorContents, ConnectorSafety, Get, Put
from tests.connectors.dav_servers import program
from tests.connectors.folders_conformance import ConnectorFolders
from tests.interop.stock_client import install_packages, node
from tests.ports import free_port

SESSION = botocore.session.Session()
S3RVER = Path(__file__).parent / "s3rver"


@dataclass
class S3Site:
    """A running server, and an outsider's hand on it."""

    name: str
    port: int
    count: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> object:
        return SESSION.create_client(
            "s3",
            region_name="us-east-1",
            endpoint_url=self.endpoint,
            aws_access_key_id="S3RVER",
            aws_secret_access_key="S3RVER",
            config=Config(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def made(self) -> S3Site:
        """With a bucket."""
        self.client().create_bucket(Bucket="shared")  # type: ignore[attr-defined]  # tests only
        return self

    def settings(self) -> S3Settings:
        """An empty place for one test."""
        self.count += 1
        return S3Settings(
            f"s3://shared/test {self.count}/inner",
            endpoint=self.endpoint,
            access_key_id="S3RVER",
            secret_access_key="S3RVER",
        )


@contextlib.contextmanager
def moto(folder: Path) -> Iterator[S3Site]:
    """moto's server: keeps to conditions, believes every key."""
    pytest.importorskip("moto.server", reason="no moto (pip install 'moto[server,s3]')")
    port = free_port()
    script = "from moto.server import main; import sys; sys.exit(main(sys.argv[1:]))"
    with program([sys.executable, "-c", script, "-H", "127.0.0.1", "-p", str(port)], port, folder):
        yield S3Site("moto", port).made()


@contextlib.contextmanager
def s3rver(folder: Path) -> Iterator[S3Site]:
    """s3rver: checks signatures, ignores conditions."""
    install_packages(S3RVER, "s3rver")
    port = free_port()
    script = str(S3RVER / "node_modules" / "s3rver" / "bin" / "s3rver.js")
    command = [node(), script, "-a", "127.0.0.1", "-p", str(port), "-d", str(folder), "--silent"]
    # its tokens for further pages need a cipher that newer Node has only on request
    with program(command, port, folder, NODE_OPTIONS="--openssl-legacy-provider"):
        yield S3Site("s3rver", port).made()


@pytest.fixture(scope="module", params=[moto, s3rver], ids=["moto", "s3rver"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Site]:
    with request.param(tmp_path_factory.mktemp("s3")) as site:
        yield site


@pytest.fixture
def settings(site: S3Site) -> S3Settings:
    return site.settings()


@pytest.fixture
async def connector(settings: S3Settings) -> AsyncIterator[S3Connector]:
    connector = S3Connector(settings)
    yield connector
    await connector.close()


@pytest.fixture
async def another(settings: S3Settings) -> AsyncIterator[S3Connector]:
    connector = S3Connector(settings)
    yield connector
    await connector.close()


@pytest.fixture
def outside_write(site: S3Site, settings: S3Settings) -> Put:
    client = site.client()
    return lambda path, content: client.put_object(Bucket="shared", Key=settings.prefix + path, Body=content)  # type: ignore[attr-defined,no-any-return]


@pytest.fixture
def seed(outside_write: Put) -> Put:
    return outside_write


@pytest.fixture
def outside_read(site: S3Site, settings: S3Settings) -> Get:
    client = site.client()
    return lambda path: client.get_object(Bucket="shared", Key=settings.prefix + path)["Body"].read()  # type: ignore[attr-defined,no-any-return]


class TestS3Connector(ConnectorSafety, ConnectorContents, ConnectorFolders):
    """The contract; S3 has no locks."""

    @pytest.mark.parametrize("name", GOOD_NAMES)
    async def test_names_are_used_as_they_are(
        self, connector: S3Connector, outside_read: Get, name: str, site: S3Site
    ) -> None:
        if site.name == "s3rver" and len(name) > 200:
            name = name[-200:]  # it keeps objects as files with longer names
        await super().test_names_are_used_as_they_are(connector, outside_read, name)

    async def test_a_lock_follows_a_renamed_document(self, connector: S3Connector) -> None:
        assert not connector.capabilities.locks


def test_what_each_server_keeps_to_is_found_out(site: S3Site, settings: S3Settings) -> None:
    keeps = site.name == "moto"

    assert Objects(settings).conditions() == Conditions(if_match=keeps, if_none_match=keeps)


async def test_finding_out_leaves_nothing_behind(connector: S3Connector, settings: S3Settings) -> None:
    objects = Objects(settings)
    objects.conditions()

    assert objects.under(settings.prefix, 10, deep=True) == ([], [])
