"""Owns what stays of runs: the exit code, and the files (JSON, HTML), written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

from loadtest.report.page import render_comparison, render_run
from loadtest.results import Result, Verdict, decode_result, encode_result
from loadtest.settings import SettingsError

_RUNS = "runs"


class Exit(IntEnum):
    """What the command ends with."""

    VALID = 0
    INVALID = 1
    USAGE = 2
    GENERATOR_BOUND = 3


def exit_code(results: Sequence[Result]) -> Exit:
    """The worst of all runs; no run at all is no success."""
    verdicts = {result.verdict for result in results}
    if not verdicts or Verdict.INVALID in verdicts:
        return Exit.INVALID
    return Exit.GENERATOR_BOUND if Verdict.GENERATOR_BOUND in verdicts else Exit.VALID


def check_writable(path: Path) -> None:
    """Before a long run, not after it. Raises: SettingsError."""
    if path.is_dir():
        raise SettingsError(f"{path} is a folder; name a file.")
    if not path.parent.is_dir():
        raise SettingsError(f"There is no folder {path.parent} for {path.name}.")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise SettingsError(f"{path} cannot be written.")


def write_json(path: Path, results: Sequence[Result]) -> None:
    """One run as it is; several as a list. Raises: SettingsError."""
    encoded = [encode_result(result) for result in results]
    _write(path, encoded[0] if len(encoded) == 1 else f'{{"{_RUNS}": [\n{",".join(encoded)}\n]}}\n')


def write_html(path: Path, results: Sequence[Result], command: str, *, compared: bool) -> None:
    """The report. Raises: SettingsError."""
    _write(path, render_comparison(results, command) if compared else render_run(results[0]))


def read_json(path: Path) -> list[Result]:
    """The runs of a file. Raises: SettingsError (no file, no results)."""
    try:
        text = path.read_text(encoding="utf-8")
        fields = json.loads(text)
        runs = fields.get(_RUNS) if isinstance(fields, dict) else None
        return [decode_result(json.dumps(run)) for run in runs] if isinstance(runs, list) else [decode_result(text)]
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}).") from None
    except ValueError as error:
        raise SettingsError(f"{path} holds no result of a load test ({error}).") from None


def _write(path: Path, text: str) -> None:
    try:
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written ({error.strerror}).") from None
