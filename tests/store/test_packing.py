"""Packed entries come back as they were, and bytes that are no pack are refused."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab.store.packing import (
    PLAIN,
    SEALED,
    DamagedPack,
    PackedEntry,
    checksum,
    decode_pack,
    encode_pack,
    open_pack,
    seal,
)

ENTRIES = st.lists(
    st.builds(
        PackedEntry,
        update=st.binary(max_size=300),
        author=st.integers(0, 2**40),
        node=st.integers(0, 300),
        connection=st.integers(0, 2**63),
        at_ms=st.integers(-(2**50), 2**50),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(ENTRIES)
def test_any_entries_come_back_as_they_were(entries: list[PackedEntry]) -> None:
    assert decode_pack(encode_pack(entries)) == entries


@settings(deadline=None)
@given(ENTRIES)
def test_sealed_entries_come_back_as_they_were(entries: list[PackedEntry]) -> None:
    assert open_pack(SEALED, seal(encode_pack(entries))) == entries


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from([PLAIN, SEALED]))
def test_any_other_bytes_are_entries_or_refused(body: bytes, form: int) -> None:
    try:
        entries = open_pack(form, body)
    except DamagedPack:
        return
    assert sum(len(entry.update) for entry in entries) <= len(body)


def test_a_cut_pack_is_refused() -> None:
    body = encode_pack([PackedEntry(b"update", 1, 2, 3, 1_700_000_000_000)] * 3)

    for length in range(len(body)):
        with pytest.raises(DamagedPack):
            decode_pack(body[:length])


def test_a_keystroke_costs_few_bytes_beside_its_update() -> None:
    chance = random.Random(1)
    entries = [PackedEntry(b"u" * 30, 3, 1, 200, 1_700_000_000_000 + number * 150) for number in range(1000)]
    chance.shuffle(entries)

    assert len(encode_pack(entries)) < 1000 * (30 + 6)


def test_a_checksum_belongs_to_the_key_as_well() -> None:
    assert checksum(1, b"body") != checksum(2, b"body")
    assert checksum(1, b"body") != checksum(1, b"bodz")
