"""The sandbox against what it is for: children that crash, hang, eat memory, and floods of jobs."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from collab.document import Document, Kind, Splice
from collab.errors import FormatError, InternalError, LimitExceeded, MalformedMessage
from collab.formats.text import TextFormat
from collab.formats.text_merge import plan_text_merge
from collab.limits import MIB, Limits
from collab.sandbox.pool import Sandbox
from collab.sandbox.process import Child, ChildDied
from tests.formats.sheet.live import opened, put
from tests.formats.sheet.workbooks import part, workbook, worksheet

NESTED_ANY = bytes.fromhex("010107000801016101") + bytes.fromhex("7501") * 30_000 + bytes.fromhex("7e00")
"""A well-formed update that overflows the native stack (30,000 arrays deep)."""
LATIN = "Grüße aus Köln\n".encode("cp1252")
ONE_CHILD = Limits(format_children=1)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(ONE_CHILD) as sandbox:
        yield sandbox


def document(text: str) -> Document:
    document = Document(5)
    document.edit_text([Splice(0, 0, text)])
    return document


async def test_a_file_is_decoded_as_the_format_itself_does_it(sandbox: Sandbox) -> None:
    decoded = await sandbox.decode("text", LATIN, 7)

    assert decoded == TextFormat().decode(LATIN, ONE_CHILD, 7)
    assert decoded.kind is Kind.TEXT


async def test_a_small_utf_8_file_needs_no_child() -> None:
    sandbox = Sandbox(ONE_CHILD)

    decoded = await sandbox.decode("text", b"small\n", 7)

    assert Document.from_updates([decoded.update]).text() == "small\n"


async def test_a_format_error_of_the_child_reaches_the_caller_with_its_sentence(sandbox: Sandbox) -> None:
    with pytest.raises(FormatError) as caught:
        await sandbox.decode("text", b"\xff\x00\x01\x02", 7)

    assert caught.value.public == "This is not a text file, so it cannot be edited here."


async def test_a_file_over_the_limit_never_reaches_a_child() -> None:
    with pytest.raises(LimitExceeded) as caught:
        await Sandbox(Limits(file_size_bytes=3)).decode("text", b"1234", 7)

    assert caught.value.limit == "file_size_bytes"


async def test_encoding_in_the_child_gives_the_same_bytes(sandbox: Sandbox) -> None:
    live = document("Küsse\nneu\n")
    base = "Grüße\r\n".encode("utf-16")

    assert await sandbox.encode("text", live.diff(), base) == TextFormat().encode(live, base)


async def test_a_merge_planned_in_the_child_is_the_same_plan(sandbox: Sandbox) -> None:
    base, theirs, live = "a\nb\nc\nd\n", "A\nb\nt\nd\n", "a\nb\nl\nd\ne\n"

    assert await sandbox.plan_merge(base.encode(), theirs.encode(), live) == plan_text_merge(base, theirs, live)


async def test_a_sound_update_is_let_through_whole(sandbox: Sandbox) -> None:
    update = document("hello").diff()

    checked = await sandbox.check_update(update, {}, Document(1).diff())

    assert checked.update is update
    assert checked.complete
    assert dict(checked.clocks) == {5: 5}


async def test_an_update_with_a_gap_is_reported_incomplete(sandbox: Sandbox) -> None:
    source = document("hello")
    before = source.state_vector()
    source.edit_text([Splice(5, 0, " world")])

    checked = await sandbox.check_update(source.diff(before), {})

    assert (checked.update, checked.complete) == (None, False)


async def test_a_malformed_update_is_the_peers_fault(sandbox: Sandbox) -> None:
    with pytest.raises(MalformedMessage):
        await sandbox.check_update(b"\x01\x05\x00", {})


@pytest.mark.skipif(sys.platform == "win32", reason="the crash is a POSIX signal")
async def test_a_native_crash_kills_the_child_and_not_the_server(sandbox: Sandbox) -> None:
    with pytest.raises(FormatError) as caught:
        await sandbox.encode("text", NESTED_ANY, b"")

    assert "SIGSEGV" in str(caught.value)
    assert caught.value.public.startswith("This file could not be read safely")
    assert (await sandbox.decode("text", LATIN, 7)).kind is Kind.TEXT


@pytest.mark.skipif(sys.platform == "win32", reason="the crash is a POSIX signal")
async def test_a_native_crash_while_an_update_is_tried_is_the_peers_fault() -> None:
    # Only the update is checked; the snapshot goes to the native core as it is.
    async with Sandbox(ONE_CHILD) as sandbox:
        with pytest.raises(MalformedMessage) as caught:
            await sandbox.check_update(document("x").diff(), {}, NESTED_ANY)

        assert "SIGSEGV" in str(caught.value)
        assert (await sandbox.check_update(document("x").diff(), {})).complete


async def test_a_child_killed_from_outside_is_replaced(sandbox: Sandbox) -> None:
    child = await Child.start(ONE_CHILD)

    os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(ChildDied):
        await child.ask(b"\x00\x00\x00\x00")
    assert not child.fit
    await child.close()


async def test_memory_beyond_the_limit_costs_the_job_only() -> None:
    limits = Limits(format_children=1, format_memory_bytes=160 * MIB, file_size_bytes=64 * MIB)
    async with Sandbox(limits) as sandbox:
        with pytest.raises(LimitExceeded) as caught:
            await sandbox.decode("text", b"x\n" * (30 * MIB), 7)

        assert caught.value.limit == "format_memory_bytes"
        assert (await sandbox.decode("text", LATIN, 7)).kind is Kind.TEXT


async def test_a_child_that_uses_up_its_cpu_time_is_killed_for_it() -> None:
    limits = Limits(format_children=1, format_cpu_s=0.01)
    async with Sandbox(limits) as sandbox:
        with pytest.raises(LimitExceeded) as caught:
            await slow_job(sandbox)

        assert caught.value.limit == "format_cpu_s"


async def test_a_formula_that_ends_the_engine_costs_its_value_and_not_the_save(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f>A1+1</f><v>2</v></c></row>'
    content = workbook({"One": worksheet(rows)})
    endless = "+".join(["SUMPRODUCT(MMULT(SEQUENCE(400,400),SEQUENCE(400,400)))"] * 120)
    live = opened(content, "xlsx")
    put(live, "r1:c1", {"f": [endless]})

    async with Sandbox(Limits(format_children=1, format_cpu_s=1)) as sandbox:
        saved = await sandbox.encode("xlsx", live.diff(), content)

    written = part(saved, "xl/worksheets/sheet1.xml").replace("_xlfn.", "")
    assert f'<c r="A1"><f>{endless}</f></c><c r="B1"><f>A1+1</f></c>' in written
    assert "operation=encode reason" in caplog.text


async def test_a_child_that_does_not_answer_in_time_is_killed_for_it() -> None:
    child = await Child.start(Limits(format_timeout_s=8.0))  # its start has to fit in, too
    os.kill(child.pid, signal.SIGSTOP)

    with pytest.raises(ChildDied) as caught:
        await child.ask(b"\x00\x00\x00\x00")

    assert caught.value.limit == "format_timeout_s"
    assert not child.fit


async def test_a_flood_of_jobs_is_refused_by_the_limits_name() -> None:
    async with Sandbox(Limits(format_children=1, format_queue_jobs=3)) as sandbox:
        jobs = [asyncio.ensure_future(sandbox.decode("text", LATIN, 7)) for _ in range(12)]

        outcomes = await asyncio.gather(*jobs, return_exceptions=True)

    refused = [outcome for outcome in outcomes if isinstance(outcome, LimitExceeded)]
    assert {error.limit for error in refused} == {"format_queue_jobs"}
    assert len(refused) + sum(hasattr(outcome, "update") for outcome in outcomes) == 12
    assert len(refused) < 12


async def test_the_bytes_that_wait_are_bounded_too() -> None:
    async with Sandbox(Limits(format_children=1, format_queue_size_bytes=100)) as sandbox:
        with pytest.raises(LimitExceeded) as caught:
            await sandbox.decode("text", LATIN * 10, 7)

    assert caught.value.limit == "format_queue_size_bytes"


async def test_a_child_is_replaced_after_its_share_of_jobs() -> None:
    async with Sandbox(Limits(format_children=1, format_jobs_per_child=2)) as sandbox:
        updates = {(await sandbox.decode("text", LATIN, 7)).update for _ in range(5)}

    assert len(updates) == 1


async def test_a_caller_that_gave_up_does_not_hold_the_others_up(sandbox: Sandbox) -> None:
    given_up = asyncio.ensure_future(sandbox.decode("text", LATIN, 7))
    await asyncio.sleep(0)
    given_up.cancel()

    assert (await sandbox.decode("text", LATIN, 8)).kind is Kind.TEXT
    assert given_up.cancelled()


async def test_closing_ends_every_job_and_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()
    async with Sandbox(ONE_CHILD) as sandbox:
        waiting = [asyncio.ensure_future(sandbox.decode("text", LATIN, 7)) for _ in range(3)]
        await asyncio.sleep(0)

    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(outcome, InternalError) for outcome in outcomes)
    assert asyncio.all_tasks() == before


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_child_has_no_environment_no_files_no_privileges_and_limits() -> None:
    child = await Child.start(ONE_CHILD)
    proc = Path("/proc", str(child.pid))
    try:
        status = (proc / "status").read_text()
        limits = {line[:26].strip(): line[26:].split()[0] for line in (proc / "limits").read_text().splitlines()}

        assert "NoNewPrivs:\t1" in status
        assert (proc / "environ").read_bytes().strip(b"\0") == b""
        assert len(list((proc / "fd").iterdir())) <= 6
        assert limits["Max address space"] == str(ONE_CHILD.format_memory_bytes)
        assert limits["Max file size"] == limits["Max core file size"] == "0"
        assert int(limits["Max open files"]) <= 16
    finally:
        await child.close()


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="namespaces need Linux and here root")
async def test_a_child_is_in_a_network_of_its_own() -> None:
    child = await Child.start(ONE_CHILD)
    try:
        ours, theirs = (os.readlink(f"/proc/{pid}/ns/net") for pid in ("self", child.pid))
    finally:
        await child.close()

    assert ours != theirs


async def slow_job(sandbox: Sandbox) -> None:
    """A merge that takes seconds."""
    lines = [str(number % 97) for number in range(300_000)]
    other = "\n".join(str(number * 7 % 89) for number in range(300_000))
    await sandbox.plan_merge("\n".join(lines).encode(), other.encode(), "\n".join(reversed(lines)))


async def test_a_sandbox_that_is_closed_while_its_children_start_leaves_none_behind() -> None:
    def children() -> set[int]:
        found = psutil.Process().children()
        return {child.pid for child in found if "collab.sandbox.child" in " ".join(child.cmdline())}

    before = children()
    for turns in range(12):
        async with Sandbox(ONE_CHILD):
            async with asyncio.timeout(30):
                while turns and not children() - before:  # noqa: ASYNC110  # what it looks at is other processes
                    await asyncio.sleep(0)
            for _ in range(turns):
                await asyncio.sleep(0.002)

    assert children() - before == set()
