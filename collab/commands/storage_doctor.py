"""Owns `collab doctor webdav|s3|cs3`: a storage, looked at step by step, with what to mend at each.

Everything happens in a scratch folder of its own, through the connector that a server would use, and is removed.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from rich.console import Console

from collab.commands.checks import print_findings
from collab.commands.findings import Finding, Verdict
from collab.commands.storages import storage_root, with_secrets
from collab.config import Config, RootConfig
from collab.errors import ConfigError
from collab.startup import check_storage
from connectors.base import Connector, Credentials, Folders, LockId
from connectors.errors import (
    AccessDenied,
    AddressRefused,
    CertificateRefused,
    ConnectorError,
    FileExists,
    FileMissing,
    LockHeld,
    QuotaExceeded,
    TooLarge,
    Unavailable,
    Unsupported,
    VersionMismatch,
)
from connectors.registry import open_connector, scheme_of

_WHO = Credentials("doctor", "livefolder doctor")
_LATE_S = 60.0
_LISTED = 10_000
_OURS, _OTHERS = LockId("livefolder-doctor"), LockId("livefolder-doctor-other")
_MEND: tuple[tuple[type[ConnectorError], str], ...] = (
    (AddressRefused, "The address is not one that may be used; for CS3 set data_hosts or data_url."),
    (CertificateRefused, "Give the certificate that signed the server's with ca_file, or mend the server's."),
    (AccessDenied, "Check user and password (or keys): are they of this server, and may this account write here?"),
    (FileMissing, "Check the path of the address: the folder must exist (for S3: the bucket)."),
    (QuotaExceeded, "Make room: the account's quota is used up."),
    (Unavailable, "Check host and port, and that nothing between here and there blocks it."),
)


def examine(config: Config, kind: str, address: str, console: Console) -> int:
    """Print what was found; 1 when something is wrong. Raises: ConfigError."""
    root = _root(config, kind, address)
    check_storage(root)
    return print_findings(asyncio.run(_collect(root)), console)


def _root(config: Config, kind: str, address: str) -> RootConfig:
    """The root of that name, or that address with settings from the environment. Raises: ConfigError."""
    named = next((root for root in config.roots if root.name == address), None)
    root = named or with_secrets(storage_root(address, os.environ), os.environ)
    if scheme_of(root.where).partition("+")[0] != kind:
        raise ConfigError(f"{root.where} is no address of the kind {kind}.")
    return root


async def _collect(root: RootConfig) -> list[Finding]:
    connector = open_connector(root.where, dict(root.settings))
    other = open_connector(root.where, dict(root.settings))
    patient = _Patient(connector, other, f"livefolder-doctor-{secrets.token_hex(4)}")
    try:
        return [finding async for finding in patient.findings()]
    finally:
        await connector.close()
        await other.close()


class _Patient:
    def __init__(self, connector: Connector, other: Connector, scratch: str) -> None:
        if not isinstance(connector, Folders):
            raise ConfigError("This storage has no folders.")
        self._connector = connector
        self._folders: Folders = connector
        self._other = other
        self._scratch = scratch

    async def findings(self) -> AsyncIterator[Finding]:
        """Step by step; what cannot work without a failed step is left out."""
        try:
            began = time.monotonic()
            await self._connector.stat("", _WHO)
            yield _good("Connection", f"signed in, {(time.monotonic() - began) * 1000:.0f} ms")
            yield await self._listing()
        except ConnectorError as error:
            yield _bad("Connection", error)
            return
        try:
            await self._folders.create_folder(self._scratch, _WHO)
        except ConnectorError as error:
            yield _bad("Writing", error)
            return
        try:
            async for finding in self._in_scratch():
                yield finding
        finally:
            with suppress(ConnectorError):
                await self._folders.delete(self._scratch, _WHO)

    async def _listing(self) -> Finding:
        try:
            entries = await self._folders.list("", _WHO, limit=_LISTED)
        except TooLarge:
            mend = "Share a folder further below: one with so many entries is slow to show."
            return Finding(Verdict.WARNING, "Folder", f"more than {_LISTED} entries", mend)
        return _good("Folder", f"{len(entries)} entries")

    async def _in_scratch(self) -> AsyncIterator[Finding]:
        path = f"{self._scratch}/ä b.txt"
        for subject, step in (
            ("Writing", self._write),
            ("Overwriting", self._overwrite),
            ("Locks", self._lock),
            ("Renaming", self._rename),
        ):
            try:
                yield await step(path)
            except ConnectorError as error:
                yield _bad(subject, error)
                return
        yield self._fence()

    async def _write(self, path: str) -> Finding:
        content = b"livefolder tries out this storage\n"
        await self._connector.write(path, content, _WHO, if_version=None)
        read = await self._connector.read(path, _WHO, limit_bytes=1000)
        if read.content != content:
            return Finding(
                Verdict.BAD, "Writing", "what is read is not what was written", "Something changes contents."
            )
        stat = await self._connector.stat(path, _WHO)
        late_s = time.time() - stat.modified_ms / 1000
        if abs(late_s) > _LATE_S:
            mend = "Set both clocks by a time server: locks and certificates go by them."
            return Finding(Verdict.WARNING, "Writing", f"works; the clocks differ by {late_s:.0f} s", mend)
        return _good("Writing", "a file with spaces and umlauts in its name is written and read back")

    async def _overwrite(self, path: str) -> Finding:
        first = (await self._connector.stat(path, _WHO)).version
        if first is None:
            return Finding(Verdict.BAD, "Overwriting", "files have no version", "Nothing can be edited here.")
        await self._connector.write(path, b"second\n", _WHO, if_version=first)
        with suppress(VersionMismatch):
            await self._connector.write(path, b"third\n", _WHO, if_version=first)
            return Finding(Verdict.BAD, "Overwriting", "an older version overwrote a newer one", "Do not edit here.")
        with suppress(FileExists):
            await self._connector.write(path, b"third\n", _WHO, if_version=None)
            return Finding(Verdict.BAD, "Overwriting", "a new file replaced one", "Do not edit here.")
        return _good("Overwriting", "a newer version is never overwritten")

    async def _lock(self, path: str) -> Finding:
        if not self._connector.capabilities.locks:
            mend = "Other applications are not kept out while a document is open; their changes are merged."
            return Finding(Verdict.WARNING, "Locks", "none, or none that keep others out", mend)
        try:
            await self._connector.lock(path, _OURS, "livefolder doctor", _WHO)
        except Unsupported:
            return Finding(Verdict.WARNING, "Locks", "not supported", "Changes of other applications are merged.")
        await self._connector.refresh_lock(path, _OURS, _WHO)
        try:
            await self._other.lock(path, _OTHERS, "somebody else", _WHO)
        except LockHeld:
            await self._connector.unlock(path, _OURS, _WHO)
            return _good("Locks", "taken, refreshed, kept others out, given back")
        return Finding(Verdict.BAD, "Locks", "two applications got the same lock", "Mend the server's locks.")

    async def _rename(self, path: str) -> Finding:
        await self._folders.rename(path, f"{self._scratch}/renamed.txt", _WHO)
        await self._folders.delete(f"{self._scratch}/renamed.txt", _WHO)
        return _good("Renaming", "files are renamed and deleted")

    def _fence(self) -> Finding:
        if self._connector.capabilities.atomic_compare_and_swap:
            return _good("Fence", "the server itself refuses to overwrite what it should not (If-Match)")
        mend = "A lock is taken for each save where the server has real ones; docs/storage.md has the remaining window."
        return Finding(Verdict.WARNING, "Fence", "the server does not compare versions, or not finely enough", mend)


def _good(subject: str, text: str) -> Finding:
    return Finding(Verdict.GOOD, subject, text)


def _bad(subject: str, error: ConnectorError) -> Finding:
    mend = next((mend for kind, mend in _MEND if isinstance(error, kind)), "")
    return Finding(Verdict.BAD, subject, f"{type(error).__name__}: {error}", mend)
