"""A large file is made in the sandbox, a small one at once; both of the same journalled state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from collab.config import Config, SaveConfig
from collab.limits import Limits
from tests.formats.notebook.made import cell, notebook
from tests.simulation.loop import simulate
from tests.simulation.notebook_client import NotebookClient, file_sources
from tests.simulation.world import CREDENTIALS, ROOT, World, access


@pytest.mark.parametrize(("limit_bytes", "elsewhere"), [(10, 1), (1_000_000, 0)], ids=["large", "small"])
def test_a_large_file_is_encoded_elsewhere(limit_bytes: int, elsewhere: int) -> None:
    async def run(clock: object) -> None:
        limits = replace(Limits(), heavy_document_size_bytes=limit_bytes)
        world = World(clock, config=Config(save=SaveConfig(), limits=limits))  # type: ignore[arg-type]  # the loop's
        asked: list[str] = []
        encode = world.sandbox.encode

        async def counted(name: str, state: bytes, base: bytes) -> bytes:
            asked.append(name)
            return await encode(name, state, base)

        world.sandbox.encode = counted  # type: ignore[method-assign]  # counted, not replaced
        world.storage.outside_write("a.ipynb", notebook(cell("a", "a")))
        client = NotebookClient("ada", access(), 7)
        async with world.server() as rooms:
            opened = await rooms.open(ROOT, "a.ipynb", CREDENTIALS)
            await client.connect(rooms, opened.document_id)
            await rooms.save_now(opened.document_id)
            asked.clear()
            room = rooms._live[opened.document_id]
            await room.change(lambda document: document.set_map_value("meta", "nbformat_minor", 4), "ada", "Ada")
            await rooms.save_now(opened.document_id)
            await client.disconnect()

        assert bool(asked) is bool(elsewhere)
        assert file_sources(world.storage.outside_content("a.ipynb")) == ["a"]
        assert b'"nbformat_minor": 4' in world.storage.outside_content("a.ipynb")

    simulate(run)
