"""The trap: a browser's binding deletes from the shared document what its schema does not know."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from collab.errors import FormatError, LimitExceeded
from tests.formats.rich.files import docx, odt
from tests.formats.rich.live import LIMITS, format_of
from tests.formats.rich.test_corpus import KINDS
from tests.formats.rich.test_docx import BODIES as DOCX_BODIES
from tests.formats.rich.test_odt import BODIES as ODT_BODIES

TOP = Path(__file__).parents[3]
MODULES = TOP / "static" / "node_modules"
SMALL = 40_000
pytestmark = pytest.mark.interop


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (MODULES / "y-prosemirror").is_dir():
        pytest.skip("no y-prosemirror: run `python static/build.py` once")
    bundle = tmp_path_factory.mktemp("trap") / "trap.mjs"
    esbuild = MODULES / ".bin" / "esbuild"
    options = ["--bundle", "--platform=node", "--format=esm", "--log-level=error", f"--outfile={bundle}"]
    source = Path(__file__).with_name("trap.ts")
    subprocess.run([esbuild, source, *options], check=True, env={**os.environ, "NODE_PATH": str(MODULES)}, timeout=120)
    return bundle


def opened_by(client: Path, folder: Path, documents: dict[str, tuple[bytes, str]]) -> dict[str, dict[str, int]]:
    for label, (content, name) in documents.items():
        try:
            update = format_of(name).decode(content, LIMITS, 7).update
        except (FormatError, LimitExceeded):
            continue
        (folder / label).write_bytes(update)
    run = subprocess.run(["node", client, folder], capture_output=True, text=True, check=True, timeout=500)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    return {line.pop("name"): line for line in lines}


def touched(reports: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    return {
        name: report
        for name, report in reports.items()
        if report["opened"] or report["written"] or report["blocks"] != report["wanted"]
    }


def of_corpus(corpus: Path, largest: int) -> dict[str, tuple[bytes, str]]:
    paths = [(path, name) for kind, name in KINDS.items() for path in sorted((corpus / kind).iterdir())]
    return {path.name: (path.read_bytes(), name) for path, name in paths if path.stat().st_size <= largest}


def test_a_client_that_opens_our_own_documents_writes_nothing(client: Path, tmp_path: Path) -> None:
    ours = {f"{n}.odt": (odt(body), "odt") for n, body in enumerate(ODT_BODIES)}
    ours |= {f"{n}.docx": (docx(body), "docx") for n, body in enumerate(DOCX_BODIES)}

    reports = opened_by(client, tmp_path, ours)

    assert len(reports) == len(ours)
    assert touched(reports) == {}


def test_a_client_that_opens_files_of_others_writes_nothing(client: Path, tmp_path: Path, corpus: Path) -> None:
    reports = opened_by(client, tmp_path, of_corpus(corpus, SMALL))

    assert len(reports) > 40
    assert touched(reports) == {}


@pytest.mark.soak
def test_a_client_that_opens_all_files_of_others_writes_nothing(client: Path, tmp_path: Path, corpus: Path) -> None:
    reports = opened_by(client, tmp_path, of_corpus(corpus, LIMITS.file_size_bytes))

    assert len(reports) > 80
    assert touched(reports) == {}
