"""Serves a folder for one browser case, which kills the server and starts it again.

`python -m tests.browser.own_server FOLDER DATA SETTINGS`: commands are lines of its input (`start`, `kill`), each
answered with the server's address when it is done. The end of the input is the end of the server.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.serving import Server


def main(folder: str, data: str, settings: str) -> None:
    server = Server(Path(folder), Path(data), environ=json.loads(settings))
    commands = {"start": server.start, "kill": server.kill}
    try:
        for line in sys.stdin:
            commands[line.strip()]()
            print(server.url, flush=True)
    finally:
        if server.process is not None:
            server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
