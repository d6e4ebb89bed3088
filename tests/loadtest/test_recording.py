"""Sessions are recorded, kept and replayed."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from loadtest.document import replay
from loadtest.pacer import Pacer
from loadtest.recorder import record_session
from loadtest.recording import Entry, encode_entry, encode_header, read_recording, synthetic_recording
from loadtest.run import run_scenario
from loadtest.settings import RunSettings, SettingsError
from tests.loadtest.servers import SmallServer, running


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(lines), encoding="utf-8")
    return path


def test_a_recording_survives_its_file(tmp_path: Path) -> None:
    session = synthetic_recording(3, 50, 2)

    path = write(tmp_path / "session.jsonl", encode_header("room"), *map(encode_entry, session.entries))

    assert [entry.update for entry in read_recording(path).entries] == [entry.update for entry in session.entries]


def test_a_made_up_session_is_the_same_for_the_same_seed_and_has_all_edits() -> None:
    session = synthetic_recording(4, 101, 3)

    assert session == synthetic_recording(4, 101, 3)
    assert session != synthetic_recording(5, 101, 3)
    assert len(session.entries) == 101
    assert [entry.at_ms for entry in session.entries] == sorted(entry.at_ms for entry in session.entries)
    assert len(replay(entry.update for entry in session.entries).clocks) == 3


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((), "line 1"),
        (("[]\n",), "line 1"),
        (('{"format": "other"}\n',), "no recording"),
        ((encode_header("r"), "nonsense\n"), "line 2"),
        ((encode_header("r"), '{"at_ms": 1, "update": "AQE="}\n'), "line 2: no update"),
        ((encode_header("r"), '{"at_ms": 1, "update": "?"}\n'), "line 2: no update"),
        ((encode_header("r"), encode_entry(Entry(9, b"\0\0")), encode_entry(Entry(1, b"\0\0"))), "not in order"),
    ],
)
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_recording(write(tmp_path / "session.jsonl", *lines))


async def test_what_happens_in_a_room_is_recorded_and_can_be_replayed(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    async with running(SmallServer) as (server, url):
        recorded = await _record_a_run(url, path)
        session = read_recording(path)
        settings = RunSettings(url, "replay", clients=2, rooms=1, recording=str(path), parameters={"speed": 1000})
        again = await run_scenario(settings, lambda _: None)

    assert recorded == len(session.entries) > 0
    texts = {str(replay([document.get_update()]).text) for document in server.documents.values()}
    assert texts == {replay(entry.update for entry in session.entries).text}
    assert again.proof.holds, again.proof


async def _record_a_run(url: str, path: Path) -> int:
    stop, ready = asyncio.Event(), asyncio.Event()
    async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
        recording = tasks.create_task(
            record_session(RunSettings(url, "replay", document="lesson"), path, stop, lambda _: ready.set())
        )
        await ready.wait()
        settings = RunSettings(url, "class", clients=2, duration_s=1, document="lesson", parameters={"warm_up_s": 0})
        assert (await run_scenario(settings, lambda _: None)).proof.holds
        stop.set()
    return recording.result()


async def test_a_recording_never_overwrites_a_file(tmp_path: Path) -> None:
    path = write(tmp_path / "session.jsonl", "precious")

    with pytest.raises(SettingsError, match="there already"):
        await record_session(RunSettings("ws://127.0.0.1:1", "replay", document="r"), path, asyncio.Event(), print)

    assert path.read_text() == "precious"


async def test_the_pacer_does_everything_in_order_and_nothing_early() -> None:
    done: list[tuple[str, float, float]] = []
    pacer, begin_s = Pacer(lambda late_s: None), time.monotonic()

    def repeat(due_s: float) -> float:
        done.append(("a", due_s, time.monotonic()))
        return due_s + 0.01

    pacer.add(begin_s, repeat)
    pacer.add(begin_s + 0.025, lambda due_s: done.append(("b", due_s, time.monotonic())))
    pacer.add(begin_s + 99, lambda due_s: done.append(("never", due_s, 0)))
    await pacer.run(begin_s + 0.0501)

    assert [name for name, _, _ in done] == ["a", "a", "a", "b", "a", "a", "a"]
    assert all(at_s >= due_s for _, due_s, at_s in done)


async def test_the_pacer_says_how_late_it_was() -> None:
    lateness: list[float] = []
    pacer, now_s = Pacer(lateness.append), time.monotonic()
    pacer.add(now_s - 1.0, lambda due_s: None)

    await pacer.run(now_s)

    assert lateness[0] >= 1.0
    assert pacer.late == 1
