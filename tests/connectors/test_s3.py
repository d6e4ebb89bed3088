"""The S3 connector keeps the contract on a server that keeps to conditions, and on one that ignores them."""

from __future__ import annotations

import shutil
import sys
import tempfile
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

    def settings(self) -> S3Settings:
        """An empty place for one test."""
        self.count += 1
        return S3Settings(
            f"s3://shared/test {self.count}/inner",
            endpoint=self.endpoint,
            access_key_id="S3RVER",
            secret_access_key="S3RVER",
        )


@pytest.fixture(scope="module", params=["moto", "s3rver"])
def site(request: pytest.FixtureRequest) -> Iterator[S3Site]:
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="collab-test-s3-"))
    if request.param == "moto":
        pytest.importorskip("moto.server", reason="no moto (pip install 'moto[server,s3]')")
        script = "from moto.server import main; import sys; sys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", script, "-H", "127.0.0.1", "-p", str(port)]
    else:
        install_packages(S3RVER, "s3rver")
        script = str(S3RVER / "node_modules" / "s3rver" / "bin" / "s3rver.js")
        command = [node(), script, "-a", "127.0.0.1", "-p", str(port), "-d", str(folder)]
        command.append("--silent")
    # s3rver's tokens for further pages need a cipher that newer Node has only on request
    with program(command, port, folder, NODE_OPTIONS="--openssl-legacy-provider"):
        site = S3Site(request.param, port)
        site.client().create_bucket(Bucket="shared")  # type: ignore[attr-defined]  # tests only
        yield site
    shutil.rmtree(folder, ignore_errors=True)


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
