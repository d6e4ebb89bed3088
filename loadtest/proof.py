"""Owns the verdict on the documents: all clients and the server hold what was written, each edit exactly once.

Pure but for `document.replay`. What should be there follows from what was found at the beginning and from every update
that a client wrote; a document that a real core makes of these is the measure for all others.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from loadtest.document import Content, DocumentError, replay
from loadtest.orders import Evidence, Holding
from loadtest.results import Proof

_MOST_PROBLEMS = 20


@dataclass(slots=True)
class _Findings:
    agreeing: int = 0
    clients: int = 0
    server_agrees: bool = True
    lost: int = 0
    doubled: int = 0
    problems: list[str] = field(default_factory=list)

    def object(self, problem: str) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(problem)


def prove(rooms: Sequence[str], evidence: Sequence[Evidence]) -> Proof:
    """Put the evidence of all processes together."""
    findings = _Findings()
    for room in rooms:
        _prove_room(room, evidence, findings)
    return Proof(
        rooms=len(rooms),
        clients=findings.clients,
        agreeing=findings.agreeing,
        server_agrees=findings.server_agrees,
        lost_edits=findings.lost,
        doubled_edits=findings.doubled,
        problems=tuple(findings.problems),
    )


def no_proof(rooms: int, clients: int, problem: str) -> Proof:
    """The run did not come so far."""
    return Proof(rooms, clients, agreeing=0, server_agrees=False, lost_edits=0, doubled_edits=0, problems=(problem,))


def _prove_room(room: str, evidence: Sequence[Evidence], findings: _Findings) -> None:
    holdings = [holding for item in evidence for holding in item.holdings if holding.room == room]
    findings.clients += sum(holding.clients for holding in holdings)
    written = [update for item in evidence for update in (item.base.get(room, b""), *item.sent.get(room, ())) if update]
    try:
        truth = replay(written)
    except DocumentError as error:
        findings.server_agrees = False
        findings.object(f"{room}: what was found there at the beginning is no document: {error}")
        return
    for holding in holdings:
        _compare_client(truth, holding, findings)
    joined = [item.joiners[room] for item in evidence if room in item.joiners]
    edits = {author: ends for item in evidence for author, ends in item.edits.get(room, {}).items()}
    _compare_server(room, truth, joined[0] if joined else "nobody asked", edits, findings)


def _compare_client(truth: Content, holding: Holding, findings: _Findings) -> None:
    if not holding.problem and holding.digest == truth.digest:
        findings.agreeing += holding.clients
        return
    who = holding.example + (f" and {holding.clients - 1} more" if holding.clients > 1 else "")
    findings.object(f"{who}: {holding.problem or difference(truth.text, holding.text)}")


def _compare_server(
    room: str, truth: Content, joiner: bytes | str, edits: Mapping[int, Sequence[int]], findings: _Findings
) -> None:
    if isinstance(joiner, str):
        findings.server_agrees = False
        findings.object(f"{room}: a newcomer at the end could not join: {joiner}")
        return
    try:
        content = replay([joiner])
    except DocumentError as error:
        findings.server_agrees = False
        findings.object(f"{room}: what a newcomer gets is no document: {error}")
        return
    lost = lost_edits(content.clocks, edits)
    findings.lost += lost
    if content.digest == truth.digest and not lost:
        return
    findings.server_agrees = False
    doubled = added_words(truth.text, content.text)
    findings.doubled += doubled
    findings.object(
        f"{room}: the server's document: {lost} edits lost, {doubled} words too many; "
        f"{difference(truth.text, content.text)}"
    )


def lost_edits(clocks: Mapping[int, int], edits: Mapping[int, Sequence[int]]) -> int:
    """Inserts whose clocks a document has not reached. `edits`: client id -> clock behind each."""
    return sum(len(ends) - bisect.bisect_right(sorted(ends), clocks.get(author, 0)) for author, ends in edits.items())


def added_words(expected: str, found: str) -> int:
    """So many words are there more often than they were written."""
    return sum((Counter(found.split()) - Counter(expected.split())).values())


def difference(expected: str, found: str) -> str:
    """Where two texts part, for people."""
    if expected == found:
        return "the texts agree, the rest of the document does not"
    at = next(
        (n for n, (a, b) in enumerate(zip(expected, found, strict=False)) if a != b), min(len(expected), len(found))
    )
    return (
        f"{len(found)} characters where {len(expected)} are expected, different from character {at}: "
        f"{found[at : at + 20]!r} instead of {expected[at : at + 20]!r}"
    )
