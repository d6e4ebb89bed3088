"""R5 and R6 for notebooks: storage faults at every moment, and another program that adds cells behind our back."""

from __future__ import annotations

import json

import pytest

from collab.document import Splice
from collab.protocol.messages import encode_update
from connectors.faults import Fault, Operation
from tests.faults.test_r05_storage_faults import MOMENTS, Cell, run_cell, run_random_faults
from tests.faults.test_r06_outside_writer import Race, RacingConnector
from tests.formats.notebook.made import cell, notebook
from tests.simulation.client import Client
from tests.simulation.loop import simulate
from tests.simulation.notebook_client import NotebookClient, file_sources
from tests.simulation.world import access

FAULTS = (Fault.TIMEOUT, Fault.TRUNCATED_BODY, Fault.PRECONDITION_FAILED)
RACES = 60


class NotebookCell(Cell):
    """One notebook: a person types into one cell, another program adds one."""

    path = "a.ipynb"
    start = notebook(cell("first line\n", "a"), cell("last line\n", "b", "markdown"))
    edit = b"edited"

    def type(self) -> None:
        place = ("cells", 0, "source")
        document = self.client.document
        update = document.changed_by(lambda: document.edit_text([Splice(0, 0, "edited\n")], place))
        self.client._send_update(encode_update(update))

    def write_outside(self) -> None:
        whole = json.loads(self.content)
        whole["cells"].append(cell("foreign\n", "foreign"))
        content = json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        self.memory.outside_write(self.path, content.encode())

    def check_content(self) -> None:
        assert file_sources(self.content) == ["edited\nfirst line\n", "last line\n", "foreign\n"]
        for written in self.storage.stored:
            first, second, *_ = file_sources(written)
            assert (first.removeprefix("edited\n"), second) == ("first line\n", "last line\n")


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("operation", [Operation.STAT, Operation.READ, Operation.WRITE])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_storage_fault_loses_and_damages_no_cell(fault: Fault, operation: Operation, moment: str) -> None:
    simulate(lambda clock: run_cell(clock, fault, operation, moment, NotebookCell))


@pytest.mark.parametrize("seed", range(8))
def test_a_random_sequence_of_faults_and_kills_loses_no_cell(seed: int) -> None:
    simulate(lambda clock: run_random_faults(clock, seed, NotebookCell))


class CellRacing(RacingConnector):
    """The other program adds a cell somewhere."""

    def with_line(self, content: bytes) -> bytes:
        whole = json.loads(content)
        self.foreign.append(f"<foreign.{len(self.foreign)}>")
        made = cell(self.foreign[-1], f"foreign-{len(self.foreign)}")
        whole["cells"].insert(self.rng.randint(0, len(whole["cells"])), made)
        return (json.dumps(whole, indent=1, sort_keys=True) + "\n").encode()


class NotebookRace(Race):
    """Two people in one notebook."""

    path = "a.ipynb"
    start = notebook(cell("<start>", "start"))
    connector = CellRacing

    def make_client(self, name: str, client_id: int) -> Client:
        return NotebookClient(name, access(name), client_id)

    def insert(self, client: Client) -> None:
        assert isinstance(client, NotebookClient)
        if self.rng.random() < 0.4:
            client._add(self.rng)
        else:
            client._type(self.rng)

    def stored_text(self, content: bytes) -> str:
        return "".join(text.replace("\n", "") for text in file_sources(content))

    def live_text(self, client: Client) -> str:
        assert isinstance(client, NotebookClient)
        return "".join(text.replace("\n", "") for text in client.sources())


@pytest.mark.parametrize("block", range(6))
def test_races_with_another_program_lose_and_double_no_cell(block: int) -> None:
    for seed in range(block * RACES // 6, (block + 1) * RACES // 6):
        try:
            simulate(lambda clock, seed=seed: NotebookRace(seed, clock).run())
        except BaseException:
            print(f"\nfailed with seed {seed}")
            raise
