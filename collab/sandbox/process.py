"""Owns one child process: start, ask, kill; knows the frames but not what they mean."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from collab.errors import InternalError
from collab.limits import KIB, Limits
from collab.sandbox import wire

_PACKAGE_HOME = Path(__file__).parents[2]
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from collab.sandbox.confine import isolate; isolate();"
    "from collab.sandbox.child import main; main()"
)
_READ_BUFFER = 256 * KIB
_ANSWER_GROWTH = 4
"""An answer is at most so many times the largest document: a merge plan repeats passages."""


class ChildDied(Exception):
    """The child is gone, or had to go; `limit` names the setting when one was passed."""

    def __init__(self, reason: str, limit: str | None = None) -> None:
        super().__init__(reason)
        self.limit = limit


class Child:
    """A running child. After `ChildDied` it is of no further use."""

    def __init__(self, process: asyncio.subprocess.Process, limits: Limits) -> None:
        if process.stdin is None or process.stdout is None:
            raise InternalError("a sandbox child needs both pipes")
        self._process = process
        self._requests = process.stdin
        self._answers = process.stdout
        self._limits = limits
        self._jobs_left = limits.format_jobs_per_child

    @classmethod
    async def start(cls, limits: Limits) -> Child:
        """A child that is ready for its first job. Raises: ChildDied, OSError."""
        child = cls(await _spawn(), limits)
        try:
            await child._exchange(wire.pack([json.dumps(asdict(limits)).encode()]))
        except BaseException:  # cancelled, mostly: nobody else knows that it is there
            await child.close()
            raise
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def fit(self) -> bool:
        """Whether it can take another job."""
        return self._process.returncode is None and self._jobs_left > 0

    async def ask(self, request: bytes) -> list[bytes]:
        """The fields of the answer to a request. Raises: ChildDied."""
        self._jobs_left -= 1
        return await self._exchange(request)

    def retire(self) -> None:
        """Let it take no further job."""
        self._jobs_left = 0

    async def close(self) -> None:
        """Kill it and wait until it is gone; may be called twice."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._requests.close()

    async def _exchange(self, request: bytes) -> list[bytes]:
        try:
            async with asyncio.timeout(self._limits.format_timeout_s):
                self._requests.write(request)
                await self._requests.drain()
                return wire.unpack(await self._read_payload())
        except TimeoutError:
            await self.close()
            raise ChildDied("no answer in time", "format_timeout_s") from None
        except (OSError, asyncio.IncompleteReadError):
            raise await self._death() from None
        except wire.WireError as error:
            await self.close()
            raise ChildDied(f"its answer made no sense: {error}") from None

    async def _read_payload(self) -> bytes:
        size = wire.LENGTH.unpack(await self._answers.readexactly(wire.LENGTH.size))[0]
        if size > self._limits.document_size_bytes * _ANSWER_GROWTH:
            raise wire.WireError(f"{size} bytes")
        return await self._answers.readexactly(size)

    async def _death(self) -> ChildDied:
        """Why the pipe broke. A child that only closed its pipe is killed at the deadline of a job."""
        try:
            async with asyncio.timeout(self._limits.format_timeout_s):
                code = await self._process.wait()
        except TimeoutError:
            await self.close()
            return ChildDied("it closed its pipe", "format_timeout_s")
        await self.close()
        if sys.platform != "win32" and code == -signal.SIGXCPU:
            return ChildDied("out of CPU time", "format_cpu_s")
        return ChildDied(f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}")


async def _spawn() -> asyncio.subprocess.Process:
    """The child gets nothing of our environment, which may hold secrets, and no file but its two pipes."""
    keep = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-IB",
        "-c",
        _START,
        str(_PACKAGE_HOME),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=keep,
        cwd=os.path.sep,
        limit=_READ_BUFFER,
        start_new_session=True,
    )
