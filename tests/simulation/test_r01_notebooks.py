"""R1 for notebooks: cells are added, typed into, run, trusted and deleted by all at once, while another program adds
some to the file; every acknowledged marker is there exactly once, unless somebody deleted its cell.

Replay one with `COLLAB_TEST_SEED=<seed> pytest 'tests/simulation/test_r01_notebooks.py::test_r01_notebooks[0]'`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

import pytest

from collab.document import Document
from collab.formats.notebook.live import placed_cells
from collab.rooms.rooms import Rooms
from collab.store.base import DocumentId
from tests.formats.notebook.made import cell, notebook
from tests.simulation.client import MARKER
from tests.simulation.convergence import Scenario
from tests.simulation.loop import simulate
from tests.simulation.notebook_client import NotebookClient, file_sources
from tests.simulation.test_r01_convergence import seeds
from tests.simulation.world import CREDENTIALS, ROOT, access

PATH = "a.ipynb"
BLOCKS, SCENARIOS, OPERATIONS = 4, 5, 150


class NotebookScenario(Scenario[NotebookClient]):
    """One notebook."""

    def make_clients(self, names: Sequence[str]) -> Sequence[NotebookClient]:
        self.outside: list[str] = []
        return [NotebookClient(name, access(name), 1_000 + at, manual=True) for at, name in enumerate(names)]

    async def open(self, rooms: Rooms) -> DocumentId:
        self.world.storage.outside_write(PATH, notebook(minor=self.rng.choice([4, 5])))
        return (await rooms.open(ROOT, PATH, CREDENTIALS)).document_id

    async def edit(self, client: NotebookClient, rooms: Rooms, document_id: DocumentId) -> None:
        if self.rng.random() < 0.03:
            self._write_outside()
        else:
            client.act(self.rng)

    def _write_outside(self) -> None:
        """Another program reads the file, adds a cell and writes it."""
        self.outside.append(f"<outside.{len(self.outside)}>")
        whole = json.loads(self.world.storage.outside_content(PATH))
        named = f"outside-{len(self.outside)}" if whole["nbformat_minor"] >= 5 else None
        whole["cells"].insert(self.rng.randint(0, len(whole["cells"])), cell(self.outside[-1], named))
        content = json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        self.world.storage.outside_write(PATH, content.encode())

    def _deleted_cells(self) -> set[str]:
        return {cell_id for client in self.clients for cell_id in client.deleted_cells}

    def check_replayed(self, replayed: Document) -> None:
        text, gone = str([one["source"] for _, one in placed_cells(replayed)]), self._deleted_cells()
        for client in self.clients:
            safe = {marker for marker in client.edits.acknowledged if client.homes[marker] not in gone}
            lost = {marker for marker in safe if marker not in text}
            assert not lost, f"acknowledged and lost: {sorted(lost)}"

    async def check(self, replayed: Document, rooms: Rooms, document_id: DocumentId) -> None:
        await self.settle(document_id)
        replayed = await self._replayed(document_id)
        cells = [one for _, one in placed_cells(replayed)]
        for client in self.clients:
            assert [one for _, one in placed_cells(client.document)] == cells
            assert client.document.clocks() == replayed.clocks()
            assert client.edits.acknowledged == set(client.edits.inserted)
        stored = self.world.storage.outside_content(PATH)
        assert file_sources(stored) == [one["source"] for one in cells]
        assert b"trusted" not in stored
        assert "trusted" not in str(replayed.read_array("cells"))
        self._check_markers(Counter(marker.strip() for marker in MARKER.findall("".join(file_sources(stored)))))

    def _check_markers(self, found: Counter[str]) -> None:
        gone = self._deleted_cells()
        typed = {marker: home for client in self.clients for marker, home in client.homes.items()}
        must = {marker for marker, home in typed.items() if home not in gone}
        assert all(count == 1 for count in found.values()), found
        assert must <= set(found) <= {*typed, *self.outside}
        if not any(cell_id.startswith("outside") or "-" not in cell_id for cell_id in gone):
            assert set(self.outside) <= set(found)


def run_scenario(seed: int) -> None:
    try:
        simulate(lambda clock: NotebookScenario(seed, clock, OPERATIONS).run())
    except BaseException:
        print(f"\nfailed with seed {seed}")
        raise


@pytest.mark.parametrize("block", range(BLOCKS))
def test_r01_notebooks(block: int) -> None:
    for seed in seeds(block * SCENARIOS, SCENARIOS):
        run_scenario(seed)


@pytest.mark.soak
def test_r01_notebooks_soak() -> None:
    for seed in seeds(0, 1_000):
        run_scenario(seed)
