"""Server and browser read one schema file, and the server's words are those of it."""

from __future__ import annotations

import json
from pathlib import Path

from collab.formats.rich import format as rich
from collab.formats.rich import model

TOP = Path(__file__).parents[3]
SCHEMA = json.loads((TOP / "static" / "src" / "rich" / "schema.json").read_text(encoding="utf-8"))


def test_the_version_is_the_same() -> None:
    assert SCHEMA["version"] == rich.SCHEMA_VERSION


def test_every_node_and_mark_of_the_server_is_in_the_schema_and_the_other_way_round() -> None:
    nodes = model.TEXT_BLOCKS | model.CONTAINERS | model.ATOMS | {model.OPAQUE_BLOCK}

    assert SCHEMA["nodes"].keys() == nodes | {"doc", "text"}
    assert SCHEMA["marks"].keys() == {*model.TOGGLES, model.LINK, model.SPAN}


def test_no_content_is_required_and_every_attribute_has_a_default() -> None:
    for node in SCHEMA["nodes"].values():
        assert node.get("content", "*").endswith("*")
