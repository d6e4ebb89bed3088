"""The kind belongs to the history; what nobody may edit is replaced with its file."""

from __future__ import annotations

import json
import random

from collab.clock import FakeClock
from collab.document import Kind
from collab.formats.text import TextFormat
from collab.protocol.roles import Role
from collab.store.base import Alias
from tests.formats.notebook.made import cell, notebook
from tests.simulation.client import Client
from tests.simulation.loop import simulate
from tests.simulation.world import CREDENTIALS, ROOT, World, access

PATH = "a.ipynb"
GOOD = notebook(cell("a", "a"))
BROKEN = GOOD.replace(b'"cells"', b"<<<<<<< HEAD")


def test_a_notebook_that_is_open_as_text_stays_text_and_is_saved_as_text() -> None:
    async def run(clock: FakeClock) -> None:
        world = World(clock)
        world.storage.outside_write(PATH, GOOD)
        await world.store.open()
        record = await world.store.resolve(Alias(f"root:{ROOT}", PATH), 1)
        update = TextFormat().decode(GOOD, world.config.limits, 3).update
        await world.store.create_history(record.document_id, None, "h1", Kind.TEXT, update, None, 1)  # type: ignore[arg-type]
        client = Client("ada", access(), 7)

        async with world.server() as rooms:
            opened = await rooms.open(ROOT, PATH, CREDENTIALS)
            await client.connect(rooms, opened.document_id)
            await rooms.save_now(opened.document_id)
            client.insert(random.Random(1))
            await rooms.save_now(opened.document_id)
            await client.disconnect()

        assert (opened.kind, opened.format, opened.writable) == ("text", "json", True)
        assert world.storage.outside_content(PATH) == b"<ada.1>" + GOOD

    simulate(run)


def test_a_broken_notebook_that_is_repaired_opens_as_a_notebook_the_next_time() -> None:
    async def run(clock: FakeClock) -> None:
        world = World(clock)
        world.storage.outside_write(PATH, BROKEN)

        async with world.server() as rooms:
            broken = await rooms.open(ROOT, PATH, CREDENTIALS)
            connection = await rooms.join(broken.document_id, access(role=Role.OWNER))
            role = connection.role
        world.storage.outside_write(PATH, GOOD)
        async with world.server() as rooms:
            repaired = await rooms.open(ROOT, PATH, CREDENTIALS)

        assert (broken.kind, broken.writable, role) == ("text", False, Role.COMMENTER)
        assert broken.facts["read_only"] == "invalid_notebook"
        assert (repaired.kind, repaired.writable) == ("notebook", True)
        assert (repaired.document_id, repaired.history_id == broken.history_id) == (broken.document_id, False)

    simulate(run)


def test_an_old_notebook_is_never_written_and_opens_when_it_was_upgraded() -> None:
    old = json.dumps({"nbformat": 3, "metadata": {}, "worksheets": []}).encode()

    async def run(clock: FakeClock) -> None:
        world = World(clock)
        world.storage.outside_write(PATH, old)
        async with world.server() as rooms:
            opened = await rooms.open(ROOT, PATH, CREDENTIALS)
            await rooms.save_now(opened.document_id)
            assert world.storage.outside_content(PATH) == old
        world.storage.outside_write(PATH, GOOD)
        async with world.server() as rooms:
            upgraded = await rooms.open(ROOT, PATH, CREDENTIALS)

        assert (opened.kind, opened.writable) == ("notebook", False)
        assert upgraded.writable

    simulate(run)
