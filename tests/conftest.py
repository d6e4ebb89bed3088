"""Settings for all tests: what may be skipped, and where third-party files are."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
import structlog

TOP = Path(__file__).parents[1]
REQUIRED = os.environ.get("COLLAB_TEST_REQUIRED") == "1"


BROWSER = "browser"


def pytest_configure(config: pytest.Config) -> None:
    """Tracebacks in logs are plain: drawing a rich one takes longer than most tests."""
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])
    config.addinivalue_line("markers", "xdist_group(name): tests that stay in one process of a parallel run")


@pytest.hookimpl(tryfirst=True)  # before xdist looks for the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In a parallel run there is one browser at a time, and what a module makes once is made in one process only."""
    for item in items:
        if item.get_closest_marker(BROWSER) is not None:
            item.add_marker(pytest.mark.xdist_group(BROWSER))
        elif _shares_with_its_module(item):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def _shares_with_its_module(item: pytest.Item) -> bool:
    known = getattr(item, "_fixtureinfo", None)  # pytest has no public word for it
    definitions = () if known is None else known.name2fixturedefs.values()
    return any(one.scope == "module" for found in definitions for one in found if one.baseid == _module_of(item))


def _module_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


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
