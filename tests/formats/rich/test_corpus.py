"""The gates on files of others: nothing is lost by a save, and an edit changes what it means and nothing else.

The judge is an outside one (`judge.py`, beside the corpus). By default the small files; all of them with `-m soak`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collab.errors import FormatError, LimitExceeded
from collab.formats.rich.format import BODY
from collab.xmltree import Element, Run, read_tree
from tests.formats.rich.live import LIMITS, edited, format_of, make_bold, opened, text_blocks, type_letter

KINDS = {"odt": "odt", "ott": "odt", "fodt": "odt", "docx": "docx", "docm": "docx"}
SMALL = 16_000
# The judge leaves the files that it read to the collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def files(corpus: Path, largest: int) -> list[tuple[Path, str]]:
    """Files that open for editing, with the name of their format."""
    found = []
    for kind, name in KINDS.items():
        for path in sorted((corpus / kind).iterdir()):
            content = path.read_bytes()
            if len(content) > largest:
                continue
            try:
                decoded = format_of(name).decode(content, LIMITS, 7)
            except (FormatError, LimitExceeded):
                continue
            if not decoded.facts.get("read_only"):
                found.append((path, name))
    return found


Edit = Callable[[list[Element]], object]


def letter_at(which: Callable[[list[Element]], int], within: str | None = None) -> Edit:
    def edit(blocks: list[Element]) -> bool:
        texts = text_blocks(blocks, within)
        if texts:
            type_letter(texts[which(texts)])
        return bool(texts)

    return edit


def word_bold(blocks: list[Element]) -> bool:
    texts = text_blocks(blocks)
    return any(make_bold(block) for block in texts[len(texts) // 2 :])


def block_moved(blocks: list[Element]) -> bool:
    blocks.append(blocks.pop(len(blocks) // 2))
    return len(blocks) > 2


def item_added(blocks: list[Element]) -> bool:
    for block in blocks:
        if block.tag == "list" and block.children:
            item = Element("list_item", {}, [Element("paragraph", {}, [Run("new item")])])
            block.children.insert(1, item)
            return True
    return False


LETTERS = {
    "first": letter_at(lambda texts: 0),
    "middle": letter_at(lambda texts: len(texts) // 2),
    "last": letter_at(lambda texts: len(texts) - 1),
    "in a table": letter_at(lambda texts: len(texts) // 2, "table"),
}
OTHERS: dict[str, Edit] = {
    "bold": word_bold,
    "moved": block_moved,
    "item": item_added,
    "deleted": lambda blocks: blocks.pop(len(blocks) // 2),
}


def judged(judge: Any, path: Path, content: bytes) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile(suffix=path.suffix) as after:
        after.write(content)
        after.flush()
        report: dict[str, Any] = judge.judge(str(path), after.name)
        return report


def changed_parts(report: dict[str, Any]) -> int:
    package = report.get("package")
    return 1 if package is None else len(package["changed"]) + len(package["rewritten"]) + len(package["lost"])


def check_file(judge: Any, path: Path, name: str) -> list[str]:
    """What is wrong with our saves of one file."""
    rich, content, wrong = format_of(name), path.read_bytes(), []
    document = opened(content, name)
    if rich.encode(document, content) != content:
        wrong.append("no edit: other bytes")
    before = read_tree(document, BODY)
    for label, edit in {**LETTERS, **OTHERS}.items():
        done: list[object] = []
        edited(document, lambda blocks, edit=edit, done=done: done.append(edit(blocks) if blocks else False))  # type: ignore[misc]
        if done[0] is not False:
            report = judged(judge, path, rich.encode(document, content))
            if "error" in report or (not report["identical"] and changed_parts(report) != 1):
                wrong.append(f"{label}: {report.get('error', 'other parts changed')}")
            elif label in LETTERS and (report.get("nodes_lost", 0) > 1 or report.get("elements_gone", 0)):
                wrong.append(f"{label}: {report['nodes_lost']} nodes lost, {report['elements_gone']} gone")
            elif label in ("bold", "item", "moved") and report.get("elements_gone", 0):
                wrong.append(f"{label}: {report['elements_gone']} elements gone")
        edited(document, lambda blocks: blocks.__setitem__(slice(None), before))
        if rich.encode(document, content) != content:
            wrong.append(f"{label} undone: other bytes")
    return wrong


def test_small_files_of_others_pass_the_gates(corpus: Path, judge: Any) -> None:
    chosen = files(corpus, SMALL)

    wrong = {path.name: found for path, name in chosen if (found := check_file(judge, path, name))}

    assert len(chosen) > 20
    assert wrong == {}


@pytest.mark.soak
def test_all_files_of_others_pass_the_gates(corpus: Path, judge: Any) -> None:
    chosen = files(corpus, LIMITS.file_size_bytes)

    wrong = {path.name: found for path, name in chosen if (found := check_file(judge, path, name))}

    assert len(chosen) > 80
    assert wrong == {}
