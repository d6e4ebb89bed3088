"""Three people who edit at random: their documents agree, and the file holds what they see."""

from __future__ import annotations

import os
import random

import pytest

from collab.document import Document
from collab.formats.rich.format import BODY, live_blocks
from collab.formats.rich.model import Block
from collab.formats.rich.odf_names import COMMENT
from collab.formats.zipped.package import Package
from collab.xmltree import Element, Run, read_tree
from tests.formats.rich.files import docx, odt
from tests.formats.rich.live import LIMITS, edited, format_of, text_blocks
from tests.formats.rich.test_docx import BODIES as DOCX_BODIES
from tests.formats.rich.test_odt import BODIES as ODT_BODIES
from tests.formats.rich.test_odt_ranges import RANGES, alone, append

STARTS, ENDS = [
    "".join(marks[index].replace('"n"', f'"n{kind}"') for kind, marks in RANGES.items()) for index in (0, 1)
]
RANGED = (
    f"<text:p>one {STARTS}two</text:p><text:p> three</text:p>\n<text:p>four {ENDS}five</text:p><text:p>six</text:p>"
)
FILES = {"odt": odt(RANGED + "".join(ODT_BODIES) + RANGED.replace('"n', '"m')), "docx": docx("".join(DOCX_BODIES))}
WORDS = ("one ", " two", "  ", "ü", "\U0001f600", "<&>", "x", " ")
MARKS = ("strong", "em", "underline", "strike")
PEOPLE = 3


def edit(rng: random.Random, blocks: list[Element]) -> None:
    """One thing that a person does."""
    texts = text_blocks(blocks)
    match rng.randrange(7):
        case 0 if len(blocks) > 2:
            blocks.pop(rng.randrange(len(blocks)))
        case 1 if blocks:
            blocks.insert(rng.randrange(len(blocks)), blocks.pop(rng.randrange(len(blocks))))
        case 2:
            blocks.insert(rng.randrange(len(blocks) + 1), Element("paragraph", {}, [Run(rng.choice(WORDS))]))
        case 3 if texts:
            block = rng.choice(texts)
            block.children.insert(rng.randrange(len(block.children) + 1), Element(rng.choice(("tab", "hard_break"))))
        case 4:
            join(rng, blocks)
        case _ if texts:
            retype(rng, rng.choice(texts))


def join(rng: random.Random, blocks: list[Element]) -> None:
    """A paragraph flows into the one before, at times without what was selected at its beginning."""
    pairs = [i for i in range(1, len(blocks)) if {blocks[i - 1].tag, blocks[i].tag} <= {"paragraph", "heading"}]
    if pairs:
        at = rng.choice(pairs)
        other = blocks.pop(at)
        append(blocks[at - 1], Element(other.tag, {}, other.children[rng.randrange(2) :]))


def retype(rng: random.Random, block: Element) -> None:
    """Characters go and come, some of them marked."""
    runs = [index for index, child in enumerate(block.children) if isinstance(child, Run)]
    if not runs:
        block.children.append(Run(rng.choice(WORDS)))
        return
    index = rng.choice(runs)
    run = block.children[index]
    assert isinstance(run, Run)
    start = rng.randrange(len(run.text) + 1)
    end = rng.randrange(start, len(run.text) + 1)
    marks = {**run.marks, rng.choice(MARKS): {}} if rng.random() < 0.4 else run.marks
    parts = [Run(run.text[:start], run.marks), Run(rng.choice(WORDS), marks), Run(run.text[end:], run.marks)]
    block.children[index : index + 1] = [part for part in parts if part.text]


def run_people(name: str, seed: int, operations: int) -> None:
    rng, rich, base = random.Random(seed), format_of(name), FILES[name]
    first = rich.decode(base, LIMITS, 7).update
    people = [Document.from_updates([first], 100 + number) for number in range(PEOPLE)]
    stored = base
    for step in range(operations):
        person = rng.choice(people)
        edited(person, lambda blocks: edit(rng, blocks))
        if rng.random() < 0.3:
            meet(people)
        if step % 10 == 9:
            meet(people)
            stored = rich.encode(people[0], stored)
    meet(people)
    trees = [read_tree(person, BODY) for person in people]
    assert trees[0] == trees[1] == trees[2], f"seed {seed}"
    check_saved(name, people[0], stored, f"seed {seed}")


def meet(people: list[Document]) -> None:
    for one in people:
        for other in people:
            if one is not other:
                one.apply(other.diff(one.state_vector()))


def check_saved(name: str, document: Document, stored: bytes, label: str) -> None:
    rich = format_of(name)
    content = rich.encode(document, stored)
    found = live_blocks(Document.from_updates([rich.decode(content, LIMITS, 7).update]))
    assert [plain(block) for block in found] == [plain(block) for block in live_blocks(document)], label
    if name == "odt":
        # A comment may go on alone into a paragraph that is so new that nothing of the file's is like it.
        assert {kind for kind, _ in alone(content)} <= {COMMENT}, label
    before, after = Package.open(FILES[name], LIMITS), Package.open(content, LIMITS)
    untouched = [part for part in before.members if part not in ("content.xml", "word/document.xml")]
    assert all(after.raw(part) == before.raw(part) for part in untouched), label


def plain(block: Block) -> object:
    """What a person reads."""
    atoms = [piece.atom for piece in block.pieces]
    return (block.kind, block.text if block.is_text else "", atoms, [plain(child) for child in block.children])


@pytest.mark.parametrize("name", ["odt", "docx"])
@pytest.mark.parametrize("seed", range(12))
def test_three_people_at_random(name: str, seed: int) -> None:
    run_people(name, seed, 30)


@pytest.mark.soak
@pytest.mark.parametrize("name", ["odt", "docx"])
def test_three_people_at_random_many_times(name: str) -> None:
    first = int(os.environ.get("COLLAB_TEST_SEED", "1000"))
    for seed in range(first, first + 1000):
        run_people(name, seed, 50)
