"""Feeds hostile updates through session, checker and document; run as a child process, since a crash is a result.

    python -m tests.security.hostile_updates --seed 1 --inputs 50000 --recipe mutated

Recipes: `mutated` changes bytes of real updates (reliability R8). `senseless` writes well-formed updates that no editor
would make; no checker of one update can refuse those. The native core frees memory twice when it collects nested types
of such documents, which is why `Document` keeps what is deleted.

Prints one line of JSON: inputs, applied, refused by error code, poisoned documents, clock mismatches, worst times, RSS.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pycrdt

from collab.document import Document
from collab.errors import DocumentPoisoned, ProtocolError
from collab.limits import Limits
from collab.protocol.events import Rejected, UpdateReceived
from collab.protocol.messages import encode_update
from collab.protocol.roles import Identity, Role
from collab.protocol.session import Session
from collab.protocol.update import check_update
from tests.protocol.updates import gc as collected
from tests.protocol.updates import item, numbers, skip, update

LIMITS = Limits()
WRITER = Identity("hostile", "Hostile", "#000000")
HUGE = (b"\xff\xff\xff\xff\x0f", b"\xff\xff\xff\xff\xff\xff\xff\x0f", b"\xff\xff\xff\xff\x07", b"\x80\x80\x80\x80\x10")


@dataclass
class Tally:
    """What happened to the inputs."""

    seed: int
    inputs: int = 0
    applied: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    held_back: int = 0
    poisoned: int = 0
    mismatches: int = 0
    worst_check_s: float = 0.0
    worst_apply_s: float = 0.0
    rss_growth_kib: int = 0
    findings: list[str] = field(default_factory=list)


def real_updates(rng: random.Random) -> list[bytes]:
    """The history of a small document with text, map, array, XML and formatting, update by update."""
    doc: pycrdt.Doc[object] = pycrdt.Doc(client_id=rng.randrange(1, 300))
    made: list[bytes] = []
    subscription = doc.observe(lambda event: made.append(event.update))
    text = doc.get("text", type=pycrdt.Text)
    array = doc.get("array", type=pycrdt.Array)
    mapping = doc.get("map", type=pycrdt.Map)
    xml = doc.get("xml", type=pycrdt.XmlFragment)
    edits: list[Callable[[], object]] = [
        lambda: text.insert(rng.randint(0, len(text)), rng.choice(["a", "hello ", "lines\n"])),
        lambda: text.format(0, max(1, len(text) // 2), {"bold": rng.choice([True, None])}) if len(text) else None,
        lambda: text.insert_embed(0, {"image": "x"}),
        lambda: array.append(rng.choice([1, 2.5, "s", None, True, {"k": [1, {"l": None}]}, b"bytes"])),
        lambda: array.append(pycrdt.Map({"a": 1, "b": pycrdt.Text("inner")})),
        lambda: mapping.update({rng.choice("xyz"): rng.choice([1, "v", [1, 2], {"d": {}}])}),
        lambda: mapping.update({rng.choice("xyz"): pycrdt.Array([1, 2])}),
        lambda: xml.children.append(pycrdt.XmlElement("p", {"class": "c"}, [pycrdt.XmlText("t")])),
        lambda: text.__delitem__(slice(0, min(3, len(text)))) if len(text) else None,
        lambda: array.__delitem__(0) if len(array) else None,
        lambda: mapping.pop(rng.choice("xyz"), None),
    ]
    for _ in range(rng.randint(8, 20)):
        rng.choice(edits)()
    doc.unobserve(subscription)
    whole = doc.get_update()
    return [sent for sent in made if sent != b"\x00\x00"] + [whole]


def mutate(sent: bytes, rng: random.Random) -> bytes:
    """Flip, insert, delete, swap bytes, or insert a huge varuint; up to three times."""
    mutated = bytearray(sent)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(mutated)) if mutated else 0
        kind = rng.randrange(5)
        if kind == 1 or not mutated:
            mutated.insert(at, rng.randrange(256))
        elif kind == 0:
            mutated[at] = rng.choice([mutated[at] ^ (1 << rng.randrange(8)), rng.randrange(256), rng.randrange(12)])
        elif kind == 2:
            del mutated[at : at + rng.randint(1, 4)]
        elif kind == 3:
            other = rng.randrange(len(mutated))
            mutated[at], mutated[other] = mutated[other], mutated[at]
        else:
            mutated[at:at] = rng.choice(HUGE)
    return bytes(mutated)


def senseless(clocks: dict[int, int], rng: random.Random) -> bytes:
    """A well-formed update that no editor would make: any content anywhere, any known id as origin or parent."""

    def known_id() -> tuple[int, int]:
        client = rng.choice([known for known in clocks if clocks[known]] or [1])
        return client, rng.randrange(max(clocks.get(client, 0), 1))

    client = rng.choice([*list(clocks)[:6], rng.randrange(1, 300)])
    clock = start = clocks.get(client, 0)
    structs = []
    for _ in range(rng.randint(1, 4)):
        kind, content, length = _senseless_content(rng)
        flags = rng.choice([0, 0x20, 0x40, 0x80, 0xC0, 0xA0])
        if kind in (0, 10):
            structs.append(collected(length) if kind == 0 else skip(length))
        else:
            references = b"".join(numbers(*known_id()) for bit in (0x80, 0x40) if flags & bit)
            if not references:
                root = b"\x01" + rng.choice([b"\x04text", b"\x05array", b"\x03map", b"\x03xml", b"\x03new"])
                references = rng.choice([root, b"\x00" + numbers(*known_id())])
                references += b"\x01k" if flags & 0x20 else b""
            structs.append(item(kind, content, parent=references, flags=flags))
        clock += length
    deletions = {}
    for _ in range(rng.randrange(3)):
        of_client, of_clock = known_id()
        deletions[of_client] = [(of_clock, rng.randint(1, 5))]
    return update((client, start, structs), deletions=deletions)


def _senseless_content(rng: random.Random) -> tuple[int, bytes, int]:
    return rng.choice(
        [
            (0, b"", 2),
            (1, b"\x02", 2),
            (3, b"\x02ab", 1),
            (4, b"\x05hello", 5),
            (4, b"\x06a\xf0\x9f\x98\x80b", 4),
            (4, b"\x01x", 1),
            (5, b"\x02{}", 1),
            (6, b"\x04bold\x04true", 1),
            (6, b"\x04bold\x04null", 1),
            (7, b"\x00", 1),
            (7, b"\x01", 1),
            (7, b"\x02", 1),
            (7, b"\x03\x01p", 1),
            (7, b"\x04", 1),
            (7, b"\x06", 1),
            (8, b"\x03\x7e\x7f\x78", 3),
            (8, b"\x01\x76\x01\x01k\x7d\x01", 1),
            (9, b"\x04guid\x76\x00", 1),
            (9, b"\x04guid\x76\x02\x02gc\x79\x08autoLoad\x78", 1),
            (10, b"", 1),
        ]
    )


class Victim:
    """A room in miniature: one document, what is known of it, and the session of a writer."""

    def __init__(self, base: list[bytes], tally: Tally) -> None:
        self._tally = tally
        self._session = Session(Role.EDITOR, WRITER, LIMITS, extensions=True)
        self._document = Document(client_id=2**31)
        self.clocks: dict[int, int] = {}
        for sent in base:
            self.receive(sent, hostile=False)

    def receive(self, sent: bytes, hostile: bool = True) -> bool:
        """Take one update as a room does; False when the document cannot be used any more."""
        events = self._session.receive(encode_update(sent), now=0.0)
        self._tally.inputs += hostile
        for event in events:
            if isinstance(event, UpdateReceived):
                return self._check(event.update, hostile)
            if isinstance(event, Rejected):
                self._tally.refused[event.error.code] += 1
        return True

    def _check(self, sent: bytes, hostile: bool) -> bool:
        started = time.perf_counter()
        try:
            checked = check_update(sent, self.clocks, LIMITS)
        except ProtocolError as error:
            self._tally.refused[error.code] += 1
            return True
        finally:
            self._tally.worst_check_s = max(self._tally.worst_check_s, time.perf_counter() - started)
        self._tally.held_back += not checked.complete
        if checked.update is None:
            return True
        self.clocks.update(checked.clocks)
        return self._apply(checked.update, hostile)

    def _apply(self, sent: bytes, hostile: bool) -> bool:
        started = time.perf_counter()
        try:
            self._document.apply(sent)
            same = self._document.clocks() == self.clocks
        except DocumentPoisoned as error:
            self._tally.poisoned += 1
            self._found(f"{error} {sent.hex()}")
            return False
        self._tally.worst_apply_s = max(self._tally.worst_apply_s, time.perf_counter() - started)
        self._tally.applied += hostile
        if not same:
            self._tally.mismatches += 1
            self._found(f"clocks differ after {sent.hex()}")
        return same

    def read(self) -> None:
        """What a room does next: encode the state for a newcomer, which loads it, and read the content."""
        try:
            whole = self._document.diff()
            self._document.text("text")
            type(self._document).from_updates([whole]).text("text")
        except DocumentPoisoned as error:
            self._tally.poisoned += 1
            self._found(f"reading: {error}")

    def _found(self, finding: str) -> None:
        if len(self._tally.findings) < 20:
            self._tally.findings.append(finding)


def run(seed: int, inputs: int, recipe: str) -> Tally:
    rng = random.Random(seed)
    tally = Tally(seed)
    bases = [real_updates(rng) for _ in range(5)]
    rss: int | None = None
    while tally.inputs < inputs:
        base = rng.choice(bases)
        taken = rng.randint(1, len(base) - 1)
        victim = Victim(base[:taken], tally)
        for _ in range(rng.randint(8, 40)):
            if recipe == "senseless":
                sent = senseless(victim.clocks, rng)
            else:
                following = base[taken : taken + 3] or base
                sent = mutate(rng.choice(following if rng.random() < 0.7 else rng.choice(bases)), rng)
            if tally.inputs == inputs or not victim.receive(sent):
                break
        else:
            victim.read()
        if rss is None and tally.inputs >= inputs // 5:
            rss = resident_kib()
    tally.rss_growth_kib = resident_kib() - (rss or 0)
    return tally


def resident_kib() -> int:
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--inputs", type=int, required=True)
    parser.add_argument("--recipe", choices=["mutated", "senseless"], required=True)
    arguments = parser.parse_args()
    tally = run(arguments.seed, arguments.inputs, arguments.recipe)
    print(json.dumps({**vars(tally), "refused": dict(tally.refused)}))


if __name__ == "__main__":
    main()
