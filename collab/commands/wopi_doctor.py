"""Owns `collab doctor wopi`: a configured host, looked at step by step, with what to mend at each.

Without a token the way to the host is tried; with one (from a file, never from the command line) a file of it, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

from rich.console import Console

from collab.clock import SystemClock
from collab.commands.checks import print_findings
from collab.commands.findings import Finding, Verdict
from collab.commands.storing import copied
from collab.config import Config
from collab.errors import ConfigError
from connectors.addresses import AddressRules
from connectors.base import Credentials, LockId
from connectors.errors import (
    AddressRefused,
    CertificateRefused,
    ConnectorError,
    FileMissing,
    LockHeld,
    NoCredentials,
)
from connectors.http import Http, HttpAnswer, HttpRequest, HttpSettings
from connectors.wopi import WopiConnector
from connectors.wopi_calls import HttpPort, WopiCalls
from connectors.wopi_info import FileInfo
from connectors.wopi_proof import ProofKeys
from connectors.wopi_source import WopiToken, origin_of

_LATE_S = 60.0
_TOO_LATE_S = 20 * 60.0
_LIMIT_BYTES = 1 << 20
_LOCK = LockId("livefolder-doctor")


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at."""

    source: str
    token: str | None
    config: Config
    keys: ProofKeys
    http: HttpPort


def examine(config: Config, source: str, token_file: Path | None, console: Console) -> int:
    """Print what was found; 1 when something is wrong. Raises: ConfigError."""
    token = None if token_file is None else _read_token(token_file)
    findings = asyncio.run(_examine(config, source, token))
    return print_findings(findings, console)


def _read_token(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"The token cannot be read from {path}.") from None


async def _examine(config: Config, source: str, token: str | None) -> list[Finding]:
    rules = AddressRules(hosts=config.wopi.hosts, networks=config.wopi.networks)
    http = Http(rules, HttpSettings(total_s=config.wopi.timeout_s))
    keys = await _keys(config)
    try:
        return [finding async for finding in findings(Patient(source, token, config, keys, http))]
    finally:
        await http.close()


async def _keys(config: Config) -> ProofKeys:
    from collab.web.wopi_door import PROOF_KEYS

    try:
        async with copied(config) as store:
            stored = await store.key(PROOF_KEYS)
    except ConfigError:
        stored = None
    return ProofKeys.new() if stored is None else ProofKeys.load(stored)


async def findings(patient: Patient) -> AsyncIterator[Finding]:
    """Step by step; a step that fails ends it where the next ones need it."""
    for finding in _settings(patient.config):
        yield finding
    answer: HttpAnswer | None = None
    try:
        origin = origin_of(patient.source)
        answer = await patient.http.send(HttpRequest("GET", patient.source), limit_bytes=_LIMIT_BYTES)
    except ConnectorError as error:
        yield _way(error)
        return
    yield Finding(Verdict.GOOD, "Way", f"{origin} answers ({answer.status} without a token)")
    yield _clock(answer)
    if patient.token is None:
        yield Finding(Verdict.WARNING, "File", "not tried", "Name a file's WOPISrc and --token-file to try all of it.")
        return
    async for finding in _file(patient):
        yield finding


def _settings(config: Config) -> list[Finding]:
    found = []
    if not config.wopi.hosts:
        found.append(Finding(Verdict.BAD, "Hosts", "none is allowed", "Set COLLAB_WOPI_HOSTS to the host's name."))
    url = config.server.public_url
    if url is None:
        mend = "Set COLLAB_SERVER_PUBLIC_URL: discovery names it to hosts and browsers."
        found.append(Finding(Verdict.WARNING, "Address", "no public address is set", mend))
    elif not url.startswith("https://"):
        mend = "Pages with TLS show no frame without: put a proxy with TLS in front."
        found.append(Finding(Verdict.WARNING, "Address", f"{url} has no TLS", mend))
    else:
        found.append(Finding(Verdict.GOOD, "Address", f"register {url} at the host"))
    if config.auth.secret is None:
        found.append(Finding(Verdict.BAD, "Secret", "none: open mode", "Set COLLAB_AUTH_SECRET."))
    return found


def _way(error: ConnectorError) -> Finding:
    if isinstance(error, AddressRefused):
        mend = "Allow it: COLLAB_WOPI_HOSTS for its name, COLLAB_WOPI_NETWORKS for a private network."
        return Finding(Verdict.BAD, "Allow list", str(error), mend)
    if isinstance(error, CertificateRefused):
        return Finding(Verdict.BAD, "TLS", str(error), "Give the host a certificate that this machine trusts.")
    return Finding(Verdict.BAD, "Way", str(error), "Look at name, port, firewall and proxy between the two servers.")


def _clock(answer: HttpAnswer) -> Finding:
    """Hosts refuse proofs that are twenty minutes old."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (ValueError, TypeError):
        return Finding(Verdict.WARNING, "Clock", "the host tells no time", "")
    off_s = SystemClock().wall_ms() / 1000 - theirs
    text = f"{abs(off_s):.0f} s {'ahead of' if off_s > 0 else 'behind'} the host"
    mend = "Set the clocks by NTP: hosts refuse a proof that is 20 minutes off."
    if abs(off_s) >= _TOO_LATE_S:
        return Finding(Verdict.BAD, "Clock", text, mend)
    return Finding(Verdict.WARNING if abs(off_s) > _LATE_S else Verdict.GOOD, "Clock", text, mend)


async def _file(patient: Patient) -> AsyncIterator[Finding]:
    clock = SystemClock()
    calls = WopiCalls(patient.http, clock, lambda: patient.keys, patient.config.wopi.timeout_s)
    connector = WopiConnector(calls, clock)
    token = WopiToken(patient.source, patient.token or "")
    who = Credentials("doctor", "Doctor", token.pack())
    try:
        info = await connector.check(who)
    except ConnectorError as error:
        yield _refused(error)
        return
    yield Finding(Verdict.GOOD, "CheckFileInfo", f"{info.name}, for {info.user_name}; the proof was not refused")
    yield _rights(info)
    yield _messages(info)
    yield await _locks(connector, token, who, info)


def _refused(error: ConnectorError) -> Finding:
    if isinstance(error, FileMissing):
        return Finding(Verdict.BAD, "CheckFileInfo", str(error), "The WOPISrc or the token is another file's.")
    if "401" in str(error) or "403" in str(error):
        return Finding(Verdict.BAD, "Token", str(error), "It ended or is another file's: open the file once more.")
    mend = (
        "An answer of 500 mostly means that the host refuses the proof: let it read discovery again, "
        "and compare its public address (WOPI_SRC) with the WOPISrc, letter by letter."
    )
    return Finding(Verdict.BAD, "CheckFileInfo", str(error), mend)


def _rights(info: FileInfo) -> Finding:
    if info.may_write:
        return Finding(Verdict.GOOD, "Rights", "may write")
    said = [name for name in ("UserCanWrite", "ReadOnly", "SupportsUpdate", "WebEditingDisabled") if name in info.raw]
    facts = ", ".join(f"{name}={info.raw[name]}" for name in said) or "nothing of writing is said"
    return Finding(Verdict.WARNING, "Rights", f"may read only ({facts})", "Try it with somebody who may write.")


def _messages(info: FileInfo) -> Finding:
    origin = info.text("PostMessageOrigin")
    if origin:
        return Finding(Verdict.GOOD, "Messages", f"go to {origin}")
    mend = "Without it the page tells the host nothing; wopiserver: set hostediturl."
    return Finding(Verdict.WARNING, "Messages", "no PostMessageOrigin", mend)


async def _locks(connector: WopiConnector, token: WopiToken, who: Credentials, info: FileInfo) -> Finding:
    """Lock, refresh, give back."""
    if not info.supports_locks:
        return Finding(Verdict.WARNING, "Locks", "the host has none", "Others may overwrite; changes are merged.")
    if not info.may_write:
        return Finding(Verdict.WARNING, "Locks", "not tried by a reader")
    try:
        await connector.lock(token.path, _LOCK, "livefolder", who)
        await connector.refresh_lock(token.path, _LOCK, who)
        await connector.unlock(token.path, _LOCK, who)
    except LockHeld as error:
        mend = "Close it there, or wait until its lock ends (30 minutes at most)."
        return Finding(Verdict.WARNING, "Locks", f"held by {error.owner or 'another application'}", mend)
    except NoCredentials as error:
        return Finding(Verdict.BAD, "Locks", str(error), "The host lets this person write, but not lock.")
    except ConnectorError as error:
        return Finding(Verdict.BAD, "Locks", str(error), "The host says that it has locks, and does not take ours.")
    return Finding(Verdict.GOOD, "Locks", "taken, refreshed and given back")
