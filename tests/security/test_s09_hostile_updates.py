"""S9: hostile updates crash nothing, grow nothing, and each gets a documented answer (R8)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from collab.errors import LimitExceeded, MalformedMessage
from collab.limits import Limits
from collab.protocol.update import check_update
from tests.patience import PATIENCE_S

LIMITS = Limits()
CORPUS = Path(__file__).parents[1] / "corpus" / "updates"
DOCUMENTED = {"malformed_message", "limit_exceeded", "permission_denied"}
CHECKED_REPLAY = """
import sys
from collab.document import Document
from collab.errors import ProtocolError
from collab.limits import Limits
from collab.protocol.update import check_update
document = Document(client_id=1)
clocks = {}
for line in sys.stdin.read().split():
    try:
        checked = check_update(bytes.fromhex(line), clocks, Limits())
    except ProtocolError as error:
        print(error.code)
        continue
    if checked.update is not None:
        document.apply(checked.update)
    clocks.update(checked.clocks)
    print("complete" if checked.complete else "held back")
assert document.clocks() == clocks
"""
REPLAY = """
import sys, pycrdt
document = pycrdt.Doc(client_id=1, skip_gc=True)
for line in sys.stdin.read().split():
    try:
        document.apply_update(bytes.fromhex(line))
    except (RuntimeError, ValueError) as error:
        print(type(error).__name__)
document.get_update()
print("alive")
"""


def corpus_updates(name: str) -> list[bytes]:
    lines = (CORPUS / name).read_text().splitlines()
    return [bytes.fromhex(line) for line in lines if not line.startswith("#")]


def attack(recipe: str, seed: int, inputs: int) -> dict[str, object]:
    """Run a recipe in a child process, since a crash is what is looked for."""
    command = [sys.executable, "-m", "tests.security.hostile_updates"]
    command += ["--seed", str(seed), "--inputs", str(inputs), "--recipe", recipe]
    result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S + inputs / 50)
    assert result.returncode == 0, f"seed {seed}: exit {result.returncode}\n{result.stderr[-2000:]}"
    tally: dict[str, object] = json.loads(result.stdout)
    return tally


def assert_harmless(tally: dict[str, object], inputs: int) -> None:
    refused = tally["refused"]
    assert isinstance(refused, dict)
    assert tally["inputs"] == inputs
    assert set(refused) <= DOCUMENTED, tally["seed"]
    assert not [finding for finding in findings(tally) if not finding.startswith("RuntimeError: Cannot apply")], tally[
        "seed"
    ]
    growth = tally["rss_growth_kib"]
    assert isinstance(growth, int)
    assert growth < 10 * 1024, tally["seed"]


def findings(tally: dict[str, object]) -> list[str]:
    found = tally["findings"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_mutated_updates_crash_nothing(seed: int) -> None:
    tally = attack("mutated", seed, inputs=10_000)

    assert_harmless(tally, 10_000)
    applied = tally["applied"]
    assert isinstance(applied, int)
    assert applied > 100, "the recipe must get something past the checker"


def test_senseless_but_well_formed_updates_crash_nothing_that_keeps_deleted_content() -> None:
    assert_harmless(attack("senseless", seed=12, inputs=5_000), 5_000)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120))
def test_a_million_mutated_updates_crash_nothing(seed: int) -> None:
    assert_harmless(attack("mutated", seed, inputs=50_000), 50_000)


def test_a_value_nested_beyond_the_native_stack_is_refused() -> None:
    (bomb,) = corpus_updates("nested_arrays.hex")

    with pytest.raises(LimitExceeded) as caught:
        check_update(bomb, {}, LIMITS)

    assert caught.value.limit == "update_depth"


def test_updates_that_a_collecting_core_dies_of_do_not_kill_one_that_keeps() -> None:
    updates = corpus_updates("collected_twice.hex")
    sent = "\n".join(update.hex() for update in updates)

    result = subprocess.run(
        [sys.executable, "-c", REPLAY], input=sent, capture_output=True, text=True, timeout=PATIENCE_S
    )

    assert result.stdout.endswith("alive\n"), result.stderr[-2000:]


def test_mutated_updates_that_crash_an_unchecked_core_are_harmless_behind_the_checker() -> None:
    sent = "\n".join(update.hex() for update in corpus_updates("mutated_crash.hex"))

    result = subprocess.run(
        [sys.executable, "-c", CHECKED_REPLAY], input=sent, capture_output=True, text=True, timeout=PATIENCE_S
    )

    assert result.returncode == 0, result.stderr[-2000:]
    assert result.stdout.splitlines() == ["held back"] * 3 + ["malformed_message", "complete"]


def test_a_false_count_of_a_yjs_issue_is_refused() -> None:
    with pytest.raises(MalformedMessage):
        check_update(bytes.fromhex("ffffffff0f01000400"), {}, LIMITS)
