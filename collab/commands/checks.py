"""Owns `collab check-config` and `collab doctor`: what is set, what would go wrong, and what to do about it."""

from __future__ import annotations

import asyncio
import importlib
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from collab.clock import SystemClock
from collab.commands.database_checks import database_findings
from collab.commands.findings import Finding, Verdict
from collab.commands.sources import Sourced
from collab.config import Config, RootConfig
from collab.errors import ConfigError
from collab.startup import check, check_folder, check_storage, default_data_of, listen

_MODULES = ("pycrdt", "starlette", "uvicorn", "h11", "httpx", "jwt", "structlog", "prometheus_client", "watchfiles")
_OLDEST_PYTHON = (3, 11)
_SLOW_FSYNC_MS = 50.0
_LITTLE_SPACE_BYTES = 1024**3
_FEW_WATCHES = 8_192
_EARLIEST_YEAR = 2025
_FEW_DESCRIPTORS = 4_096


_WIDE = 1000
"""What is written to a file or another program is never cut."""


def print_config(sourced: Sourced, console: Console) -> None:
    """Every setting with its value and its source, secrets masked. Raises: ConfigError when it cannot work."""
    table = Table("Setting", "Value", "From", box=None, pad_edge=False, header_style="bold")
    for section, values in sourced.config.masked().items():
        if section == "roots":
            for name, path in values.items():
                table.add_row(f"roots.{name}", str(path), sourced.sources.get("roots", "default"))
            continue
        for name, value in values.items():
            source = sourced.sources.get(f"{section}.{name}", "default")
            style = "" if source != "default" else "dim"
            table.add_row(f"{section}.{name}", _shown(value), source, style=style)
    if not console.is_terminal:
        console.width = max(console.width, _WIDE)
    console.print(table)
    if sourced.config.roots:
        check(sourced.config)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)


def doctor(config: Config, console: Console) -> int:
    """Look at everything that a server needs; returns 1 when something is bad."""
    return print_findings(list(_findings(config)), console)


def print_findings(findings: Sequence[Finding], console: Console) -> int:
    """One line each, with what to do; returns 1 when something is bad."""
    for finding in findings:
        console.print(f"  {finding.verdict.value}  [bold]{finding.subject}[/bold]  {finding.text}", highlight=False)
        if finding.mend:
            console.print(f"        [dim]{finding.mend}[/dim]", highlight=False)
    bad = sum(finding.verdict is Verdict.BAD for finding in findings)
    console.print()
    console.print("  All is well." if not bad else f"  {bad} of {len(findings)} checks failed.", highlight=False)
    return 1 if bad else 0


def _findings(config: Config) -> Iterator[Finding]:
    yield _python()
    yield _modules()
    yield _bundle()
    yield _settings(config)
    for root in config.roots:
        yield _folder(root.path) if root.path is not None else _storage(root)
    data = config.store.data or (default_data_of(config.roots[0]) if config.roots else None)
    if data is not None:
        yield from _data(data)
    if config.store.database is not None:
        yield from database_findings(config.store)
    if config.redis.url is not None:
        yield _redis(config)
    yield _watches()
    yield _descriptors()
    yield _port(config)
    yield _time()


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if tuple(sys.version_info) < _OLDEST_PYTHON:
        return Finding(Verdict.BAD, "Python", version, "Install Python 3.11 or newer.")
    return Finding(Verdict.GOOD, "Python", version)


def _modules() -> Finding:
    missing = []
    for name in _MODULES:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    if missing:
        return Finding(Verdict.BAD, "Libraries", f"missing: {', '.join(missing)}", "Install livefolder again.")
    return Finding(Verdict.GOOD, "Libraries", f"all {len(_MODULES)} load")


def _bundle() -> Finding:
    from collab.web.pages import Bundle

    if not Bundle().built:
        return Finding(Verdict.BAD, "Pages", "not built", "Run: python static/build.py")
    return Finding(Verdict.GOOD, "Pages", "built")


def _settings(config: Config) -> Finding:
    try:
        check(config)
    except ConfigError as error:
        return Finding(Verdict.BAD, "Settings", "cannot work", str(error))
    return Finding(Verdict.GOOD, "Settings", "open mode" if config.open_mode else "tokens")


def _folder(path: Path) -> Finding:
    try:
        check_folder(path)
    except ConfigError as error:
        return Finding(Verdict.BAD, "Folder", str(path), str(error))
    if not os.access(path, os.W_OK):
        return Finding(Verdict.WARNING, "Folder", f"{path} is read-only", "Documents open, but cannot be stored.")
    return Finding(Verdict.GOOD, "Folder", f"{path} can be read and written")


def _storage(root: RootConfig) -> Finding:
    try:
        check_storage(root)
    except ConfigError as error:
        return Finding(Verdict.BAD, "Storage", root.where, str(error))
    kind = root.where.partition("+")[0].partition(":")[0]
    mend = f"Try it step by step: collab doctor {kind} {root.where}"
    return Finding(Verdict.GOOD, "Storage", f"{root.where} has all its settings", mend)


def _data(data: Path) -> Iterator[Finding]:
    existing = data
    while not existing.exists():
        existing = existing.parent
    if not os.access(existing, os.W_OK | os.X_OK):
        yield Finding(Verdict.BAD, "Journal", f"{existing} cannot be written", "Choose another place with --data.")
        return
    free = shutil.disk_usage(existing).free
    text = f"{data}, {free / 1024**3:.1f} GiB free"
    if free < _LITTLE_SPACE_BYTES:
        yield Finding(Verdict.WARNING, "Journal", text, "Make room: without it no edit can be acknowledged.")
    else:
        yield Finding(Verdict.GOOD, "Journal", text)
    yield _fsync(existing)


def _fsync(folder: Path) -> Finding:
    """The median of a few small synced writes: what each acknowledged keystroke waits for."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(9):
            file.write(b"x" * 4096)
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - started) * 1000)
    median = sorted(times)[len(times) // 2]
    text = f"{median:.2f} ms per synced write"
    if median > _SLOW_FSYNC_MS:
        return Finding(Verdict.WARNING, "Disk", text, "Put the journal on a faster disk with --data.")
    return Finding(Verdict.GOOD, "Disk", text)


def _redis(config: Config) -> Finding:
    """A Redis that does not do is no end: servers go on, and meet through the database."""
    try:
        from collab.fanout.redis import examine
        from collab.fanout.redis_server import SLOW_S, RedisUnfit
    except ImportError:
        return Finding(Verdict.BAD, "Redis", "no library", "pip install 'livefolder[cluster]'")
    try:
        facts = asyncio.run(examine(config.redis, SystemClock()))
    except RedisUnfit as error:
        mend = "Until then others' edits come through the database, a second or more late."
        return Finding(Verdict.BAD, "Redis", str(error), mend)
    text = f"{facts.version}, answers in {facts.delay_s * 1000:.1f} ms"
    if facts.delay_s > SLOW_S:
        return Finding(Verdict.WARNING, "Redis", text, "Others' edits come as late as that.")
    return Finding(Verdict.GOOD, "Redis", text + (", a cluster" if facts.cluster else ""))


def _watches() -> Finding:
    limit = Path("/proc/sys/fs/inotify/max_user_watches")
    if not limit.exists():
        return Finding(Verdict.GOOD, "File watching", "no limit known on this system")
    watches = int(limit.read_text())
    if watches < _FEW_WATCHES:
        mend = "Raise it: sysctl fs.inotify.max_user_watches=524288"
        return Finding(Verdict.WARNING, "File watching", f"{watches} watches", mend)
    return Finding(Verdict.GOOD, "File watching", f"{watches} watches")


def _descriptors() -> Finding:
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < _FEW_DESCRIPTORS:
        return Finding(Verdict.WARNING, "Open files", f"at most {hard}", "Raise the limit: ulimit -Hn 65536")
    return Finding(Verdict.GOOD, "Open files", "no limit" if hard == resource.RLIM_INFINITY else f"at most {hard}")


def _port(config: Config) -> Finding:
    where = f"{config.server.host}, port {config.server.port}"
    return _attempt("Address", where, lambda: listen(config.server.host, config.server.port))


def _attempt(subject: str, where: str, open_socket: Callable[[], socket.socket]) -> Finding:
    try:
        open_socket().close()
    except ConfigError as error:
        return Finding(Verdict.BAD, subject, where, str(error))
    return Finding(Verdict.GOOD, subject, f"{where} is free")


def _time() -> Finding:
    year = time.gmtime().tm_year
    if year < _EARLIEST_YEAR:
        mend = "Set the clock: tokens and records carry its time."
        return Finding(Verdict.BAD, "Clock", f"says {year}", mend)
    return Finding(Verdict.GOOD, "Clock", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()))
