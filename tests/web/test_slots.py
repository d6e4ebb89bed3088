"""What a dead worker was applying is set aside by who sits down in its seat, and not lost when the seat is gone."""

from __future__ import annotations

from pathlib import Path

from collab.clock import FakeClock
from collab.limits import Limits
from collab.node.placement import FIRST, Placement, Post, Seat
from collab.slot import Slot
from collab.store.memory import MemoryStore
from collab.web.slots import slot_name, take_slot

SIZE = 4096


def left_behind(path: Path, document: str) -> None:
    slot = Slot(path, SIZE)
    slot.hold(document, 7, None, b"poison of " + document.encode())
    slot.close()


async def quarantined(data: Path, post: Post | None) -> set[str]:
    """The documents of which something is set aside when a worker sits down there."""
    store = MemoryStore()
    await store.open()
    slot = await take_slot(data, post, Limits(apply_slot_size_bytes=SIZE), store, FakeClock())
    slot.close()
    return {item.document_id for item in await store.quarantined()}


async def test_a_worker_looks_after_its_own_seat_only(tmp_path: Path) -> None:
    left_behind(tmp_path / slot_name("worker-1"), "one")
    left_behind(tmp_path / slot_name("worker-2"), "two")

    assert await quarantined(tmp_path, Post(Seat(2), Placement(3), tmp_path)) == {"two"}
    assert await quarantined(tmp_path, Post(Seat(2), Placement(3), tmp_path)) == set()
    assert await quarantined(tmp_path, Post(Seat(1), Placement(3), tmp_path)) == {"one"}


async def test_the_first_worker_looks_after_seats_that_are_gone(tmp_path: Path) -> None:
    left_behind(tmp_path / slot_name("worker-5"), "five")
    left_behind(tmp_path / slot_name("heavy-0"), "large")
    left_behind(tmp_path / slot_name("worker-1"), "one")
    left_behind(tmp_path / "apply.slot", "old")

    found = await quarantined(tmp_path, Post(FIRST, Placement(2, heavies=1), tmp_path))

    assert found == {"five", "old"}
    assert not (tmp_path / "apply.slot").exists()
    assert (tmp_path / slot_name("heavy-0")).exists()


async def test_a_server_of_one_process_looks_after_all(tmp_path: Path) -> None:
    left_behind(tmp_path / slot_name("worker-0"), "zero")
    left_behind(tmp_path / "apply.slot", "own")

    assert await quarantined(tmp_path, None) == {"zero", "own"}
