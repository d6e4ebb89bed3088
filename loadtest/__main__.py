"""Owns the start of the command: `python -m loadtest`, and `collab loadtest`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

_EXTRA = {"hdrh", "jinja2", "websockets", "picows", "psutil"}


def main(arguments: Sequence[str], name: str) -> NoReturn:
    """Run it; where its packages are missing, say how to get them."""
    try:
        from loadtest.cli import main as run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        print(f"{name}: {error.name} is missing; `pip install 'livefolder[loadtest]'` brings it.", file=sys.stderr)
        sys.exit(2)
    run(arguments, name)


if __name__ == "__main__":
    main(sys.argv[1:], "python -m loadtest")
