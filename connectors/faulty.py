"""Owns a connector that wraps another and lets its calls go wrong by plan; knows nothing of the one inside.

A fault after the call is the doubtful one: the storage did it, the caller hears an error or nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from connectors.base import (
    Capabilities,
    Change,
    Connector,
    Content,
    Credentials,
    Folders,
    Lock,
    LockId,
    Stat,
    Version,
    WriteResult,
)
from connectors.errors import ConnectorError, Unavailable, Unsupported
from connectors.faults import Fault, Moment, Operation, Plan, Step, error_for

Result = TypeVar("Result")
Sleep = Callable[[float], Awaitable[object]]

ANSWER_SIZE_BYTES = 100
RECORDED_FAULTS = 10_000


@dataclass(frozen=True, slots=True)
class FaultySettings:
    """How slow is slow, and when the connector itself gives up."""

    delay_s: float = 1.0
    slow_bytes_per_s: float = 1.0
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Injected:
    """One fault that struck."""

    operation: Operation
    path: str
    step: Step


@dataclass(frozen=True, slots=True)
class _Call:
    operation: Operation
    path: str
    size_bytes: int = ANSWER_SIZE_BYTES


class FaultyConnector:
    """Both contracts over another connector, with faults; `injected` lists those that struck."""

    def __init__(
        self,
        inner: Connector,
        plan: Plan,
        *,
        settings: FaultySettings | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.inner = inner
        self.injected: deque[Injected] = deque(maxlen=RECORDED_FAULTS)
        self._plan = plan
        self._settings = settings or FaultySettings()
        self._sleep = sleep

    @property
    def capabilities(self) -> Capabilities:
        return self.inner.capabilities

    async def stat(self, path: str, credentials: Credentials) -> Stat:
        return await self._strike(_Call(Operation.STAT, path), lambda: self.inner.stat(path, credentials))

    async def read(self, path: str, credentials: Credentials, *, limit_bytes: int) -> Content:
        async def call() -> Content:
            return await self.inner.read(path, credentials, limit_bytes=limit_bytes)

        return await self._strike(_Call(Operation.READ, path), call)

    async def write(
        self, path: str, content: bytes, credentials: Credentials, *, if_version: Version | None
    ) -> WriteResult:
        async def call() -> WriteResult:
            return await self.inner.write(path, content, credentials, if_version=if_version)

        return await self._strike(_Call(Operation.WRITE, path, len(content)), call)

    async def lock(self, path: str, lock_id: LockId, owner: str, credentials: Credentials) -> Lock:
        async def call() -> Lock:
            return await self.inner.lock(path, lock_id, owner, credentials)

        return await self._strike(_Call(Operation.LOCK, path), call)

    async def refresh_lock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        async def call() -> None:
            await self.inner.refresh_lock(path, lock_id, credentials)

        await self._strike(_Call(Operation.REFRESH_LOCK, path), call)

    async def unlock(self, path: str, lock_id: LockId, credentials: Credentials) -> None:
        await self._strike(_Call(Operation.UNLOCK, path), lambda: self.inner.unlock(path, lock_id, credentials))

    async def close(self) -> None:
        await self.inner.close()

    async def list(self, path: str, credentials: Credentials, *, limit: int) -> Sequence[Stat]:
        folders = self._folders()
        return await self._strike(_Call(Operation.LIST, path), lambda: folders.list(path, credentials, limit=limit))

    async def create_folder(self, path: str, credentials: Credentials) -> Stat:
        folders = self._folders()
        return await self._strike(
            _Call(Operation.CREATE_FOLDER, path), lambda: folders.create_folder(path, credentials)
        )

    async def rename(self, path: str, new_path: str, credentials: Credentials) -> Stat:
        folders = self._folders()
        return await self._strike(_Call(Operation.RENAME, path), lambda: folders.rename(path, new_path, credentials))

    async def delete(self, path: str, credentials: Credentials) -> None:
        folders = self._folders()
        await self._strike(_Call(Operation.DELETE, path), lambda: folders.delete(path, credentials))

    def watch(self) -> AsyncIterator[Sequence[Change]]:
        return self._folders().watch()

    def _folders(self) -> Folders:
        if not isinstance(self.inner, Folders):
            raise Unsupported("folders")
        return self.inner

    async def _strike(self, call: _Call, perform: Callable[[], Awaitable[Result]]) -> Result:
        step = self._plan.next_step(call.operation, call.path)
        if step is None:
            return await perform()
        self.injected.append(Injected(call.operation, call.path, step))
        slow_answer = step.fault is Fault.SLOW_BODY and call.operation is Operation.READ
        if step.moment is Moment.BEFORE and not slow_answer:
            await self._suffer(step.fault, call)
            return await perform()
        return await self._perform_then_suffer(step.fault, call, perform)

    async def _perform_then_suffer(self, fault: Fault, call: _Call, perform: Callable[[], Awaitable[Result]]) -> Result:
        try:
            result = await perform()
        except ConnectorError:
            await self._suffer(fault, call)  # the storage's refusal is lost like any other answer
            raise
        if isinstance(result, Content):
            call = replace(call, size_bytes=len(result.content))
        await self._suffer(fault, call)
        return result

    async def _suffer(self, fault: Fault, call: _Call) -> None:
        """Wait as the fault wants; raises what it ends in, returns if the call still works."""
        wait_s = self._waiting_s(fault, call)
        await self._sleep(min(wait_s, self._settings.timeout_s))
        if wait_s >= self._settings.timeout_s:
            raise Unavailable(f"injected: {fault}, gave up after {self._settings.timeout_s} s")
        if fault not in (Fault.DELAY, Fault.SLOW_BODY):
            raise error_for(fault, call.operation, call.path)

    def _waiting_s(self, fault: Fault, call: _Call) -> float:
        match fault:
            case Fault.DELAY:
                return self._settings.delay_s
            case Fault.SLOW_BODY:
                return call.size_bytes / self._settings.slow_bytes_per_s
            case Fault.TIMEOUT:
                return self._settings.timeout_s
        return 0.0
