"""Settings for all tests: what may be skipped, and where third-party files are."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
import structlog

TOP = Path(__file__).parents[1]
REQUIRED = os.environ.get("COLLAB_TEST_REQUIRED") == "1"


def pytest_configure() -> None:
    """Tracebacks in logs are plain: drawing a rich one takes longer than most tests."""
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of third-party files; skips loudly where it is absent."""
    folder = Path(os.environ.get("COLLAB_TEST_CORPUS", TOP.parent / "shared" / "corpus"))
    if not folder.is_dir():
        pytest.skip(f"no corpus of third-party files at {folder} (set COLLAB_TEST_CORPUS)")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything is required, a skipped test is a failed one."""
    report = yield
    if REQUIRED and report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("optional") is None:
        report.outcome = "failed"
        report.longrepr = f"skipped although everything is required: {report.longrepr}"
    return report
