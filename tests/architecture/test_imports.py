"""Imports run one way: the table of the rings, checked on the source."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]

RING = {"collab.errors", "collab.limits", "collab.clock"}
ALLOWED: dict[str, set[str]] = {
    "collab.errors": set(),
    "collab.limits": set(),
    "collab.clock": set(),
    "collab.siteconfig": set(),
    "collab.config": {"collab.errors", "collab.limits", "collab.siteconfig"},
    "collab.audit": RING | {"collab.siteconfig"},
    "collab.protocol": {"collab.errors", "collab.limits", "collab.protocol"},
    "collab.document": {"collab.errors", "collab.limits", "collab.protocol"},
    "collab.nested": {"collab.document", "collab.protocol"},
    "collab.xmltree": {"collab.document"},
    "collab.formats": RING
    | {"collab.formats", "collab.document", "collab.nested", "collab.xmltree", "collab.protocol"},
    "collab.sandbox": RING | {"collab.sandbox", "collab.formats", "collab.document", "collab.protocol"},
    "collab.slot": RING | {"collab.store"},
    "collab.store": RING | {"collab.store", "collab.document", "collab.protocol", "collab.config", "collab.slot"},
    "collab.fanout": RING | {"collab.fanout", "collab.protocol", "collab.config"},
    "collab.rooms": RING
    | {
        "collab.rooms",
        "collab.fanout.base",
        "collab.store",
        "collab.formats",
        "collab.document",
        "collab.protocol",
        "collab.config",
        "collab.slot",
        "collab.sandbox",
        "connectors.base",
        "connectors.errors",
    },
    "collab.node": RING
    | {
        "collab.node",
        "collab.rooms",
        "collab.fanout.base",
        "collab.store",
        "collab.protocol",
        "collab.config",
        "connectors.base",
    },
    "collab.supervisor": RING | {"collab.supervisor", "collab.node", "collab.config", "collab.configfile"},
    "collab.auth": RING | {"collab.auth", "collab.protocol", "collab.config", "collab.siteconfig", "collab.store"},
    "connectors": {"connectors"},
    "loadtest": {"loadtest", "collab.protocol", "collab.errors", "collab.limits"},
}
STDLIB_ONLY = {"collab.errors", "collab.limits", "collab.clock", "collab.protocol"}
SOLE_IMPORTERS = {
    "pycrdt": {
        "collab.document",
        "collab.nested",
        "collab.xmltree",
        "loadtest.document",
        "loadtest.peers.python",
    },  # the last runs another server
    "ironcalc": {"collab.formats.sheet.formula.engine"},
    "sqlite3": {"collab.store", "collab.cli"},
    "redis": {"collab.fanout"},
    "starlette": {"collab.web", "collab.auth"},
    "watchfiles": {"connectors"},
    "httpx": {"connectors.http"},
    "httpcore": {"connectors.http"},
    "botocore": {"connectors.s3_objects"},
    "grpc": {"connectors.cs3_gateway"},
    "cs3": {"connectors.cs3", "connectors.cs3_data", "connectors.cs3_gateway"},
    "prometheus_client": {"collab.web"},
    "jwt": {"collab.auth"},
    "markdown_it": {"collab.formats.exports.markdown_read"},
    "jinja2": {"loadtest.report"},
    "picows": {"loadtest.wire"},
    "hdrh": {"loadtest.histogram"},
    "psutil": {"loadtest.server"},
}


def modules() -> list[tuple[str, Path]]:
    found = []
    for package in ("collab", "connectors", "loadtest"):
        for path in sorted((TOP / package).rglob("*.py")):
            parts = path.relative_to(TOP).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if "static" not in parts:
                found.append((name, path))
    return found


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def within(name: str, rings: set[str]) -> bool:
    return any(name == ring or name.startswith(f"{ring}.") for ring in rings)


def ring_of(name: str) -> str | None:
    candidates = [ring for ring in ALLOWED if within(name, {ring})]
    return max(candidates, key=len, default=None)


@pytest.mark.parametrize(("name", "path"), modules(), ids=[name for name, _ in modules()])
def test_a_module_imports_only_what_its_ring_may(name: str, path: Path) -> None:
    ring = ring_of(name)
    used = imports(path)

    ours = {item for item in used if item.split(".")[0] in {"collab", "connectors", "loadtest"}}
    if ring is not None:
        foreign = {item for item in ours if not within(item, ALLOWED[ring]) and item != "collab.__version__"}
        assert not foreign, f"{name} imports {sorted(foreign)}"
    if name != "collab.cli" and ring != "loadtest":
        assert not {item for item in ours if within(item, {"collab.cli", "loadtest"})} or name == "collab.__main__"
    for library, importers in SOLE_IMPORTERS.items():
        if any(within(item, {library}) for item in used):
            assert within(name, importers), f"{name} imports {library}"
    if within(name, STDLIB_ONLY):
        outside = {item for item in used - ours if item.split(".")[0] not in sys.stdlib_module_names}
        assert not outside, f"{name} imports {sorted(outside)}"


@pytest.mark.parametrize(("name", "path"), modules(), ids=[name for name, _ in modules()])
def test_a_module_says_what_it_owns_and_stays_readable(name: str, path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)

    assert ast.get_docstring(tree), f"{name} has no docstring"
    assert source.count("\n") <= 400, f"{name} is too long"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= 50, f"{name}.{node.name} has {length} lines"


def broad_handlers(path: Path) -> list[int]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            kinds = [node.type] if not isinstance(node.type, ast.Tuple) else node.type.elts
            names = {kind.id for kind in kinds if isinstance(kind, ast.Name)}
            last = node.body[-1]
            passes_on = isinstance(last, ast.Raise) and last.exc is None
            if (node.type is None or names & {"Exception", "BaseException"}) and not passes_on:
                found.append(node.lineno)
    return found


def test_broad_excepts_stand_only_where_the_house_allows_them() -> None:
    allowed = {
        "collab.document",  # pyo3's PanicException is a BaseException
        "loadtest.document",  # as there
        "collab.web.wire",  # transport
        "collab.rooms.room",  # room task, and its turns
        "collab.rooms.rooms",  # background supervisor of the rooms' tasks
        "collab.rooms.following",  # background task that watches a storage
        "collab.node.doorway",  # transport loop of the room channel
        "collab.store.database",  # the commit thread: what a call raises belongs to its caller, as in an executor
    }

    found = {name: lines for name, path in modules() if (lines := broad_handlers(path)) and name not in allowed}

    assert not found
