"""The apply slot keeps what was being applied when a worker died, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from collab.errors import ConfigError
from collab.slot import Held, Slot
from tests.patience import PATIENCE_S

SIZE = 4096
KILLED_WHILE_APPLYING = """
import os, signal, sys
from pathlib import Path
from collab.slot import Slot
slot = Slot(Path(sys.argv[1]), 4096)
for number in range(1000):
    slot.hold("document", number, None, b"harmless")
    slot.clear()
slot.hold("document", 7, 42, b"poison" * int(sys.argv[2]))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "slot"


def test_an_update_under_way_is_found_by_the_next_worker(path: Path) -> None:
    Slot(path, SIZE).hold("document", 7, 42, b"poison")

    held = Slot.read_left(path)

    assert held == Held("document", 7, 42, b"poison", held.digest if held else "")


def test_an_update_that_came_from_a_client_has_no_seq(path: Path) -> None:
    Slot(path, SIZE).hold("document", 7, None, b"poison")

    held = Slot.read_left(path)

    assert held is not None and held.seq is None


def test_nothing_is_left_after_an_apply_that_ended(path: Path) -> None:
    slot = Slot(path, SIZE)

    slot.hold("document", 7, None, b"harmless")
    slot.clear()

    assert Slot.read_left(path) is None


def test_a_worker_that_never_ran_left_nothing(path: Path) -> None:
    assert Slot.read_left(path) is None


def test_opening_the_slot_again_does_not_forget_what_was_left(path: Path) -> None:
    Slot(path, SIZE).hold("document", 7, None, b"poison")

    Slot(path, SIZE).close()

    held = Slot.read_left(path)
    assert held is not None and held.update == b"poison"


def test_an_update_larger_than_the_slot_is_kept_beside_it(path: Path) -> None:
    large = os.urandom(10 * SIZE)

    Slot(path, SIZE).hold("document", 7, None, large)

    held = Slot.read_left(path)
    assert held is not None and held.update == large


def test_a_large_update_whose_file_is_gone_is_still_named_by_its_digest(path: Path) -> None:
    Slot(path, SIZE).hold("document", 7, 42, b"x" * SIZE)
    whole = Slot.read_left(path)
    path.with_name("slot.large").unlink()

    held = Slot.read_left(path)

    assert held is not None and whole is not None
    assert (held.update, held.digest, held.seq) == (b"", whole.digest, 42)


def test_a_small_update_after_a_large_one_is_not_mistaken_for_it(path: Path) -> None:
    slot = Slot(path, SIZE)
    slot.hold("document", 7, None, b"x" * SIZE)
    slot.clear()

    slot.hold("document", 8, None, b"small")

    held = Slot.read_left(path)
    assert held is not None and (held.connection, held.update) == (8, b"small")


def test_a_half_written_record_is_not_believed(path: Path) -> None:
    slot = Slot(path, SIZE)
    slot.hold("document", 7, None, b"a" * 100)
    content = bytearray(path.read_bytes())

    for position in range(4, 4 + 28 + 100):
        hurt = bytearray(content)
        hurt[position] ^= 0xFF
        path.write_bytes(hurt)
        held = Slot.read_left(path)
        assert held is None or held.update == b"a" * 100


def test_a_slot_too_small_for_a_digest_is_refused(path: Path) -> None:
    with pytest.raises(ConfigError):
        Slot(path, 16)


@pytest.mark.parametrize("times", [1, 1000])
def test_an_update_that_kills_the_process_is_known_afterwards(path: Path, times: int) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_APPLYING, str(path), str(times)], timeout=PATIENCE_S, check=False
    )

    held = Slot.read_left(path)

    assert killed.returncode == -signal.SIGKILL
    assert held is not None
    assert (held.document_id, held.connection, held.seq, held.update) == ("document", 7, 42, b"poison" * times)
