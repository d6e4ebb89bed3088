"""README's table of settings is complete and true, and the pages name no other settings."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from collab.commands.operator import TOKEN_VARIABLE, URL_VARIABLE
from collab.config import ROOT_PREFIX, SHORT_NAMES, Config, is_secret
from connectors.registry import KINDS, settings_class

TOP = Path(__file__).parents[1]
README = (TOP / "README.md").read_text(encoding="utf-8")


def settings() -> list[tuple[str, object]]:
    config = Config()
    return [
        (f"COLLAB_{section.name}_{item.name}".upper(), getattr(getattr(config, section.name), item.name))
        for section in fields(config)
        if section.name != "roots"
        for item in fields(getattr(config, section.name))
    ]


def root_settings() -> set[str]:
    """What the one root of the command line has in the environment."""
    kinds = [settings_class(scheme) for scheme in KINDS if KINDS[scheme].settings is not None]
    names = {item.name for kind in kinds for item in fields(kind)}
    sources = {f"{name}_{source}" for name in names if is_secret(name) for source in ("file", "env")}
    return {f"{ROOT_PREFIX}{name.upper()}" for name in names | sources} | {ROOT_PREFIX.rstrip("_")}


@pytest.mark.parametrize("scheme", [scheme for scheme, kind in KINDS.items() if kind.settings is not None])
def test_every_setting_of_a_storage_is_in_its_page(scheme: str) -> None:
    page = (TOP / "docs" / "storage.md").read_text(encoding="utf-8")

    missing = [item.name for item in fields(settings_class(scheme)) if f"`{item.name}`" not in page]

    assert not missing


@pytest.mark.parametrize(("name", "default"), settings(), ids=[name for name, _ in settings()])
def test_a_setting_stands_in_the_table_with_its_default(name: str, default: object) -> None:
    rows = [line for line in README.splitlines() if line.startswith(f"| `{name}` |")]

    assert len(rows) == 1, f"{name} must have one row"
    shown = "" if default is None or default == () else f"`{default}`"
    assert rows[0].split("|")[2].strip() == shown


@pytest.mark.parametrize("page", [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))], ids=lambda page: page.name)
def test_a_page_names_settings_that_there_are(page: Path) -> None:
    named = set(re.findall(r"\bCOLLAB_[A-Z0-9_]*[A-Z0-9]\b", page.read_text(encoding="utf-8")))

    known = (
        {name for name, _ in settings()}
        | SHORT_NAMES.keys()
        | {"COLLAB_CONFIG", URL_VARIABLE, TOKEN_VARIABLE}
        | root_settings()
    )
    assert {name for name in named - known if not name.startswith("COLLAB_TEST_")} == set()
