"""A crash at any step of a merge with the storage: no line of anybody is lost, and none is there twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from collab.document import Splice
from connectors.base import Connector, Credentials, Version, WriteResult
from connectors.memory import MemoryConnector
from tests.faults.mortal import MortalStore, until_dead
from tests.rooms.case import PATH, START, Case, run
from tests.simulation.client import Client, join_again

MOST_STEPS = 40
QUIET_S = 30.0
"""By then everything is merged and saved, or the process is dead."""


async def with_mortal_store(case: Case, *, after: bool) -> MortalStore:
    """Start the server again with a store that does not die yet."""
    mortal = MortalStore(case.world.memory, 10_000, after=after)
    case.world.store = mortal  # type: ignore[assignment]  # every call goes through
    await case.server.kill()
    await case.server.start()
    return mortal


async def start_again(case: Case, *clients: Client) -> None:
    """Kill the server; the next one has the store as it was left, and clients with all that they have seen."""
    await case.server.kill()
    for client in clients:
        await client.disconnect()
    case.world.store = case.world.memory
    await case.server.start()
    document_id = (await case.open()).document_id
    for client in clients:
        assert await join_again(client, case.rooms, document_id)
    await asyncio.sleep(QUIET_S)


def write_outside(case: Case, place: int, line: str) -> None:
    """Another program adds a line to the file as it is."""
    lines = case.stored.decode().splitlines(keepends=True)
    case.world.storage.outside_write(PATH, "".join([*lines[:place], line, *lines[place:]]).encode())


def is_there_once(text: str, *lines: str) -> bool:
    found = Counter(text.splitlines(keepends=True))
    return all(found[line] == 1 for line in lines)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("while_down", [False, True])
def test_killed_at_any_step_of_a_merge_the_storages_lines_are_there_once(while_down: bool, after: bool) -> None:
    async def test(case: Case) -> None:
        outcomes = set()
        for step in range(1, MOST_STEPS):
            mortal = await with_mortal_store(case, after=after)
            ada = await case.join(f"ada{step}")
            ada.edit(Splice(0, 0, f"ada {step}\n"))
            await asyncio.sleep(QUIET_S)
            if while_down:
                await case.server.kill()
                await ada.disconnect()
                write_outside(case, 0, f"first {step}\n")
                await case.server.start()
                mortal.left = step
                await until_dead(case.open())
            else:
                mortal.left = step
                write_outside(case, 0, f"first {step}\n")
                await asyncio.sleep(QUIET_S)
            outcomes.add(f"first {step}\n" in ada.text)
            write_outside(case, 0, f"second {step}\n")

            await start_again(case, ada)

            assert is_there_once(ada.text, f"first {step}\n", f"second {step}\n", f"ada {step}\n"), ada.text
            assert ada.text.endswith(START.decode()) and case.stored == ada.text.encode()
            await ada.disconnect()
            if not mortal.reached:
                break
        assert step > 3 and (while_down or outcomes == {False, True})

    run(test)


class DisplacingConnector(MemoryConnector):
    """Somebody writes `foreign` between our check and our replacement, once."""

    foreign: bytes | None = None

    async def write(
        self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
    ) -> WriteResult:
        if self.foreign is not None:
            self.outside_write_during_next_write(path, self.foreign)
            self.foreign = None
        return await super().write(path, content, credentials, if_version=if_version)


def displacing(connector: Connector) -> Connector:
    assert isinstance(connector, MemoryConnector)
    capabilities = replace(connector.capabilities, atomic_compare_and_swap=False)
    return DisplacingConnector(connector.storage, capabilities=capabilities)


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_step_of_a_save_that_displaced_a_change_that_change_is_there_once_it_is_journalled(
    after: bool,
) -> None:
    async def test(case: Case) -> None:
        connector = case.world.connector
        assert isinstance(connector, DisplacingConnector)
        outcomes = set()
        for step in range(1, MOST_STEPS):
            mortal = await with_mortal_store(case, after=after)
            ada = await case.join(f"ada{step}")
            await asyncio.sleep(QUIET_S)
            connector.foreign = f"displaced {step}\n".encode() + case.stored
            mortal.left = step
            ada.edit(Splice(len(ada.text), 0, f"ada {step}\n"))
            await asyncio.sleep(QUIET_S)
            connector.foreign = None
            journalled = await storage_merged(case, f"displaced {step}\n")
            outcomes.add(journalled)
            write_outside(case, 1, f"next {step}\n")

            await start_again(case, ada)

            assert is_there_once(ada.text, f"ada {step}\n", f"next {step}\n", *START.decode().splitlines(keepends=True))
            assert ada.text.count(f"displaced {step}\n") == journalled, ada.text
            assert case.stored == ada.text.encode()
            await ada.disconnect()
            if not mortal.reached:
                break
        assert step > 3 and outcomes == {False, True}

    run(test, wrap=displacing)


async def storage_merged(case: Case, line: str) -> bool:
    """Whether the journal has a merge of the storage that brings this line."""
    history = await case.world.memory.load((await case.world.memory.documents())[0].document_id)
    assert history is not None
    return any(line.encode() in one.entry.update for one in history.updates if one.entry.author_id == "storage:files")
