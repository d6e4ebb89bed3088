"""A simulated person in a notebook: adds, types into, runs and deletes cells, and moves them as JupyterLab does."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from collab import nested
from collab.document import Splice
from collab.formats.notebook.live import CELLS, placed_cells, shared_cell, shared_output
from collab.formats.notebook.model import Json
from collab.protocol.building import YArray
from collab.protocol.messages import encode_update
from tests.simulation.client import MARKER, Client


class NotebookClient(Client):
    """`homes`: which cell each marker was typed into; `deleted_cells`: what this person deleted as a whole."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]  # as Client
        self.homes: dict[str, str] = {}
        self.deleted_cells: set[str] = set()
        self._cells = 0

    def sources(self) -> list[str]:
        return [cell["source"] for _, cell in placed_cells(self.document)]

    def act(self, rng: random.Random) -> None:
        """One edit of any kind."""
        chance = rng.random()
        if chance < 0.3:
            self._add(rng)
        elif chance < 0.7:
            self._type(rng)
        elif chance < 0.8:
            self._run(rng)
        elif chance < 0.88:
            self._delete(rng)
        else:
            self._trust(rng)

    def _change(self, change: Callable[[], None]) -> None:
        update = self.document.changed_by(change)
        if update and self.connection is not None:
            self._send_update(encode_update(update))

    def _marker(self, cell_id: str) -> str:
        self._made += 1
        marker = f"<{self.name}.{self._made}>"
        self.edits.inserted[marker] = None
        self.edits.last = marker
        self.homes[marker] = cell_id
        return marker

    def _add(self, rng: random.Random) -> None:
        self._cells += 1
        cell_id = f"{self.name}-{self._cells}"
        cell: Json = {"cell_type": "code", "id": cell_id, "metadata": {}, "outputs": [], "execution_count": None}
        place = rng.randint(0, len(self.document.read_array(CELLS)))
        made = shared_cell({**cell, "source": self._marker(cell_id) + "\n"})
        self._change(lambda: nested.insert(self.document, (CELLS,), place, made))

    def _a_cell(self, rng: random.Random) -> tuple[int, Json] | None:
        cells = placed_cells(self.document)
        return rng.choice(cells) if cells else None

    def _type(self, rng: random.Random) -> None:
        found = self._a_cell(rng)
        if found is None:
            return self._add(rng)
        place, cell = found
        ends = [0, *(one.end() for one in MARKER.finditer(cell["source"]))]
        at, marker = rng.choice(ends), self._marker(cell["id"]) + "\n"
        self._change(lambda: self.document.edit_text([Splice(at, 0, marker)], (CELLS, place, "source")))

    def _run(self, rng: random.Random) -> None:
        found = self._a_cell(rng)
        if found is None:
            return
        self.edits.last = None
        outputs = [shared_output({"output_type": "stream", "name": "stdout", "text": f"{rng.random()}\n"})]
        count = rng.randint(1, 99)

        def run() -> None:
            with self.document.transaction():
                nested.set_member(self.document, (CELLS, found[0]), "outputs", YArray(outputs))
                nested.set_member(self.document, (CELLS, found[0]), "execution_count", float(count))

        self._change(run)

    def _delete(self, rng: random.Random) -> None:
        found = self._a_cell(rng)
        if found is None:
            return
        self.edits.last = None
        self.deleted_cells.add(found[1]["id"])
        self._change(lambda: nested.remove(self.document, (CELLS,), found[0]))

    def _trust(self, rng: random.Random) -> None:
        """A tab that runs a cell says that it is trusted; nobody else may ever see that."""
        found = self._a_cell(rng)
        if found is not None:
            self.edits.last = None
            self._change(lambda: nested.set_member(self.document, (CELLS, found[0], "metadata"), "trusted", True))


def file_sources(content: bytes) -> list[str]:
    """The sources of the stored cells."""
    return ["".join(cell["source"]) for cell in json.loads(content)["cells"]]
