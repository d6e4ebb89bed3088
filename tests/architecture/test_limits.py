"""A bound that is configured but nowhere looked at protects nobody."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from collab.limits import Limits

COLLAB = Path(__file__).parents[2] / "collab"


def names_of_limits(tree: ast.AST) -> Iterator[str]:
    """Attributes of something that is called limits, and names that `read_body` is given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _is_limits(node.value):
            yield node.attr
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "read_body":
            yield from (one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str))


def _is_limits(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.strip("_") == "limits"


@pytest.fixture(scope="module")
def used() -> frozenset[str]:
    sources = [path for path in COLLAB.rglob("*.py") if path.name != "limits.py"]
    return frozenset(name for path in sources for name in names_of_limits(ast.parse(path.read_text("utf-8"))))


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_every_limit_is_looked_at(used: frozenset[str], name: str) -> None:
    assert name in used, f"{name} is configured but nothing enforces it"


def test_nothing_looks_at_a_limit_that_is_not_configured(used: frozenset[str]) -> None:
    assert used <= {field.name for field in fields(Limits)}
