"""The update checker: what it lets through, holds back and refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from collab.errors import LimitExceeded, MalformedMessage
from collab.limits import Limits
from collab.protocol.codec import MAX_CLOCK, encode_var_string, encode_var_uint
from collab.protocol.update import Checked, check_update
from tests.protocol.updates import ROOT, delete_set, gc, item, numbers, skip, text, update

LIMITS = Limits()
A, B, C = 1, 2, 3


def check(content: bytes, known: dict[int, int] | None = None, limits: Limits = LIMITS) -> Checked:
    return check_update(content, known or {}, limits)


# -- what is let through --


def test_an_empty_update_changes_nothing_and_is_complete() -> None:
    assert check(b"\x00\x00") == Checked(None, True, {}, 0)


def test_a_contiguous_update_is_handed_out_as_the_same_object() -> None:
    sent = update((A, 0, [text("hello"), text("x", left=(A, 4))]))

    checked = check(sent)

    assert checked.update is sent
    assert checked == Checked(sent, True, {A: 6}, 2)


@pytest.mark.parametrize("origins", [{"left": (A, 4)}, {"right": (A, 0)}, {"left": (A, 0), "right": (B, 1)}])
def test_typing_behind_what_is_known_is_handed_out_as_the_same_object(
    origins: dict[str, tuple[int, int]],
) -> None:
    sent = update((A, 5, [text("x", **origins)]))

    checked = check(sent, {A: 5, B: 2})

    assert checked.update is sent
    assert checked == Checked(sent, True, {A: 6}, 1)


def test_deletions_of_known_structs_alone_are_handed_out_as_the_same_object() -> None:
    sent = update(deletions={A: [(1, 2)]})

    assert check(sent, {A: 5}).update is sent


def test_string_length_counts_utf16_units() -> None:
    assert check(update((A, 0, [text("aé😀")]))).clocks == {A: 4}


def test_structs_that_depend_on_each_other_across_clients_are_kept_in_any_order() -> None:
    first = (A, 0, [text("a"), text("c", left=(B, 0)), text("e", left=(B, 1))])
    second = (B, 0, [text("b", left=(A, 0)), text("d", left=(A, 1))])

    for sent in (update(first, second), update(second, first)):
        assert check(sent) == Checked(sent, True, {A: 3, B: 2}, 5)


def test_deletions_of_structs_in_the_same_update_are_kept() -> None:
    sent = update((A, 0, [text("abc")]), deletions={A: [(0, 2)]})

    assert check(sent).update is sent


@pytest.mark.parametrize(
    ("kind", "content", "length"),
    [
        (1, b"\x03", 3),
        (3, b"\x02\xff\xfe", 1),
        (5, encode_var_string('{"src":"x"}'), 1),
        (6, encode_var_string("bold") + encode_var_string("true"), 1),
        (7, b"\x00", 1),
        (7, b"\x01", 1),
        (7, b"\x02", 1),
        (7, b"\x03" + encode_var_string("p"), 1),
        (7, b"\x04", 1),
        (7, b"\x06", 1),
        (8, b"\x02\x7f\x7e", 2),
        (8, b"\x04\x7d\x3f\x7d\xff\x01\x7d\x41\x7d\xbf\xff\xff\xff\x0f", 4),
        (8, b"\x03\x7c" + bytes(4) + b"\x7b" + bytes(8) + b"\x7a" + bytes(8), 3),
        (8, b"\x04\x79\x78\x77\x01a\x74\x02\xff\xff", 4),
        (8, b"\x01\x75\x02\x76\x01\x01k\x75\x00\x7e", 1),
        (9, encode_var_string("guid") + b"\x76\x00", 1),
    ],
)
def test_each_content_kind_is_understood(kind: int, content: bytes, length: int) -> None:
    sent = update((A, 0, [item(kind, content), text("x", left=(A, length - 1))]))

    assert check(sent) == Checked(sent, True, {A: length + 1}, 2)


def test_collected_structs_count_their_length() -> None:
    assert check(update((A, 0, [gc(7)]))).clocks == {A: 7}


def test_map_entries_carry_their_key_only_without_origins() -> None:
    first = item(8, b"\x01\x78", parent=ROOT + encode_var_string("key"), flags=0x20)
    second = b"\xa8" + numbers(A, 0) + b"\x01\x79"
    sent = update((A, 0, [first, second]))

    assert check(sent) == Checked(sent, True, {A: 2}, 2)


def test_a_parent_by_id_must_be_known() -> None:
    sent = update((A, 0, [item(4, encode_var_string("x"), parent=numbers(0, B, 3))]))

    assert check(sent, {B: 4}).update is sent
    assert check(sent, {B: 3}) == Checked(None, False, {}, 0)


# -- the gap rule --


def test_a_start_clock_beyond_what_is_known_is_held_back() -> None:
    assert check(update((A, 5, [text("x", left=(A, 4))])), {A: 4}) == Checked(None, False, {}, 0)


def test_the_contiguous_prefix_of_a_client_is_kept_and_the_rest_held_back() -> None:
    sent = update((A, 0, [text("ab"), text("c", left=(B, 7)), text("d", left=(A, 2))]))

    assert check(sent) == Checked(update((A, 0, [text("ab")])), False, {A: 2}, 1)


def test_structs_behind_an_unknown_skip_are_held_back() -> None:
    sent = update((A, 0, [text("ab"), skip(3), text("c", left=(A, 4))]))

    assert check(sent) == Checked(update((A, 0, [text("ab")])), False, {A: 2}, 1)


def test_structs_behind_a_skip_over_known_clocks_are_kept() -> None:
    sent = update((A, 0, [text("ab"), skip(3), text("c", left=(A, 4))]))

    assert check(sent, {A: 5}) == Checked(update((A, 5, [text("c", left=(A, 4))])), True, {A: 6}, 1)


def test_a_client_that_is_held_back_holds_back_who_depends_on_it() -> None:
    sent = update((A, 0, [text("a", left=(B, 2))]), (B, 2, [text("b", left=(B, 1))]), (C, 0, [text("c")]))

    assert check(sent) == Checked(update((C, 0, [text("c")])), False, {C: 1}, 1)


def test_structs_that_wait_for_each_other_are_held_back() -> None:
    sent = update((A, 0, [text("a", left=(B, 0))]), (B, 0, [text("b", left=(A, 0))]))

    assert check(sent) == Checked(None, False, {}, 0)


def test_a_chain_over_many_clients_is_resolved() -> None:
    count = 3_000
    sections = [(client, 0, [text("x", left=(client + 1, 0))]) for client in range(1, count)]
    sent = update(*sections, (count, 0, [text("x")]))

    checked = check(sent)

    assert checked.update is sent
    assert checked.structs == count


def test_known_structs_are_dropped_and_partly_known_ones_kept_whole() -> None:
    structs = [text("ab"), text("cd", left=(A, 1)), text("ef", left=(A, 3))]

    assert check(update((A, 0, structs)), {A: 3}) == Checked(update((A, 2, structs[1:])), True, {A: 6}, 2)


def test_a_wholly_known_update_has_nothing_to_apply() -> None:
    assert check(update((A, 0, [text("ab")])), {A: 2}) == Checked(None, True, {}, 0)


def test_kept_sections_are_ordered_by_client_descending() -> None:
    sent = update((A, 0, [text("a")]), (C, 0, [text("c")]), (B, 9, [text("b")]))

    assert check(sent).update == update((C, 0, [text("c")]), (A, 0, [text("a")]))


def test_deletions_are_clipped_to_what_is_known() -> None:
    sent = update((A, 3, [text("x", left=(A, 2))]), deletions={A: [(0, 1), (2, 9)], B: [(0, 4)], C: [(5, 1)]})

    checked = check(sent, {A: 3, B: 4})

    expected = update((A, 3, [text("x", left=(A, 2))]), deletions={B: [(0, 4)], A: [(0, 1), (2, 2)]})
    assert checked == Checked(expected, False, {A: 4}, 1)


def test_overlapping_deletions_are_merged() -> None:
    sent = update(deletions={A: [(4, 2), (0, 3), (2, 2), (9, 1)], B: []})

    assert check(sent, {A: 20}) == Checked(update(deletions={A: [(0, 6), (9, 1)]}), True, {}, 0)


def test_a_client_section_without_structs_is_dropped() -> None:
    sent = update((A, 0, []), (B, 0, [text("b")]))

    assert check(sent) == Checked(update((B, 0, [text("b")])), True, {B: 1}, 1)


# -- what is refused --

FINE = update((A, 0, [text("hello"), item(8, b"\x01\x76\x01\x01k\x7d\x85\x02"), gc(2)]), deletions={A: [(0, 2)]})


def test_every_truncation_of_an_update_is_refused() -> None:
    assert check(FINE).update is FINE

    for end in range(len(FINE)):
        with pytest.raises(MalformedMessage):
            check(FINE[:end])


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(FINE + b"\x00", id="trailing byte"),
        pytest.param(update((A, 0, [text("a")]), (A, 1, [text("b", left=(A, 0))])), id="client twice"),
        pytest.param(b"\x00" + numbers(2, A, 1, 0, 1, A, 1, 2, 1), id="client twice in the delete set"),
        pytest.param(b"\x80\x00\x00", id="varuint not in its shortest form"),
        pytest.param(b"\xff" * 8 + b"\x01" + b"\x00", id="varuint too long"),
        pytest.param(b"\x01\x01" + b"\xff" * 7 + b"\x10" + b"\x00", id="varuint over 53 bits"),
        pytest.param(b"\x01" + numbers(50, A, 0), id="more structs than bytes"),
        pytest.param(b"\x00" + numbers(1, A, 50), id="more deletions than bytes"),
        pytest.param(update((A, 0, [text("")])), id="empty string"),
        pytest.param(update((A, 0, [gc(0)])), id="empty collected struct"),
        pytest.param(update((A, 0, [skip(0)])), id="empty skip"),
        pytest.param(update((A, 0, [item(1, b"\x00")])), id="empty deleted content"),
        pytest.param(update((A, 0, [item(8, b"\x00")])), id="no values"),
        pytest.param(update((A, 0, [item(2, b"\x00")])), id="JSON list, empty"),
        pytest.param(update(deletions={A: [(0, 0)]}), id="empty deletion"),
        pytest.param(update(deletions={A: [(MAX_CLOCK, 1)]}), id="deletion beyond the last clock"),
        pytest.param(update((A, MAX_CLOCK, [gc(1)])), id="struct beyond the last clock"),
        pytest.param(update((A, 3, [text("x", left=(A, 3))])), id="refers to itself"),
        pytest.param(update((A, 3, [text("x", left=(A, 4))])), id="refers behind itself"),
        pytest.param(update((A, 3, [text("x", left=(A, 1), right=(A, 9))])), id="right origin behind itself"),
        pytest.param(update((A, 0, [item(4, b"\x01x", parent=numbers(0, A, 0))])), id="its own parent"),
        pytest.param(update((A, 0, [item(4, b"\x01x", parent=b"\x02\x01t")])), id="unknown kind of parent"),
        pytest.param(update((A, 0, [item(4, b"\x02\xff\xfe")])), id="string is not UTF-8"),
        pytest.param(update((A, 0, [item(4, b"\x03\xed\xa0\x80")])), id="lone surrogate"),
        pytest.param(update((A, 0, [item(4, b"\x7fx")])), id="string beyond the end"),
        pytest.param(update((A, 0, [item(3, b"\x7fx")])), id="binary beyond the end"),
        pytest.param(update((A, 0, [item(11, b"\x00\x01\x01")])), id="move"),
        pytest.param(update((A, 0, [item(0x1F, b"\x00")])), id="unknown content"),
        pytest.param(update((A, 0, [b"\x80" + numbers(B, 0) + b"\x01"])), id="collected struct with an origin"),
        pytest.param(update((A, 0, [item(7, b"\x05\x01h")])), id="XML hook"),
        pytest.param(update((A, 0, [item(7, b"\x07\x00\x01\x01")])), id="weak link"),
        pytest.param(update((A, 0, [item(8, b"\x01\x73")])), id="unknown value tag"),
        pytest.param(update((A, 0, [item(8, b"\x01\x75\x7f\x7e")])), id="more values than bytes"),
        pytest.param(update((A, 0, [item(8, b"\x7f\x7e")])), id="more values than bytes at the top"),
        pytest.param(update((A, 0, [item(2, b"\x01\x01\x30")])), id="JSON list, which the cores read differently"),
        pytest.param(update((A, 0, [item(8, b"\x01\x7d" + b"\xff" * 8 + b"\x01")])), id="integer over 53 bits"),
        pytest.param(update((A, 0, [item(8, b"\x01\x7d" + b"\x80" * 9 + b"\x00")])), id="integer without end"),
        pytest.param(update((A, 0, [item(5, b"\x03NaN")])), id="embed is not JSON"),
        pytest.param(update((A, 0, [item(6, b"\x01b\x01x")])), id="format is not JSON"),
        pytest.param(update((A, 0, [item(5, encode_var_string("[" * 33 + "]" * 33))])), id="embed nested too deep"),
    ],
)
def test_malformed_updates_are_refused(sent: bytes) -> None:
    with pytest.raises(MalformedMessage):
        check(sent, {A: 3})


@pytest.mark.parametrize(
    "sent", [b"\x01\x01\x01\x05\x84\x01\x04\x01a\x00", b"\x01\x01\x01\x05\xc4\x01\x04\x02\x00\x01a\x00"]
)
def test_every_truncation_of_a_keystroke_is_refused(sent: bytes) -> None:
    assert check(sent, {A: 5, B: 1}).update is sent

    for end in range(len(sent)):
        with pytest.raises(MalformedMessage):
            check(sent[:end], {A: 5, B: 1})


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (update((A, 5, [text("x", left=(B, 1))])), None),
        (update((A, 5, [text("x", left=(A, 0), right=(B, 1))])), None),
        (update((A, 6, [text("x", left=(A, 0))])), None),
        (update((A, 4, [text("x", left=(A, 0))])), None),
        (update((A, 4, [text("xy", left=(A, 0))])), update((A, 4, [text("xy", left=(A, 0))]))),
        (update((A, 5, [text("é", left=(A, 0))])), update((A, 5, [text("é", left=(A, 0))]))),
        (
            update((A, 5, [text("x", left=(A, 0))]), deletions={A: [(0, 1)]}),
            update((A, 5, [text("x", left=(A, 0))]), deletions={A: [(0, 1)]}),
        ),
    ],
)
def test_a_single_struct_that_is_not_plain_typing_takes_the_long_way(sent: bytes, expected: bytes | None) -> None:
    assert check(sent, {A: 5, B: 1}).update == expected


@pytest.mark.parametrize("known", [1, 2])
def test_a_string_that_is_known_up_to_half_a_character_is_refused(known: int) -> None:
    sent = update((A, 0, [text("😀b")]))

    if known == 1:
        with pytest.raises(MalformedMessage):
            check(sent, {A: known})
    else:
        assert check(sent, {A: known}).update is sent


# -- limits, by name --


@pytest.mark.parametrize(
    ("limits", "sent", "name"),
    [
        (replace(LIMITS, update_structs=1), update((A, 0, [gc(1), gc(1)])), "update_structs"),
        (replace(LIMITS, update_depth=2), update((A, 0, [item(8, b"\x01\x75\x01\x75\x01\x75\x00")])), "update_depth"),
        (replace(LIMITS, string_size_bytes=4), update((A, 0, [text("hello")])), "string_size_bytes"),
        (replace(LIMITS, string_size_bytes=1), update((A, 5, [text("hello", left=(A, 4))])), "string_size_bytes"),
        (replace(LIMITS, string_size_bytes=1), update((A, 0, [item(5, b"\x03[1]")])), "string_size_bytes"),
    ],
)
def test_limits_are_named(limits: Limits, sent: bytes, name: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        check(sent, {A: 5} if sent[3] == 5 else {}, limits)

    assert caught.value.limit == name


def test_the_last_clock_cannot_be_typed_over() -> None:
    with pytest.raises(MalformedMessage):
        check(update((A, MAX_CLOCK, [text("x", left=(A, 4))])), {A: MAX_CLOCK})


def test_nesting_beyond_the_native_stack_is_refused() -> None:
    bomb = bytes.fromhex("010107000801016101") + b"\x75\x01" * 30_000 + b"\x7e\x00"

    with pytest.raises(LimitExceeded) as caught:
        check(bomb)

    assert caught.value.limit == "update_depth"


def test_helpers_build_what_they_say() -> None:
    assert delete_set({A: [(1, 2)]}) == b"\x01\x01\x01\x01\x02"
    assert encode_var_uint(300) == b"\xac\x02"
