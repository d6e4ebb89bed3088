"""WebSocket frames: what comes as bytes, in whatever pieces, is whole messages; what breaks the rules is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.protocol.frames import (
    NO_CODE,
    START_BYTES,
    FrameReader,
    Kind,
    Opcode,
    Signal,
    encode_close,
    encode_frame,
)

LIMIT = 100_000
MASK = b"\x01\x02\x03\x04"


def client_frame(payload: bytes, opcode: int = Opcode.BINARY, *, final: bool = True, mask: bytes = MASK) -> bytes:
    """A frame as a client sends it."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | size,))
    elif size < 65_536:
        head = b"\xfe" + size.to_bytes(2, "big")
    else:
        head = b"\xff" + size.to_bytes(8, "big")
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes((0x80 * final | opcode,)) + head + mask + masked


def read(data: bytes, *, limit: int = LIMIT, piece: int = 0, short: bool = False) -> list[bytes | Signal]:
    """All that a reader makes of the bytes, given at once or in pieces; `short`: it is asked for short ones first."""
    reader, found = FrameReader(), []
    for at in range(0, len(data), piece or max(1, len(data))):
        reader.receive(data[at : at + (piece or len(data))])
        while (message := _next(reader, limit, short)) is not None:
            found.append(message)
    return found


def _next(reader: FrameReader, limit: int, short: bool) -> bytes | Signal | None:
    message = reader.short() if short else None
    return reader.next(limit) if message is None else message


SIZES = [0, 1, 2, 3, 124, 125, 126, 127, 128, 1000, 65_535, 65_536, 70_001]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("piece", [0, 3, 1000])
@pytest.mark.parametrize("short", [False, True])
def test_a_message_of_any_size_comes_out_as_it_went_in(size: int, piece: int, short: bool) -> None:
    payload = bytes(index * 7 % 256 for index in range(size))

    assert read(client_frame(payload) + client_frame(b"next"), piece=piece, short=short) == [payload, b"next"]


@given(
    messages=st.lists(st.lists(st.binary(max_size=300), min_size=1, max_size=4), max_size=6),
    piece=st.integers(1, 200),
    mask=st.binary(min_size=4, max_size=4),
    short=st.booleans(),
)
def test_messages_in_fragments_with_pings_between_come_out_whole(
    messages: list[list[bytes]], piece: int, mask: bytes, short: bool
) -> None:
    data = b""
    for parts in messages:
        for index, part in enumerate(parts):
            opcode = Opcode.CONTINUATION if index else Opcode.BINARY
            data += client_frame(part, opcode, final=index == len(parts) - 1, mask=mask)
            data += client_frame(b"?", Opcode.PING, mask=mask)

    found = read(data, piece=piece, short=short)

    assert [message for message in found if isinstance(message, bytes)] == [b"".join(parts) for parts in messages]
    pings = [message for message in found if isinstance(message, Signal)]
    assert pings == [Signal(Kind.PING, b"?")] * sum(map(len, messages))


@given(data=st.binary(max_size=400), piece=st.integers(1, 50), short=st.booleans())
def test_whatever_comes_raises_nothing_and_ends_with_the_fault(data: bytes, piece: int, short: bool) -> None:
    found = read(data, limit=200, piece=piece, short=short)

    faults = [index for index, one in enumerate(found) if isinstance(one, Signal) and one.kind is Kind.BROKEN]
    assert faults in ([], [len(found) - 1])


def test_text_is_told_apart() -> None:
    assert read(client_frame("ü".encode(), Opcode.TEXT)) == [Signal(Kind.TEXT, "ü".encode())]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xc2\x80\x00\x00\x00\x00", 1002),
        (b"\x83\x80\x00\x00\x00\x00", 1002),
        (b"\x82\x01x", 1002),
        (client_frame(b"", Opcode.PING, final=False), 1002),
        (b"\x89\xfe\x00\x7e\x00\x00\x00\x00", 1002),
        (client_frame(b"x", Opcode.CONTINUATION), 1002),
        (client_frame(b"x", final=False) + client_frame(b"y"), 1002),
        (b"\x82\xfe\x00\x05\x00\x00\x00\x00hello", 1002),
        (b"\x82\xff" + (5).to_bytes(8, "big") + b"\x00\x00\x00\x00hello", 1002),
        (b"\x82\xff" + b"\xff" * 8 + b"\x00\x00\x00\x00", 1002),
        (client_frame(b"\xff", Opcode.TEXT), 1007),
        (client_frame(b"\xe2\x82", Opcode.TEXT), 1007),
        (client_frame(b"\x03", Opcode.CLOSE), 1002),
        (client_frame(b"\x03\xed", Opcode.CLOSE), 1002),
        (client_frame(b"\x03\xe8\xff", Opcode.CLOSE), 1007),
    ],
    ids=[
        "extension",
        "unknown opcode",
        "no mask",
        "ping in parts",
        "long ping",
        "continuation of nothing",
        "message in a message",
        "16 bits for 5",
        "64 bits for 5",
        "over 63 bits",
        "text that is not UTF-8",
        "text that ends inside a letter",
        "half a code",
        "reserved code",
        "reason that is not UTF-8",
    ],
)
@pytest.mark.parametrize("piece", [0, 1])
@pytest.mark.parametrize("short", [False, True])
def test_what_breaks_the_protocol_is_named_and_ends_it(data: bytes, code: int, piece: int, short: bool) -> None:
    *before, fault = read(data + client_frame(b"later"), piece=piece, short=short)

    assert before == []
    assert isinstance(fault, Signal)
    assert (fault.kind, fault.code) == (Kind.BROKEN, code)


def test_of_a_message_above_the_limit_only_the_start_is_told() -> None:
    assert read(client_frame(b"0123456789abcdefg"), limit=16) == [Signal(Kind.OVERSIZED, b"0123456789abcdef")]


def test_a_message_above_the_limit_is_refused_before_it_is_there() -> None:
    data = client_frame(b"x" * 50_000)

    assert read(data[:40], limit=1_000, piece=1) == [Signal(Kind.OVERSIZED, b"x" * START_BYTES)]


def test_the_limit_holds_for_the_sum_of_the_fragments() -> None:
    data = b"".join(
        client_frame(b"x" * 400, Opcode.CONTINUATION if part else Opcode.BINARY, final=False) for part in (0, 1, 2)
    )

    assert read(data, limit=1_000) == [Signal(Kind.OVERSIZED, b"x" * START_BYTES)]


def test_behind_a_message_above_the_limit_only_the_goodbye_counts() -> None:
    data = client_frame(b"x" * 50_000) + client_frame(b"more") + client_frame(b"", Opcode.PING)

    found = read(data + client_frame(b"\x03\xe8", Opcode.CLOSE), limit=1_000, piece=700, short=True)

    assert [one.kind for one in found if isinstance(one, Signal)] == [Kind.OVERSIZED, Kind.CLOSE]
    assert len(found) == 2


def test_what_is_read_is_judged_by_the_limit_of_that_moment() -> None:
    reader = FrameReader()
    reader.receive(client_frame(b"x" * 20) * 2)

    assert reader.next(20) == b"x" * 20
    assert reader.next(19) == Signal(Kind.OVERSIZED, b"x" * START_BYTES)


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (b"", Signal(Kind.CLOSE, b"", NO_CODE)),
        (b"\x03\xe8", Signal(Kind.CLOSE, b"", 1000)),
        (b"\x11\x31bye", Signal(Kind.CLOSE, b"bye", 4401)),
    ],
)
def test_a_goodbye_is_told_with_its_code(payload: bytes, told: Signal) -> None:
    assert read(client_frame(payload, Opcode.CLOSE)) == [told]


@pytest.mark.parametrize("size", SIZES)
def test_our_frames_are_whole_and_unmasked(size: int) -> None:
    frame = encode_frame(b"x" * size)

    head = 2 if size < 126 else 4 if size < 65_536 else 10
    assert frame[0] == 0x82 and frame[1] < 0x80
    assert frame[head:] == b"x" * size
    assert head == 2 or int.from_bytes(frame[2:head], "big") == size


def test_a_long_reason_is_cut_between_two_letters() -> None:
    frame = encode_close(4400, "ü" * 100)

    assert frame[1] <= 125
    assert frame[4:].decode() == "ü" * 61


def test_what_is_kept_of_a_message_that_is_not_whole_is_counted_until_it_is() -> None:
    reader = FrameReader()
    whole = b"\x82\xfe\x03\xe8" + bytes(4) + bytes(1_000)

    reader.receive(whole[:500])
    first, kept = reader.next(LIMIT), reader.arriving_bytes
    reader.receive(whole[500:])
    second, left = reader.next(LIMIT), reader.arriving_bytes

    assert (first, kept) == (None, 500 - 8)
    assert (second, left) == (bytes(1_000), 0)
