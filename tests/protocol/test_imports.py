"""Ring 0 stands alone: it imports with everything else blocked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE_S

BLOCKED = ("pycrdt", "starlette", "redis", "asyncio", "uvicorn", "logging", "time", "random", "socket")
PROGRAM = """
import importlib, pkgutil, sys
for name in {blocked!r}:
    sys.modules[name] = None  # an import of it raises ImportError from now on
import collab.protocol
for module in pkgutil.iter_modules(collab.protocol.__path__):
    importlib.import_module("collab.protocol." + module.name)
    print(module.name)
"""


def test_the_protocol_imports_without_clock_network_randomness_and_third_parties() -> None:
    program = PROGRAM.format(blocked=BLOCKED)

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE_S)

    assert result.returncode == 0, result.stderr
    expected = {path.stem for path in Path("collab/protocol").glob("*.py")} - {"__init__"}
    assert set(result.stdout.split()) == expected
