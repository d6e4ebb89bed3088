"""Laws of the text format: bytes that nobody touched stay, whatever the file is made of."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.document import STATE, Document, Kind, Splice
from collab.errors import FormatError, LimitExceeded
from collab.formats.text import ENCODING, TextFormat, encode_text
from collab.limits import Limits

FORMAT = TextFormat()
LIMITS = Limits()
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\f\v\x85\u2028\u2029\ufeff")
LINE = st.text(CHARACTERS, max_size=8)
END = st.sampled_from(["\n", "\r\n", "\r"])
MIXED = st.lists(st.tuples(LINE, END), max_size=8).flatmap(
    lambda rows: LINE.map(lambda last: "".join(line + end for line, end in rows) + last)
)
CODECS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be-bom", "utf-32"])


def to_bytes(text: str, codec: str) -> bytes:
    return ("\ufeff" + text).encode("utf-16-be") if codec == "utf-16-be-bom" else text.encode(codec)


def opened(content: bytes) -> Document:
    return Document.from_updates([FORMAT.decode(content, LIMITS, 7).update])


def replaced(document: Document, text: str) -> Document:
    document.edit_text([Splice(0, len(document.text()), text)])
    return document


@given(MIXED, CODECS)
def test_a_file_that_nobody_touched_keeps_its_bytes(text: str, codec: str) -> None:
    content = to_bytes(text, codec)

    assert FORMAT.encode(opened(content), content) == content


@given(st.binary(max_size=200))
def test_any_bytes_give_a_document_with_the_same_bytes_or_a_format_error(content: bytes) -> None:
    try:
        document = opened(content)
    except FormatError as error:
        assert error.public != FormatError.public
    else:
        assert FORMAT.encode(document, content) == content


@given(MIXED, CODECS, st.data())
def test_an_edit_of_one_line_changes_no_byte_of_another(text: str, codec: str, data: st.DataObject) -> None:
    content = to_bytes(text, codec)
    document = opened(content)
    lines = document.text().split("\n")
    number = data.draw(st.integers(0, len(lines) - 1))
    start = sum(len(line) + 1 for line in lines[:number])
    document.edit_text([Splice(start, len(lines[number]), "changed")])

    after = opened(encoded := FORMAT.encode(document, content)).text().split("\n")

    assert after == [*lines[:number], "changed", *lines[number + 1 :]]
    assert len(encoded) - len(content) == len("changed".encode(bare(codec))) - len(lines[number].encode(bare(codec)))


def bare(codec: str) -> str:
    return {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-16-be-bom": "utf-16-be", "utf-32": "utf-32-le"}.get(
        codec, codec
    )


@given(MIXED, MIXED, CODECS)
def test_what_is_saved_reads_back_as_the_text_that_was_shown(before: str, after: str, codec: str) -> None:
    content = to_bytes(before, codec)
    shown = after.replace("\r\n", "\n").replace("\r", "\n")

    saved = FORMAT.encode(replaced(opened(content), shown), content)

    assert opened(saved).text() == shown
    assert FORMAT.encode(opened(saved), saved) == saved


@given(MIXED, MIXED, CODECS)
def test_saving_again_without_an_edit_changes_nothing(before: str, after: str, codec: str) -> None:
    content = to_bytes(before, codec)
    document = replaced(opened(content), after)

    saved = FORMAT.encode(document, content)

    assert FORMAT.encode(document, saved) == saved


def test_the_document_is_a_stock_yfile() -> None:
    decoded = FORMAT.decode(b"a\r\nb", LIMITS, 7)

    assert decoded.kind is Kind.TEXT
    assert Document.from_updates([decoded.update]).text("source") == "a\nb"


@pytest.mark.parametrize(
    ("content", "encoding", "line_ends"),
    [
        (b"", "UTF-8", "LF"),
        (b"a\n", "UTF-8", "LF"),
        (b"\xef\xbb\xbfa\r\n", "UTF-8 with BOM", "CRLF"),
        (b"a\rb\r", "UTF-8", "CR"),
        (b"a\rb\n", "UTF-8", "mixed"),
        ("a\r\n".encode("utf-16-le").join([b"\xff\xfe", b""]), "UTF-16 LE", "CRLF"),
        (b"\xfe\xff" + "a".encode("utf-16-be"), "UTF-16 BE", "LF"),
    ],
)
def test_facts_say_how_the_file_is_written(content: bytes, encoding: str, line_ends: str) -> None:
    facts = FORMAT.decode(content, LIMITS, 7).facts

    assert facts == {"encoding": encoding, "line_ends": line_ends}


@pytest.mark.parametrize(
    "content",
    [
        b"\x00",
        b"abc\x00def",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        bytes(range(1, 32)) * 4,
        b"\x7fELF\x02\x01\x01\x00",
        b"\x01\x02" * 30,
    ],
)
def test_a_binary_file_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        FORMAT.decode(content, LIMITS, 7)

    assert caught.value.public == "This is not a text file, so it cannot be edited here."


def test_a_text_in_no_certain_charset_is_refused_with_another_sentence() -> None:
    with pytest.raises(FormatError) as caught:
        FORMAT.decode(b"words " + bytes(range(0x80, 0x100)), LIMITS, 7)

    assert "neither UTF-8 nor" in caught.value.public


def test_a_file_over_the_limit_is_refused_by_the_limits_name() -> None:
    with pytest.raises(LimitExceeded) as caught:
        FORMAT.decode(b"12345", Limits(file_size_bytes=4), 7)

    assert caught.value.limit == "file_size_bytes"


def test_a_character_that_the_files_charset_lacks_is_named() -> None:
    content = "Größe für Äpfel, Köln, Süß\n".encode("cp1252")
    document = opened(content)
    document.edit_text([Splice(0, 0, "日本 ")])

    with pytest.raises(FormatError) as caught:
        FORMAT.encode(document, content)

    assert "“日” (U+65E5)" in caught.value.public
    assert "Windows-1252" in caught.value.public


def test_a_file_in_its_own_charset_keeps_it_through_an_edit() -> None:
    content = "Grüße aus Köln\nSchöne Straße\n".encode("cp1252")
    document = opened(content)
    document.edit_text([Splice(0, 5, "Küsse")])

    assert FORMAT.encode(document, content) == "Küsse aus Köln\nSchöne Straße\n".encode("cp1252")


def test_a_file_keeps_its_charset_when_its_last_special_character_went_and_one_comes_back() -> None:
    document = opened("Größe für Äpfel\n".encode("cp1252"))
    saved = FORMAT.encode(replaced(document, "plain\n"), "Größe für Äpfel\n".encode("cp1252"))
    replaced(document, "schön\n")

    assert FORMAT.encode(document, saved) == "schön\n".encode("cp1252")


def test_a_noted_charset_that_is_none_is_ignored() -> None:
    document = opened(b"abc\n")
    document.set_map_value(STATE, ENCODING, "../../etc")

    assert FORMAT.encode(replaced(document, "é"), b"abc\n") == "é".encode()


def test_new_lines_take_the_line_end_of_their_neighbour() -> None:
    base = b"one\r\ntwo\nthree\r\n"

    assert encode_text("one\nnew\ntwo\nnew\nthree\n", base) == b"one\r\nnew\r\ntwo\nnew\nthree\r\n"
    assert encode_text("new\none\ntwo\nthree\n", base) == b"new\r\none\r\ntwo\nthree\r\n"
    assert encode_text("one\ntwo\nthree\nnew\n", base) == b"one\r\ntwo\nthree\r\nnew\r\n"


def test_a_deleted_line_takes_its_own_line_end_along() -> None:
    assert encode_text("one\nthree\n", b"one\r\ntwo\nthree\r\n") == b"one\r\nthree\r\n"


def test_the_final_newline_is_as_the_text_has_it() -> None:
    assert encode_text("a\nb", b"a\r\nb\r\n") == b"a\r\nb"
    assert encode_text("a\nb\n", b"a\r\nb") == b"a\r\nb\r\n"


def test_a_carriage_return_that_a_client_wrote_into_the_text_is_a_line_end() -> None:
    assert encode_text("a\r\nb\rc", b"x\n") == b"a\nb\nc"


@pytest.mark.parametrize("kind", ["md", "csv", "ipynb", "fodt", "fods"])
def test_the_text_files_of_the_corpus_keep_their_bytes_untouched_and_around_an_edit(corpus: Path, kind: str) -> None:
    rng = random.Random(kind)
    for path in sorted((corpus / kind).iterdir()):
        content = path.read_bytes()
        document = opened(content)
        assert FORMAT.encode(document, content) == content, path.name

        lines = document.text().split("\n")
        number = rng.randrange(len(lines))
        start = sum(len(line) + 1 for line in lines[:number])
        document.edit_text([Splice(start, 0, "edit")])
        saved = FORMAT.encode(document, content)

        head = len(content) - len(content[len_common(content, saved) :])
        width = 2 if FORMAT.decode(content, LIMITS, 1).facts["encoding"].startswith("UTF-16") else 1
        assert len(saved) == len(content) + 4 * width, path.name
        assert saved[head + 4 * width :] == content[head:], path.name


def len_common(a: bytes, b: bytes) -> int:
    return next((index for index, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
