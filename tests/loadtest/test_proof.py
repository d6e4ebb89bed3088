"""The proof notices a lost edit, a doubled one, and a client that holds something else."""

from __future__ import annotations

from collections.abc import Sequence

from pycrdt import Doc, Text

from loadtest.author import Author
from loadtest.document import merge, replay
from loadtest.orders import Evidence, Holding
from loadtest.proof import added_words, difference, lost_edits, prove
from loadtest.results import Proof
from loadtest.typist import Keystroke

ROOM = "room"


def words(client: int, count: int) -> list[bytes]:
    author = Author(client)
    return [author.write_text(f"{client}.{number} ").update for number in range(count)]


def evidence(
    sent: Sequence[bytes], held: Sequence[Sequence[bytes]], server: bytes | str, ends: Sequence[int]
) -> Evidence:
    return Evidence(
        process=0,
        sent={ROOM: sent},
        base={},
        edits={ROOM: {7: ends}},
        holdings=[
            Holding(ROOM, replay(updates).digest, 1, f"client {number}", text=replay(updates).text)
            for number, updates in enumerate(held)
        ],
        joiners={ROOM: server},
    )


def proof_of(sent: Sequence[bytes], held: Sequence[Sequence[bytes]], server: bytes | str) -> Proof:
    ends = [4 * number for number in range(1, len(sent) + 1)]
    return prove([ROOM], [evidence(sent, held, server, ends)])


def test_it_holds_where_all_have_everything() -> None:
    sent = words(7, 5)

    proof = proof_of(sent, [sent, sent[::-1]], merge(sent))

    assert proof.holds
    assert (proof.agreeing, proof.clients, proof.rooms) == (2, 2, 1)


def test_an_edit_that_the_server_lost_is_counted() -> None:
    sent = words(7, 5)

    proof = proof_of(sent, [sent], merge(sent[:-1]))

    assert not proof.holds
    assert (proof.lost_edits, proof.doubled_edits) == (1, 0)


def test_an_edit_that_waits_for_a_lost_one_is_lost_too() -> None:
    sent = words(7, 5)

    assert proof_of(sent, [sent], merge([*sent[:2], *sent[3:]])).lost_edits == 3


def test_a_doubled_edit_is_counted() -> None:
    sent = words(7, 5)
    document = Doc()
    document.apply_update(merge(sent))
    document.get("source", type=Text).insert(0, "7.3 ")

    proof = proof_of(sent, [sent], document.get_update())

    assert not proof.holds
    assert (proof.lost_edits, proof.doubled_edits) == (0, 1)


def test_a_deletion_that_the_server_lost_is_noticed() -> None:
    author = Author(7)
    typed = author.write_text("one two ").update
    deleted = author.write(Keystroke(0, delete=4)).update

    proof = prove([ROOM], [evidence([typed, deleted], [[typed, deleted]], typed, [8])])

    assert not proof.server_agrees
    assert not proof.holds


def test_a_client_that_holds_something_else_is_named() -> None:
    sent = words(7, 5)

    proof = proof_of(sent, [sent, sent[:3]], merge(sent))

    assert not proof.holds
    assert (proof.agreeing, proof.clients) == (1, 2)
    assert proof.server_agrees
    assert "client 1" in proof.problems[0]


def test_a_server_that_nobody_can_join_any_more_does_not_agree() -> None:
    sent = words(7, 2)

    proof = proof_of(sent, [sent], "HTTP 503")

    assert not proof.server_agrees
    assert "HTTP 503" in proof.problems[-1]


def test_bytes_of_a_server_that_are_no_document_do_not_end_the_proof() -> None:
    sent = words(7, 2)

    assert not proof_of(sent, [sent], b"\x01\x01\x05").holds


def test_evidence_of_several_processes_is_put_together() -> None:
    mine, yours = words(7, 3), words(8, 3)
    everything = [*mine, *yours]
    parts = [
        Evidence(0, {ROOM: mine}, {}, {ROOM: {7: [4, 8, 12]}}, [_holding(everything)], {ROOM: merge(everything)}),
        Evidence(1, {ROOM: yours}, {}, {ROOM: {8: [4, 8, 12]}}, [_holding(everything)], {}),
    ]

    assert prove([ROOM], parts).holds


def _holding(updates: Sequence[bytes]) -> Holding:
    return Holding(ROOM, replay(updates).digest, 1, "client")


def test_counting() -> None:
    assert lost_edits({1: 6}, {1: [2, 4, 6, 8], 2: [3]}) == 2
    assert added_words("a b b", "a a b c b") == 2
    assert "character 2" in difference("abcd", "abxd")
    assert difference("same", "same").startswith("the texts agree")
