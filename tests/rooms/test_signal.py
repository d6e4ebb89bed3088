"""What waits in a room goes on when it is told to, once, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import sys

from collab.rooms.signal import Signal


async def test_all_who_wait_go_on_when_it_is_set() -> None:
    signal = Signal()
    waiting = [asyncio.create_task(signal.wait()) for _ in range(3)]
    await asyncio.sleep(0)

    assert not any(task.done() for task in waiting)
    signal.set()
    await asyncio.gather(*waiting)
    assert signal.is_set()


async def test_nobody_waits_while_it_is_set_and_everybody_when_it_was_cleared() -> None:
    signal = Signal()
    signal.set()
    await signal.wait()
    signal.clear()
    late = asyncio.create_task(signal.wait())
    await asyncio.sleep(0)

    assert not late.done()
    signal.set()
    await late


async def test_set_and_cleared_at_once_still_wakes_who_waited() -> None:
    signal = Signal()
    waiting = asyncio.create_task(signal.wait())
    await asyncio.sleep(0)
    signal.set()
    signal.clear()

    await waiting
    assert not signal.is_set()


async def test_who_gave_up_is_forgotten_and_the_others_are_not() -> None:
    signal = Signal()
    impatient, patient = asyncio.create_task(signal.wait()), asyncio.create_task(signal.wait())
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.wait([impatient])

    assert signal._waiting is not None and len(signal._waiting) == 1
    signal.set()
    await patient
    assert signal._waiting is None


def test_it_is_small() -> None:
    assert sys.getsizeof(Signal()) < 100
