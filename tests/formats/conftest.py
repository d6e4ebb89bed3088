"""What tests of formats share: the outside judge of saves, and Hypothesis without its clock, because what a loaded
machine takes for one example says nothing."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def judge(corpus: Path) -> Any:
    """The program beside the corpus that says what a save did to a file."""
    path = corpus.parent / "judge" / "judge.py"
    pytest.importorskip("lxml", reason="the judge needs lxml")
    if not path.is_file():
        pytest.skip(f"no judge at {path}")
    spec = importlib.util.spec_from_file_location("judge", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
