"""S19: files of strangers are read in a limited child; whatever they hold, the server goes on."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import psutil
import pytest

from collab.document import Document
from collab.errors import FormatError, LimitExceeded
from collab.formats.text import TextFormat
from collab.limits import KIB, MIB, Limits
from collab.sandbox.pool import Sandbox

KINDS = ("md", "csv", "ipynb", "fodt", "fods")
HOSTILE = (
    b"\x00",
    b"\xff\xfe",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"\r",
    b"\r\n",
    b"\xe2\x80\xa8",
    b"\x85",
    b"\xed\xa0\x80",
    b"\xff",
)
LIMITS = Limits(format_queue_jobs=8)


def originals(corpus: Path) -> list[bytes]:
    paths = [path for kind in KINDS for path in sorted((corpus / kind).iterdir())]
    return [content for path in paths if len(content := path.read_bytes()) <= 64 * KIB]


def mutated(rng: random.Random, content: bytes) -> bytes:
    """A copy with bytes flipped, cut, repeated or hostile ones put in."""
    damaged = bytearray(content)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(damaged) + 1)
        match rng.randrange(4):
            case 0:
                damaged[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del damaged[at : at + rng.randrange(1, 200)]
            case 2:
                damaged[at:at] = rng.choice(HOSTILE) * rng.randrange(1, 40)
            case _:
                damaged[at:at] = rng.randbytes(rng.randrange(1, 20))
    return bytes(damaged)


async def read_mutated(files: list[bytes], count: int, seed: int) -> Counter[str]:
    """Decode so many damaged files; each must give a document that encodes to the same bytes, or be refused."""
    rng = random.Random(seed)
    outcomes: Counter[str] = Counter()
    async with Sandbox(LIMITS) as sandbox:
        for number in range(count):
            content = mutated(rng, rng.choice(files))
            try:
                decoded = await sandbox.decode("text", content, 7)
            except (FormatError, LimitExceeded) as error:
                outcomes[error.code] += 1
            else:
                again = TextFormat().encode(Document.from_updates([decoded.update]), content)
                assert again == content, f"seed {seed}, file {number}"
                outcomes["opened"] += 1
    return outcomes


async def check_server_stays_as_it_was(corpus: Path, count: int, seed: int) -> Counter[str]:
    server = psutil.Process(os.getpid())
    files = originals(corpus)
    await read_mutated(files, 100, seed=1)
    before = server.memory_info().rss

    outcomes = await read_mutated(files, count, seed)

    assert server.memory_info().rss - before < 10 * MIB
    return outcomes


async def test_damaged_files_are_opened_without_loss_or_refused_and_the_server_goes_on(corpus: Path) -> None:
    outcomes = await check_server_stays_as_it_was(corpus, 500, seed=2)

    assert outcomes["opened"]
    assert outcomes["format_error"]


@pytest.mark.soak
async def test_ten_thousand_damaged_files_leave_the_server_as_it_was(corpus: Path) -> None:
    outcomes = await check_server_stays_as_it_was(corpus, 10_000, seed=4)

    assert sum(outcomes.values()) == 10_000
