"""The office program's child: what it is given, what it cannot do, and what becomes of one that hangs or fails.

The program is a small stand-in; a run of the real one is a soak test.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from collab.errors import LimitExceeded
from collab.formats.exports.markdown_read import markdown_blocks
from collab.formats.exports.odt_write import to_odt
from collab.limits import Limits
from collab.sandbox import landlock
from collab.sandbox.office import ExportFailed, ExportsBusy, ExportUnavailable, Office, Source, find_office
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
LIMITS = Limits(export_timeout_s=PATIENCE_S)
SOURCE = Source(b"the document", "odt")
SLEEP = f"{os.getpid()}."
"""Of no other run of these tests."""
_HEAD = """#!/bin/sh
for argument in "$@"; do last=$argument; done
while [ $# -gt 0 ]; do
  case "$1" in
    --convert-to) target=$2; shift ;;
    --outdir) out=$2; shift ;;
    -env:UserInstallation=file://*) profile=${1#-env:UserInstallation=file://} ;;
  esac
  shift
done
made="$out/document.$target"
"""

Program = Callable[[str], Path]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A program that does what a piece of shell script says."""

    def make(script: str) -> Path:
        path = tmp_path / "office" / "soffice"
        path.parent.mkdir(exist_ok=True)
        path.write_text(_HEAD + script)
        path.chmod(0o755)
        return path

    return make


async def test_the_program_gets_the_document_and_its_file_comes_back(program: Program) -> None:
    office = Office(program('{ echo "$target:"; cat "$last"; } > "$made"'), LIMITS)

    assert await office.convert(SOURCE, "pdf") == b"pdf:\nthe document"


async def test_the_profile_forbids_macros_and_links(program: Program) -> None:
    office = Office(program('cat "$profile/user/registrymodifications.xcu" > "$made"'), LIMITS)

    settings = (await office.convert(SOURCE, "pdf")).decode()

    for name in ("DisableMacrosExecution", "BlockUntrustedRefererLinks", "MacroSecurityLevel", "Calc/Content/Update"):
        assert name in settings


async def test_the_program_gets_nothing_of_our_environment(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLAB_AUTH_SECRET", "a secret that must not be told")
    office = Office(program('env > "$made"'), LIMITS)

    assert b"secret" not in await office.convert(SOURCE, "pdf")


@pytest.mark.optional
@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
async def test_the_program_reads_and_writes_no_file_but_its_own(program: Program, tmp_path: Path) -> None:
    secret, target = tmp_path / "secret", tmp_path / "written"
    secret.write_text("private")
    script = f'cat {secret} /etc/passwd /proc/self/environ > "$made"; echo x > {target}; echo done >> "$made"'

    made = await Office(program(script), LIMITS).convert(SOURCE, "pdf")

    assert made == b"done\n"
    assert not target.exists()


async def test_what_takes_too_long_is_ended_with_all_that_it_started(program: Program) -> None:
    office = Office(program(f"sleep {SLEEP}1 & sleep {SLEEP}1"), replace(LIMITS, export_timeout_s=1.0))

    with pytest.raises(LimitExceeded) as caught:
        await office.convert(SOURCE, "pdf")

    assert caught.value.limit == "export_timeout_s"
    await until(lambda: not sleeping(f"{SLEEP}1"))


async def test_a_run_that_is_given_up_is_ended(program: Program) -> None:
    office = Office(program(f"sleep {SLEEP}2"), LIMITS)
    run = asyncio.create_task(office.convert(SOURCE, "pdf"))
    await until(lambda: sleeping(f"{SLEEP}2"))

    run.cancel()
    await asyncio.wait([run])

    await until(lambda: not sleeping(f"{SLEEP}2"))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110  # processes of others have no event for it
            await asyncio.sleep(0.05)


def sleeping(seconds: str) -> bool:
    """Whether there is a process that sleeps so long."""
    return any(
        seconds in process.info["cmdline"] for process in psutil.process_iter(["cmdline"]) if process.info["cmdline"]
    )


@pytest.mark.parametrize("script", ["exit 1", "true", ': > "$made"', 'echo half > "$made"; exit 3', "kill -9 $$"])
async def test_what_makes_no_file_is_told_in_a_sentence(program: Program, script: str) -> None:
    with pytest.raises(ExportFailed):
        await Office(program(script), LIMITS).convert(SOURCE, "pdf")


async def test_a_file_that_grows_too_large_is_cut_off(program: Program) -> None:
    office = Office(program('cat /dev/zero > "$made"'), replace(LIMITS, export_size_bytes=100_000))

    with pytest.raises(LimitExceeded) as caught:
        await office.convert(SOURCE, "pdf")

    assert caught.value.limit == "export_size_bytes"


async def test_few_wait_and_the_rest_is_refused(program: Program, tmp_path: Path) -> None:
    limits = replace(LIMITS, export_children=1, export_queue_jobs=1)
    office = Office(program('sleep 1; echo x > "$made"'), limits)

    answers = await asyncio.gather(*(office.convert(SOURCE, "pdf") for _ in range(3)), return_exceptions=True)

    assert [answer for answer in answers if answer == b"x\n"] == [b"x\n", b"x\n"]
    assert [type(answer) for answer in answers if isinstance(answer, Exception)] == [ExportsBusy]


async def test_nothing_of_a_run_is_left(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))

    await Office(program('echo x > "$made"; mkdir "$profile/more"'), LIMITS).convert(SOURCE, "pdf")

    assert list(folder.iterdir()) == []


async def test_without_a_program_the_reason_is_told() -> None:
    office = Office(None, LIMITS)

    with pytest.raises(ExportUnavailable) as caught:
        await office.convert(SOURCE, "pdf")

    assert not office.installed
    assert "LibreOffice" in caught.value.public


def test_the_program_is_looked_up_as_configured(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    path = program("")
    monkeypatch.setenv("PATH", str(path.parent))

    assert find_office(None) == path
    assert find_office(str(path)) == path
    assert find_office("none") is None
    assert find_office(str(path) + "x") is None


@pytest.mark.soak
async def test_the_real_program_makes_a_pdf_and_shows_no_local_file(tmp_path: Path) -> None:
    office = Office(find_office(None), LIMITS)
    if not office.installed:
        pytest.skip("no LibreOffice (soffice)")
    secret = tmp_path / "secret.txt"
    secret.write_text("topsecret")
    link = f'<text:section text:name="s"><text:section-source xlink:href="file://{secret}"/></text:section>'

    made = await office.convert(Source(to_odt(markdown_blocks("# Hello\n\nworld")), "odt"), "pdf")
    linked = await office.convert(Source(_flat(link), "fodt"), "txt")

    assert made.startswith(b"%PDF-")
    assert b"end" in linked
    assert b"topsecret" not in linked


def _flat(body: str) -> bytes:
    names = "urn:oasis:names:tc:opendocument:xmlns:"
    return (
        f'<office:document xmlns:office="{names}office:1.0" xmlns:text="{names}text:1.0" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.3" '
        'office:mimetype="application/vnd.oasis.opendocument.text">'
        f"<office:body><office:text>{body}<text:p>end</text:p></office:text></office:body></office:document>"
    ).encode()
