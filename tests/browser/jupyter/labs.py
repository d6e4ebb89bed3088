"""Owns real Jupyter servers for tests: an environment of their own, a folder and an address each."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.serving import TOP

ENVIRONMENT = Path(os.environ.get("COLLAB_TEST_JUPYTER", TOP / ".jupyter"))
TOKEN = "of-the-tests"
EXTENSION = "collab.jupyter_extension.app"
STOCK = "jupyter_server_ydoc"


def need_jupyter() -> None:
    """Skip, loudly, where JupyterLab is not there; fail where everything is required."""
    if (ENVIRONMENT / "bin" / "jupyter-lab").is_file():
        return
    text = f"no JupyterLab in {ENVIRONMENT}: run `make jupyter`"
    if os.environ.get("COLLAB_TEST_REQUIRED") == "1":
        pytest.fail(text)
    pytest.skip(text)


@dataclass
class Lab:
    """One Jupyter server, with our extension or the stock one."""

    root: Path
    home: Path
    server_url: str | None
    mounts: str = "{}"
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def page(self) -> str:
        return f"{self.url}/lab?token={TOKEN}"

    def command(self) -> list[str]:
        """How it is started."""
        ours = self.server_url is not None
        return [
            str(ENVIRONMENT / "bin" / "jupyter-lab"),
            "--no-browser",
            "--allow-root",
            "--ip=127.0.0.1",
            f"--port={self.port}",
            "--ServerApp.port_retries=0",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.news_url=",
            f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.root_dir={self.root}",
            f"--ServerApp.jpserver_extensions={EXTENSION}={ours}",
            f"--ServerApp.jpserver_extensions={STOCK}={not ours}",
            *([f"--LivefolderExtension.mounts={self.mounts}"] if self.mounts != "{}" else []),
        ]

    def environ(self) -> dict[str, str]:
        """Folders of its own, and the sources of this project in front."""
        own = {f"JUPYTER_{name}_DIR": str(self.home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("COLLAB_", "JUPYTER"))}
        ours = {} if self.server_url is None else {"LIVEFOLDER_URL": self.server_url}
        return {**kept, **own, **ours, "PYTHONPATH": str(TOP), "IPYTHONDIR": str(self.home / "ipython")}

    def __enter__(self) -> Lab:
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "lab.log").open("ab") as log:
            self.process = subprocess.Popen(self.command(), env=self.environ(), stdout=log, stderr=log)
        end = time.monotonic() + 3 * PATIENCE_S
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError, urllib.error.URLError):
                if urllib.request.urlopen(f"{self.url}/api", timeout=10).status == 200:  # noqa: S310 - our own address
                    return self
            time.sleep(0.1)
        self.__exit__()
        raise AssertionError((self.home / "lab.log").read_text(encoding="utf-8")[-3_000:])

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
