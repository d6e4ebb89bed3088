"""What tests of the local folder share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.local import LocalConnector
from connectors.local_settings import LocalSettings


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
async def local(root: Path) -> AsyncIterator[LocalConnector]:
    connector = LocalConnector(LocalSettings(root))
    yield connector
    await connector.close()
