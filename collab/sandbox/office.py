"""Owns the runs of an office program that turns documents into PDF and other offices' formats; knows no document.

Each run has a folder and a profile of its own, no network, and no file but what it needs (`office_child.py`). What
hangs, grows or fails costs that run. Few run at once, few wait, and the rest is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from collab.errors import CollabError, LimitExceeded
from collab.limits import Limits
from collab.sandbox.office_child import SCRATCH

NOT_INSTALLED = "This server has no LibreOffice, which is needed for this format. Its administrator can install it."
_NAMES = ("soffice", "libreoffice")
_NONE = "none"
_PACKAGE_HOME = Path(__file__).parents[2]
_START = "import sys; sys.path.insert(0, sys.argv[1]);from collab.sandbox.office_child import main; main()"
_SWITCHES = "--headless --norestore --nologo --nolockcheck --nodefault --nofirststartwizard".split()
_SHELL = 128
"""A shell tells a signal as a status above this."""
_OF_SIGNAL: dict[int, str] = {signal.SIGXCPU: "export_timeout_s", signal.SIGXFSZ: "export_size_bytes"}
_ITEM = (
    '<item oor:path="/org.openoffice.Office.{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value>'
    "</prop></item>"
)
_SETTINGS = (
    ("Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Writer/Content/Update", "Link", "2"),
    ("Calc/Content/Update", "Link", "2"),
)
"""No macros, nothing that a document links to."""

_log = logging.getLogger(__name__)


class ExportUnavailable(CollabError):
    """The program for this format is not there."""

    code = "export_unavailable"
    public = NOT_INSTALLED
    http_status = 501


class ExportFailed(CollabError):
    """The program could not make it."""

    code = "export_failed"
    public = "This document could not be turned into that format. Its own copy can be downloaded."
    http_status = 422


class ExportsBusy(CollabError):
    """So many wait already."""

    code = "too_busy"
    public = "Many documents are being exported at the moment (export_queue_jobs). Try again in a minute."
    http_status = 429


def find_office(configured: str | None) -> Path | None:
    """The program: as configured, else on the PATH; None where there is none, or it is not wanted (`none`)."""
    if configured == _NONE:
        return None
    for name in [configured] if configured else _NAMES:
        if found := shutil.which(name):
            return Path(found).absolute()
    return None


@dataclass(frozen=True, slots=True)
class Source:
    """What is given to the program. `extension` decides how it reads it."""

    content: bytes
    extension: str


class Office:
    """The program of this machine, `limits.export_children` runs of it at once."""

    def __init__(self, program: Path | None, limits: Limits) -> None:
        self._program = program
        self._limits = limits
        self._running = asyncio.Semaphore(limits.export_children)
        self._asked = 0

    @property
    def installed(self) -> bool:
        return self._program is not None

    def check(self) -> None:
        """Whether a run could begin now. Raises: ExportUnavailable, ExportsBusy."""
        if self._program is None:
            raise ExportUnavailable
        if self._asked >= self._limits.export_children + self._limits.export_queue_jobs:
            raise ExportsBusy("export_queue_jobs")

    async def convert(self, source: Source, target: str) -> bytes:
        """The document in another format, by its extension.

        Raises: ExportUnavailable, ExportsBusy, ExportFailed, LimitExceeded (too slow, too large).
        """
        self.check()
        self._asked += 1
        try:
            async with self._running:
                with tempfile.TemporaryDirectory(prefix="collab-export-", ignore_cleanup_errors=True) as folder:
                    return await self._run(Path(folder), source, target)
        finally:
            self._asked -= 1

    async def _run(self, scratch: Path, source: Source, target: str) -> bytes:
        document = f"document.{source.extension}"
        await asyncio.to_thread(_lay_out, scratch, document, source.content)
        command = [str(self._program), *_SWITCHES, f"-env:UserInstallation=file://{SCRATCH}/profile"]
        command += ["--convert-to", target, "--outdir", f"{SCRATCH}/made", f"{SCRATCH}/{document}"]
        status = await self._wait(await _spawn(scratch, self._limits, command))
        return await asyncio.to_thread(self._made, scratch / "made" / f"document.{target}", status)

    async def _wait(self, process: asyncio.subprocess.Process) -> int:
        """Its exit status; nothing of it is left afterwards, whatever happens. Raises: LimitExceeded."""
        try:
            async with asyncio.timeout(self._limits.export_timeout_s):
                status = await process.wait()
        except TimeoutError:
            raise LimitExceeded("export_timeout_s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        return status

    def _made(self, path: Path, status: int) -> bytes:
        """Raises: ExportFailed, LimitExceeded."""
        most = self._limits.export_size_bytes
        try:
            with path.open("rb") as file:
                content = file.read(most + 1)
        except OSError:
            content = b""
        limit = _OF_SIGNAL.get(status - _SHELL if status > _SHELL else -status)
        if len(content) > most or limit is not None:
            raise LimitExceeded(limit or "export_size_bytes")
        if not content or status:
            _log.warning("export_failed status=%d size_bytes=%d", status, len(content))
            raise ExportFailed(f"exit status {status}")
        return content


def _lay_out(scratch: Path, document: str, content: bytes) -> None:
    """The folder of one run: the document, and a profile that says what must not happen."""
    (scratch / "made").mkdir()
    user = scratch / "profile" / "user"
    user.mkdir(parents=True)
    items = "".join(_ITEM.format(path=path, name=name, value=value) for path, name, value in _SETTINGS)
    (user / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<oor:items xmlns:oor="http://openoffice.org/2001/registry">'
        f"{items}</oor:items>\n"
    )
    (scratch / document).write_bytes(content)


async def _spawn(scratch: Path, limits: Limits, command: list[str]) -> asyncio.subprocess.Process:
    """The child gets nothing of our environment, which may hold secrets, and no open file."""
    bounds = {
        "memory_bytes": limits.export_memory_bytes,
        "cpu_s": limits.export_timeout_s,
        "file_size_bytes": limits.export_size_bytes,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-IB",
        "-c",
        _START,
        str(_PACKAGE_HOME),
        str(scratch),
        json.dumps(bounds),
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ},
        cwd=os.path.sep,
        start_new_session=True,
    )
